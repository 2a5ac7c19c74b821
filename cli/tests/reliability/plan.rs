//! What programs send, and what becomes of their clients: by the seed and the registration's number alone.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::installation::{OPEN, SHARED};
use super::random::Random;

/// How many registrations share a client at the service that lets them, about.
const SHARING: u64 = 5;

/// One registration.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) number: u32,
    pub(super) what: What,
    /// What happens to the client afterwards, in this order.
    pub(super) acts: Vec<Act>,
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A registration of its own.
    Valid,
    /// One that is refused.
    Invalid(Invalid),
    /// The same body once more, where each registration makes a client.
    Again,
    /// The same that others send, where that makes one client, and at once by two of them.
    Shared(u32),
}

/// Why a registration is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Invalid {
    Fragment,
    Script,
    NoRedirect,
    Grant,
    Method,
    /// No metadata at all.
    NotJson,
}

/// What happens to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Its registrant changes it.
    Update,
    /// An operator locks it.
    Lock,
    /// An operator unlocks it.
    Unlock,
    /// Its registrant deletes it.
    Delete,
}

impl Plan {
    /// Of a hundred registrations five are invalid and five come again; of the clients a tenth is deleted, a tenth
    /// changed, and a twentieth locked, half of them for good.
    pub(super) fn of(seed: u64, number: u32) -> Result<Self> {
        let random = Random::new(seed, u64::from(number) << 8);
        let what = match random.below(1000)? {
            0..50 => What::Invalid(Invalid::of(random.below(6)?)?),
            50..75 => What::Again,
            75..100 => What::Shared(u32::try_from(u64::from(number) / (SHARING * 40))?),
            _ => What::Valid,
        };
        let acts: &[Act] = match (what, random.below(1000)?) {
            (What::Invalid(_) | What::Shared(_), _) => &[],
            (_, 0..90) => &[Act::Delete],
            (_, 90..190) => &[Act::Update],
            (_, 190..200) => &[Act::Update, Act::Lock, Act::Unlock, Act::Delete],
            (_, 200..225) => &[Act::Lock],
            (_, 225..250) => &[Act::Lock, Act::Unlock],
            _ => &[],
        };
        Ok(Self { number, what, acts: acts.to_vec() })
    }

    /// At which service.
    pub(super) fn service(&self) -> u64 {
        if matches!(self.what, What::Shared(_)) { SHARED } else { OPEN }
    }

    /// How many clients it is to make or to find.
    pub(super) fn clients(&self) -> u32 {
        match self.what {
            What::Invalid(_) => 0,
            What::Valid => 1,
            What::Again | What::Shared(_) => 2,
        }
    }

    /// The body of the registration.
    pub(super) fn body(&self) -> String {
        match self.what {
            What::Valid | What::Again => metadata(self.number).to_string(),
            What::Shared(group) => shared(group, self.number).to_string(),
            What::Invalid(invalid) => invalid.body(self.number),
        }
    }
}

/// What a program says of itself. Each third client is public.
pub(super) fn metadata(number: u32) -> Value {
    let method = if number.is_multiple_of(3) { "none" } else { "client_secret_basic" };
    json!({"client_name": format!("Program {number}"), "software_id": number.to_string(),
        "redirect_uris": [format!("https://program-{number}.example/callback")], "token_endpoint_auth_method": method})
}

/// What each copy of a program says, on a port of its own.
fn shared(group: u32, number: u32) -> Value {
    let port = 1024 + number % 60_000;
    json!({"client_name": format!("Assistant {group}"), "software_id": group.to_string(),
        "token_endpoint_auth_method": "none", "redirect_uris": [format!("http://127.0.0.1:{port}/callback")]})
}

impl Invalid {
    fn of(drawn: u64) -> Result<Self> {
        Ok(match drawn {
            0 => Self::Fragment,
            1 => Self::Script,
            2 => Self::NoRedirect,
            3 => Self::Grant,
            4 => Self::Method,
            5 => Self::NotJson,
            _ => bail!("there are six ways to be invalid"),
        })
    }

    fn body(self, number: u32) -> String {
        let mut body = metadata(number);
        let mut set = |name: &str, value: Value| {
            body.as_object_mut().and_then(|members| members.insert(name.to_owned(), value));
        };
        match self {
            Self::Fragment => set("redirect_uris", json!(["https://program.example/#a"])),
            Self::Script => set("redirect_uris", json!(["javascript:alert(1)"])),
            Self::NoRedirect => set("redirect_uris", json!([])),
            Self::Grant => set("grant_types", json!(["password"])),
            Self::Method => set("token_endpoint_auth_method", json!("tls_client_auth")),
            Self::NotJson => return "{\"client_name\":".to_owned(),
        }
        body.to_string()
    }
}
