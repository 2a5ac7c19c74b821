//! What servers answer `registrar --api`: others than the API, one whose state changes meanwhile, one that is asked too often.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use super::super::{failure, json_failure};
use super::{Desk, data_file, elsewhere, printed};
use crate::program::{Folder, Served};

/// A server that answers each request with that, and then what was asked of it; `end` is what a body goes on with.
fn impostor(answer: String, end: Option<&'static [u8]>) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = vec![0; 4096];
        let read = stream.read(&mut asked).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        while let Some(more) = end {
            if stream.write_all(more).is_err() {
                break;
            }
        }
        String::from_utf8(asked[..read].to_vec()).unwrap()
    });
    (url, asked)
}

#[test]
fn what_is_not_the_api_is_told_and_the_token_goes_nowhere_else() {
    let data = Folder::new("api-impostor");
    let token = format!("svc_{}", "a".repeat(43));
    let answer = |status: &str, head: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\nconnection: close\r\n{head}\r\n\r\n{body}")
    };
    let json = "content-type: application/json";
    let redirect = answer("302 Found", "location: http://127.0.0.1:1/x", "");
    let html = answer("200 OK", "content-type: text/html", "<html>");
    let list = answer("200 OK", json, "[]");
    let gateway = answer("404 Not Found", json, "{\"message\":\"Not Found\"}");
    let endless = answer("200 OK", json, "{\"clients\":[");
    let echo = json!({"error": "x", "error_description": format!("not {token}")}).to_string();
    let chatty = answer("403 Forbidden", json, &echo);
    let much: &[u8] = &[b' '; 8192];
    for (answer, end, code, part) in [
        (redirect, None, 4, "leads elsewhere, where the token is not sent (302)"),
        (html, None, 4, "answers what is no JSON object (200)"),
        (list, None, 4, "answers what is no JSON object (200)"),
        (gateway, None, 4, "has nothing below /operator/"),
        (endless, Some(much), 4, "answers without end (200)"),
        (String::new(), None, 7, "cannot be reached"),
        (chatty, None, 5, "not …"),
    ] {
        let (url, asked) = impostor(answer.clone(), end);
        let mut command = elsewhere(&data);
        command.args(["client", "list", "--service", "1", "--json", "--api", &url]).env("REGISTRAR_TOKEN", &token);
        let (found, _, sentence) = json_failure(&command.output().unwrap());
        assert!(found == code && sentence.contains(part), "{answer}: {found} {sentence}");
        assert!(!sentence.contains(&token), "{sentence}");
        let asked = asked.join().unwrap().to_lowercase();
        assert!(asked.starts_with("get /operator/1/clients?"), "{asked}");
        assert!(asked.contains(&format!("\r\nauthorization: bearer {token}\r\n")), "{asked}");
    }
    for url in ["http://registrar.example", "http://10.0.0.1", "http://localhost.example"] {
        let mut command = elsewhere(&data);
        let output = command.args(["whoami", "--api", url]).env("REGISTRAR_TOKEN", &token).output().unwrap();
        let (code, text) = failure(&output);
        assert!(code == 2 && text.contains("by https alone"), "{text}");
    }
}

/// What a command prints that a server answers always the same.
fn answered(data: &Folder, words: &[&str], status: &str, body: &Value) -> Output {
    answered_in_turn(data, words, status, std::slice::from_ref(body))
}

/// … in turn.
fn answered_in_turn(data: &Folder, words: &[&str], status: &str, bodies: &[Value]) -> Output {
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/json\r\n\r\n");
    let (token, turn) = (format!("svc_{}", "a".repeat(43)), AtomicUsize::new(0));
    at_server(elsewhere(data).args(words).env("REGISTRAR_TOKEN", token), |stream, _| {
        request(stream);
        let body = &bodies[turn.fetch_add(1, Ordering::Relaxed) % bodies.len()];
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    })
}

/// What a command prints that asks a server here, which serves each connection so; it is told where it is.
pub(in crate::tool) fn at_server(command: &mut Command, serve: impl Fn(&mut TcpStream, &str) + Sync) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap().to_string();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                serve(&mut stream, &here);
            }
        });
        let output = command.args(["--api", &format!("http://{here}")]).output().unwrap();
        ended.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(&here).unwrap());
        output
    })
}

