//! What README and the pages for newcomers tell them to type, typed.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::program::Folder;
use crate::serving::{Program, printed};

const README: &str = include_str!("../../../README.md");
const PAGES: [&str; 3] = [
    include_str!("../../../docs/for-mcp.md"),
    include_str!("../../../docs/for-authlete.md"),
    include_str!("../../../docs/for-federations.md"),
];

/// Commands that others run: how they begin, and the text of who runs them and what it has there.
const ELSEWHERE: [(&str, &str, &str); 6] = [
    ("cargo test --workspace", CI, "cargo test --workspace"),
    ("sam build", CI, "sam build"),
    ("cargo lambda watch", include_str!("../../../tests/functions/run"), "cargo lambda watch"),
    ("cargo lambda invoke", include_str!("../../../tests/functions/check.py"), r#""cargo", "lambda", "invoke""#),
    ("registrar sandbox federation", include_str!("sandbox.rs"), r#""sandbox", "federation""#),
    ("registrar sandbox documents", include_str!("sandbox.rs"), r#""sandbox", "documents""#),
];
const CI: &str = include_str!("../../../.ci/run");

/// Commands that need an account at AWS, and how the program is started and found, which each test does itself.
const NOWHERE: [&str; 5] = ["sam deploy", "output() {", "export REGISTRAR_TABLE", "cargo run", "export PATH"];

/// The lines of a document's shell blocks, without what is said about them.
fn lines(document: &str) -> impl Iterator<Item = &str> {
    let blocks = document.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines).map(|line| line.split("     #").next().unwrap_or(line).trim_end());
    lines.filter(|line| !line.is_empty())
}

fn runs_elsewhere(line: &str) -> bool {
    let found = ELSEWHERE.iter().find(|(command, ..)| line.starts_with(command));
    assert!(found.is_none_or(|(_, text, part)| text.contains(part)), "nobody runs {line}");
    found.is_some() || NOWHERE.iter().any(|command| line.starts_with(command))
}

/// A newcomer beside a running server, and the words that stand for what was answered.
struct Newcomer<'f> {
    folder: &'f Folder,
    base_url: String,
    words: HashMap<&'static str, String>,
}

impl Newcomer<'_> {
    /// As it stands in the document, in a shell without a word of AWS.
    fn types(&self, line: &str) -> Output {
        let mut command = line.replace("http://127.0.0.1:8080", &self.base_url);
        let mut words: Vec<_> = self.words.iter().collect();
        // One word may be the end of another.
        words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        for (word, value) in words {
            for end in [' ', '\'', '"', '&'] {
                command = command.replace(&format!("{word}{end}"), &format!("{value}{end}"));
            }
            if let Some(start) = command.strip_suffix(word) {
                command = format!("{start}{value}");
            }
        }
        let mut shell: Command = printed(self.folder, &command);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_") || name.starts_with("REGISTRAR_"))
        {
            shell.env_remove(name);
        }
        let programs = Path::new(env!("CARGO_BIN_EXE_registrar")).parent().unwrap().to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&path))).unwrap();
        shell.env("PATH", path).env("HOME", &self.folder.0).output().unwrap()
    }

    fn succeeds(&self, line: &str) -> String {
        let output = self.types(line);
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the client is answered at its registration.
    fn status(&self, read: &str) -> String {
        self.succeeds(&format!("{read} --silent --output /dev/null --write-out '%{{http_code}}'"))
    }

    fn remember(&mut self, word: &'static str, value: &Value) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.words.insert(word, value);
    }

    /// Keeps what later lines need of an answer.
    fn remember_answer(&mut self, answer: &Value) {
        for (word, member) in [
            ("CLIENT_ID", "client_id"),
            ("TICKET", "ticket"),
            ("CODE", "authorizationCode"),
            ("ACCESS_TOKEN", "accessToken"),
        ] {
            if let Some(value) = answer.get(member) {
                self.remember(word, value);
            }
        }
    }

    /// Keeps the number of the service that a line has created.
    fn remember_service(&mut self, line: &str) {
        let organization = line.split_once("--organization ").and_then(|(_, rest)| rest.split(' ').next());
        let list = format!("registrar service list --json --organization {}", organization.unwrap_or("default"));
        let services: Value = serde_json::from_str(&self.succeeds(&list)).unwrap();
        self.remember("ID", &services.as_array().unwrap().last().unwrap()["id"]);
    }
}

