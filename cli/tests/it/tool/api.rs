//! `registrar --api`: what commands do by the operators' API, as they do it by the table.

mod clients;
pub(super) mod server;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::grants::Shop;
use super::{failure, json_failure};
use crate::program::{Administration, Folder, Served, registrar, wait_until};

/// A command without anything that names a table or AWS, as of somebody who has a token alone.
pub(super) fn elsewhere(data: &Folder) -> Command {
    let mut command = registrar();
    command.current_dir("/").env("HOME", &data.0).env_remove("XDG_CONFIG_HOME");
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"] {
        command.env_remove(name);
    }
    command
}

/// One service, reached by its table and by the API.
pub(super) struct Desk<'s> {
    data: &'s Folder,
    served: &'s Served,
    pub(super) admin: Administration<'s>,
}

impl<'s> Desk<'s> {
    pub(super) fn at(data: &'s Folder, served: &'s Served) -> Self {
        Self { data, served, admin: Administration { served, key_file: data.0.join("key") } }
    }

    /// A command by the API, not yet started.
    pub(super) fn api(&self, token: &str, words: &[&str]) -> Command {
        let mut command = elsewhere(self.data);
        command.args(words).args(["--api", self.served.text("base_url")]).env("REGISTRAR_TOKEN", token);
        command
    }

    fn by_api_as(&self, token: &str, words: &[&str]) -> Output {
        self.api(token, words).output().unwrap()
    }

    pub(super) fn by_api(&self, words: &[&str]) -> Output {
        self.by_api_as(self.served.text("service_token"), words)
    }

    /// A command prints the same to whoever asks the table or the API, for people and for scripts.
    fn same(&self, words: &[&str]) -> String {
        let mut printed = String::new();
        for json in [&["--json"][..], &[]] {
            let words = [words, json].concat();
            let (table, api) = (self.admin.run(&words), self.by_api(&words));
            assert!(table.status.success() && api.status.success(), "{words:?}: {table:?} {api:?}");
            printed = String::from_utf8(table.stdout).unwrap();
            assert_eq!(printed, String::from_utf8(api.stdout).unwrap(), "{words:?}");
            assert_eq!(table.stderr, api.stderr, "{words:?}");
        }
        printed
    }

    pub(super) fn registered(&self, metadata: &Value) -> String {
        let url = self.served.text("registration_endpoint");
        let (status, client) = self.served.send("POST", url, None, &metadata.to_string());
        assert_eq!(status, 201, "{client}");
        client["client_id"].as_str().unwrap().to_owned()
    }
}

/// What a command prints that must succeed.
pub(super) fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Whoever changes the policy of a service with which clients can do nothing is told so, by both ways alike.
fn warns_of_missing_endpoints(desk: &Desk<'_>, policy: &str) {
    printed(&desk.admin.run(&["service", "update", "1", "--unset", "authorization_endpoint"]));
    for words in [
        &["policy", "replace", "1", policy][..],
        &["service", "update", "1", "--scope", "read"],
        &["policy", "try", "1", "--preset", "open"],
    ] {
        let (table, api) = (desk.admin.run(words), desk.by_api(words));
        let told = String::from_utf8(api.stderr.clone()).unwrap();
        assert!(told.starts_with("warning: clients of this service can do nothing yet: "), "{words:?}: {told}");
        assert!(told.contains("without authorization_endpoint;") && table.stderr == api.stderr, "{words:?}: {told}");
    }
    let endpoint = "authorization_endpoint=https://as.example/authorize";
    let complete = desk.admin.run(&["service", "update", "1", "--metadata", endpoint]);
    assert_eq!(String::from_utf8_lossy(&complete.stderr), "");
}

/// The names of the members that it prints.
fn names(output: &Output) -> Vec<String> {
    let members: Value = serde_json::from_str(&printed(output)).unwrap();
    members.as_object().unwrap().keys().cloned().collect()
}

fn audit<'w>(more: &[&'w str]) -> Vec<&'w str> {
    [&["audit", "--service", "1"], more].concat()
}

