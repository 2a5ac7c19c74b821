//! The administration commands, as an operator runs them.

mod clients;
mod deletion;
mod policies;
mod services;
