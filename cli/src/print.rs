//! What the program prints. Where nobody reads it any more it ends as other programs do, and not with a panic.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::exit;

use serde::Serialize;
use shared::metadata::is_hidden;
use signal_hook::consts::SIGPIPE;
use signal_hook::low_level::emulate_default_handler;

use crate::failure::{Failure, Kind};

/// Prints a line to the standard output, as `println!` does.
macro_rules! say {
    ($($text:tt)*) => { $crate::print::line(format_args!($($text)*), false, None) };
}
pub(crate) use say;

/// Prints a line. Where it cannot, the program ends with the reason, as JSON if asked for, and with what nobody knows then:
/// `lost` says in whole sentences what was done already, and what to do about it.
pub(crate) fn line(text: Arguments<'_>, json: bool, lost: Option<&str>) {
    written(writeln!(io::stdout().lock(), "{text}"), json, lost);
}

/// Says something beside the output, if somebody sits there.
pub(crate) fn note(text: &str) {
    if io::stderr().is_terminal() {
        complain(text);
    }
}

/// Says something beside the output.
pub(crate) fn complain(text: &str) {
    beside(&format!("{text}\n"));
}

/// The same, and stays on the line.
pub(crate) fn beside(text: &str) {
    let mut beside = io::stderr().lock();
    let _ = beside.write_all(text.as_bytes()).and_then(|()| beside.flush());
}

/// A text of one line, without what would command a terminal.
pub(crate) fn visible(text: &str) -> String {
    text.chars().map(|character| if is_hidden(character) { '?' } else { character }).collect()
}

/// JSON that is the same for scripts and does not command a terminal: what nobody sees stands escaped.
pub(crate) fn json(value: &(impl Serialize + ?Sized)) -> serde_json::Result<String> {
    Ok(escaped(&serde_json::to_string_pretty(value)?))
}

/// The same on one line.
pub(crate) fn json_line(value: &(impl Serialize + ?Sized)) -> serde_json::Result<String> {
    Ok(escaped(&serde_json::to_string(value)?))
}

fn escaped(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\n' || !is_hidden(character) {
            visible.push(character);
        } else {
            let mut units = [0; 2];
            visible.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    visible
}

/// A closed pipe ends the program by the signal that ends other programs, which shells and `pipefail` know. The signal
/// itself stays ignored: connections that others close must not end a server.
pub(crate) fn written(result: io::Result<()>, json: bool, lost: Option<&str>) {
    let flushed = result.and_then(|()| io::stdout().lock().flush());
    let Err(error) = flushed else { return };
    let is_closed = error.kind() == ErrorKind::BrokenPipe;
    if !is_closed || lost.is_some() {
        let reason = format!("cannot write to the standard output: {error}");
        let sentence = lost.map_or_else(|| reason.clone(), |lost| format!("{reason}. {lost}"));
        Failure::new(Kind::Fault, sentence).report(json);
    }
    if is_closed {
        let _ = emulate_default_handler(SIGPIPE);
    }
    exit(Kind::Fault.code().into());
}
