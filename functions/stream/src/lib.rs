//! The function that follows the table's stream. What it does is in [`shared::stream`], for `registrar serve` does
//! it as well; here is what only a deployment has: a bus to tell of what was changed.

mod bus;

/// The name of the binary, of the function in the template, and of the function in `cargo lambda`.
pub const FUNCTION: &str = "stream";

/// Serves the stream as a Lambda function.
///
/// # Errors
/// As [`shared::stream::serve`].
pub fn serve() -> Result<(), lambda_http::Error> {
    shared::stream::serve(&bus::Bus::from_env())
}
