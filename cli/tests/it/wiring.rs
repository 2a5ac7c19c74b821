//! The endpoints, the template, the routes of `cargo lambda watch`, the binaries, the events and the documents
//! speak of the same functions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_yaml_ng::Value as Yaml;
use shared::store::schema;

pub(crate) type Routes = BTreeMap<String, BTreeSet<String>>;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

pub(crate) fn template() -> Yaml {
    serde_yaml_ng::from_str(&read("template.yaml")).unwrap()
}

/// The functions and their paths as the code has them: the endpoints, and what follows the stream.
pub(crate) fn functions() -> Routes {
    let mut functions = endpoints();
    functions.insert(stream::FUNCTION.to_owned(), BTreeSet::new());
    functions
}

fn endpoints() -> Routes {
    let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
    registrar::endpoints().map(|endpoint| (endpoint.function.to_owned(), paths(endpoint.paths))).collect()
}

#[test]
fn the_template_has_the_functions_and_their_routes() {
    let mut routes = Routes::new();
    for resource in template()["Resources"].as_mapping().unwrap().values() {
        if resource["Type"] != "AWS::Serverless::Function" {
            continue;
        }
        let binary = resource["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap().to_owned();
        let paths = routes.entry(binary).or_default();
        let events = resource["Properties"]["Events"].as_mapping().into_iter().flat_map(|events| events.values());
        for event in events.filter(|event| event["Type"] == "HttpApi") {
            assert_eq!(event["Properties"]["Method"], "ANY", "405 is the function's answer");
            paths.insert(event["Properties"]["Path"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(routes, functions());
}

#[test]
fn the_functions_have_half_a_second_more_than_their_requests() {
    let template = template();
    let usual = template["Globals"]["Function"]["Timeout"].as_u64().unwrap();
    for endpoint in registrar::endpoints() {
        let mut resources = template["Resources"].as_mapping().unwrap().values();
        let of_endpoint = |resource: &&Yaml| resource["Metadata"]["BuildProperties"]["Binary"] == endpoint.function;
        let properties = &resources.find(of_endpoint).unwrap()["Properties"];
        let timeout = properties.get("Timeout").map_or(usual, |timeout| timeout.as_u64().unwrap());
        assert_eq!(u128::from(timeout) * 1000, endpoint.deadline.as_millis() + 500, "{}", endpoint.function);
        let events = properties["Events"].as_mapping().into_iter().flat_map(|events| events.values());
        for event in events.filter(|_| timeout > usual) {
            let gateway = event["Properties"]["TimeoutInMillis"].as_u64().unwrap();
            assert!((timeout * 1000..=29_000).contains(&gateway), "{}", endpoint.function);
        }
    }
}

#[test]
fn an_endpoint_knows_its_door() {
    let template = template();
    for endpoint in registrar::endpoints() {
        let mut resources = template["Resources"].as_mapping().unwrap().values();
        let of_endpoint = |resource: &&Yaml| resource["Metadata"]["BuildProperties"]["Binary"] == endpoint.function;
        let folder = resources.find(of_endpoint).unwrap()["Properties"]["CodeUri"].as_str().unwrap();
        assert_eq!(format!("functions/{}", endpoint.door()), folder, "{}", endpoint.function);
    }
}

#[test]
fn concurrency_can_be_reserved_for_the_functions_that_strangers_reach() {
    let template = template();
    let functions = template["Resources"].as_mapping().unwrap().values();
    for function in functions.filter(|resource| resource["Type"] == "AWS::Serverless::Function") {
        let binary = function["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap();
        let reserved = function["Properties"].get("ReservedConcurrentExecutions").is_some();
        let is_operators =
            ["authlete-", "operator-", "client-lookup", "client-used"].iter().any(|name| binary.starts_with(name));
        assert_eq!(reserved, !is_operators && binary != stream::FUNCTION, "{binary}");
    }
    for door in ["Oauth", "IdentityCenter", "Federation", "Stet", "Console", "Pages"] {
        assert_eq!(template["Parameters"][format!("{door}Concurrency")]["Default"], "", "none, unless asked for");
    }
}

#[test]
fn the_access_log_has_no_address_unless_asked_for_and_never_a_path() {
    let template = template();
    assert_eq!(template["Parameters"]["LogSourceAddress"]["Default"], "no");
    for (asked, has_address) in [("no", false), ("yes", true)] {
        let format = template["Mappings"]["AccessLogFormats"]["LogSourceAddress"][asked].as_str().unwrap();
        let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(format).unwrap();
        assert_eq!(line.contains_key("sourceAddress"), has_address, "{asked}");
        assert_eq!(format.contains("$context.identity.sourceIp"), has_address, "{asked}");
        assert!(line.contains_key("route") && !format.to_lowercase().contains("path"), "{asked}");
    }
}

#[test]
fn cargo_lambda_watch_has_the_same_routes() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let watched = manifest["workspace"]["metadata"]["lambda"]["watch"]["router"].as_table().unwrap();
    let mut routes = Routes::new();
    for (path, function) in watched {
        let path = path.split('/').map(|segment| match segment.strip_prefix("{*") {
            Some(greedy) => format!("{{{}+}}", greedy.trim_end_matches('}')),
            None => segment.to_owned(),
        });
        let path = path.collect::<Vec<_>>().join("/");
        routes.entry(function.as_str().unwrap().to_owned()).or_default().insert(path);
    }
    assert_eq!(routes, endpoints());
}

#[test]
fn every_function_has_a_binary_and_events() {
    let names = |folder: PathBuf, extension: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .filter(|path| path.extension().is_some_and(|found| found == extension))
            .map(|path| path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned())
            .collect()
    };
    let doors = std::fs::read_dir(root().join("functions")).unwrap().map(|entry| entry.unwrap().path().join("src/bin"));
    let binaries: BTreeSet<String> =
        doors.filter(|folder| folder.is_dir()).flat_map(|folder| names(folder, "rs")).collect();
    let functions: BTreeSet<String> = functions().into_keys().collect();
    assert_eq!(binaries, functions);
    assert_eq!(names(root().join("events"), "json"), functions);
}

#[test]
fn the_template_has_the_tables_schema() {
    let template = template();
    let table = &template["Resources"]["Table"]["Properties"];
    let keys = |schema: &Yaml| -> Vec<String> {
        schema.as_sequence().unwrap().iter().map(|key| key["AttributeName"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(keys(&table["KeySchema"]), ["PK", "SK"]);
    let indexes = table["GlobalSecondaryIndexes"].as_sequence().unwrap();
    assert_eq!(indexes.len(), 2);
    for (index, name) in indexes.iter().zip([schema::LIST_INDEX, schema::DEVELOPER_INDEX]) {
        assert_eq!(index["IndexName"], name);
        assert_eq!(keys(&index["KeySchema"]), [name, "at"]);
        assert_eq!(index["Projection"]["NonKeyAttributes"][0], schema::TTL_ATTRIBUTE);
    }
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], schema::TTL_ATTRIBUTE);
    assert_eq!(table["StreamSpecification"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
}

#[test]
fn the_documents_have_the_storage_contracts_version() {
    for document in ["docs/storage.md", "docs/upgrading.md"] {
        let version = format!("version {} of the storage contract", schema::VERSION);
        assert!(read(document).to_lowercase().contains(&version), "{document}");
    }
}

/// The rows of `docs/conformance.md` with a requirement's number: number and last column.
fn conformance() -> Vec<(String, String)> {
    let rows = read("docs/conformance.md");
    let row = |line: &str| -> Option<(String, String)> {
        let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
        let number = cells.first()?;
        let numbered =
            number.starts_with(['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J']) && number[1..].parse::<u8>().is_ok();
        numbered.then(|| ((*number).to_owned(), (*cells.last().unwrap()).to_owned()))
    };
    rows.lines().filter_map(row).collect()
}

#[test]
fn every_requirement_has_a_test_that_exists() {
    let sources = sources();
    let rows = conformance();
    for (section, last) in
        [('A', 33), ('B', 18), ('C', 19), ('D', 26), ('E', 43), ('F', 11), ('G', 17), ('H', 27), ('I', 78), ('J', 38)]
    {
        for number in 1..=last {
            let name = format!("{section}{number}");
            assert_eq!(rows.iter().filter(|(row, _)| *row == name).count(), 1, "{name}");
        }
    }
    for (number, tests) in &rows {
        assert_tests(&sources, number, tests);
    }
}

#[test]
fn the_tests_that_other_documents_name_exist() {
    let sources = sources();
    for (document, head) in [("SECURITY.md", "| asset | attacker |"), ("CONTRIBUTING.md", "| what | where |")] {
        let text = read(document);
        let rows = text.lines().skip_while(|line| !line.starts_with(head)).skip(2);
        let rows: Vec<&str> = rows.take_while(|line| line.starts_with('|')).collect();
        assert!(rows.len() > 9, "{document}: {rows:?}");
        for row in rows {
            let (_, tests) = row.trim_end_matches('|').rsplit_once('|').unwrap();
            assert_tests(&sources, row, tests);
        }
    }
}

/// That a cell names tests, which exist, or a reason why there is none.
fn assert_tests(sources: &str, row: &str, cell: &str) {
    if cell.trim().starts_with("– ") || cell.starts_with("— ") {
        return;
    }
    let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    assert!(!names.is_empty(), "{row} names neither a test nor a reason");
    for name in names {
        assert!(sources.contains(&format!("fn {name}()")), "{row}: there is no test {name}");
    }
}

/// The text of every source file.
pub(crate) fn sources() -> String {
    let mut sources = String::new();
    collect(&root(), &mut sources);
    sources
}

/// The text of every source file below a folder.
fn collect(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !["target", "node_modules"].contains(&name) && !name.starts_with('.') {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