/// What is kept of what was refused is no registration: its values are masked.
#[test]
fn a_sample_of_a_refusal_is_tried_by_the_table_and_by_the_api() {
    let data = Folder::new("api-sample");
    let served = Served::start(&data, &["--memory"]);
    let desk = Desk::at(&data, &served);
    let refused = json!({"client_name": "x", "redirect_uris": ["https://rp.example/cb#x"]}).to_string();
    assert_eq!(served.send("POST", served.text("registration_endpoint"), None, &refused).0, 400);
    let file = data_file(&data, "policy.json", &json!({"registration": "open"}).to_string());
    let refusals: Value = desk.admin.json(&["audit", "--service", "1", "--refused"]);
    let sample = &refusals[0]["samples"][0]["sent"];
    assert_eq!(sample["redirect_uris"], json!(["https://rp.example/…#…"]), "{refusals}");
    let sampled = data.0.join("sample.json");
    std::fs::write(&sampled, sample.to_string()).unwrap();
    let tried = ["policy", "try", "1", "--sample", sampled.to_str().unwrap()];
    for output in [desk.admin.run(&tried), desk.by_api(&tried)] {
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(4) && told.contains("fragment"), "as the client was refused: {told}");
    }
    let check = ["policy", "check", &file, "--sample", sampled.to_str().unwrap(), "--json"];
    let checked = crate::program::registrar().args(check).output().unwrap();
    let outcome: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert!(outcome["client"]["redirect_uris"][0].as_str().unwrap().starts_with("https://rp.example/"), "{outcome}");
    assert!(outcome["refused"]["error_description"].as_str().unwrap().contains("fragment"), "{outcome}");
    served.stop();
}

