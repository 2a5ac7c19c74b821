//! The file `env` of the data folder: how functions and administration commands reach its table.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::embedded::AccessKey;
use crate::private;

/// The variable that names the access key.
pub(crate) const ACCESS_KEY: &str = "AWS_ACCESS_KEY_ID";

/// The variable that says where the table is.
pub(crate) const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL_DYNAMODB";

/// The variable that names a file of authorities that are trusted beside the usual ones.
pub(crate) const EXTRA_CA: &str = "REGISTRAR_EXTRA_CA_FILE";

/// The variable that names what may be fetched from although it is not public.
pub(crate) const REACHABLE: &str = "REGISTRAR_REACHABLE";

/// How long a server on this machine may take to be there.
const PATIENCE: Duration = Duration::from_secs(1);

/// A variable of this process; one that is empty says nothing.
pub(crate) fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where it is in a data folder.
pub(crate) fn file(data: &Path) -> PathBuf {
    data.join("env")
}

/// The access key of a data folder, if it has one already.
///
/// # Errors
/// If the file is there and cannot be read.
pub(crate) fn access_key(data: &Path) -> Result<Option<AccessKey>> {
    Ok(variable(data, ACCESS_KEY)?.and_then(|text| AccessKey::parse(&text)))
}

/// Where the table of a data folder is reached, if it was served already.
///
/// # Errors
/// If the file is there and cannot be read.
pub(crate) fn endpoint_url(data: &Path) -> Result<Option<String>> {
    variable(data, ENDPOINT_URL)
}

/// Whether somebody is where the table of a data folder was served, as a server that was killed is not.
pub(crate) fn is_served(endpoint_url: &str) -> bool {
    let address = endpoint_url.strip_prefix("http://").and_then(|address| address.parse().ok());
    address.is_some_and(|address| TcpStream::connect_timeout(&address, PATIENCE).is_ok())
}

/// A variable of a data folder, if it was served already.
///
/// # Errors
/// If the file is there and cannot be read.
pub(crate) fn variable(data: &Path, name: &str) -> Result<Option<String>> {
    let file = file(data);
    match std::fs::read_to_string(&file) {
        Ok(text) => {
            let value = |line: &str| Some(line.strip_prefix(name)?.strip_prefix('=')?.to_owned());
            Ok(text.lines().find_map(value))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// Writes the variables, in the form that shells and `cargo lambda watch --env-file` read.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write(data: &Path, variables: &[(&str, &str)]) -> Result<()> {
    let lines: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    let file = file(data);
    private::write(&file, lines.concat().as_bytes()).with_context(|| format!("cannot write {}", file.display()))
}
