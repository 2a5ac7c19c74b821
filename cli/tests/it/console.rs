//! The files of the console, compared with what they speak of.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use axum::body::Body;
use shared::client::Source;

use crate::support::World;

/// How large all files are together at the most, in bytes, as browsers get them.
const MOST_BYTES: usize = 100_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files, by name.
fn files() -> Vec<(String, String)> {
    let folder = std::fs::read_dir(root().join("functions/console/assets")).unwrap();
    let file = |path: PathBuf| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap())
    };
    folder.map(|entry| file(entry.unwrap().path())).collect()
}

fn file(name: &str) -> String {
    files().into_iter().find(|(found, _)| found == name).unwrap().1
}

#[tokio::test]
async fn every_file_is_served_and_all_are_small() {
    let world = World::open().await;
    let files = files();
    assert!(files.len() > 20);
    let mut bytes = 0;
    for (name, _) in &files {
        let reply = world.send_bare("GET", &format!("/console/{name}"), None).await;
        assert_eq!((reply.status, reply.header("cache-control")), (200, "no-cache"), "{name}");
        let whole = world.send_bare("HEAD", &format!("/console/{name}"), None).await;
        assert_eq!((whole.header("etag"), whole.header("vary")), (reply.header("etag"), "accept-encoding"), "{name}");
        let takes_gzip = [("accept-encoding", "gzip, br")];
        let compressed = world.send("HEAD", &format!("/console/{name}"), &takes_gzip, Body::empty()).await;
        assert_eq!(compressed.header("content-encoding"), "gzip", "{name}");
        assert_ne!(compressed.header("etag"), reply.header("etag"), "{name}");
        bytes += compressed.header("content-length").parse::<usize>().unwrap();
    }
    assert!(bytes < MOST_BYTES, "{bytes}");
}

#[test]
fn what_strangers_wrote_cannot_become_markup_and_the_token_is_kept_nowhere() {
    let ways = ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval(", "Function("];
    let stores = ["localStorage", "sessionStorage", "indexedDB", "document.cookie", "serviceWorker"];
    for (name, text) in files() {
        for word in ways.iter().chain(&stores) {
            assert!(!text.contains(word), "{name}: {word}");
        }
        assert!(!text.contains("https://") || ["hosts.js", "icon.svg"].contains(&name.as_str()), "{name}");
    }
}

/// A text without links: what only leads elsewhere is left out, for a reader of the console has no documents.
fn without_links(text: &str) -> String {
    let Some((before, after)) = text.split_once("](") else { return text.to_owned() };
    let (before, words) = before.rsplit_once('[').unwrap();
    let (_, after) = after.split_once(')').unwrap();
    let apart = before.strip_suffix(" (").zip(after.strip_prefix(')'));
    let (before, words, after) = apart.map_or((before, words, after), |(before, after)| (before, "", after));
    format!("{before}{words}{}", without_links(after))
}

#[test]
fn members_of_a_policy_mean_what_the_document_says() {
    let document = std::fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let rows = document.lines().skip_while(|line| !line.starts_with("| member | meaning |")).skip(2);
    let rows: Vec<&str> = rows.take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 30);
    let member = |row: &&str| {
        let (member, meaning) = row.trim_matches('|').split_once('|').unwrap();
        let meaning = without_links(meaning.trim()).replace('"', "\\\"");
        format!("  \"{}\": \"{meaning}\",\n", member.trim().trim_matches('`'))
    };
    assert!(!rows.iter().any(|row| row.to_lowercase().contains("[below]")), "it says what it means");
    let expected = format!("export const MEMBERS = {{\n{}}}\n", rows.iter().map(member).collect::<Vec<_>>().concat());
    assert!(file("members.js").ends_with(&expected), "{expected}");
}

/// What stands between `begins` and the next quote in the sources of a folder.
fn quoted_after(begins: &str, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            quoted_after(begins, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(path).unwrap();
            found.extend(source.split(begins).skip(1).map(|part| part.split('"').next().unwrap().to_owned()));
        }
    }
}

