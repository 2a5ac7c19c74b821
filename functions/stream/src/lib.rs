//! The function that follows the table's stream. What it does is in [`shared::stream`], for `registrar serve` does
//! it as well.

pub use shared::stream::serve;

/// The name of the binary, of the function in the template, and of the function in `cargo lambda`.
pub const FUNCTION: &str = "stream";
