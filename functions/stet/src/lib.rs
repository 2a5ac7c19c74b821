//! The STET front door: payment institutions register with their qualified certificates (PSD2).

pub mod certificate;
