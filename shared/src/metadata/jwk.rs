//! One public key by value (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2, RFC 8812 §3): the one place that says whether it is
//! well formed and safe to hand to whoever verifies or encrypts with it.

mod certificate;
mod kind;
mod material;
mod purpose;

pub use certificate::KeyCertificate;

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::text::hidden_character;
use kind::Kind;
use purpose::Purposes;

/// Members that hold a private or symmetric key (RFC 7518 §6.2.2, §6.3.2, §6.4, RFC 8037 §2).
const PRIVATE_MEMBERS: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// The longest `kid`, in bytes: it stands in headers of what is signed.
const MAX_KID_BYTES: usize = 1024;

const NOT_PUBLIC: &str = "it is private or symmetric; send public keys only";

/// A key of a set, and why it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedJwk {
    /// Its position in `keys`, from 0.
    pub index: usize,
    /// What is wrong with it, naming the member.
    pub reason: &'static str,
}

/// A public key of a known kind, checked whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PublicJwk<'k> {
    members: &'k Map<String, Value>,
    kid: Option<&'k str>,
    verifies: bool,
}

impl<'k> PublicJwk<'k> {
    /// Checks a key. One whose `kty`, `crv`, `use` or `alg` is not known here is nobody's fault and to be ignored
    /// (RFC 7517 §4.2, §5): it is `None`, if nothing about it is private.
    ///
    /// # Errors
    /// What is wrong with it, naming the member.
    pub fn check(key: &'k Value) -> Result<Option<Self>, &'static str> {
        let members = key.as_object().ok_or("it is not an object")?;
        if members.keys().any(|name| is_private_member(name)) {
            return Err(NOT_PUBLIC);
        }
        let name = text(members, "kid", "kid must be a string")?;
        if name.is_some_and(|name| name.len() > MAX_KID_BYTES || hidden_character(name).is_some()) {
            return Err("kid must be a name of at most 1024 bytes, without control characters");
        }
        let Some(kind) = Kind::of(members)? else { return Ok(None) };
        let Some(purposes) = Purposes::of(kind, members)? else { return Ok(None) };
        let material = material::check(kind, members)?;
        certificate::check(&material, members)?;
        Ok(Some(Self { members, kid: name, verifies: purposes.verify() }))
    }

    /// A certificate that says of a key no more than that it is its: what the check of a key asks of one, signed by nobody.
    /// `None` if the members are no key.
    #[must_use]
    pub fn certificate_of(members: &Map<String, Value>) -> Option<Vec<u8>> {
        let kind = Kind::of(members).ok()??;
        certificate::unsigned(&material::check(kind, members).ok()?)
    }

    /// Checks the keys of a set: those of a known kind, in their order, each with a `kid` of its own if it has one
    /// (RFC 7517 §4.5).
    ///
    /// # Errors
    /// The first key that is refused.
    pub fn check_all(keys: &'k [Value]) -> Result<Vec<Self>, RefusedJwk> {
        let mut names = HashSet::new();
        let mut known = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let refused = |reason| RefusedJwk { index, reason };
            let Some(key) = Self::check(key).map_err(refused)? else { continue };
            if key.kid.is_some_and(|kid| !names.insert(kid)) {
                return Err(refused("its kid is that of another key"));
            }
            known.push(key);
        }
        Ok(known)
    }

    /// Its members, as sent.
    #[must_use]
    pub fn members(&self) -> &'k Map<String, Value> {
        self.members
    }

    /// `kid`.
    #[must_use]
    pub fn kid(&self) -> Option<&'k str> {
        self.kid
    }

    /// Whether it may verify signatures: neither its kind nor `use`, `alg` or `key_ops` keep it for something else.
    #[must_use]
    pub fn verifies_signatures(&self) -> bool {
        self.verifies
    }
}

/// Whether the member of a JWK holds what only the owner of the key may know. Letter case is no disguise.
#[must_use]
pub fn is_private_member(name: &str) -> bool {
    PRIVATE_MEMBERS.iter().any(|member| member.eq_ignore_ascii_case(name))
}

fn text<'k>(
    members: &'k Map<String, Value>,
    name: &str,
    otherwise: &'static str,
) -> Result<Option<&'k str>, &'static str> {
    members.get(name).map(|value| value.as_str().ok_or(otherwise)).transpose()
}

#[cfg(test)]
mod tests;