#[test]
fn a_page_that_comes_again_has_no_end_and_is_an_error() {
    let data = Folder::new("api-again");
    // It is one of any of these lists.
    let entry = json!({"at": 1, "authorizations": [], "client_id": "a", "client_id_issued_at": 1, "created_at": 1,
        "events": [], "kind": "service", "locked": false, "numeric_id": 1, "position": "1790000000000#0000000000000001",
        "source": "oauth", "subject": "client", "token": "b", "version": 1});
    for (words, list) in [
        (&["client", "list", "--service", "1", "--json"][..], "clients"),
        (&["token", "list", "--service", "1"], "tokens"),
        (&["audit", "--service", "1"], "entries"),
        (&["grant", "list", "1", "--subject", "a", "--json"], "grants"),
    ] {
        let again = json!({list: [entry], "next": "1"});
        let in_a_circle = ["1", "2"].map(|next| json!({list: [], "next": next}));
        for pages in [&[again][..], &in_a_circle] {
            let output = answered_in_turn(&data, words, "200 OK", pages);
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.code() == Some(4) && text.contains("that was there before"), "{words:?}: {text}");
        }
    }
}

#[test]
fn an_answer_that_lacks_what_it_must_have_is_an_error_that_names_it() {
    let data = Folder::new("api-lacking");
    let one = ["--service", "1", "a"];
    for (words, member) in [
        (&["whoami"][..], "services"),
        (&["client", "list", "--service", "1"], "clients"),
        (&["client", "list", "--service", "1", "--json"], "clients"),
        (&["client", "show", one[0], one[1], one[2]], "client_id"),
        (&["client", "lock", one[0], one[1], one[2]], "client_id"),
        (&["client", "restore", one[0], one[1], one[2]], "client_id"),
        (&["client", "delete", one[0], one[1], one[2], "--yes"], "client_id"),
        (&["client", "rotate-secret", one[0], one[1], one[2], "--yes"], "client_id"),
        (&["token", "list", "--service", "1"], "tokens"),
        (&["token", "create", "service", "--service", "1"], "value"),
        (&["token", "create", "initial-access", "--service", "1"], "value"),
        (&["grant", "list", "1", "--subject", "a"], "grants"),
        (&["grant", "revoke", "1", "--client", "a", "--yes"], "client_id"),
        (&["audit", "--service", "1"], "entries"),
        (&["audit", "--service", "1", "--refused"], "refusals"),
        (&["service", "stats", "1"], "days"),
        (&["service", "federation", "check", "1", "https://rp.example"], "checks"),
    ] {
        for (status, body) in [("200 OK", json!({"nothing": 1})), ("204 No Content", json!({}))] {
            let (code, text) = failure(&answered(&data, words, status, &body));
            let lacks = format!("the API's answer lacks {member}, ");
            assert!(code == 4 && text.contains(&lacks), "{words:?} {status}: {text}");
        }
    }
    let secret = json!({"client_id": "a", "client_id_issued_at": 1, "client_secret_expires_at": 0, "locked": false,
        "numeric_id": 1, "secret_overlap": 60, "source": "oauth", "version": 1});
    for (action, member) in [("rotate-secret", "client_secret"), ("reissue-token", "registration_access_token")] {
        let words = ["client", action, one[0], one[1], one[2], "--yes"];
        let (code, text) = failure(&answered(&data, &words, "200 OK", &secret));
        assert!(code == 4 && text.contains(&format!("lacks {member}")), "{action}: {text}");
    }
}

/// An answer without one of the members of its entries, each by the path of that.
fn without_one(answer: &Value, path: &str) -> Vec<(String, Value)> {
    let Some(members) = answer.as_object() else { return Vec::new() };
    let lists = members.iter().filter_map(|(name, value)| Some((name, value.as_array()?)));
    let rows = lists.flat_map(|(name, rows)| rows.iter().enumerate().map(move |(at, row)| (name, at, row)));
    let less = rows.filter(|(_, _, row)| row.is_object()).flat_map(|(name, at, row)| {
        let path = format!("{path}{name}[{at}]");
        let without = |member: &String| {
            let mut row = row.clone();
            row.as_object_mut().unwrap().remove(member);
            (format!("{path}.{member}"), row)
        };
        let own = row.as_object().unwrap().keys().map(without);
        let less: Vec<_> = own.chain(without_one(row, &format!("{path}."))).collect();
        less.into_iter().map(move |(path, row)| {
            let mut answer = answer.clone();
            answer[name][at] = row;
            (path, answer)
        })
    });
    less.collect()
}

