//! What only a build without `cfg(test)` shows: short RSA keys are refused, the one of the draft's vectors too.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use stet::signature::{SignatureFault, VerificationKey};

#[test]
fn sp_800_131a_the_1024_bit_key_of_the_vectors_is_refused() {
    let lines: String =
        include_str!("data/cavage12_test_pub.pem").lines().filter(|line| !line.starts_with('-')).collect();
    let key = VerificationKey::from_spki(&BASE64.decode(lines).unwrap());
    assert_eq!(key, Err(SignatureFault::KeyLength));
}