#[test]
fn policies_tokens_counts_and_the_audit_are_as_by_the_table() {
    let data = Folder::new("api-rest");
    let served = Served::start(&data, &["--memory"]);
    let desk = Desk::at(&data, &served);
    let one = desk.registered(&json!({"client_name": "One", "redirect_uris": ["https://rp.example/cb"]}));
    let refused = json!({"client_name": "x", "redirect_uris": ["https://rp.example/cb#x"]}).to_string();
    assert_eq!(served.send("POST", served.text("registration_endpoint"), None, &refused).0, 400);
    desk.admin.json(&["client", "lock", "--service", "1", &one]);

    let shown = desk.same(&["policy", "show", "1"]);
    let (file, body) = (data.0.join("policy.json"), data.0.join("body.json"));
    let mut policy: Value = serde_json::from_str(&shown).unwrap();
    policy["policy"]["secret_overlap"] = json!(77);
    std::fs::write(&file, policy.to_string()).unwrap();
    std::fs::write(&body, json!({"redirect_uris": ["https://rp.example/cb"]}).to_string()).unwrap();
    let (file, body) = (file.to_str().unwrap(), body.to_str().unwrap());
    desk.same(&["policy", "try", "1"]);
    let tried = desk.same(&["policy", "try", "1", file, "--registration", body]);
    assert!(tried.contains("secret_overlap") && tried.contains("What would be registered:"), "{tried}");
    for refused in [
        &["policy", "try", "1", "--preset", "regulated", "--registration", body][..],
        &["policy", "try", "1", "--registration", body, "--door", "stet"],
    ] {
        let (table, api) = (desk.admin.run(refused), desk.by_api(refused));
        assert_eq!((table.status.code(), table.stdout), (api.status.code(), api.stdout));
        assert_eq!(table.stderr, api.stderr);
        let told = String::from_utf8(table.stderr).unwrap();
        assert_eq!(told.contains("does not open the door stet"), refused.contains(&"stet"), "{told}");
    }
    let replace = ["policy", "replace", "1", file];
    let replaced: Value = serde_json::from_str(&printed(&desk.by_api(&replace))).unwrap();
    assert_eq!(replaced["policy"]["secret_overlap"], 77);
    for late in [desk.by_api(&replace), desk.admin.run(&replace)] {
        let (code, text) = failure(&late);
        assert!(code == 6 && text.contains("the policy was changed since: it has version 2 now"), "{text}");
    }
    std::fs::write(data.0.join("whole.json"), policy["policy"].to_string()).unwrap();
    warns_of_missing_endpoints(&desk, data.0.join("whole.json").to_str().unwrap());
    desk.same(&["policy", "show", "1"]);
    let scoped = printed(&desk.by_api(&["service", "update", "1", "--scope", "read"]));
    assert!(
        scoped.contains("read") && desk.same(&["policy", "show", "1"]).contains("\"offered\": \"read\""),
        "{scoped}"
    );

    desk.same(&["token", "list", "--service", "1"]);
    let mut last = String::new();
    for create in [
        &["token", "create", "service", "--service", "1", "--permission", "client.read", "--expires", "1d"][..],
        &["token", "create", "service", "--service", "1"],
        &["token", "create", "initial-access", "--service", "1", "--uses", "3", "--scope", "read write"],
        &["token", "create", "initial-access", "--service", "1", "--grant-type", "implicit", "--expires", "1h"],
    ] {
        let create = [create, &["--json"]].concat();
        let (table, api) = (desk.admin.run(&create), desk.by_api(&create));
        let mut named = names(&api);
        named.retain(|name| name != "made_by");
        assert_eq!((names(&table), &table.stderr), (named, &api.stderr), "{create:?}");
        let made: Value = serde_json::from_slice(&api.stdout).unwrap();
        assert!(made["made_by"].is_string(), "{made}");
        last = made["id"].as_str().unwrap().to_owned();
        let revoke = ["token", "revoke", &last, "--yes"];
        if create.contains(&"client.read") {
            let token = made["token"].as_str().unwrap();
            let (code, text) = failure(&desk.by_api_as(token, &["client", "lock", "--service", "1", &one]));
            assert!(code == 5 && text == "error: the token does not permit this: it needs client.write\n", "{text}");
            assert_eq!(printed(&desk.by_api(&revoke)), "The token is revoked.\n");
            let (code, text) = failure(&desk.by_api_as(token, &["client", "list", "--service", "1"]));
            assert!(code == 5 && text == "error: the token is not valid for this request\n", "{text}");
            let (code, text) = failure(&desk.by_api(&revoke));
            assert!(code == 3 && text == "error: there is no such token\n", "{text}");
        }
    }
    assert_eq!(desk.same(&["token", "list", "--service", "1"]).lines().count(), 10);

    // The stream has told of the last token.
    wait_until(|| printed(&desk.admin.run(&audit(&[]))).contains(&last));
    for more in [
        &[][..],
        &["--limit", "2"],
        &["--limit", "150"],
        &["--since", "1d"],
        &["--client", &one],
        &["--client", &one, "--limit", "1"],
        &["--client", "nobody"],
        &["--refused"],
        &["--refused", "--since", "60d"],
        &["--refused", "--limit", "1"],
    ] {
        desk.same(&audit(more));
    }
    assert!(desk.same(&audit(&["--refused"])).contains("invalid_redirect_uri"));
    wait_until(|| printed(&desk.admin.run(&["service", "stats", "1"])).contains("has 1 client."));
    desk.same(&["service", "stats", "1"]);
    counts_by_hour(&desk);
    desk.same(&["service", "federation", "check", "1"]);
    let rehearsed = ["service", "federation", "check", "1", "https://rp.example", "--json"];
    let (table, api) = (desk.admin.run(&rehearsed), desk.by_api(&rehearsed));
    assert_eq!((table.status.code(), table.stdout, table.stderr), (api.status.code(), api.stdout, api.stderr));
    served.stop();
}

/// One client was registered, and one was refused.
fn counts_by_hour(desk: &Desk) {
    let hours = desk.same(&["service", "stats", "1", "--hours"]);
    let row: Vec<&str> = hours.lines().nth(1).unwrap().split_whitespace().collect();
    let expected = (5, &["oauth", "1", "oauth", "1"][..], "2026-09-21T14".len());
    assert_eq!((row.len(), &row[1..], row[0].len()), expected, "{hours}");
}