#[test]
fn an_entry_that_lacks_what_it_must_have_is_an_error_that_names_its_path() {
    let data = Folder::new("api-entries");
    let policy = data_file(&data, "policy.json", "{}");
    let client = json!({"client_id": "a", "client_id_issued_at": 1, "locked": false, "numeric_id": 1, "source": "oauth",
        "version": 1});
    let with = |mut members: Value, name: &str, value: Value| {
        members[name] = value;
        members
    };
    let listed = json!({"clients": [with(client.clone(), "position", json!("1790000000000#0000000000000001"))]});
    let changes = json!([{"rule": "scopes", "member": "scope", "what": "added"}]);
    let of_client = json!({"at": 1, "events": ["locked"], "subject": "client", "client_id": "a"});
    let of_token = json!({"at": 1, "events": ["created"], "subject": "token", "kind": "service", "token": "b"});
    let refusal = json!({"count": 1, "day": "2026-01-31", "description": "", "door": "oauth", "error": "e", "last_at": 1,
        "network": "", "rule": "r", "samples": []});
    let grant = json!({"authorizations": [{"grant_type": "code", "granted_at": 1, "scopes": []}], "numeric_id": 1,
        "subject": "a"});
    let check = json!({"check": "set_up", "outcome": "passed"});
    let statement = json!({"exp": 1, "iat": 1, "iss": "a", "sub": "b"});
    let trial =
        json!({"differs": [{"member": "scopes"}], "changes": changes, "requires": [{"rule": "r", "what": "w"}]});
    let one = ["--service", "1"];
    for (words, answer) in [
        (&["client", "list", one[0], one[1]][..], listed.clone()),
        (&["client", "list", one[0], one[1], "--json"], listed.clone()),
        (
            &["client", "prune", one[0], one[1], "--unused", "1d", "--dry-run"],
            with(listed, "results", json!([{"client_id": "a", "outcome": "possible"}])),
        ),
        (&["client", "show", one[0], one[1], "a"], with(client, "changes", changes)),
        (&["audit", one[0], one[1]], json!({"entries": [of_client, of_token]})),
        (&["audit", one[0], one[1], "--json"], json!({"entries": [of_client, of_token]})),
        (&["audit", one[0], one[1], "--client", "a"], json!({"entries": [of_client]})),
        (&["audit", one[0], one[1], "--refused"], json!({"refusals": [refusal]})),
        (&["grant", "list", "1", "--subject", "a"], json!({"grants": [grant]})),
        (&["token", "list", one[0], one[1]], json!({"tokens": [{"created_at": 1, "kind": "service", "token": "b"}]})),
        (
            &["service", "stats", "1"],
            json!({"days": [{"day": "2026-01-31", "clients": 1}], "developers": [{"developer": "d", "clients": 1}]}),
        ),
        (
            &["service", "federation", "check", "1", "https://rp.example"],
            json!({"checks": [check], "chain": [statement]}),
        ),
        (&["policy", "try", "1", &policy], trial.clone()),
        (&["policy", "try", "1", &policy, "--json"], trial),
        (&["whoami"], json!({"services": [{"service_id": 1}]})),
    ] {
        let whole = answered(&data, words, "200 OK", &answer);
        assert!(whole.status.success(), "{words:?}: {whole:?}");
        let less = without_one(&answer, "");
        assert!(!less.is_empty(), "{words:?}");
        for (path, answer) in less {
            let output = answered(&data, words, "200 OK", &answer);
            let text = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(4), "{words:?} {path}: {text}");
            assert!(text.contains(&format!("the API's answer lacks {path}, ")), "{words:?}: {text}");
        }
    }
}

/// A request, whole, which closes its connection.
pub(in crate::tool) fn request(stream: &mut TcpStream) -> String {
    let (mut asked, mut some) = (String::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut some).unwrap();
        assert_ne!(read, 0, "it ends within a request: {asked}");
        asked.push_str(std::str::from_utf8(&some[..read]).unwrap());
        let Some((head, body)) = asked.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return asked.replacen("\r\n\r\n", "\r\nconnection: close\r\n\r\n", 1);
        }
    }
}

