//! What `--help` shows beside the options: an example or two of each command, and the exit codes.

use clap::Command;

use crate::failure::Kind;

/// Command lines by the command they are examples of.
const EXAMPLES: [(&str, &[&str]); 66] = [
    ("", &["registrar", "registrar --listen 127.0.0.1:9090 --memory", "registrar client list --service 1 --json"]),
    ("serve", &["registrar serve", "registrar serve --memory --tls", "registrar serve --data /var/lib/registrar"]),
    ("sandbox stet", &["registrar sandbox stet"]),
    ("sandbox federation", &["registrar sandbox federation"]),
    ("sandbox documents", &["registrar sandbox documents"]),
    (
        "service create",
        &[
            "registrar service create --preset open --issuer https://as.example --name Example",
            "registrar service create --issuer https://as.example --metadata token_endpoint=https://as.example/token",
        ],
    ),
    ("service list", &["registrar service list", "registrar service list --organization acme --json"]),
    ("service show", &["registrar service show 1", "registrar service show 1 --json | jq .policy > policy.json"]),
    (
        "service update",
        &["registrar service update 1 --policy policy.json", "registrar service update 1 --scope 'read write'"],
    ),
    ("service delete", &["registrar service delete 1", "registrar service delete 1 --for-good --yes"]),
    ("service restore", &["registrar service restore 1"]),
    (
        "service rewrap",
        &[
            "registrar service rewrap 1",
            "registrar service rewrap --all --from-key alias/old --kms-key-id alias/new",
            "registrar service rewrap 1 --from-key-file .registrar/key --kms-key-id alias/registrar",
        ],
    ),
    ("service clone", &["registrar service clone 1 --name Staging --issuer https://staging.example"]),
    (
        "service export",
        &[
            "registrar service export 1 > service.json",
            "registrar service export 1 --clients --tokens --secrets-to move.pub > service.jsonl",
        ],
    ),
    (
        "service import",
        &[
            "registrar service import service.jsonl --secrets-key move.key",
            "registrar service import service.jsonl --id 2 --dry-run",
        ],
    ),
    ("service apply", &["registrar service apply service.json --dry-run", "registrar service apply - < service.json"]),
    ("service reindex", &["registrar service reindex 1"]),
    ("service stats", &["registrar service stats 1", "registrar service stats 1 --hours"]),
    ("service keys make", &["registrar service keys make 1", "registrar service keys make 1 --algorithm EdDSA"]),
    ("service keys list", &["registrar service keys list 1", "registrar service keys list 1 --json | jq .[].kid"]),
    ("service keys rotate", &["registrar service keys rotate 1", "registrar service keys rotate 1 --algorithm ES256"]),
    ("service keys remove", &["registrar service keys remove 1 KID", "registrar service keys remove 1 KID --yes"]),
    (
        "service federation enable",
        &["registrar service federation enable 1 --authority-hint https://superior.example \
             --trust-anchor https://anchor.example=anchor.json"],
    ),
    ("service federation disable", &["registrar service federation disable 1"]),
    ("service federation show", &["registrar service federation show 1 --json | jq .jwks"]),
    ("service federation anchors", &["registrar service federation anchors 1 --check"]),
    ("service federation check", &["registrar service federation check 1 https://rp.example"]),
    ("service federation add-key", &["registrar service federation add-key 1"]),
    ("service federation use-key", &["registrar service federation use-key 1 KID"]),
    ("service federation remove-key", &["registrar service federation remove-key 1 KID"]),
    ("token create service", &["registrar token create service --service 1 --permission client.read --expires 90d"]),
    (
        "token create organization",
        &[
            "registrar token create organization --organization acme",
            "registrar token create organization --expires 1w",
        ],
    ),
    (
        "token create initial-access",
        &[
            "registrar token create initial-access --service 1 --uses 10 --expires 2h30m",
            "registrar token create initial-access --service 1 --scope read --grant-type authorization_code",
        ],
    ),
    ("token list", &["registrar token list --service 1", "registrar token list --organization acme"]),
    ("token rotate", &["registrar token rotate O1yJ8kYl3fCtbXU6Rc0r5oHqYVtB7s1mHe2PSnWm4hQ"]),
    (
        "token revoke",
        &[
            "registrar token revoke O1yJ8kYl3fCtbXU6Rc0r5oHqYVtB7s1mHe2PSnWm4hQ",
            "registrar token revoke --token - --yes < leaked-token",
        ],
    ),
    ("whoami", &["registrar whoami --api https://api.example", "registrar whoami --profile work"]),
    (
        "client list",
        &[
            "registrar client list --service 1",
            "registrar client list --service 1 --json | jq .client_id",
            "registrar client list --service 1 --pending --api https://api.example",
            "registrar client list --service 1 --redirect-host client.example --client-type public --json > seen.jsonl",
            "registrar client list --service 1 --ending 7d --json | jq .expires",
        ],
    ),
    ("client show", &["registrar client show --service 1 CLIENT-ID"]),
    (
        "client resolve",
        &[
            "registrar client resolve --service 1 https://client.example/oauth/client.json",
            "registrar client resolve --service 1 https://client.example/oauth/client.json --json | jq .failed",
        ],
    ),
    ("doctor", &["registrar doctor", "registrar doctor 1 --base-url https://api.example --json"]),
    (
        "completions",
        &[
            "registrar completions bash > ~/.local/share/bash-completion/completions/registrar",
            "registrar completions zsh",
        ],
    ),
    ("man", &["registrar man | man -l -", "registrar man --into ~/.local/share/man/man1"]),
    ("client create", &["registrar client create --service 1 metadata.json"]),
    ("client update", &["registrar client update --service 1 CLIENT-ID changes.json"]),
    (
        "client lock",
        &["registrar client lock --service 1 CLIENT-ID", "registrar client lock --service 1 CLIENT-ID --version 1"],
    ),
    ("client unlock", &["registrar client unlock --service 1 CLIENT-ID"]),
    ("client approve", &["registrar client approve --service 1 CLIENT-ID --version 1"]),
    ("client deny", &["registrar client deny --service 1 CLIENT-ID"]),
    ("client retain", &["registrar client retain --service 1 CLIENT-ID"]),
    ("client release", &["registrar client release --service 1 CLIENT-ID"]),
    ("client restore", &["registrar client restore --service 1 CLIENT-ID"]),
    (
        "client bulk",
        &[
            "registrar client bulk lock --service 1 seen.jsonl --dry-run",
            "registrar client bulk delete --service 1 seen.jsonl --yes --json | jq .results[].outcome",
        ],
    ),
    (
        "client prune",
        &[
            "registrar client prune --service 1 --unused 90d --dry-run",
            "registrar client prune --service 1 --unused 180d --yes",
            "registrar client prune --service 1 --undo --since 2h --dry-run",
        ],
    ),
    (
        "client rotate-secret",
        &[
            "registrar client rotate-secret --service 1 CLIENT-ID --yes --json | jq -r .client_secret",
            "registrar client rotate-secret --service 1 CLIENT-ID --overlap 24h",
        ],
    ),
    ("client reissue-token", &["registrar client reissue-token --service 1 CLIENT-ID"]),
    (
        "client delete",
        &[
            "registrar client delete --service 1 CLIENT-ID",
            "registrar client delete --service 1 CLIENT-ID --for-good --yes",
        ],
    ),
    (
        "audit",
        &[
            "registrar audit --service 1 --client CLIENT-ID",
            "registrar audit --service 1 --since 7d --json | jq .events",
            "registrar audit --service 1 --refused --since 30d",
        ],
    ),
    ("grant list", &["registrar grant list 1 --subject alice", "registrar grant list 1 --client CLIENT-ID --json"]),
    ("grant show", &["registrar grant show 1 --client CLIENT-ID --subject alice"]),
    (
        "grant revoke",
        &[
            "registrar grant revoke 1 --subject alice",
            "registrar grant revoke 1 --client CLIENT-ID --subject alice",
            "registrar grant revoke 1 --client CLIENT-ID --yes",
        ],
    ),
    (
        "cognito prune",
        &[
            "registrar cognito prune --user-pool us-east-1_AbCdEfGhI --unused 90d --dry-run",
            "registrar cognito prune --user-pool us-east-1_AbCdEfGhI --unused 180d --yes --json",
        ],
    ),
    ("policy show", &["registrar policy show 1 > policy.json"]),
    ("policy replace", &["registrar policy replace 1 policy.json"]),
    (
        "policy try",
        &[
            "registrar policy try 1 policy.json --registration metadata.json",
            "registrar policy try 1 policy.json --sample sample.json",
            "registrar policy try 1 --preset protected",
        ],
    ),
    ("policy check", &["registrar policy check policy.json", "registrar policy check policy.json metadata.json"]),
];