#[test]
fn a_token_that_ends_names_what_it_has_made() {
    let data = Folder::new("api-made");
    let served = Served::start(&data, &["--memory"]);
    let desk = Desk::at(&data, &served);
    let create = ["token", "create", "service", "--service", "1", "--json"];
    let text = |token: &Value, name: &str| token[name].as_str().unwrap_or_default().to_owned();
    let make = |maker: &Value| -> Value {
        let made: Value = serde_json::from_str(&printed(&desk.by_api_as(&text(maker, "token"), &create))).unwrap();
        assert_eq!(made["made_by"], maker["id"], "{made}");
        made
    };
    let warning = |made: &[&Value]| match made {
        [] => String::new(),
        those => {
            let ids: Vec<String> = those.iter().map(|token| format!("\n  {}", text(token, "id"))).collect();
            format!("warning: what it has made, and what that has made, still works:{}\n", ids.concat())
        }
    };
    let ends = |output: &Output, made: &[&Value]| {
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), warning(made));
    };
    let works = |token: &Value| desk.by_api_as(&text(token, "token"), &["whoami"]).status.success();

    let first = desk.admin.json(&create[..5]);
    assert_eq!(first.get("made_by"), None);
    let second = make(&first);
    let third = make(&second);
    let listed = desk.same(&["token", "list", "--service", "1"]);
    assert!(
        listed
            .lines()
            .any(|line| { line.starts_with(&text(&third, "id")) && line.trim_end().ends_with(&text(&second, "id")) }),
        "{listed}"
    );
    ends(&desk.by_api(&["token", "revoke", "--yes", &text(&first, "id")]), &[&second, &third]);
    assert_eq!([&first, &second, &third].map(works), [false, true, true], "they do not end with it");
    let itself = ["token", "revoke", "--yes", &text(&second, "id")];
    ends(&desk.by_api_as(&text(&second, "token"), &itself), &[&third]);
    assert_eq!([&second, &third].map(works), [false, true]);
    let fourth = make(&third);
    let rotate = desk.admin.run(&["token", "rotate", "--yes", "--json", &text(&third, "id")]);
    ends(&rotate, &[&fourth]);
    let rotated: Value = serde_json::from_slice(&rotate.stdout).unwrap();
    assert_eq!(rotated.get("made_by"), None, "{rotated}");
    ends(&desk.admin.run(&["token", "revoke", "--yes", &text(&rotated, "id")]), &[]);

    // An organization's token makes those of its services.
    let organization = ["token", "create", "organization", "--organization", "demo"];
    let whole = desk.admin.json(&organization);
    let other = desk.admin.json(&["service", "create", "--organization", "demo"])["id"].to_string();
    let at_other = ["token", "create", "initial-access", "--service", &other, "--json"];
    let at_other: Value = serde_json::from_str(&printed(&desk.by_api_as(&text(&whole, "token"), &at_other))).unwrap();
    let of_one = make(&whole);
    ends(&desk.admin.run(&["token", "revoke", "--yes", &text(&whole, "id")]), &[&of_one, &at_other]);
    served.stop();
}