/// What a command prints that reaches the server on a way where `pass` sees each request, and may give another.
fn on_a_way(desk: &Desk, words: &[&str], pass: impl Fn(String) -> String + Sync) -> Output {
    let there = desk.served.host("base_url");
    let token = desk.served.text("service_token");
    at_server(elsewhere(desk.data).args(words).env("REGISTRAR_TOKEN", token), |stream, here| {
        let asked = pass(request(stream).replace(here, there));
        let mut server = TcpStream::connect(there).unwrap();
        server.write_all(asked.as_bytes()).unwrap();
        std::io::copy(&mut server, stream).unwrap();
    })
}

#[test]
fn a_policy_that_changes_while_it_is_replaced_is_not_written_over() {
    let data = Folder::new("api-meanwhile");
    let served = Served::start(&data, &["--memory"]);
    let desk = Desk::at(&data, &served);
    let policy = |name: &str, overlap: u64| {
        let mut policy: Value = serde_json::from_str(&printed(&desk.by_api(&["policy", "show", "1"]))).unwrap();
        policy["policy"]["secret_overlap"] = json!(overlap);
        data_file(&data, name, &policy["policy"].to_string())
    };
    let (mine, others) = (policy("mine.json", 11), policy("others.json", 22));
    let in_force = || -> Value { serde_json::from_str(&desk.same(&["policy", "show", "1"])).unwrap() };
    let before = in_force()["version"].as_u64().unwrap();
    // Between the look at its version and the change somebody else is faster.
    let meanwhile = |asked: String| {
        if asked.starts_with("PUT ") {
            assert!(asked.contains(&format!("\r\nif-match: \"{before}\"\r\n")), "{asked}");
            printed(&desk.by_api(&["policy", "replace", "1", &others]));
        }
        asked
    };
    let (code, text) = failure(&on_a_way(&desk, &["policy", "replace", "1", &mine], meanwhile));
    assert_eq!((code, text.as_str()), (6, "error: the policy was changed since; look at it again\n"));
    assert_eq!((&in_force()["policy"]["secret_overlap"], &in_force()["version"]), (&json!(22), &json!(before + 1)));
    // A way that takes the condition out, as a proxy may, takes no protection away.
    let unconditional = |asked: String| {
        let lines: Vec<&str> = asked.split("\r\n").filter(|line| !line.starts_with("if-match:")).collect();
        lines.join("\r\n")
    };
    let (code, error, text) =
        json_failure(&on_a_way(&desk, &["policy", "replace", "1", &mine, "--json"], unconditional));
    assert_eq!((code, error.as_str()), (6, "conflict"));
    assert_eq!(text, "If-Match is required: the ETag of the policy that is replaced");
    assert_eq!(in_force()["policy"]["secret_overlap"], 22);
    let replaced = on_a_way(&desk, &["policy", "replace", "1", &mine], |asked| asked);
    assert_eq!(serde_json::from_str::<Value>(&printed(&replaced)).unwrap()["policy"]["secret_overlap"], 11);
    served.stop();
}

#[test]
fn who_asks_too_often_is_told_when_to_ask_again() {
    let data = Folder::new("api-often");
    let served = Served::start(&data, &["--memory", "--token-rate", "1", "--token-burst", "200"]);
    let desk = Desk::at(&data, &served);
    let url = format!("{}/operator/1/policy", served.text("base_url"));
    let asked_too_often = |words: &[&str]| {
        // A window may end between the two.
        for _ in 0..5 {
            let often = (0..500).map(|_| served.send("GET", &url, Some(served.text("service_token")), "").0);
            assert!(often.into_iter().any(|status| status == 429), "the limit is reached");
            let output = desk.by_api(words);
            if !output.status.success() {
                return output;
            }
        }
        panic!("{words:?} is never refused");
    };
    let told = |text: &str| {
        let seconds = text.strip_prefix("this token makes too many requests; try again later (in ");
        let seconds: u64 =
            seconds.and_then(|text| text.strip_suffix(" s)")).unwrap_or_else(|| panic!("{text}")).parse().unwrap();
        assert!((1..=200).contains(&seconds), "{text}");
    };
    let (code, text) = failure(&asked_too_often(&["client", "list", "--service", "1"]));
    assert_eq!(code, 7);
    told(text.strip_prefix("error: ").unwrap().trim_end());
    let (code, error, text) = json_failure(&asked_too_often(&["policy", "show", "1", "--json"]));
    assert_eq!((code, error.as_str()), (7, "unavailable"));
    told(&text);
    served.stop();
}
