//! A page that says what this is and which doors there are, the description of the API, and a page that shows it: files,
//! from this function alone. `swagger-ui/` is of another project, with its licence.

use shared::Error;
use shared::http::{DEADLINE, Endpoint, Method, Request, Response, error_members, file};

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

/// What the first page may do: nothing.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
                           frame-ancestors 'none'";

/// What the page about the API may do: run and fetch what is served beside it. Its pictures are in its style.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                           img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("../assets/index.html");

const DOCS: &str = include_str!("../assets/docs.html");

const DESCRIPTION: &str = include_str!("../../../docs/openapi.json");

/// What the pages load, by its name below `/docs/`.
const ASSETS: &[(&str, &str)] = &[
    ("style.css", include_str!("../assets/style.css")),
    ("icon.svg", include_str!("../assets/icon.svg")),
    ("docs.js", include_str!("../assets/docs.js")),
    ("swagger-ui.css", include_str!("../swagger-ui/swagger-ui.css")),
    ("swagger-ui-bundle.js", include_str!("../swagger-ui/swagger-ui-bundle.js")),
    ("swagger-ui-bundle.js.LICENSE.txt", include_str!("../swagger-ui/swagger-ui-bundle.js.LICENSE.txt")),
    ("LICENSE.txt", include_str!("../swagger-ui/LICENSE")),
    ("NOTICE.txt", include_str!("../swagger-ui/NOTICE")),
];

fn answer(request: &Request, doors: Option<&str>) -> Response {
    if !METHODS.contains(&request.method) {
        return failed(&Error::MethodNotAllowed).with("allow", "GET, HEAD");
    }
    let name = request.path_parameter("asset");
    match (request.path(), name) {
        ("/", _) => file(request, "index.html", &page(doors), PAGE_POLICY),
        ("/openapi.json", _) => file(request, "openapi.json", DESCRIPTION, PAGE_POLICY),
        (_, None) => file(request, "docs.html", DOCS, DOCS_POLICY),
        (_, Some(name)) => match ASSETS.iter().find(|(found, _)| *found == name) {
            Some((name, body)) => file(request, name, body, DOCS_POLICY),
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