/// A command and those below it, each with its examples.
pub(super) fn added_to(command: Command) -> Command {
    let command = command.after_help(format!("{}\n\n{}", examples(""), exit_codes()));
    below(command, "")
}

fn below(command: Command, path: &str) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| {
        let path = format!("{path} {name}").trim_start().to_owned();
        command.mut_subcommand(name, |command| {
            let command = if command.has_subcommands() { command } else { command.after_help(examples(&path)) };
            below(command, &path)
        })
    })
}

fn examples(path: &str) -> String {
    let of_command = EXAMPLES.iter().filter(|(command, _)| *command == path).flat_map(|(_, lines)| lines.iter());
    let lines: Vec<String> = of_command.map(|line| format!("  {line}")).collect();
    format!("Examples:\n{}", lines.join("\n"))
}

fn exit_codes() -> String {
    let kind = |kind: &Kind| format!("  {}  {}", kind.code(), kind.meaning());
    let kinds: Vec<String> = Kind::ALL.iter().map(kind).collect();
    format!("Exit codes:\n  0  done\n{}", kinds.join("\n"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::arguments::Arguments;

    use super::*;

    fn leaves(command: &Command, path: &str, found: &mut BTreeSet<String>) {
        for below in command.get_subcommands() {
            let path = format!("{path} {}", below.get_name()).trim_start().to_owned();
            if below.has_subcommands() {
                leaves(below, &path, found);
            } else {
                found.insert(path);
            }
        }
    }

    #[test]
    fn every_command_has_examples_that_are_understood() {
        let mut commands = BTreeSet::from([String::new()]);
        leaves(&Arguments::documented(), "", &mut commands);
        let shown: BTreeSet<String> = EXAMPLES.iter().map(|(command, _)| (*command).to_owned()).collect();
        assert_eq!(shown, commands);
        for (command, lines) in EXAMPLES {
            assert!(!lines.is_empty(), "{command}");
            for line in lines {
                assert!(line.starts_with(format!("registrar {command}").trim()), "{line}");
                let typed = line.split(['|', '<', '>']).next().unwrap_or_default();
                let words = typed.split('\'').enumerate().flat_map(|(index, part)| match index % 2 {
                    0 => part.split_whitespace().collect::<Vec<_>>(),
                    _ => vec![part],
                });
                let read = Arguments::read(words.map(Into::into));
                assert!(read.is_ok(), "{line}: {}", read.err().map(|error| error.to_string()).unwrap_or_default());
            }
        }
    }
}
