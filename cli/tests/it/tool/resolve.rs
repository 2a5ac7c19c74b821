//! `registrar client resolve`, and what else is done about clients that are known by their documents alone.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::api::Desk;
use crate::https::{Page, Site};
use crate::program::{Administration, Folder, Served, wait_until};

/// Where the document of most tests is.
const PATH: &str = "/oauth/client.json";

/// A host of documents, and a server that may fetch from there.
struct Scene {
    site: Site,
    data: Folder,
    authority: PathBuf,
    served: Served,
    url: String,
}

impl Scene {
    async fn new(name: &str) -> Self {
        let site = Site::serve(&[]).await;
        let data = Folder::new(name);
        std::fs::create_dir_all(&data.0).unwrap();
        std::fs::set_permissions(&data.0, Permissions::from_mode(0o700)).unwrap();
        let authority = data.0.join("ca.pem");
        let reach = site.reachable();
        std::fs::write(&authority, reach.extra_ca.unwrap()).unwrap();
        let served = Served::start(
            &data,
            &["--memory", "--extra-ca", authority.to_str().unwrap(), "--reachable", &reach.reachable[0]],
        );
        let url = format!("{}{PATH}", site.url);
        Self { site, data, authority, served, url }
    }

    fn admin(&self) -> Administration<'_> {
        Administration { served: &self.served, key_file: self.data.0.join("key") }
    }

    fn publish(&self, headers: &str, members: &Value) {
        let mut document = json!({
            "client_id": self.url,
            "client_name": "Example",
            "redirect_uris": ["http://127.0.0.1/cb"],
            "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
        });
        document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        self.answer("200 OK", &format!("content-type: application/json\r\n{headers}"), &document.to_string());
    }

    fn answer(&self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}");
        self.site.set(PATH, Page::Answer(answer));
    }

    /// What the server itself answers an authorization server.
    fn look_up(&self) -> (u16, Value) {
        let query: String = url::form_urlencoded::byte_serialize(self.url.as_bytes()).collect();
        let url = format!("{}/1/client?client_id={query}", self.served.text("base_url"));
        self.served.send("GET", &url, Some(self.served.text("service_token")), "")
    }

    fn policy(&self, policy: &Value) {
        let file = self.data.0.join("policy.json");
        std::fs::write(&file, policy.to_string()).unwrap();
        self.admin().json(&["service", "update", "1", "--policy", file.to_str().unwrap()]);
    }
}

