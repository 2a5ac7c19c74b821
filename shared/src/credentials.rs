//! Identifiers, secrets and tokens: minted, hashed, sealed, compared. Nothing here has `Debug`.

mod client_id;
mod seal;
mod secret;
mod token;

pub(crate) use client_id::decimal;
pub use client_id::{ClientId, IdSalt, MAX_NUMERIC_ID, derive as derive_client_id, mint as mint_client_id, numeric_id};
pub use seal::{DataKey, KeyEncryption, OtherKey, SealedFor};
pub use secret::ClientSecret;
pub use token::{Token, TokenHash, TokenKind};