#[test]
fn grants_are_shown_and_ended_as_by_the_table() {
    let data = Folder::new("api-grants");
    let served = Served::start(&data, &["--memory"]);
    let desk = Desk::at(&data, &served);
    let (shop, other) = (Shop::open(&served, "shop"), Shop::open(&served, "other"));
    shop.code("john", "openid profile");
    let [[a, _], [b, _], [c, _], [d, _]] =
        [shop.tokens("john"), shop.tokens("su b/1"), other.tokens("john"), other.tokens("jane")];
    for more in
        [&["--subject", "john"][..], &["--client", "shop"], &["--client", &shop.client_id, "--subject", "su b/1"]]
    {
        desk.same(&[&["grant", "list", "1"], more].concat());
    }
    let cut = ["grant", "list", "1", "--client", "shop", "--limit", "1"];
    assert_eq!(String::from_utf8(desk.by_api(&cut).stderr).unwrap(), "There are more: --limit\n");
    desk.same(&["grant", "show", "1", "--client", "shop", "--subject", "john"]);
    desk.admin.json(&["client", "lock", "--service", "1", &shop.client_id]);
    desk.same(&["grant", "show", "1", "--client", "shop", "--subject", "su b/1"]);
    desk.admin.json(&["client", "unlock", "--service", "1", &shop.client_id]);
    let both = ["grant", "revoke", "1", "--client", "shop", "--subject", "john", "--yes"];
    assert_eq!(
        printed(&desk.by_api(&both)),
        "What user john had let client shop have is ended; authorizations with tokens: 1.\n"
    );
    assert_eq!([&a, &b, &c, &d].map(|token| shop.works(token)), [false, true, true, true]);
    printed(&desk.by_api(&["grant", "revoke", "1", "--subject", "john", "--yes"]));
    assert_eq!([&b, &c, &d].map(|token| shop.works(token)), [true, false, true]);
    printed(&desk.by_api(&["grant", "revoke", "1", "--client", &other.client_id, "--yes"]));
    assert_eq!([&b, &d].map(|token| shop.works(token)), [true, false]);
    for line in [
        &both[..],
        &["grant", "revoke", "1", "--subject", "nobody", "--yes"],
        &["grant", "list", "1", "--client", "nothing"],
        &["grant", "show", "1", "--client", "shop", "--subject", "-x"],
        &["grant", "revoke", "1", "--client", "shop"],
    ] {
        assert_eq!(failure(&desk.admin.run(line)), failure(&desk.by_api(line)), "{line:?}");
    }
    served.stop();
}

#[test]
fn what_the_api_does_not_do_needs_the_table() {
    let data = Folder::new("api-table");
    let token = format!("svc_{}", "a".repeat(43));
    for line in [
        &["service", "list"][..],
        &["service", "show", "1"],
        &["service", "create", "--preset", "open"],
        &["service", "update", "1", "--name", "x"],
        &["service", "delete", "1", "--yes"],
        &["service", "keys", "list", "1"],
        &["service", "federation", "show", "1"],
        &["token", "list", "--organization", "demo"],
        &["token", "create", "organization"],
        &["token", "rotate", "O1yJ8kYl3fCtbXU6Rc0r5oHqYVtB7s1mHe2PSnWm4hQ", "--yes"],
        &["client", "prune", "--service", "1", "--undo"],
        &["client", "resolve", "--service", "1", "https://rp.example/client.json"],
        &["doctor"],
    ] {
        let mut command = elsewhere(&data);
        command.args(line).args(["--json", "--api", "https://127.0.0.1:1"]).env("REGISTRAR_TOKEN", &token);
        let output = command.output().unwrap();
        if line == ["doctor"] {
            assert!(String::from_utf8(output.stdout).unwrap().contains("needs the table: it looks at one"));
            continue;
        }
        let (code, error, sentence) = json_failure(&output);
        assert!(code == 2 && error == "usage" && sentence.starts_with("needs the table: "), "{line:?}: {sentence}");
    }
    let policy = data_file(&data, "policy.json", "{}");
    let mut offline = elsewhere(&data);
    printed(&offline.args(["policy", "check", &policy]).env("REGISTRAR_API", "https://127.0.0.1:1").output().unwrap());
    for (line, part) in [
        (&["policy", "check", &policy, "--api", "https://127.0.0.1:1"][..], "--api is for administration"),
        (&["serve", "--profile", "x"], "--profile is for administration"),
        (&["client", "list", "--service", "1", "--api", "https://a.example", "--table", "x"], "--table names a table"),
        (&["whoami"], "give --api or --profile"),
    ] {
        let mut command = elsewhere(&data);
        let (code, text) = failure(&command.args(line).env("REGISTRAR_TABLE", "other").output().unwrap());
        assert!(code == 2 || code == 5, "{line:?}: {text}");
        assert!(text.contains(part) || line == ["whoami"], "{line:?}: {text}");
    }
}

