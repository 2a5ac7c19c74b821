//! A URI, by where it leads and by what is in it that rules look for.
//!
//! `…` stands for whatever rules do not look at. Hosts are shown as they are, `(N characters)` if that is none; what no URI
//! has is shown as it is, `(U+202E)` if nobody sees it, and `(non-ASCII)`.

use std::num::NonZeroU16;

use super::text::{mark, marked, masked as masked_text, number, stand_in as stand_in_text};
use crate::metadata::{has_dot_segment, is_hidden};

/// The longest name of a host (RFC 1035 §2.3.4).
const LONGEST_HOST: usize = 253;

/// How long a scheme is shown.
const LONGEST_SCHEME: usize = 40;

/// How long a URI is that is not shown to be long, in bytes.
const SHORT: usize = 64;

/// How many things that are looked for are shown.
const MOST_MARKS: usize = 12;

/// Schemes of which the host is shown; of others, as those of applications, it says nothing.
const HOSTED: [&str; 6] = ["http", "https", "spiffe", "ftp", "ws", "wss"];

/// A port that there is, and one that there is not.
const PORTS: [&str; 2] = ["8443", "99999"];

/// What is shown of a URI, or of what shall be one.
pub(super) fn masked(text: &str) -> String {
    masked_but(text, shown_port)
}

/// The same with the number of the port, which is a part of the origin.
pub(super) fn masked_with_port(text: &str) -> String {
    masked_but(text, |port| if shown_port(port) == "…" { port } else { shown_port(port) })
}

fn masked_but(text: &str, port: fn(&str) -> &str) -> String {
    shape(text, port).unwrap_or_else(|| masked_text(text, &[is_hidden, |letter| letter == '*']))
}

fn shape(text: &str, shown_port: fn(&str) -> &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    let is_of_schemes = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(is_of_schemes);
    if !is_scheme || scheme.len() > LONGEST_SCHEME {
        return None;
    }
    let scheme = scheme.to_ascii_lowercase();
    let length = if text.len() > SHORT { format!(" ({} bytes)", text.len()) } else { String::new() };
    let Some(rest) = rest.strip_prefix("//") else { return Some(format!("{scheme}:{}{length}", tail(rest))) };
    let (authority, rest) = rest.split_at_checked(rest.find(['/', '?', '#']).unwrap_or(rest.len()))?;
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let (host, port) = with_port(host);
    let user = user.map(|user| format!("{}@", marks(&format!("x{user}")))).unwrap_or_default();
    let port = port.map(|port| format!(":{}", shown_port(port))).unwrap_or_default();
    Some(if HOSTED.contains(&&*scheme) {
        format!("{scheme}://{user}{}{port}/{}{length}", shown_host(host), tail(rest))
    } else if user.is_empty() && matches!(&*port, "" | ":…") {
        format!("{scheme}:{}{length}", tail(rest))
    } else {
        format!("{scheme}://{user}…{port}/{}{length}", tail(rest))
    })
}

/// A host, and its port if there is one.
fn with_port(host: &str) -> (&str, Option<&str>) {
    let end = host.rfind(']').unwrap_or_default();
    match host.rfind(':').filter(|at| *at >= end).and_then(|at| host.split_at_checked(at)) {
        Some((host, port)) => (host, port.get(1..)),
        None => (host, None),
    }
}

fn shown_port(port: &str) -> &str {
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match port {
        "" | "0" => port,
        port if port.parse::<NonZeroU16>().is_ok() && is_number => "…",
        _ if is_number => PORTS[1],
        _ => "port",
    }
}

fn shown_host(host: &str) -> String {
    let is_of_hosts = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~[]:%!$&'*+,;=".contains(&byte);
    match host {
        host if host.len() > LONGEST_HOST => format!("({})", masked_text(host, &[])),
        host if host.bytes().all(is_of_hosts) => host.to_ascii_lowercase(),
        host => marks(host),
    }
}

/// Path, query and fragment.
fn tail(rest: &str) -> String {
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let dots = if has_dot_segment(path) { "/../" } else { "" };
    let marks = marks(rest);
    format!("{dots}…{}", marks.strip_prefix('…').unwrap_or(&marks))
}

/// What is looked for in a part of a URI, and `…` for all else.
fn marks(part: &str) -> String {
    let (mut shown, mut rest, mut kept, mut has_query) = (String::new(), part, 0, false);
    while let Some(letter) = rest.chars().next()
        && kept < MOST_MARKS
    {
        let octet = rest.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| letter == '%');
        let found = match letter {
            '%' => octet.map_or(Some("%".to_owned()), |octet| octet.is_ascii_control().then(|| "%00".to_owned())),
            '?' if has_query => None,
            letter if letter.is_ascii_alphanumeric() || "-._~!$&'()+,;=:@/".contains(letter) => None,
            letter if is_hidden(letter) => Some(format!("({})", mark(letter))),
            letter if letter.is_ascii() => Some(letter.to_string()),
            _ => Some("(non-ASCII)".to_owned()),
        };
        has_query |= letter == '?';
        rest = rest.get(if octet.is_some() { 3 } else { letter.len_utf8() }..).unwrap_or_default();
        match found {
            Some(found) => {
                shown.push_str(&found);
                kept += 1;
            }
            None if shown.ends_with('…') => {}
            None => shown.push('…'),
        }
    }
    shown
}

/// A URI of `most` bytes at the most of which that is shown, or what shall be one; none if it is not what [`masked`] shows.
pub(super) fn stand_in(shown: &str, most: usize) -> Option<String> {
    if let Some(text) = stand_in_text(shown, most) {
        return Some(text);
    }
    let length = shown.strip_suffix(')').and_then(|shown| shown.rsplit_once(" ("));
    let length = length.and_then(|(shown, length)| Some((shown, number(length, "bytes")?)));
    let (shown, length) = length.unwrap_or((shown, 0));
    let (scheme, rest) = shown.split_once(':')?;
    let (mut uri, mut rest) = (format!("{scheme}:"), rest);
    if let Some(behind) = rest.strip_prefix('…') {
        uri.push_str("/x");
        rest = behind;
    }
    while let Some(letter) = rest.chars().next() {
        let group = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        if let Some((group, behind)) = group {
            match marked(group) {
                Some(character) => uri.push(character),
                None => uri.push_str(&stand_in_text(group, most).unwrap_or_else(|| "é".to_owned())),
            }
            rest = behind;
            continue;
        }
        match letter {
            '…' if uri.ends_with(':') => uri.push_str(PORTS[0]),
            '…' => uri.push('x'),
            letter => uri.push(letter),
        }
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
    let more = length.min(most).saturating_sub(uri.len());
    Some(uri + &"x".repeat(more))
}

/// A URI with a path that a pattern of client identifiers means, `host/path` or `host`, and all else of that one.
pub(super) fn meant_by(uri: &str, pattern: &str) -> String {
    let (_, pattern) = pattern.split_once("://").unwrap_or(("", pattern));
    let place = uri.split_once("://").and_then(|(scheme, rest)| Some(scheme.len() + 3 + rest.find(['/', '?', '#'])?));
    let (Some((_, path)), Some((origin, rest))) =
        (pattern.split_once('/'), place.and_then(|at| uri.split_at_checked(at)))
    else {
        return uri.to_owned();
    };
    let behind = rest.find(['?', '#']).and_then(|at| rest.get(at..)).unwrap_or_default();
    format!("{origin}/{}{behind}", path.replace('*', "x"))
}