#[test]
fn the_readme_leads_from_a_registration_to_its_end() {
    let folder = Folder::new("newcomer-readme");
    let program = Program::start(&folder, ".registrar", &[]);
    let base_url = program.demo()["base_url"].as_str().unwrap().to_owned();
    let mut newcomer = Newcomer { folder: &folder, base_url, words: HashMap::new() };
    let read = lines(README).find(|line| line.contains("REGISTRATION_ACCESS_TOKEN")).unwrap();
    let mut typed = Vec::new();
    for line in lines(README).filter(|line| !runs_elsewhere(line)) {
        let printed = newcomer.succeeds(line);
        typed.push(line);
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["curl", _, "-H", _, _, "-d", ..] => {
                let client: Value = serde_json::from_str(&printed).unwrap();
                newcomer.remember("CLIENT_ID", &client["client_id"]);
                newcomer.remember("REGISTRATION_ACCESS_TOKEN", &client["registration_access_token"]);
            }
            ["registrar", "client", "list", ..] => assert!(printed.contains(&newcomer.words["CLIENT_ID"]), "{printed}"),
            ["registrar", "client", "lock", ..] => assert_eq!(newcomer.status(read), "403"),
            ["registrar", "client", "unlock", ..] => assert_eq!(newcomer.status(read), "200"),
            ["registrar", "client", "delete", ..] => assert_eq!(newcomer.status(read), "401"),
            ["registrar", "service", "create", ..] => newcomer.remember_service(line),
            _ => {}
        }
    }
    for verb in ["client list", "client lock", "client delete", "service create", "token create initial-access"] {
        assert!(typed.iter().any(|line| line.starts_with(&format!("registrar {verb}"))), "{verb}: {typed:?}");
    }
}

#[test]
fn the_pages_for_newcomers_are_typed_as_they_stand() {
    for page in PAGES {
        let folder = Folder::new("newcomer-page");
        let program = Program::start(&folder, ".registrar", &["--memory"]);
        let base_url = program.demo()["base_url"].as_str().unwrap().to_owned();
        let mut newcomer = Newcomer { folder: &folder, base_url, words: HashMap::new() };
        newcomer.remember("SERVICE_TOKEN", &program.demo()["service_token"]);
        for line in lines(page).filter(|line| !runs_elsewhere(line)) {
            let printed = newcomer.succeeds(line);
            if line.starts_with("registrar service create") {
                newcomer.remember_service(line);
            }
            if line.starts_with("curl") {
                let answer: Value = serde_json::from_str(&printed).unwrap();
                newcomer.remember_answer(&answer);
                let action = answer["action"].as_str().unwrap_or("OK");
                assert!(["OK", "INTERACTION", "LOCATION"].contains(&action), "{line}: {printed}");
            }
        }
    }
}

/// What operators type is understood; `--help` keeps it from being done.
#[test]
fn the_pages_for_operators_have_commands_that_there_are() {
    let pages = [
        include_str!("../../../docs/cognito.md"),
        include_str!("../../../docs/command-line.md"),
        include_str!("../../../docs/deploying.md"),
        include_str!("../../../docs/federation.md"),
        include_str!("../../../docs/operations.md"),
        include_str!("../../../docs/stet.md"),
    ];
    let page = pages.concat().replace("\\\n", " ");
    let programs = Path::new(env!("CARGO_BIN_EXE_registrar")).parent().unwrap().display();
    let mut typed = 0;
    for line in lines(&page) {
        let Some((_, words)) = line.split_once("registrar ").filter(|(before, _)| is_prompt(before)) else { continue };
        let command = words.split([';', '|', '>', ')', '[', '#']).next().unwrap();
        let word = |word| match word {
            "ID" | "SERVICE" => "1",
            "TOKEN-ID" => "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
            word => word,
        };
        let words: Vec<&str> = command.split_whitespace().filter(|word| *word != "…").map(word).collect();
        let command = format!("PATH={programs}:$PATH registrar {} --help", words.join(" "));
        let output = Command::new("sh").args(["-c", &command]).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        typed += 1;
    }
    assert!(typed > 15, "only {typed} were found");
}

/// Whether a command stands after this, and not an argument.
fn is_prompt(before: &str) -> bool {
    before.trim().is_empty() || before.trim_end().ends_with(['|', ';', '('])
}

#[test]
fn links_between_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folders = [root.to_owned(), root.join("docs")];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    for file in files.filter(|file| file.extension().is_some_and(|end| end == "md")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("https://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
            let target = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            let bytes = std::fs::read(&target).unwrap_or_else(|error| panic!("{}: {link}: {error}", file.display()));
            let text = String::from_utf8_lossy(&bytes);
            let found = anchor.is_none_or(|anchor| text.lines().filter_map(heading).any(|heading| heading == anchor));
            assert!(found, "{}: {link}", file.display());
        }
    }
}

/// The anchor of a heading.
fn heading(line: &str) -> Option<String> {
    let title = line.strip_prefix('#')?.trim_start_matches('#').trim().to_lowercase();
    let kept = |character: &char| character.is_alphanumeric() || " -_".contains(*character);
    Some(title.chars().filter(kept).collect::<String>().replace(' ', "-"))
}
