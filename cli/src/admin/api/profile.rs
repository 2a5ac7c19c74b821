//! Profiles: URLs and tokens of APIs by the names that people give them, in a file that nobody else reads.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;
use shared::metadata::parse_object_within;

use crate::failure::{Failure, Kind};

/// The longest file that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// What others may do with a file.
const OTHERS: u32 = 0o077;

/// An API, and a token for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    /// Its URL.
    pub(super) api: String,
    /// The token.
    pub(super) token: String,
}

/// The profile of that name.
///
/// # Errors
/// If there is none, or if others may read the file.
pub(super) fn read(name: &str) -> Result<Profile> {
    let path = path().ok_or_else(|| Failure::usage("--profile: neither XDG_CONFIG_HOME nor HOME is set"))?;
    let shown = path.display();
    let mut file = File::open(&path).with_context(|| format!("cannot read {shown}"))?;
    if file.metadata()?.permissions().mode() & OTHERS != 0 {
        let sentence = format!("others may read {shown}, which has tokens: close it with chmod 600");
        return Err(Failure::new(Kind::Refused, sentence).into());
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    Read::by_ref(&mut file).take(most).read_to_end(&mut bytes).with_context(|| format!("cannot read {shown}"))?;
    // Nothing of what it holds is told: it holds tokens.
    let malformed = |what: &str| Failure::new(Kind::Refused, format!("{shown}: {what}"));
    let mut profiles = parse_object_within(&bytes, MAX_BYTES).map_err(|_| malformed("it must be a JSON object"))?;
    let profile = profiles.remove(name).ok_or_else(|| {
        let known: Vec<&str> = profiles.keys().map(String::as_str).collect();
        Failure::not_found(format!("{shown} has no profile {name}: it has {}", known.join(", ")))
    })?;
    let is_one = profile.is_object();
    let what = format!("{name}: a profile has api and token, two texts, and nothing else");
    Some(profile)
        .filter(|_| is_one)
        .and_then(|profile: Value| Profile::deserialize(profile).ok())
        .ok_or_else(|| malformed(&what).into())
}

/// Where profiles are (XDG Base Directory Specification).
fn path() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")));
    Some(config?.join("registrar").join("profiles.json"))
}
