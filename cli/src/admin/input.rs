//! What a command reads: a file, or what is piped into it.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read, stdin};
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Deserializer, Map, Value};
use shared::metadata::{Invalid, parse_object_within};

/// The largest file that is read, in bytes: what it describes is stored in one item.
const MAX_BYTES: usize = 512 * 1024;

/// The longest file with a token that is read, in bytes.
const MAX_TOKEN_FILE: u64 = 4096;

/// What a file has that is to have a token; `-` is what is piped in.
pub(super) fn token_file(file: &str) -> Result<String> {
    let input: Input = file.parse()?;
    String::from_utf8(input.read(MAX_TOKEN_FILE)?).with_context(|| format!("{input} is not UTF-8"))
}

/// A file, or `-` for what is piped in.
#[derive(Debug, Clone)]
pub enum Input {
    /// What is piped in.
    Piped,
    /// A file.
    File(PathBuf),
}

impl FromStr for Input {
    type Err = std::convert::Infallible;

    fn from_str(argument: &str) -> Result<Self, Self::Err> {
        Ok(if argument == "-" { Self::Piped } else { Self::File(argument.into()) })
    }
}

impl fmt::Display for Input {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Piped => formatter.write_str("standard input"),
            Self::File(path) => write!(formatter, "{}", path.display()),
        }
    }
}

impl Input {
    /// Its first bytes, so many at the most.
    fn read(&self, most: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = match self {
            Self::Piped => stdin().lock().take(most).read_to_end(&mut bytes),
            Self::File(path) => File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)),
        };
        read.with_context(|| format!("cannot read {self}"))?;
        Ok(bytes)
    }

    /// The entries of a list, as `client list --json` prints them: JSON values one after the other.
    pub(super) fn each<T: DeserializeOwned>(&self) -> Result<Vec<T>> {
        let read: Box<dyn Read> = match self {
            Self::Piped => Box::new(stdin().lock()),
            Self::File(path) => Box::new(File::open(path).with_context(|| format!("cannot read {self}"))?),
        };
        let values = Deserializer::from_reader(BufReader::new(read)).into_iter();
        values.collect::<Result<_, _>>().with_context(|| format!("{self} is no list as `client list --json` prints it"))
    }

    /// The JSON object that it is.
    pub(super) fn object(&self) -> Result<Map<String, Value>> {
        self.object_of(&self.bytes()?)
    }

    /// What it has, and no more than is too much for an object.
    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        self.read(u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1))
    }

    /// The JSON object that it is, of what it [has](Self::bytes).
    pub(super) fn object_of(&self, bytes: &[u8]) -> Result<Map<String, Value>> {
        parse_object_within(bytes, MAX_BYTES).map_err(|fault| match fault {
            Invalid::Malformed => match serde_json::from_slice::<IgnoredAny>(bytes) {
                Err(error) => anyhow!("{self} is not JSON: {error}"),
                Ok(_) => anyhow!("{self} is not JSON in UTF-8"),
            },
            Invalid::NotAnObject => anyhow!("{self} must be a JSON object"),
            Invalid::BodyTooLarge { limit } => anyhow!("{self} is larger than {limit} bytes"),
            Invalid::TooDeep { limit } => anyhow!("{self} is nested more than {limit} levels deep"),
            fault => anyhow!("{self}: {fault}"),
        })
    }
}