#[test]
fn every_rule_of_a_registration_has_words() {
    let of_doors =
        ["dynamic_registration", "as sent", "registration", "metadata_documents", "the document", "stet", "federation"];
    let mut rules = BTreeSet::from(of_doors.map(str::to_owned));
    for begins in ["begins(\"", "*rule = \""] {
        quoted_after(begins, &root().join("shared/src"), &mut rules);
    }
    assert!(rules.len() > 14, "{rules:?}");
    for rule in &rules {
        assert!(file("rules.js").contains(&format!("\n  '{rule}': [[")), "{rule}");
    }
}

/// What is kept of refusals is what the console takes for kept.
#[test]
fn scopes_that_are_kept_are_those_of_the_core() {
    let quoted = |text: &str, begins: &str, quote: char| -> Vec<String> {
        let (_, list) = text.split_once(begins).unwrap();
        let (list, _) = list.split_once(']').unwrap();
        list.split(quote).skip(1).step_by(2).map(str::to_owned).collect()
    };
    let core = std::fs::read_to_string(root().join("shared/src/registry/sample.rs")).unwrap();
    let core = quoted(&core, "const SCOPES: [&str; 11] = [", '"');
    assert_eq!((core.len(), quoted(&file("rules.js"), "const SCOPES = [", '\'')), (11, core));
}

#[test]
fn every_source_of_clients_can_be_chosen() {
    let text = file("clients.js");
    let (_, sources) = text.split_once("const SOURCES = [").unwrap();
    let chosen: BTreeSet<&str> =
        sources.split(']').next().unwrap().split(", ").map(|name| name.trim_matches('\'')).collect();
    assert_eq!(chosen, Source::ALL.map(Source::as_str).into());
}

/// Which actions `client`, `bulk` and their like do by their name.
const ACTIONS: [&str; 12] = [
    "show",
    "update",
    "lock",
    "unlock",
    "approve",
    "deny",
    "retain",
    "release",
    "restore",
    "rotate-secret",
    "reissue-token",
    "delete",
];

/// The commands that a file writes: their words, and the names of their options.
fn commands(text: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let mut found = Vec::new();
    for call in text.split("registrar([").skip(1) {
        let (words, rest) = call.split_once(']').unwrap();
        let words: Vec<&str> = words.split(',').map(str::trim).collect();
        let options = rest.strip_prefix(", {").map_or("", |options| options.split_once('}').unwrap().0);
        // What stands in a text or behind a colon names no option.
        let names = options.split(',').map(|option| option.split(':').next().unwrap().trim().trim_matches('\''));
        let names: Vec<String> = names
            .filter(|name| name.starts_with(|letter: char| letter.is_ascii_lowercase()))
            .map(str::to_owned)
            .collect();
        let quoted = |word: &str| word.trim_matches('\'').to_owned();
        match words[..] {
            [group, "action"] => {
                found.extend(ACTIONS.iter().map(|action| (vec![quoted(group), (*action).to_owned()], Vec::new())));
            }
            [.., "kind.replace('_', '-')"] | ["'token'", "'create'", ..] => {
                let kinds = ["service", "initial-access"].into_iter();
                let made = kinds.map(|kind| vec!["token".to_owned(), "create".to_owned(), kind.to_owned()]);
                found.extend(made.map(|words| (words, Vec::new())));
            }
            _ => found.push((words.iter().map(|word| quoted(word)).collect(), names)),
        }
    }
    found
}

#[test]
fn commands_that_are_copied_are_understood() {
    let all = registrar::arguments::Arguments::documented();
    let mut seen = BTreeSet::new();
    for (name, text) in files() {
        for (words, options) in commands(&text) {
            let command = words.iter().fold(&all, |command, word| {
                command.find_subcommand(word).unwrap_or_else(|| panic!("{name}: no {words:?}"))
            });
            assert!(!command.has_subcommands(), "{name}: {words:?}");
            for option in &options {
                let is_known = command.get_arguments().any(|known| known.get_long() == Some(option));
                assert!(is_known, "{name}: {words:?} has no --{option}");
            }
            seen.insert(words.join(" "));
        }
    }
    for shown in ["client list", "client delete", "policy replace", "audit", "grant revoke", "token create service"] {
        assert!(seen.contains(shown), "{seen:?}");
    }
    assert!(all.get_arguments().any(|option| option.get_long() == Some("api") && option.is_global_set()));
}