/// What `client resolve --json` prints, its exit code, and the sentence of its error.
fn resolved(admin: &Administration<'_>, service: &str, url: &str) -> (i32, Value, String) {
    let output = admin.run(&["client", "resolve", "--service", service, url, "--json"]);
    let found = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let error: Value = serde_json::from_slice(&output.stderr).unwrap_or_default();
    let sentence = error["error_description"].as_str().unwrap_or_default().to_owned();
    (output.status.code().unwrap(), found, sentence)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_to_a_client_is_shown_and_nothing_is_kept() {
    let scene = Scene::new("resolve").await;
    scene.publish("cache-control: max-age=600\r\netag: \"a\"\r\n", &json!({}));
    scene.policy(&json!({"metadata_documents": {
        "trust": [{"pattern": scene.site.url, "trust": "allow"}],
        "metadata_policy": {"contacts": {"add": ["operator@as.example"]}},
    }}));
    let admin = scene.admin();
    let (code, found, error) = resolved(&admin, "1", &scene.url);
    assert_eq!((code, error.as_str()), (0, ""), "{found}");
    let steps: Vec<&str> =
        found["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["url", "trust", "address", "status", "headers", "lifetime", "rules"]);
    assert!(found["steps"].as_array().unwrap().iter().all(|step| step["status"] == "ok"), "{found}");
    assert_eq!(found["trust"], json!({"trust": "allow", "pattern": scene.site.url}));
    assert_eq!(found["lifetime"], json!({"fresh": 600, "stale": 86400}));
    assert_eq!((&found["answer"]["status"], &found["answer"]["headers"]["etag"]), (&json!(200), &json!("\"a\"")));
    let changed = |member: &str| {
        let mut rows = found["changes"].as_array().unwrap().iter().filter(|row| row["member"] == member);
        rows.next().map(|row| (row["rule"].as_str().unwrap(), row["to"].clone()))
    };
    let grants = json!(["authorization_code"]);
    assert_eq!(changed("grant_types"), Some(("grant_types and response_types", grants)));
    assert_eq!(changed("contacts"), Some(("metadata_documents.metadata_policy", json!(["operator@as.example"]))));
    assert_eq!(changed("client_id"), None, "it is the client's name and stays");
    assert_eq!(found["client"]["contacts"], json!(["operator@as.example"]));

    let people = admin.run(&["client", "resolve", "--service", "1", &scene.url]);
    let text = String::from_utf8(people.stdout).unwrap();
    for part in
        ["lifetime  ok      it is fresh for 600 seconds", "allow, by the pattern https://localhost:", "\nThe client:\n"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let number = found["client"]["numeric_id"].as_u64().unwrap();
    assert!(scene.served.items(&format!("F#1#{number}"), None).is_empty());
    assert!(scene.served.items(&format!("C#1#{number}"), None).is_empty());

    let (status, looked_up) = scene.look_up();
    assert_eq!(status, 200, "{looked_up}");
    for member in ["client_name", "redirect_uris", "grant_types", "contacts", "token_endpoint_auth_method"] {
        assert_eq!(looked_up[member], found["client"][member], "{member} is what a look-up makes it");
    }
    let kept = scene.served.items(&format!("F#1#{number}"), None);
    assert_eq!(kept.len(), 1);
    resolved(&admin, "1", &scene.url);
    assert_eq!(scene.served.items(&format!("F#1#{number}"), None), kept, "what is kept is left as it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_step_that_fails_is_named_with_what_to_change() {
    let scene = Scene::new("resolve-fails").await;
    let admin = scene.admin();
    let fails = |url: &str, code: i32, step: &str, parts: &[&str]| {
        let (found, result, sentence) = resolved(&admin, "1", url);
        assert_eq!((found, &result["failed"]["step"]), (code, &json!(step)), "{url}: {result}");
        assert!(result.get("client").is_none());
        for part in parts {
            assert!(sentence.contains(part), "{part}: {sentence}");
        }
        let people = admin.run(&["client", "resolve", "--service", "1", url]);
        let row = format!("{step} ");
        let rows = String::from_utf8(people.stdout).unwrap();
        assert!(rows.lines().any(|line| line.starts_with(&row) && line.contains(" failed ")), "{rows}");
        assert_eq!(people.status.code(), Some(code));
        result
    };
    let url = scene.url.as_str();
    let host = scene.site.url.trim_start_matches("https://");
    fails("4711", 4, "url", &["begins with https://"]);
    fails("HTTPS://localhost/a", 4, "url", &["it does not begin with https:// in lower case", "under another URL"]);
    fails("https://localhost:1/a", 4, "url", &["not a public host name", "--reachable localhost:1"]);
    fails(&format!("{url}?a"), 4, "url", &["metadata_documents.query_permitted"]);
    fails("https://nowhere.example:8443/a", 4, "url", &["its port is not 443", "--reachable nowhere.example:8443"]);
    scene.publish("", &json!({"client_secret": "x"}));
    let secret = fails(url, 4, "rule", &["client_secret must not be", "its owner has to change the document"]);
    assert_eq!(
        (&secret["failed"]["rule"], &secret["failed"]["outcome"]),
        (&json!("the document"), &json!("invalid_document"))
    );
    assert!(secret.get("lifetime").is_none(), "what is refused is not kept");
    scene.publish("", &json!({"client_id": format!("{url}/")}));
    fails(url, 4, "rule", &["client_id is not the URL of the document"]);
    scene.publish("", &json!({"token_endpoint_auth_method": "tls_client_auth"}));
    fails(url, 4, "rule", &["tls_client_auth", "token_endpoint_auth_methods of the policy"]);
    scene.publish("", &json!({"jwks_uri": "https://localhost/keys"}));
    let keys = fails(url, 4, "rule", &["jwks_uri must have a public host", "or you called_urls of the policy"]);
    assert_eq!(keys["failed"]["rule"], "called_urls");
    scene.publish("", &json!({"client_uri": format!("https://rp.example/{}", "a".repeat(6000))}));
    fails(url, 4, "size", &["metadata_documents.max_bytes of the policy is 5120"]);
    scene.answer("200 OK", "content-type: application/json\r\n", "[]");
    fails(url, 4, "json", &["one JSON object"]);
    scene.answer("200 OK", "content-type: text/plain\r\n", "{}");
    fails(url, 7, "media_type", &["text/plain", "application/json"]);
    scene.answer("200 OK", "content-type: text/html\r\n", "<p>");
    fails(url, 7, "challenge", &["User-Agent begins with Registrar/"]);
    scene.answer("301 Moved", "location: /elsewhere\r\n", "");
    fails(url, 7, "status", &["the answer was 301", "nobody is led elsewhere"]);
    scene.answer("404 Not Found", "", "");
    fails(url, 3, "status", &["the answer was 404", "taken the document away"]);
    scene.site.set(PATH, Page::Silence);
    scene.policy(&json!({"metadata_documents": {"timeout": 200}}));
    fails(url, 7, "time", &["metadata_documents.timeout of the policy is 200 ms"]);
    for (settings, parts) in [
        (json!({"trust": [{"pattern": host, "trust": "block"}]}), ["take that pattern out", host]),
        (json!({"trust": null, "others": "block"}), ["none of its patterns allows it", "metadata_documents.others"]),
    ] {
        scene.policy(&json!({ "metadata_documents": settings }));
        fails(url, 4, "trust", &parts);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn options_say_what_may_be_fetched_from_where_no_folder_does() {
    let scene = Scene::new("resolve-reach").await;
    scene.publish("", &json!({}));
    let other = Folder::new("resolve-reach-other");
    let served = Served::start(&other, &["--memory"]);
    let admin = Administration { served: &served, key_file: other.0.join("key") };
    let host = scene.site.url.trim_start_matches("https://");
    let resolve = |options: &[&str]| {
        let output = admin.run(&[&["client", "resolve", "--service", "1", &scene.url], options].concat());
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, error) = resolve(&[]);
    assert!(code == 4 && error.contains(&format!("--reachable {host}")), "{error}");
    let (code, error) = resolve(&["--reachable", host]);
    assert!(code == 7 && error.contains("(step tls)") && error.contains("--extra-ca"), "{error}");
    let options = ["--reachable", host, "--extra-ca", scene.authority.to_str().unwrap()];
    assert_eq!(resolve(&options), (0, String::new()));
    let mut command = admin.command(&["client", "resolve", "--service", "1", &scene.url]);
    command.env("REGISTRAR_EXTRA_CA_FILE", &scene.authority).env("REGISTRAR_REACHABLE", host);
    assert!(command.output().unwrap().status.success());
    let (code, error) = resolve(&["--reachable", host, "--extra-ca", "/nowhere"]);
    assert!(code == 4 && error.contains("cannot read /nowhere"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_is_closed_is_opened_by_the_command_that_is_told() {
    let scene = Scene::new("resolve-door").await;
    scene.publish("", &json!({}));
    let admin = scene.admin();
    let service = admin.open_service();
    let (code, found, sentence) = resolved(&admin, &service, &scene.url);
    assert_eq!((code, &found["failed"]["step"]), (4, &json!("service")));
    let (_, command) = sentence.split_once("registrar ").unwrap();
    admin.json(&command.split(' ').collect::<Vec<_>>());
    let doors = admin.json(&["service", "show", &service])["policy"]["doors"].clone();
    assert!(doors.as_array().unwrap().contains(&json!("oauth")), "the others stay open: {doors}");
    assert!(doors.as_array().unwrap().contains(&json!("metadata_document")), "{doors}");
    assert_eq!(resolved(&admin, &service, &scene.url).0, 0);
    let create =
        ["service", "create", "--preset", "open", "--issuer", "https://as.example", "--door", "metadata_document"];
    assert_eq!(admin.json(&create)["policy"]["doors"], json!(["metadata_document"]));
    assert_eq!(admin.run(&["client", "resolve", "--service", "99", &scene.url]).status.code(), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_known_by_its_document_alone_is_shown_locked_and_deleted() {
    let scene = Scene::new("resolve-known").await;
    scene.publish("", &json!({}));
    let admin = scene.admin();
    let url = scene.url.as_str();
    let client = |verb: &str, more: &[&str]| admin.run(&[&["client", verb, "--service", "1", url], more].concat());
    for verb in ["show", "lock", "unlock"] {
        let output = client(verb, &[]);
        assert_eq!(output.status.code(), Some(3), "{verb}: {output:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(&format!("there is no client {url}")));
    }
    let delete = |more| client("delete", more).status.code().unwrap();
    assert_eq!(delete(&["--yes"]), 3);
    assert_eq!(scene.look_up().0, 200);
    let requests = scene.site.requests();
    let shown = || admin.json(&["client", "show", "--service", "1", url]);
    let found = shown();
    assert_eq!((&found["client_name"], &found["source"]), (&json!("Example"), &json!("metadata_document")));
    assert_eq!((&found["metadata_document"]["copy"], &found["locked"]), (&json!("fresh"), &json!(false)));
    assert!(client("lock", &[]).status.success());
    assert_eq!(shown()["locked"], true);
    assert_eq!(scene.look_up().1["locked"], true);
    assert_eq!(delete(&["--yes"]), 4, "its owner goes on publishing it, so a lock would be gone");
    assert!(client("unlock", &[]).status.success());
    assert_eq!(scene.look_up().1["locked"], false);
    assert_eq!(delete(&["--yes"]), 0);
    assert_eq!(client("show", &[]).status.code(), Some(3));
    assert_eq!(scene.site.requests(), requests, "an operator has nothing fetched");
    assert_eq!(scene.look_up().0, 200, "whoever asks next has it fetched anew");
    assert!(client("unlock", &[]).status.success(), "one that is not locked");
}

/// A URL does not survive in a path, and it is found all the same: before anybody decided about it, and once it is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_named_by_a_url_is_found_over_http_as_by_the_table() {
    let scene = Scene::new("resolve-api").await;
    scene.publish("", &json!({}));
    let desk = Desk::at(&scene.data, &scene.served);
    let url = scene.url.as_str();
    let both = |words: &[&str]| {
        let words = [words, &["--service", "1"]].concat();
        let (api, table) = (desk.by_api(&words), desk.admin.run(&words));
        assert_eq!((api.status.code(), api.stderr), (table.status.code(), table.stderr.clone()), "{words:?}");
        assert_eq!(String::from_utf8(api.stdout).unwrap(), String::from_utf8(table.stdout).unwrap(), "{words:?}");
        (table.status.code().unwrap(), String::from_utf8(table.stderr).unwrap())
    };
    let by_api = |verb: &str, more: &[&str]| {
        let output = desk.by_api(&[&["client", verb, "--service", "1", url], more].concat());
        assert!(output.status.success(), "{verb}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(both(&["client", "show", url]).0, 3, "nobody has asked for it");
    assert_eq!(scene.look_up().0, 200);
    assert_eq!(both(&["client", "show", url, "--json"]).0, 0);
    assert_eq!(both(&["client", "list", "--json"]).0, 0);
    assert_eq!(by_api("lock", &[]), format!("Client {url} is locked.\n"));
    assert_eq!(both(&["client", "lock", url]).0, 0, "it is so already");
    by_api("unlock", &[]);
    by_api("delete", &["--yes"]);
    let (code, sentence) = both(&["client", "restore", url]);
    assert!(code == 6 && sentence.contains("it comes back by itself"), "{sentence}");
    assert_eq!(both(&["client", "show", url]).0, 3);
    wait_until(|| String::from_utf8(desk.by_api(&audit(url)).stdout).unwrap().contains("deleted"));
    assert_eq!(both(&["audit", "--client", url]).0, 0);
}

fn audit(url: &str) -> [&str; 5] {
    ["audit", "--service", "1", "--client", url]
}
