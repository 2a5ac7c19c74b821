//! Client metadata: as sent ([`ClientMetadata`]) and as the RFCs allow it ([`VerifiedMetadata`]).
//!
//! `null`, `""` and, but for `grant_types` and `response_types`, `[]` mean absent
//! (RFC 7592 §2.2). [`verify`] is pure; what a service permits is the business of [`crate::policy`].

mod algorithms;
mod changes;
mod invalid;
mod json;
mod jwk;
mod jwk_set;
mod localized;
mod members;
mod redirect_uri;
mod scheme;
mod scope;
mod subject_name;
#[cfg(test)]
pub(crate) mod testing;
mod text;
mod uri;
mod verify;
mod vocabulary;

pub use algorithms::{is_algorithm, is_symmetric_encryption, is_symmetric_signature};
pub use changes::{Change, Changes};
pub use invalid::Invalid;
pub(crate) use invalid::quoted_if_made_up;
pub use json::{MAX_BODY_BYTES, MAX_DEPTH, parse_object, parse_object_within};
pub use jwk::{KeyCertificate, PublicJwk, RefusedJwk, is_private_member};
pub use jwk_set::JwkSet;
pub use localized::{Localized, is_language_tag};
pub(crate) use members::elements;
pub use members::{
    ClientMetadata, MemberDescription, MemberKind, SERVER_SET, ServerSet, Submitted, remove_said_by_server,
    said_by_server, texts,
};
pub use redirect_uri::{InvalidRedirectUri, RedirectUri, RedirectUriFault, RedirectUriKind};
pub use scope::Scope;
pub(crate) use subject_name::SubjectName;
use text::character_in;
pub(crate) use text::{has_no_spaces, in_no_case};
pub use text::{hidden_character, hidden_character_in, is_control, is_hidden, shows_nothing};
pub(crate) use uri::has_dot_segment;
pub use uri::{PlainUri, UriFault};
pub use verify::{Rules, Strictness, VerifiedMetadata, complete_flows, verify};
pub use vocabulary::{ApplicationType, AuthMethod, GrantType, ResponseType, SubjectType};
