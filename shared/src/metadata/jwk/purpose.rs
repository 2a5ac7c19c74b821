//! What a key is for: `use`, `key_ops` and `alg` (RFC 7517 §4.2 to §4.4), which must agree.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::kind::Kind;
use super::text;
use crate::metadata::algorithms::{
    is_asymmetric_encryption, is_asymmetric_signature, is_content_encryption, is_symmetric_encryption,
    is_symmetric_signature,
};

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Signature,
    Encryption,
}

/// What a key of a known kind says that it is for.
pub(super) struct Purposes<'k> {
    /// By its kind, `use` or `alg`.
    claimed: Option<Purpose>,
    /// `key_ops`.
    operations: Option<HashSet<&'k str>>,
}

impl<'k> Purposes<'k> {
    /// What `kind`, `use`, `alg` and `key_ops` say together; `None` if `use` or `alg` is not known.
    pub(super) fn of(kind: Kind, members: &'k Map<String, Value>) -> Result<Option<Self>, &'static str> {
        let operations = operations(members)?;
        let (usage, algorithm) = (usage(members)?, algorithm(kind, members)?);
        let claims = match (usage, algorithm) {
            (Claim::Unknown, _) | (_, Claim::Unknown) => return Ok(None),
            (usage, algorithm) => [kind.purpose(), usage.purpose(), algorithm.purpose()],
        };
        let claimed = claims.iter().flatten().next().copied();
        // Several unrelated operations are only advised against (§4.3), so they contradict nothing but another member.
        let listed = operations.iter().flatten().filter_map(|name| operation(name));
        if claimed.is_some_and(|first| claims.into_iter().flatten().chain(listed).any(|claim| claim != first)) {
            return Err("its crv, use, alg and key_ops do not agree whether it is for signatures or for encryption");
        }
        Ok(Some(Self { claimed, operations }))
    }

    /// Whether it may verify signatures.
    pub(super) fn verify(&self) -> bool {
        self.claimed.is_none_or(|purpose| purpose == Purpose::Signature)
            && self.operations.as_ref().is_none_or(|listed| listed.contains("verify"))
    }
}

/// A value of `use` or `alg`.
enum Claim {
    Absent,
    Unknown,
    Known(Purpose),
}

impl Claim {
    fn purpose(self) -> Option<Purpose> {
        if let Self::Known(purpose) = self { Some(purpose) } else { None }
    }
}

/// `key_ops`.
fn operations(members: &Map<String, Value>) -> Result<Option<HashSet<&str>>, &'static str> {
    const EXPECTED: &str = "key_ops must be an array of strings";
    let Some(listed) = members.get("key_ops") else { return Ok(None) };
    let listed = listed.as_array().ok_or(EXPECTED)?;
    let names: HashSet<&str> = listed.iter().map(|name| name.as_str().ok_or(EXPECTED)).collect::<Result<_, _>>()?;
    if names.len() == listed.len() { Ok(Some(names)) } else { Err("key_ops has a value twice") }
}

fn operation(name: &str) -> Option<Purpose> {
    match name {
        "sign" | "verify" => Some(Purpose::Signature),
        "encrypt" | "decrypt" | "wrapKey" | "unwrapKey" | "deriveKey" | "deriveBits" => Some(Purpose::Encryption),
        _ => None,
    }
}

fn usage(members: &Map<String, Value>) -> Result<Claim, &'static str> {
    Ok(match text(members, "use", "use must be a string")? {
        None => Claim::Absent,
        Some("sig") => Claim::Known(Purpose::Signature),
        Some("enc") => Claim::Known(Purpose::Encryption),
        Some(_) => Claim::Unknown,
    })
}

fn algorithm(kind: Kind, members: &Map<String, Value>) -> Result<Claim, &'static str> {
    let Some(name) = text(members, "alg", "alg must be a string")? else { return Ok(Claim::Absent) };
    let symmetric = is_symmetric_signature(name) || is_symmetric_encryption(name) || is_content_encryption(name);
    if symmetric || name == "none" {
        return Err("alg is none or symmetric, which no public key is for");
    }
    let purpose = match name {
        name if is_asymmetric_signature(name) => Purpose::Signature,
        name if is_asymmetric_encryption(name) => Purpose::Encryption,
        _ => return Ok(Claim::Unknown),
    };
    if kind.takes(name) { Ok(Claim::Known(purpose)) } else { Err("alg does not fit kty and crv") }
}
