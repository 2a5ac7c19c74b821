//! `registrar service export --clients` and `import`: a service in another table, or under another number.

mod whole;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use registrar::embedded::{self, TABLE};
use serde_json::{Value, json};
use shared::claim_kind::ClaimKind;
use shared::origin::Origin;
use shared::policy::{Policy, Preset};
use shared::store::{Entered, Item, Route};
use shared::transfer::{Arrival, Carried, arriving_service, leaving_client, leaving_service};
use tokio_rustls::rustls::crypto::aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256;
use tokio_rustls::rustls::crypto::hpke::Hpke;

use crate::fault_proxy::{Fault, FaultProxy};
use crate::program::{Administration, Folder, Served, registrar};
use crate::support::{World, access_key};

/// A program of its own, with a table of its own.
struct Place {
    data: Folder,
    served: Served,
}

impl Place {
    fn new(name: &str) -> Self {
        let data = Folder::new(name);
        Self { served: Served::start(&data, &["--memory"]), data }
    }

    fn admin(&self) -> Administration<'_> {
        Administration { served: &self.served, key_file: self.data.0.join("key") }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.data.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// What the service's registration endpoint says.
    fn register(&self, id: &str, metadata: &Value) -> Value {
        let endpoint = format!("{}/{id}/register", self.served.text("base_url"));
        let (status, client) = self.served.send("POST", &endpoint, None, &metadata.to_string());
        assert_eq!(status, 201, "{client}");
        client
    }

    /// What a client's own token shows here of it.
    fn read(&self, id: &str, client: &Value) -> (u16, Value) {
        let uri = format!("{}/{id}/register/{}", self.served.text("base_url"), client["client_id"].as_str().unwrap());
        self.served.send("GET", &uri, client["registration_access_token"].as_str(), "")
    }

