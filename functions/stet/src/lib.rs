//! The STET front door: payment institutions register with their qualified certificates (PSD2).
//!
//! | module | one question |
//! |---|---|
//! | [`certificate`] | who is it, and who says so? |
//! | [`signature`] | did they send this request? |

pub mod certificate;
pub mod signature;
