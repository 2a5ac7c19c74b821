//! The administration commands, as an operator runs them.

mod clients;
mod declarations;
mod deletion;
mod keys;
mod policies;
mod rewrapping;
mod services;
mod transfer;
