//! Throws changed inputs at the rules for what strangers send, and tells of panics, broken promises and slow answers.
//!
//! `cargo run --release --example fuzz -- TARGET SECONDS [SEED]`

mod documents;
mod events;
#[path = "../../tests/fixture.rs"]
mod fixture;
mod headers;
mod host;
mod keys;
mod names;
mod runtime;
mod uris;

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

/// Rules under attack. A new one is a line in [`TARGETS`].
struct Target {
    name: &'static str,
    /// Makes an input.
    input: fn(&mut Random) -> String,
    /// Asks the rules, and panics if they break what they promise.
    ask: fn(&str),
}

const TARGETS: &[Target] = &[
    Target { name: "documents", input: documents::input, ask: documents::ask },
    Target { name: "events", input: events::input, ask: events::ask },
    Target { name: "runtime", input: runtime::input, ask: runtime::ask },
    Target { name: "keys", input: keys::input, ask: keys::ask },
    Target { name: "uris", input: uris::input, ask: uris::ask },
    Target { name: "names", input: names::input, ask: names::ask },
    Target { name: "headers", input: headers::input, ask: headers::ask },
];

/// How many faults are shown.
const SHOWN: usize = 5;

/// How often an input is asked again before it counts as the slowest.
const REPEATED: usize = 4;

fn main() -> Result<(), String> {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    let usage = format!("usage: fuzz {} SECONDS [SEED]", names.join("|"));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, seconds, seed) = match arguments.as_slice() {
        [name, seconds] => (name, seconds, Ok(0)),
        [name, seconds, seed] => (name, seconds, seed.parse()),
        _ => return Err(usage),
    };
    let target = TARGETS.iter().find(|target| target.name == name).ok_or_else(|| usage.clone())?;
    let (Ok(seconds), Ok(seed)) = (seconds.parse(), seed) else { return Err(usage) };
    panic::set_hook(Box::new(|_| ()));
    let report = attack(target, Duration::from_secs(seconds), seed);
    println!("{} inputs, {} faults, seed {seed}", report.inputs, report.faults);
    println!("slowest: {:?}\n{}", report.slowest.0, report.slowest.1);
    if report.faults == 0 { Ok(()) } else { Err("there are faults".to_owned()) }
}

#[derive(Default)]
struct Report {
    inputs: u64,
    faults: usize,
    slowest: (Duration, String),
}

fn attack(target: &Target, time: Duration, seed: u64) -> Report {
    let (mut random, mut report, start) = (Random(seed), Report::default(), Instant::now());
    while start.elapsed() < time {
        let input = (target.input)(&mut random);
        let (mut took, fault) = ask(target, &input);
        report.inputs += 1;
        if let Some(fault) = fault {
            report.faults += 1;
            if report.faults <= SHOWN {
                println!("fault: {fault}\n{input}");
            }
        }
        // What seems slow is asked again: the machine may have been busy with something else.
        for _ in 0..REPEATED {
            if took > report.slowest.0 {
                took = took.min(ask(target, &input).0);
            }
        }
        if took > report.slowest.0 {
            report.slowest = (took, input);
        }
    }
    report
}

/// How long the rules take, and what they panic with.
fn ask(target: &Target, input: &str) -> (Duration, Option<String>) {
    let start = Instant::now();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| (target.ask)(input)));
    let took = start.elapsed();
    let text = |panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
    };
    (took, outcome.err().map(text))
}

/// `SplitMix64`: the same inputs for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, or 0.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or_default()
    }

    /// One of the values, or the type's default if there are none.
    fn one<T: Clone + Default>(&mut self, values: &[T]) -> T {
        let index = self.below(values.len());
        values.get(index).cloned().unwrap_or_default()
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most)).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    /// A text with some characters taken out, put in twice, or replaced by one of the pieces.
    fn bent(&mut self, text: &str, pieces: &[&str]) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        for _ in 0..self.below(5) {
            let place = self.below(characters.len());
            let end = (place + self.below(4)).min(characters.len());
            let piece: Vec<char> = self.one(pieces).chars().collect();
            match self.below(4) {
                0 => drop(characters.drain(place..end)),
                1 => drop(characters.splice(place..end, piece)),
                2 => drop(characters.splice(place..place, piece)),
                _ => {
                    let copy: Vec<char> = characters.get(place..end).unwrap_or_default().to_vec();
                    let copies = copy.iter().copied().cycle().take(copy.len() * self.below(300));
                    drop(characters.splice(place..place, copies.collect::<Vec<char>>()));
                }
            }
        }
        characters.into_iter().collect()
    }
}