    /// The service with its clients, as lines.
    fn export(&self, id: &str, more: &[&str]) -> String {
        let output = self.admin().run(&[&["service", "export", id, "--clients"], more].concat());
        assert!(output.status.success(), "{output:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("Those that changed meanwhile are of either state."), "{told}");
        assert_eq!(told.contains("Secrets and keys are left out"), !more.contains(&"--secrets-to"), "{told}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// A pair of keys in files: the public one, the private one.
fn keys(data: &Folder) -> (PathBuf, PathBuf) {
    let (public, private) = DH_KEM_X25519_HKDF_SHA256_AES_256.generate_key_pair().unwrap();
    let write = |name: &str, label: &str, before: &str, key: &[u8]| {
        let der = STANDARD.encode([STANDARD.decode(before).unwrap(), key.to_vec()].concat());
        let path = data.0.join(name);
        std::fs::write(&path, format!("-----BEGIN {label}-----\n{der}\n-----END {label}-----\n")).unwrap();
        path
    };
    (
        write("move.pub", "PUBLIC KEY", "MCowBQYDK2VuAyEA", &public.0),
        write("move.key", "PRIVATE KEY", "MC4CAQAwBQYDK2VuBCIEIA==", private.secret_bytes()),
    )
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The lines after the first one, without what is sealed: that is new each time.
fn unsealed(text: &str) -> Vec<Value> {
    let mut lines = lines(text).split_off(1);
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("secrets");
    }
    lines
}

fn web(name: &str) -> Value {
    json!({"client_name": name, "redirect_uris": ["https://rp.example/cb"]})
}

#[test]
fn a_service_that_has_moved_is_what_it_was() {
    let (here, there) = (Place::new("move-from"), Place::new("move-to"));
    let (public, private) = keys(&here.data);
    let admin = here.admin();
    let id = admin.open_service();
    let [client, locked] = ["One", "Locked"].map(|name| here.register(&id, &web(name)));
    let id_of = |client: &Value| client["client_id"].as_str().unwrap().to_owned();
    let public_client = json!({"redirect_uris": ["https://rp.example/cb"], "token_endpoint_auth_method": "none"});
    let public_client = here.register(&id, &public_client);
    admin.json(&["client", "lock", "--service", &id, &id_of(&locked)]);
    admin.json(&["client", "retain", "--service", &id, &id_of(&public_client)]);
    let deleted = here.register(&id, &web("Deleted"));
    admin.json(&["client", "delete", "--service", &id, &id_of(&deleted), "--yes"]);
    let token = admin.json(&["token", "create", "service", "--service", &id])["token"].as_str().unwrap().to_owned();
    let initial = admin.json(&["token", "create", "initial-access", "--service", &id, "--uses", "1"]);
    let api = |place: &Place, path: &str, body: &str| {
        let method = if body.is_empty() { "GET" } else { "POST" };
        place.served.send(method, &format!("{}/api/{id}/{path}", place.served.text("base_url")), Some(&token), body)
    };
    let own = json!({"clientName": "Own", "clientIdAlias": "store", "redirectUris": ["https://rp.example/cb"],
        "clientType": "CONFIDENTIAL", "tokenAuthMethod": "CLIENT_SECRET_BASIC"});
    let (status, own) = api(&here, "client/create", &own.to_string());
    assert_eq!(status, 200, "{own}");

    let exported = here.export(&id, &["--tokens", "--secrets-to", shown(&public)]);
    for secret in [&client["client_secret"], &own["clientSecret"], &locked["client_secret"]] {
        assert!(!exported.contains(secret.as_str().unwrap()), "it is sealed");
    }
    assert!(!exported.contains("id_salt\":{") && !exported.contains("data_key"), "{exported}");
    let file = there.file("service.jsonl", &exported);
    let import = ["service", "import", shown(&file), "--secrets-key", shown(&private)];
    let found = there.admin().json(&[&import[..], &["--dry-run"]].concat());
    let number: u64 = id.parse().unwrap();
    assert_eq!(found, json!({"id": number, "clients": 4, "tokens": 2, "without_secret": 0}));
    assert!(there.admin().refusal(&["service", "show", &id]).contains("there is no service"));
    let imported = there.admin().json(&import);
    assert_eq!(imported, json!({"id": number, "clients": 4, "tokens": 2, "without_secret": 0, "known": 0}));

    let read = there.read(&id, &client);
    assert_eq!((read.0, &read.1["client_secret"]), (200, &client["client_secret"]));
    assert_eq!(there.read(&id, &public_client).0, 200);
    assert_eq!(there.read(&id, &locked).0, 403, "locked stays locked");
    assert_eq!(there.read(&id, &deleted).0, 401);
    for shown in [&client, &locked, &public_client].map(id_of) {
        let show = |place: &Place| place.admin().json(&["client", "show", "--service", &id, &shown]);
        assert_eq!(show(&there), show(&here));
        assert_ne!(show(&there)["changes"], json!([]), "what became of what was sent comes along");
    }
    let by_alias = api(&there, "client/get/store", "");
    assert_eq!(
        (by_alias.0, &by_alias.1["clientId"]),
        (200, &own["clientId"]),
        "its operator's token works: {by_alias:?}"
    );
    assert_eq!(by_alias.1["clientSecret"], own["clientSecret"]);
    let (_, one) = api(&there, &format!("client/get/{}", id_of(&client)), "");
    assert_eq!(one["clientId"], api(&here, &format!("client/get/{}", id_of(&client)), "").1["clientId"], "its number");
    let asked = |secret: &str| {
        let parameters = "grant_type=authorization_code&code=none";
        let client_id = own["clientId"].to_string();
        let body = json!({"parameters": parameters, "clientId": client_id, "clientSecret": secret});
        api(&there, "auth/token", &body.to_string()).1["responseContent"].as_str().unwrap().to_owned()
    };
    assert!(asked(own["clientSecret"].as_str().unwrap()).contains("invalid_grant"), "its secret is compared");
    assert!(asked("another").contains("invalid_client"));
    let endpoint = format!("{}/{id}/register", there.served.text("base_url"));
    let by_initial = there.served.send("POST", &endpoint, initial["token"].as_str(), &web("Later").to_string());
    assert_eq!(by_initial.0, 201, "{by_initial:?}");
    let keys = |place: &Place| place.admin().json(&["service", "keys", "list", &id]);
    assert_eq!(keys(&there), keys(&here));
    there.admin().json(&["service", "keys", "rotate", &id]);
    there.admin().json(&["client", "rotate-secret", "--yes", "--service", &id, &id_of(&client)]);

    let refusal = there.admin().refusal(&import);
    assert!(refusal.contains(&format!("the number {id} is taken")), "{refusal}");
    let tried = there.admin().run(&[&import[..], &["--dry-run"]].concat());
    assert_eq!((tried.status.code(), String::from_utf8(tried.stderr).unwrap()), (Some(6), refusal));
    there.admin().json(&["service", "delete", &id, "--for-good", "--yes"]);
    assert!(there.admin().refusal(&import).contains("is taken, or was"), "its number is never free again");
}

#[test]
fn what_is_exported_from_an_import_is_the_export() {
    let (here, there) = (Place::new("again-from"), Place::new("again-to"));
    let (public, private) = keys(&here.data);
    let id = here.admin().open_service();
    for name in ["One", "Two", "Three"] {
        here.register(&id, &web(name));
    }
    here.admin().json(&["service", "keys", "rotate", &id]);
    here.admin().json(&["token", "create", "service", "--service", &id, "--expires", "1d"]);
    let more = ["--tokens", "--secrets-to", shown(&public)];
    let exported = here.export(&id, &more);
    let import = |place: &Place, file: &Path| {
        place.admin().json(&["service", "import", shown(file), "--secrets-key", shown(&private)])
    };
    import(&there, &there.file("service.jsonl", &exported));
    let again = there.export(&id, &more);
    assert_eq!(unsealed(&again), unsealed(&exported));
    let third = Place::new("again-third");
    import(&third, &third.file("service.jsonl", &again));
    assert_eq!(unsealed(&third.export(&id, &more)), unsealed(&exported));
}

#[test]
fn without_secrets_a_copy_has_clients_that_get_new_ones() {
    let (here, there) = (Place::new("copy-from"), Place::new("copy-to"));
    let id = here.admin().open_service();
    let clients = ["One", "Two"].map(|name| here.register(&id, &web(name)));
    here.admin().json(&["token", "create", "service", "--service", &id]);
    let exported = here.export(&id, &[]);
    for left_out in ["secret", "id_salt", "\"token\""] {
        let is_there = |line: &Value| {
            line["secrets"].is_object() || line["attributes"].get(left_out).is_some() || line["item"] == "token"
        };
        assert!(!lines(&exported).iter().any(is_there), "{left_out}: {exported}");
    }
    let file = there.file("service.jsonl", &exported);
    let output = there.admin().run(&["service", "import", shown(&file), "--id", "77", "--json"]);
    assert!(output.status.success(), "{output:?}");
    let warning = String::from_utf8(output.stderr).unwrap();
    assert!(warning.contains("without the secret that it needs: 2 clients"), "{warning}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer, json!({"id": 77, "clients": 2, "tokens": 0, "without_secret": 2, "known": 0}));

    let (status, read) = there.read("77", &clients[0]);
    assert_eq!((status, read.get("client_secret"), &read["client_name"]), (200, None, &json!("One")));
    let uri = format!("{}/77/register/{}", there.served.text("base_url"), read["client_id"].as_str().unwrap());
    let token = clients[0]["registration_access_token"].as_str();
    let mut update = web("One");
    update["client_id"] = read["client_id"].clone();
    let (status, updated) = there.served.send("PUT", &uri, token, &update.to_string());
    assert_eq!(status, 200, "{updated}");
    assert!(updated["client_secret"].is_string() && updated["client_secret"] != clients[0]["client_secret"]);

    let other = clients[1]["client_id"].as_str().unwrap();
    let empty = there.file("empty.json", "{}");
    there.admin().json(&["client", "update", "--service", "77", other, shown(&empty)]);
    let rotated = there.admin().json(&["client", "rotate-secret", "--yes", "--service", "77", other]);
    assert_eq!(there.read("77", &clients[1]).1["client_secret"], rotated["client_secret"]);
    let kids = |place: &Place, id: &str| place.admin().json(&["service", "keys", "list", id])[0]["kid"].clone();
    assert_ne!(kids(&there, "77"), kids(&here, &id), "it signs with a key of its own");

    let names = |text: &str| {
        let clients = unsealed(text).into_iter().filter(|line| line["item"] == "client");
        let mut names: Vec<Value> = clients.map(|line| line["attributes"]["client_id"].clone()).collect();
        names.sort_by_key(Value::to_string);
        names
    };
    assert_eq!(names(&there.export("77", &[])), names(&exported));
}

/// A file of lines.
/// Each of the two ways out of a table has its own way in, and names it.
#[test]
fn what_goes_in_by_the_other_way_is_told_so() {
    let here = Place::new("other-way");
    let id = here.admin().open_service();
    let declaration = here.admin().run(&["service", "export", &id]);
    let declaration = String::from_utf8(declaration.stdout).unwrap();
    let compact = serde_json::from_str::<Value>(&declaration).unwrap().to_string();
    for (name, text) in [("printed.json", declaration), ("compact.json", compact)] {
        let file = here.file(name, &text);
        let told = String::from_utf8(here.admin().run(&["service", "import", shown(&file)]).stderr).unwrap();
        assert!(told.contains(&format!("`registrar service apply {}`", shown(&file))), "{told}");
    }
    let file = here.file("service.jsonl", &here.export(&id, &[]));
    let told = String::from_utf8(here.admin().run(&["service", "apply", shown(&file)]).stderr).unwrap();
    assert!(told.contains("`registrar service import FILE`"), "{told}");
    let told = String::from_utf8(here.admin().run(&["service", "import", "-"]).stderr).unwrap();
    assert!(told.contains("read twice"), "{told}");
}

fn written(lines: &[Value]) -> String {
    lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n")
}

/// The file with a member of a line set to something else.
fn changed(lines: &[Value], line: usize, pointer: &str, value: Value) -> String {
    let mut lines = lines.to_vec();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    lines[line - 1].pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
    written(&lines)
}

/// A service with a token and two clients, and the keys of who may import it.
struct Original {
    place: Place,
    id: String,
    token: String,
    public: PathBuf,
    private: PathBuf,
}

impl Original {
    fn new(name: &str) -> Self {
        let place = Place::new(name);
        let (public, private) = keys(&place.data);
        let id = place.admin().open_service();
        for name in ["One", "Two"] {
            place.register(&id, &web(name));
        }
        let token = place.admin().json(&["token", "create", "service", "--service", &id]);
        let token = token["id"].as_str().unwrap().to_owned();
        Self { place, id, token, public, private }
    }

    fn export(&self) -> String {
        self.place.export(&self.id, &["--tokens", "--secrets-to", shown(&self.public)])
    }

    /// Ends its token: a table has each once.
    fn end_token(&self) {
        self.place.admin().json(&["token", "revoke", "--yes", &self.token]);
    }

    /// What an import as service 9 says of a file; it writes nothing.
    fn refusal(&self, text: &str, more: &[&str]) -> String {
        let file = self.place.file("wrong.jsonl", text);
        let refusal = self.place.admin().refusal(&[&["service", "import", shown(&file), "--id", "9"], more].concat());
        assert!(self.place.served.items("S#9", None).is_empty(), "{refusal}");
        refusal
    }

    /// The same of a file whose secrets are there.
    fn sealed_refusal(&self, text: &str) -> String {
        self.refusal(text, &["--secrets-key", shown(&self.private)])
    }
}

#[test]
fn lines_that_are_missing_twice_or_no_lines_are_named_and_nothing_is_written() {
    let original = Original::new("wrong-lines");
    let exported = original.export();
    original.end_token();
    let whole = lines(&exported);
    let twice = written(&[&whole[..5], &whole[4..]].concat());
    for (text, parts) in [
        (String::new(), &["line 1: the file is empty"][..]),
        ("{}\n".to_owned(), &["line 1: format: this is no export with clients"]),
        (twice, &["line 6: client_id: ", " was there before"]),
        (changed(&whole, 5, "/padding", json!("x".repeat(1024 * 1024))), &["line 5: it is longer than 1048576 bytes"]),
        (exported.replacen("\n{", "\n{\"item\":\"service\",{", 1), &["line 2: it is not JSON in UTF-8"]),
        (exported.replacen("\n{", "\n{\"item\":\"service\",", 1), &["line 2: item appears twice"]),
        (exported.replacen('\n', "\n\n", 1), &["line 2: it is not JSON in UTF-8"]),
        (exported.replacen('\n', "\n[]\n", 1), &["line 2: it is not a JSON object"]),
        (written(&whole[..5]), &["line 6: the file ends before its last line: it was cut off"]),
        (exported[..exported.len() - 9].to_owned(), &["line 6: it is not JSON in UTF-8"]),
        (written(&[&whole[..4], &whole[5..]].concat()), &["line 5: clients: there were 1"]),
        (written(&[&whole[..2], &whole[3..]].concat()), &["line 5: tokens: there were 0"]),
        (written(&[&whole[..1], &whole[2..]].concat()), &["line 2: item: no token comes here"]),
        (written(&[&whole[..2], &whole[1..]].concat()), &["line 3: item: no service comes here"]),
        (written(&[&whole[..4], &whole[2..]].concat()), &["line 5: item: no token comes here"]),
        (written(&[&whole[..], &whole[5..]].concat()), &["line 6: there is more after the last line"]),
    ] {
        let refusal = original.sealed_refusal(&text);
        for part in parts {
            assert!(refusal.starts_with("error: ") && refusal.contains(part), "{part}: {refusal}");
        }
    }
}

#[test]
fn what_was_changed_in_a_line_is_named_by_its_member_and_nothing_is_written() {
    let original = Original::new("wrong-members");
    let whole = lines(&original.export());
    let changed = |line, pointer, value| changed(&whole, line, pointer, value);
    let swapped = changed(5, "/secrets", whole[3]["secrets"].clone());
    let mixed = written(&[&whole[..4], &lines(&original.export())[4..]].concat());
    original.end_token();
    for (text, parts) in [
        (changed(1, "/version", json!(2)), &["line 1: version: it is 2, and this program reads 1"][..]),
        (changed(1, "/extra", json!(1)), &["line 1: extra: unknown field"]),
        (changed(1, "/service", json!(0)), &["line 1: service: it must be"]),
        (changed(1, "/tokens", json!(false)), &["line 3: item: the first line says that tokens are left out"]),
        (changed(2, "/attributes/service/S", json!("{}")), &["line 2: secrets.", "it does not open"]),
        (changed(2, "/secrets/id_salt", json!("AAAA")), &["line 2: secrets.id_salt: it does not open"]),
        (changed(2, "/secrets", json!({})), &["line 2: id_salt: it is missing"]),
        (changed(2, "/attributes", json!({})), &["line 2: secrets."]),
        (changed(3, "/kind", json!("organization")), &["line 3: kind: it is no service's own"]),
        (changed(3, "/kind", json!("king")), &["line 3: kind: unknown variant"]),
        (changed(3, "/digest", json!("AAAA")), &["line 3: digest: it is no SHA-256"]),
        (changed(4, "/service", json!(5)), &["line 4: service: it is another one"]),
        (changed(4, "/item", json!("king")), &["line 4: item: \"king\" is not known"]),
        (changed(4, "/item", json!("token")), &["line 4: attributes: unknown field"]),
        (changed(4, "/attributes/locked", json!({"BOOL": true})), &["line 4: secrets.secret: it does not open"]),
        (changed(4, "/attributes/version", json!({"N": "one"})), &["line 4: attributes.version: it is no value"]),
        (changed(4, "/secrets", json!({})), &["line 4: secret_", "no item takes that along"]),
        (swapped, &["line 5: secrets.secret: it does not open"]),
        (mixed, &["line 5: secrets.secret: it does not open"]),
    ] {
        let refusal = original.sealed_refusal(&text);
        for part in parts {
            assert!(refusal.starts_with("error: ") && refusal.contains(part), "{part}: {refusal}");
        }
    }
}

#[test]
fn what_no_item_of_a_table_has_is_named_where_nothing_is_sealed() {
    let original = Original::new("wrong-attributes");
    let plain = lines(&original.place.export(&original.id, &[]));
    for (line, pointer, value, part) in [
        (2, "/attributes/service", json!({"S": "{}"}), "line 2: service: missing field"),
        (2, "/attributes/data_key", json!({"S": "a"}), "line 2: data_key: no item takes that along"),
        (2, "/attributes/created", json!({"S": "a"}), "line 2: created: it is not what such an item has there"),
        (3, "/attributes/client", json!({"S": "{}"}), "line 3: client: missing field"),
        (3, "/attributes/source", json!({"S": "king"}), "line 3: source: it is not what"),
        (3, "/attributes/expires_at", json!({"S": "never"}), "line 3: expires_at: it is not what"),
        (3, "/attributes/rat_hash", json!({"S": "AAAA"}), "line 3: rat_hash: it is not what"),
        (3, "/attributes/PK", json!({"S": "C#1#1"}), "line 3: PK: no item takes that along"),
        (3, "/attributes/deleted_by", json!({"S": "me"}), "line 3: deleted_by: no item takes that along"),
        (3, "/attributes/other", json!({"B": "AAAA"}), "line 3: other: no item takes that along"),
        (3, "/attributes/secret_version", json!({"N": "1"}), "line 3: secret_version: no item takes that along"),
        (3, "/secrets", json!({"secret": "AAAA"}), "line 3: secrets.secret: the first line says"),
    ] {
        let refusal = original.refusal(&changed(&plain, line, pointer, value), &[]);
        assert!(refusal.contains(part), "{part}: {refusal}");
    }
}

#[test]
fn secrets_open_for_who_has_the_key_and_for_nobody_else() {
    let original = Original::new("wrong-keys");
    let exported = original.export();
    let stranger = Folder::new("stranger");
    std::fs::create_dir_all(&stranger.0).unwrap();
    let strange = keys(&stranger).1;
    for (more, part) in [
        (&[][..], "give --secrets-key"),
        (&["--secrets-key", shown(&strange)], "line 2: secrets.id_salt: it does not open"),
        (&["--secrets-key", shown(&original.public)], "is no private key of X25519 in PEM"),
        (&["--secrets-key", "nowhere"], "cannot read nowhere"),
        (&["--secrets-key", shown(&original.private)], "line 3: digest: it is the token of another service"),
    ] {
        let refusal = original.refusal(&exported, more);
        assert!(refusal.contains(part), "{part}: {refusal}");
    }
    let plain = original.place.export(&original.id, &[]);
    assert!(original.sealed_refusal(&plain).contains("leave --secrets-key out"));
    let export = ["service", "export", &original.id, "--secrets-to", shown(&original.public)];
    assert!(original.place.admin().refusal(&export).contains("--clients"));
    let wrong = ["service", "export", &original.id, "--clients", "--secrets-to", shown(&original.private)];
    assert!(original.place.admin().refusal(&wrong).contains("is a private key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_interrupted_goes_on_and_nothing_is_there_twice_or_too_early() {
    let (here, there) = (Place::new("resumed-from"), Place::new("resumed-to"));
    let (public, private) = keys(&here.data);
    let id = here.admin().open_service();
    let clients: Vec<Value> = (0..40).map(|number| here.register(&id, &web(&format!("App {number}")))).collect();
    here.admin().json(&["token", "create", "service", "--service", &id]);
    let file = there.file("service.jsonl", &here.export(&id, &["--tokens", "--secrets-to", shown(&public)]));
    let proxy = FaultProxy::start(there.served.text("dynamodb_endpoint")).await;
    let import = || -> Output {
        let line = ["service", "import", shown(&file), "--secrets-key", shown(&private), "--json"];
        let mut command = registrar();
        command.args(line).args(["--endpoint-url", &proxy.url(), "--key-file"]).arg(there.data.0.join("key"));
        command.output().unwrap()
    };
    let listed = || there.served.items(&format!("C#{id}"), Some("list")).len();
    for (request, least, most) in
        [("PutItem S", 0, 0), ("PutItem T", 0, 0), ("PutItem C", 0, 39), ("UpdateItem S", 40, 40)]
    {
        proxy.inject(request, Fault::Exception(400, "ValidationException"));
        let output = import();
        assert!(!output.status.success(), "{request}: {output:?}");
        assert!((least..=most).contains(&listed()), "{request}: {}", listed());
        assert_eq!(there.read(&id, &clients[0]).0, 404, "half a service is none");
        let refusal = there.admin().refusal(&["service", "show", &id]);
        assert_eq!(refusal.contains("is being imported"), request != "PutItem S", "{refusal}");
    }
    let other = there.file("other.jsonl", &here.export(&id, &[]));
    let refusal = there.admin().refusal(&["service", "import", shown(&other)]);
    assert!(refusal.contains("another file is being imported"), "{refusal}");
    proxy.inject("UpdateItem S", Fault::LostAnswer);
    let output = import();
    assert!(output.status.success(), "{output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["clients"], &answer["known"]), (&json!(40), &json!(40)));
    assert_eq!(listed(), 40);
    for client in &clients {
        let read = there.read(&id, client);
        assert_eq!((read.0, &read.1["client_secret"]), (200, &client["client_secret"]));
    }
    assert_eq!(there.admin().json(&["token", "list", "--service", &id]).as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_shall_not_go_on_is_ended_and_leaves_nothing() {
    let (here, there) = (Place::new("ended-from"), Place::new("ended-to"));
    let id = here.admin().open_service();
    here.register(&id, &web("One"));
    let file = there.file("service.jsonl", &here.export(&id, &[]));
    let proxy = FaultProxy::start(there.served.text("dynamodb_endpoint")).await;
    proxy.inject("UpdateItem S", Fault::Exception(400, "ValidationException"));
    let mut command = registrar();
    command.args(["service", "import", shown(&file), "--endpoint-url", &proxy.url(), "--key-file"]);
    assert!(!command.arg(there.data.0.join("key")).output().unwrap().status.success());
    let clients = || there.served.items(&format!("C#{id}"), Some("list")).len();
    assert_eq!(clients(), 1);
    assert!(there.admin().refusal(&["service", "restore", &id]).contains("no deleted service"));
    there.admin().json(&["service", "delete", &id, "--for-good", "--yes"]);
    let started = Instant::now();
    while clients() > 0 {
        assert!(started.elapsed() < Duration::from_secs(20), "they are never purged");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(there.admin().refusal(&["service", "import", shown(&file)]).contains("is taken, or was"));
}

/// The items of service 1's clients.
async fn items(world: &World) -> Vec<Item> {
    world.app.store.walk(1, Route::default()).next_items().await.unwrap().unwrap()
}

/// The clients of service 1 as they leave, and the service.
async fn leaving(world: &World) -> (Carried, Vec<Carried>) {
    let service = world.app.store.service(1).await.unwrap().unwrap();
    let keys = Some(&world.app.keys);
    let mut clients = Vec::new();
    for item in items(world).await {
        clients.push(leaving_client(&service, keys, item).await.unwrap());
    }
    (leaving_service(&world.app.store, &service, keys).await.unwrap(), clients)
}

#[tokio::test]
async fn a_name_that_two_clients_have_is_the_first_ones() {
    let (here, there) = (World::open().await, World::empty().await);
    let mut metadata = web("One");
    metadata["software_id"] = json!("s-1");
    for _ in 0..2 {
        here.client(&metadata).await;
    }
    here.set_policy(1, Policy { software_id_once: true, ..Preset::Open.policy() }).await;
    let (service, clients) = leaving(&here).await;
    let origin = Origin::default();
    let arrival = Arrival {
        store: &there.app.store,
        keys: &there.app.keys,
        entropy: &there.app.entropy,
        now: there.clock.now(),
        origin: &origin,
        name: "export",
    };
    let service = arrival.begin(5, arriving_service(service).unwrap()).await.unwrap().unwrap();
    let enter = async |carried: &Carried| arrival.client(&service, carried.clone()).await.unwrap();
    assert_eq!(enter(&clients[0]).await, Entered::Written(Vec::new()));
    assert_eq!(enter(&clients[1]).await, Entered::Written(vec![ClaimKind::SoftwareId]));
    assert_eq!(enter(&clients[1]).await, Entered::Known);
    let mut later = clients[1].clone();
    later.attributes.insert("version".to_owned(), AttributeValue::N("2".to_owned()));
    assert_eq!(enter(&later).await, Entered::Taken);
    assert_eq!(there.app.store.clients(5).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_attribute_that_nobody_knows_comes_along_unless_it_may_be_sealed() {
    let world = World::open().await;
    world.client(&web("One")).await;
    let table = embedded::client(&world.url(), &access_key());
    let write = async |name: &str, value: AttributeValue| {
        let mut item = items(&world).await.remove(0);
        item.insert(name.to_owned(), value);
        table.put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap();
    };
    let flags = AttributeValue::Ss(vec!["trusted".to_owned()]);
    write("flags", flags.clone()).await;
    assert_eq!(leaving(&world).await.1[0].attributes["flags"], flags);
    write("sealed", AttributeValue::M([("a".to_owned(), AttributeValue::B(Blob::new([1])))].into())).await;
    let service = world.app.store.service(1).await.unwrap().unwrap();
    let left = leaving_client(&service, None, items(&world).await.remove(0)).await;
    let Err(shared::Error::Internal(cause)) = left else { panic!("it leaves") };
    assert!(cause.to_string().contains("how the attribute sealed leaves a table"), "{cause}");
}
