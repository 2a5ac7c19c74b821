//! The administration commands, as an operator runs them.

mod deletion;
mod services;
