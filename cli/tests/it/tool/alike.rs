//! Each command by the table and by the operators' API, from the examples of its `--help`: what fails, fails alike.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::Output;

use clap::builder::PossibleValue;
use registrar::arguments::Arguments;
use serde_json::{Value, json};

use super::api::server::{at_server, request};
use super::api::{Desk, data_file, elsewhere, printed};
use super::failure;
use crate::program::{Folder, Served};

/// Where nobody listens.
const NOWHERE: &str = "https://127.0.0.1:1";

/// A command, and what follows its words in an example.
type Example = (String, Vec<String>);

/// The command of those words, below another one.
fn command<'c>(within: &'c clap::Command, path: &str) -> &'c clap::Command {
    path.split(' ').fold(within, |command, word| command.find_subcommand(word).unwrap())
}

fn leaves(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
    for below in command.get_subcommands() {
        let path = format!("{path} {}", below.get_name()).trim_start().to_owned();
        if below.has_subcommands() {
            leaves(below, &path, found);
        } else {
            found.push((path, below.get_after_help().unwrap().to_string()));
        }
    }
}

/// The words of a line, without what the shell does with it.
fn words(line: &str) -> Vec<String> {
    let typed = line.split(['|', '<', '>']).next().unwrap();
    let parts = typed.split('\'').enumerate().flat_map(|(index, part)| match index % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    // What differs with it is how it is printed.
    parts.skip(1).filter(|word| word != "--json").collect()
}

fn is_understood(words: &[String]) -> bool {
    Arguments::read(std::iter::once("registrar".to_owned()).chain(words.to_vec()).map(Into::into)).is_ok()
}

/// The examples of all commands that an API may be named to.
fn examples() -> Vec<Example> {
    let mut commands = Vec::new();
    leaves(&Arguments::documented(), "", &mut commands);
    let lines = commands.iter().flat_map(|(command, help)| {
        let lines = help.lines().filter(|line| line.starts_with("  registrar "));
        lines.map(move |line| (command.clone(), words(line)))
    });
    let by_api = |words: &Vec<String>| is_understood(&[&words[..], &["--api".into(), NOWHERE.into()]].concat());
    let is_by_itself = |words: &Vec<String>| !words.iter().any(|word| word == "--api" || word == "--profile");
    let examples: Vec<Example> = lines.filter(|(_, words)| is_by_itself(words) && by_api(words)).collect();
    assert!(examples.len() > 60, "{examples:?}");
    examples
}

/// The files that examples name.
fn files(data: &Folder) {
    let client = json!({"client_name": "New", "redirect_uris": ["https://rp.example/cb"]});
    let policy = json!({"registration": "open"});
    for (name, content) in [
        ("policy.json", &policy),
        ("metadata.json", &client),
        ("changes.json", &json!({"client_name": "Other"})),
        ("sample.json", &json!({"client_name": "9 characters"})),
        ("seen.jsonl", &json!({"client_id": "nobody", "version": 1})),
    ] {
        data_file(data, name, &content.to_string());
    }
}

/// Why a command needs the table, if it says so.
fn needs_table(data: &Folder, words: &[String]) -> Option<String> {
    let mut command = elsewhere(data);
    command.current_dir(&data.0).args(words).args(["--api", NOWHERE]).env("REGISTRAR_TOKEN", token());
    let output = command.output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let why = text.split_once("needs the table: ")?.1.split_once("; leave out --api and --profile")?.0;
    Some(why.to_owned())
}

fn token() -> String {
    format!("svc_{}", "a".repeat(43))
}

/// An example of that command with an option, and a value if it takes one.
fn with_option(option: &clap::Arg, examples: &[Example]) -> Option<Vec<String>> {
    let name = format!("--{}", option.get_long()?);
    if let Some((_, words)) = examples.iter().find(|(_, words)| words.contains(&name)) {
        return Some(words.clone());
    }
    let possible = option.get_possible_values();
    let known = possible.iter().map(PossibleValue::get_name);
    let usual = ["1", "1d", "policy.json", "x", "https://a.example", "2026-01-31", "1790000000000#0000000000000001"];
    let takes_one = option.get_action().takes_values();
    let values: Vec<Option<&str>> = if takes_one { known.chain(usual).map(Some).collect() } else { vec![None] };
    let lines = examples.iter().flat_map(|(_, words)| {
        let line = |value: Option<&str>| {
            let added = [name.as_str()].into_iter().chain(value).map(str::to_owned);
            words.iter().cloned().chain(added).collect::<Vec<String>>()
        };
        values.iter().copied().map(line).collect::<Vec<_>>()
    });
    let mut lines = lines.filter(|words| is_understood(words));
    lines.next()
}

#[test]
fn what_needs_the_table_is_documented_with_the_reason() {
    let data = Folder::new("alike-table");
    files(&data);
    let (all, tool) = (examples(), Arguments::documented());
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for command_name in all.iter().map(|(command, _)| command).collect::<BTreeSet<_>>() {
        let examples: Vec<Example> = all.iter().filter(|(command, _)| command == command_name).cloned().collect();
        let reasons: Vec<_> = examples.iter().map(|(_, words)| needs_table(&data, words)).collect();
        if let Some(why) = reasons.iter().all(Option::is_some).then(|| reasons[0].clone()).flatten() {
            found.entry(why).or_default().insert(command_name.clone());
            continue;
        }
        for option in command(&tool, command_name).get_arguments().filter(|option| !option.is_global_set()) {
            let Some(words) = with_option(option, &examples) else { continue };
            if let Some(why) = needs_table(&data, &words) {
                found.entry(why).or_default().insert(format!("{command_name} --{}", option.get_long().unwrap()));
            }
        }
    }
    let documented = include_str!("../../../../docs/command-line.md");
    let rows =
        documented.split_once("| needs the table | since |\n|---|---|\n").unwrap().1.split_once("\n\n").unwrap().0;
    let row = |line: &str| {
        let (commands, why) = line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")?;
        Some((why.to_owned(), commands.split(", ").map(|command| command.trim_matches('`').to_owned()).collect()))
    };
    let documented: BTreeMap<String, BTreeSet<String>> = rows.lines().map(|line| row(line).unwrap()).collect();
    assert_eq!(found, documented);
}

/// An operation, the command that has an option of the name of each parameter, and what does it otherwise.
type Selected = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What selects something in the API.
const SELECTED: [Selected; 7] = [
    ("get clients", "client list", &[("client_id", "client show"), ("oldest", "client list --newest")]),
    ("delete clients/{client}", "client delete", &[]),
    ("get audit", "audit", &[("oldest", "audit --json")]),
    ("get refusals", "audit", &[("days", "audit --since")]),
    ("get grants", "grant list", &[]),
    ("delete grants", "grant revoke", &[]),
    ("get counts", "service stats", &[("days", "service stats"), ("developers", "service stats")]),
];

#[test]
fn what_the_api_selects_by_the_commands_select_by() {
    let api: Value = serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
    let tool = Arguments::documented();
    let (mut selecting, mut lacking) = (BTreeSet::new(), Vec::new());
    for (path, methods) in api["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/operator/{serviceId}/") else { continue };
        for (method, operation) in methods.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let parameters = parameters.filter(|parameter| parameter["in"] == "query");
            // Lists go on from page to page by themselves; what federations have is named.
            let names = parameters.map(|parameter| parameter["name"].as_str().unwrap());
            for name in names.filter(|name| !["limit", "cursor", "entity_id"].contains(name)) {
                let operation = format!("{method} {path}");
                let found = SELECTED.iter().find(|(selected, _, _)| *selected == operation);
                let (_, words, otherwise) = found.unwrap_or_else(|| panic!("{operation} {name}"));
                let option = name.replace('_', "-");
                let has = command(&tool, words).get_arguments().any(|found| found.get_long() == Some(&option));
                if !has && !otherwise.iter().any(|(known, _)| *known == name) {
                    lacking.push(format!("{words} --{option}"));
                }
                selecting.insert(operation);
            }
        }
    }
    assert_eq!(lacking, Vec::<String>::new());
    assert_eq!(selecting, SELECTED.map(|(operation, _, _)| operation.to_owned()).into());
}

