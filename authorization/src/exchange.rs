//! The token endpoint (RFC 6749 §3.2): a code, a refresh token, a client's own authority or a user's password becomes
//! tokens.

mod client_credentials;
mod code;
mod fault;
mod password;
mod refresh;
mod tokens;

pub use client_credentials::by_client_credentials;
pub use code::by_code;
pub use fault::TokenFault;
pub use password::{PasswordTicket, accept_password, ask_password, refuse_password};
pub use refresh::by_refresh_token;
pub use tokens::{Tokens, Wishes, give};
