//! What people at a command line need is no part of the functions.

use std::collections::BTreeSet;
use std::process::Command;

/// Crates and features of `aws-config` as they are built for one package, which is how `sam build` and `cargo lambda
/// build` build a function: in its own folder.
fn built(package: &str) -> String {
    let mut command = Command::new(env!("CARGO"));
    command.args(["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p} [{f}]"]);
    command.current_dir(format!("{}/../{package}", env!("CARGO_MANIFEST_DIR")));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn aws_config(tree: &str) -> BTreeSet<&str> {
    let line = tree.lines().find(|line| line.starts_with("aws-config v")).unwrap();
    line.split_once('[').unwrap().1.split(']').next().unwrap().split(',').collect()
}

#[test]
fn functions_have_no_ways_to_sign_in_but_their_role() {
    let template = crate::wiring::template();
    let mut packages = BTreeSet::new();
    for resource in template["Resources"].as_mapping().unwrap().values() {
        if resource["Type"] == "AWS::Serverless::Function" {
            packages.insert(resource["Properties"]["CodeUri"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(packages.len(), 9, "{packages:?}");
    for package in packages {
        let tree = built(&package);
        assert_eq!(aws_config(&tree), BTreeSet::from(["default-https-client", "rt-tokio"]), "{package}");
        let numbers = tree.lines().find(|line| line.starts_with("serde_json v")).unwrap();
        assert!(numbers.contains("float_roundtrip"), "{package} reads numbers as tests do, whose crates ask for it");
        for line in tree.lines() {
            for foreign in ["aws-sdk-sso", "aws-sdk-signin", "clap", "dynoxide", "signal-hook v"] {
                assert!(!line.starts_with(foreign), "{package}: {line}");
            }
        }
    }
    let tool = built("cli");
    let features = aws_config(&tool);
    for feature in ["credentials-login", "credentials-process", "sso"] {
        assert!(features.contains(feature), "{feature}");
    }
}