/// The examples of what both the table and the API do.
fn of_both(data: &Folder) -> Vec<Example> {
    let mut examples = examples();
    examples.retain(|(command, words)| command != "whoami" && needs_table(data, words).is_none());
    let commands: BTreeSet<&String> = examples.iter().map(|(command, _)| command).collect();
    assert!(commands.len() > 25, "{commands:?}");
    examples
}

#[test]
fn each_command_fails_alike_by_the_table_and_by_the_api() {
    let data = Folder::new("alike");
    let served = Served::start(&data, &["--memory"]);
    let desk = Desk::at(&data, &served);
    files(&data);
    data_file(&data, "stale.json", &json!({"client_name": "Other", "version": 9}).to_string());
    let file = data_file(&data, "own.json", &json!({"redirect_uris": ["https://rp.example/cb"]}).to_string());
    let created = desk.by_api(&["client", "create", "--service", "1", &file, "--json"]);
    let created: Value = serde_json::from_str(&printed(&created)).unwrap();
    let client_id = created["client_id"].as_str().unwrap();
    let tool = Arguments::documented();
    let mut seen: BTreeMap<i32, BTreeSet<String>> = BTreeMap::new();
    let mut alike = |situation: &str, words: &[String]| {
        let run = |mut command: std::process::Command| command.current_dir(&data.0).output().unwrap();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (table, api) = (run(desk.admin.command(&words)), run(desk.api(served.text("service_token"), &words)));
        let told =
            |output: &Output| (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
        let (table, (code, sentence)) = (told(&table), told(&api));
        // That is all that a token learns of others' services.
        assert_eq!(table, (code, sentence.replace(" for this token", "")), "{situation}: {words:?}");
        seen.entry(code).or_default().insert(situation.to_owned());
        (code, sentence)
    };
    for (name, example) in of_both(&data) {
        let put = |word: &str, other: &str| -> Vec<String> {
            example.iter().map(|found| if found == word { other.to_owned() } else { found.clone() }).collect()
        };
        if example.iter().any(|word| word == "1") {
            let (code, sentence) = alike("no such service", &put("1", "99"));
            assert_eq!((code, sentence.contains("there is no service 99")), (3, true), "{example:?}: {sentence}");
        }
        let is_about_one = example.iter().any(|word| word == "CLIENT-ID");
        if !is_about_one {
            alike("as it is", &example);
            continue;
        }
        if name != "audit" {
            let (code, sentence) = alike("no such client", &example);
            assert_eq!((code, sentence.contains("there is no client CLIENT-ID")), (3, true), "{example:?}: {sentence}");
        }
        let options: Vec<&str> = command(&tool, &name).get_arguments().filter_map(clap::Arg::get_long).collect();
        let (takes_version, asks) = (options.contains(&"version"), options.contains(&"yes"));
        let mut words = put("CLIENT-ID", client_id);
        words.retain(|word| word != "--yes");
        if let Some(at) = words.iter().position(|word| word == "--version") {
            words.drain(at..at + 2);
        }
        if asks {
            alike("nobody is there to be asked", &words);
        }
        let stale: Vec<&str> = if takes_version { vec!["--version", "9"] } else { Vec::new() };
        let consent: Vec<&str> = if asks { vec!["--yes"] } else { Vec::new() };
        words.extend([stale, consent].concat().into_iter().map(str::to_owned));
        if name == "client update" {
            words.iter_mut().filter(|word| *word == "changes.json").for_each(|word| "stale.json".clone_into(word));
        }
        if takes_version || name == "client update" {
            let (code, sentence) = alike("another version", &words);
            assert_eq!((code, sentence.contains("the client was changed since")), (6, true), "{words:?}: {sentence}");
        }
    }
    assert!(seen[&4].contains("nobody is there to be asked"), "{seen:?}");
    served.stop();
}

#[test]
fn each_command_ends_with_the_code_that_the_answer_means() {
    let data = Folder::new("alike-answers");
    files(&data);
    let mut first: BTreeMap<String, Vec<String>> = BTreeMap::from([("whoami".to_owned(), vec!["whoami".to_owned()])]);
    for (command, words) in of_both(&data) {
        first.entry(command).or_insert(words);
    }
    let told = |error: &str| json!({"error": error, "error_description": "why"});
    for (status, body, code) in [
        ("400 Bad Request", told("invalid_request"), 4),
        ("401 Unauthorized", told("invalid_token"), 5),
        ("403 Forbidden", told("insufficient_scope"), 5),
        ("403 Forbidden", told("access_denied"), 4),
        ("404 Not Found", told("not_found"), 3),
        ("404 Not Found", json!({"message": "why"}), 4),
        ("409 Conflict", told("conflict"), 6),
        ("412 Precondition Failed", told("precondition_failed"), 6),
        ("428 Precondition Required", told("precondition_required"), 6),
        ("429 Too Many Requests", told("temporarily_unavailable"), 7),
        ("500 Internal Server Error", told("server_error"), 1),
        ("500 Internal Server Error", json!({"message": "why"}), 7),
        ("503 Service Unavailable", told("temporarily_unavailable"), 7),
    ] {
        let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/json\r\n\r\n{body}");
        for words in first.values() {
            let mut command = elsewhere(&data);
            command.current_dir(&data.0).args(words).env("REGISTRAR_TOKEN", token());
            let output = at_server(&mut command, |stream, _| {
                request(stream);
                stream.write_all(answer.as_bytes()).unwrap();
            });
            let (found, sentence) = failure(&output);
            // What the gateway says to whoever has named another place than the API's.
            let is_elsewhere = status.starts_with("404") && body.get("error").is_none();
            let is_told =
                if is_elsewhere { sentence.contains("stands before that (404)") } else { sentence == "error: why\n" };
            assert!(found == code && is_told, "{words:?}: {status} {body}: {found} {sentence}");
        }
    }
    for words in first.values() {
        let mut command = elsewhere(&data);
        command.current_dir(&data.0).args(words).args(["--api", NOWHERE]);
        let (code, sentence) = failure(&command.env("REGISTRAR_TOKEN", token()).output().unwrap());
        assert!(code == 7 && sentence.contains("cannot be reached"), "{words:?}: {sentence}");
    }
    let mut command = elsewhere(&data);
    command.args(["whoami", "--api", NOWHERE]);
    let (code, sentence) = failure(&command.env("REGISTRAR_TOKEN", "wrong").output().unwrap());
    assert!(code == 5 && sentence.starts_with("error: REGISTRAR_TOKEN: an operator's token"), "{sentence}");
    let (code, sentence) = failure(&command.env_remove("REGISTRAR_TOKEN").output().unwrap());
    assert!(code == 5 && sentence.contains("the API needs a token"), "{sentence}");
}