pub(super) fn data_file(data: &Folder, name: &str, content: &str) -> String {
    std::fs::create_dir_all(&data.0).unwrap();
    let file = data.0.join(name);
    std::fs::write(&file, content).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_token_comes_from_where_others_do_not_see_it() {
    let data = Folder::new("api-token");
    let served = Served::start(&data, &["--memory"]);
    let (url, token) = (served.text("base_url"), served.text("service_token"));
    let file = data_file(&data, "token", &format!("{token}\n"));
    let run = |words: &[&str], variables: &[(&str, &str)], piped: Option<&str>| {
        let mut command = elsewhere(&data);
        command.args(words).args(["--json"]).envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let _ = stdin.write_all(piped.unwrap_or_default().as_bytes());
        drop(stdin);
        child.wait_with_output().unwrap()
    };
    let profiles = data.0.join(".config/registrar");
    std::fs::create_dir_all(&profiles).unwrap();
    let profiles = profiles.join("profiles.json");
    std::fs::write(
        &profiles,
        json!({"demo": {"api": url, "token": token}, "odd": {"api": url, "tokn": token}}).to_string(),
    )
    .unwrap();
    let readable = |mode: u32| std::fs::set_permissions(&profiles, std::fs::Permissions::from_mode(mode)).unwrap();
    readable(0o644);
    let (code, _, text) = json_failure(&run(&["whoami", "--profile", "demo"], &[], None));
    assert!(code == 4 && text.contains("others may read") && text.contains("chmod 600"), "{text}");
    readable(0o600);
    for (words, variables, piped) in [
        (&["whoami", "--profile", "demo"][..], &[][..], None),
        (&["--profile", "demo", "whoami"], &[("REGISTRAR_API", "https://127.0.0.1:1"), ("REGISTRAR_TOKEN", "x")], None),
        (&["whoami", "--api", url, "--token-file", &file], &[("REGISTRAR_TOKEN", "x")], None),
        (&["whoami", "--token-file", "-"], &[("REGISTRAR_API", url)], Some(token)),
        (&["--api", url, "--token", token, "whoami"], &[], None),
        (&["whoami"], &[("REGISTRAR_API", url), ("REGISTRAR_TOKEN", token)], None),
        (&["whoami", "--api", &format!("{url}/")], &[("REGISTRAR_TOKEN", token)], None),
    ] {
        let who: Value = serde_json::from_str(&printed(&run(words, variables, piped))).unwrap();
        assert_eq!((&who["kind"], &who["services"][0]["service_id"]), (&json!("service"), &json!(1)), "{words:?}");
    }
    let other = data_file(&data, "key-of-somebody", "AKIAIOSFODNN7EXAMPLE");
    for (words, code, part) in [
        (&["whoami", "--profile", "other"][..], 3, "has no profile other: it has demo, odd"),
        (&["whoami", "--profile", "odd"], 4, "odd: a profile has api and token"),
        (&["whoami", "--profile", "demo", "--api", url], 2, "no other ones stand beside it"),
        (&["whoami", "--api", url], 5, "the API needs a token: set REGISTRAR_TOKEN"),
        (&["whoami", "--api", url, "--token-file", "/nowhere"], 5, "--token-file: cannot read /nowhere"),
        (&["whoami", "--api", url, "--token-file", &other], 5, "an operator's token is needed"),
        (&["--token", token, "whoami"], 2, "a token is for an API"),
        (&["--token", token, "whoami", "--api", url, "--token-file", &file], 2, "exclude each other"),
        (&["whoami", "--api", url, "--token", token], 2, "--token comes before the words of the command"),
    ] {
        let (found, _, text) = json_failure(&run(words, &[], None));
        assert!(found == code && text.contains(part), "{words:?}: {found} {text}");
        assert!(!text.contains(token) && !text.contains("AKIA"), "{text}");
    }
    let help = printed(&elsewhere(&data).args(["whoami", "--help"]).env("REGISTRAR_TOKEN", token).output().unwrap());
    assert!(help.contains("--token-file") && !help.contains(token), "{help}");
    served.stop();
}

#[test]
fn over_tls_an_authority_of_ones_own_is_named() {
    let data = Folder::new("api-tls");
    let served = Served::start(&data, &["--memory", "--tls"]);
    let (url, token) = (served.text("base_url"), served.text("service_token"));
    let run = |authority: Option<&str>| {
        let mut command = elsewhere(&data);
        command.args(["whoami", "--json", "--api", url]).env("REGISTRAR_TOKEN", token);
        command.envs(authority.map(|file| ("REGISTRAR_EXTRA_CA_FILE", file)));
        command.output().unwrap()
    };
    let (code, _, text) = json_failure(&run(None));
    assert!(code == 7 && text.ends_with("not known here: name it in REGISTRAR_EXTRA_CA_FILE"), "{text}");
    assert_eq!(names(&run(data.0.join("server.pem").to_str())), ["kind", "permissions", "services", "token"]);
    served.stop();
}

#[test]
fn what_fails_fails_alike_by_the_api_and_by_the_table() {
    let data = Folder::new("api-fails");
    let served = Served::start(&data, &["--memory"]);
    let desk = Desk::at(&data, &served);
    let client = desk.registered(&json!({"client_name": "One", "redirect_uris": ["https://rp.example/cb"]}));
    let file = data_file(&data, "new.json", &json!({"redirect_uris": ["https://rp.example/cb"]}).to_string());
    let made = desk.by_api(&["client", "create", "--service", "1", &file, "--json"]);
    let made: Value = serde_json::from_str(&printed(&made)).unwrap();
    let made = made["client_id"].as_str().unwrap();
    let gone = desk.registered(&json!({"client_name": "Two", "redirect_uris": ["https://rp.example/cb"]}));
    let delete = ["client", "delete", "--service", "1", &gone, "--yes"];
    printed(&desk.by_api(&delete));
    let shown = desk.by_api(&["policy", "show", "1"]);
    let mut stale: Value = serde_json::from_str(&printed(&shown)).unwrap();
    stale["version"] = json!(9);
    let old = data_file(&data, "old.json", &stale.to_string());
    stale["polciy"] = json!({});
    let odd = data_file(&data, "odd.json", &stale.to_string());
    for (words, code, named) in [
        (&["client", "deny", "--service", "1", &client, "--yes"][..], 6, "wait for approval"),
        (&["client", "retain", "--service", "1", made], 6, "does not end by itself"),
        (&["client", "release", "--service", "1", made], 6, "does not end by itself"),
        (&["client", "restore", "--service", "1", made], 6, "not deleted"),
        (&["client", "approve", "--service", "1", &client, "--version", "9"], 6, "changed since"),
        (&["client", "show", "--service", "1", "nobody"], 3, "no client nobody"),
        (&["client", "lock", "--service", "1", "nobody"], 3, "no client nobody"),
        (&["client", "update", "--service", "1", "nobody", &file], 3, "no client nobody"),
        (&["client", "delete", "--service", "1", "nobody", "--yes"], 3, "no client nobody"),
        (&["client", "delete", "--service", "1", "nobody", "--yes", "--for-good"], 3, "no client nobody"),
        (&["client", "rotate-secret", "--service", "1", "nobody", "--yes"], 3, "no client nobody"),
        (&["client", "reissue-token", "--service", "1", "nobody", "--yes"], 3, "no client nobody"),
        (&["grant", "list", "1", "--client", "nobody"], 3, "no client nobody"),
        (&["grant", "list", "1", "--subject", "nobody"], 3, "user nobody has let no client"),
        (&["service", "update", "1", "--policy", &old], 6, "changed since"),
        (&["policy", "replace", "1", &old], 6, "changed since"),
        (&["service", "update", "1", "--policy", &odd], 4, "no member polciy beside a policy"),
        (&["policy", "replace", "1", &odd], 4, "no member polciy beside a policy"),
        (&["token", "create", "initial-access", "--service", "1", "--scope", " "], 4, "scope must not be empty"),
    ] {
        let (api, text) = failure(&desk.by_api(words));
        assert!(api == code && text.contains(named), "{words:?}: {api} {text}");
        let (table, text) = failure(&desk.admin.run(words));
        assert!(table == code && text.contains(named), "{words:?}: {table} {text}");
    }
    let delete = [&delete[..], &["--for-good"]].concat();
    assert_eq!(printed(&desk.by_api(&delete)), format!("Client {gone} is deleted for good.\n"));
    let (code, text) = failure(&desk.by_api(&["client", "restore", "--service", "1", &gone]));
    assert!(code == 6 && text.contains("for good"), "{text}");
    served.stop();
}
