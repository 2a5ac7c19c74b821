//! A page that says what this is and which doors there are, the description of the API, and a page that shows it: files,
//! from this function alone. `swagger-ui/` is of another project, with its licence.

use shared::Error;
use shared::http::{DEADLINE, Endpoint, File, Method, Request, Response, error_members, file};

/// The endpoints of the pages.
pub static ENDPOINTS: &[&Endpoint] = &[&ENDPOINT];

const METHODS: &[Method] = &[Method::Get, Method::Head];

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "pages",
    paths: &["/", "/docs", "/docs/{asset+}", "/openapi.json"],
    methods: METHODS,
    deadline: DEADLINE,
    handler: |_, request| Box::pin(async move { answer(&request, std::env::var("REGISTRAR_DOORS").ok().as_deref()) }),
    failed,
};

/// A file under a name, as it is here and as it was compressed.
macro_rules! file {
    ($name:literal, $text:literal, $compressed:literal) => {
        File {
            name: $name,
            text: include_str!($text),
            gzip: include_bytes!(concat!(env!("OUT_DIR"), "/", $compressed, ".gz")),
        }
    };
}

/// What the first page may do: nothing.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
                           frame-ancestors 'none'";

/// What the page about the API may do: run and fetch what is served beside it. Its pictures are in its style.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                           img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("../assets/index.html");

const DESCRIPTION: File = file!("openapi.json", "../../../docs/openapi.json", "openapi.json");

const DOCS: File = file!("docs.html", "../assets/docs.html", "docs.html");

/// What the pages load, below `/docs/`.
const ASSETS: &[File] = &[
    file!("style.css", "../assets/style.css", "style.css"),
    file!("icon.svg", "../assets/icon.svg", "icon.svg"),
    file!("docs.js", "../assets/docs.js", "docs.js"),
    file!("swagger-ui.css", "../swagger-ui/swagger-ui.css", "swagger-ui.css"),
    file!("swagger-ui-bundle.js", "../swagger-ui/swagger-ui-bundle.js", "swagger-ui-bundle.js"),
    file!(
        "swagger-ui-bundle.js.LICENSE.txt",
        "../swagger-ui/swagger-ui-bundle.js.LICENSE.txt",
        "swagger-ui-bundle.js.LICENSE.txt"
    ),
    file!("LICENSE.txt", "../swagger-ui/LICENSE", "LICENSE"),
    file!("NOTICE.txt", "../swagger-ui/NOTICE", "NOTICE"),
];

fn answer(request: &Request, doors: Option<&str>) -> Response {
    if !METHODS.contains(&request.method) {
        return failed(&Error::MethodNotAllowed).with("allow", "GET, HEAD");
    }
    let name = request.path_parameter("asset");
    match (request.path(), name) {
        ("/", _) => file(request, "index.html", page(doors), PAGE_POLICY),
        ("/openapi.json", _) => DESCRIPTION.answer(request, PAGE_POLICY),
        (_, None) => DOCS.answer(request, DOCS_POLICY),
        (_, Some(name)) => match ASSETS.iter().find(|file| file.name == name) {
            Some(file) => file.answer(request, DOCS_POLICY),
            None => Response::json(404, error_members("not_found", Some("there is no such page"))),
        },
    }
}

/// The first page, with the doors that there are; where nobody says which, all of them.
fn page(doors: Option<&str>) -> String {
    let door =
        |line: &&str| match line.trim_start().strip_prefix("<li data-door=\"").and_then(|rest| rest.split_once('"')) {
            Some((door, _)) => doors.is_none_or(|doors| doors.split(' ').any(|there| there == door)),
            None => true,
        };
    PAGE.split_inclusive('\n').filter(door).collect()
}

fn failed(error: &Error) -> Response {
    Response::json(error.status(), error_members(error.code(), Some(&error.to_string()))).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_has_the_doors_that_there_are() {
        assert_eq!(page(None), PAGE);
        let few = page(Some("oauth console"));
        assert_eq!(few.matches("<li data-door=").count(), 2, "{few}");
        assert!(
            few.contains("data-door=\"oauth\"") && few.contains("data-door=\"console\"") && few.ends_with("</html>\n")
        );
    }
}
