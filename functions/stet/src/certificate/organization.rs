//! The organization that a certificate belongs to (ETSI TS 119 495 §5.2.1, ETSI EN 319 412-1 §5.1.4).

use std::fmt::Write;

use super::CertificateFault;

/// No identifier in use is longer.
const MAX_BYTES: usize = 128;

/// `PSD` + country + `-` + competent authority + `-` + the provider's identifier there: `PSDFR-ACPR-12345`,
/// `PSDMT-MFSA-A 12345`. Equal when the bytes are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrganizationIdentifier {
    text: String,
    client_id: String,
}

impl OrganizationIdentifier {
    /// Reads an identifier. "There are no restrictions on the characters" of its last part (GEN-5.2.1-3), but that a
    /// text has no control characters.
    ///
    /// # Errors
    /// [`CertificateFault::OrganizationSyntax`].
    pub fn parse(text: &str) -> Result<Self, CertificateFault> {
        if text.len() <= MAX_BYTES && is_well_formed(text) {
            Ok(Self { text: text.to_owned(), client_id: client_id(text) })
        } else {
            Err(CertificateFault::OrganizationSyntax)
        }
    }

    /// The identifier as it stands in the certificate.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The identifier of the organization's client: the same text; but what no `client_id` may have (RFC 6749 Appendix
    /// A.1) or no path of a gateway carries is `~` and the byte in hexadecimal. Two identifiers never have the same.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The country and the competent authority: `FR-ACPR`.
    #[must_use]
    pub fn authority(&self) -> &str {
        let rest = self.text.strip_prefix("PSD").unwrap_or_default();
        rest.match_indices('-').nth(1).and_then(|(end, _)| rest.get(..end)).unwrap_or_default()
    }
}

impl std::fmt::Display for OrganizationIdentifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn client_id(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut id, byte| {
        if matches!(byte, b' '..=b'~') && !br"/?#%\~".contains(&byte) {
            id.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(id, "~{byte:02X}");
        }
        id
    })
}

fn is_well_formed(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("PSD") else { return false };
    let mut parts = rest.splitn(3, '-');
    let (Some(country), Some(authority), Some(identifier)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let named = !identifier.is_empty() && !identifier.chars().any(char::is_control);
    is_letters(country, 2..=2) && is_letters(authority, 2..=8) && named
}

fn is_letters(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ts119495_5_2_1_identifiers_in_use_are_read() {
        for (text, authority) in [
            ("PSDFR-ACPR-12345", "FR-ACPR"),
            ("PSDSE-FINA-44059", "SE-FINA"),
            ("PSDES-BDE-3DFD21", "ES-BDE"),
            ("PSDPL-PFSA-1234567890", "PL-PFSA"),
            ("PSDBE-NBB-1234.567.890", "BE-NBB"),
            ("PSDDE-BAFIN-12-34", "DE-BAFIN"),
            ("PSDMT-MFSA-A 12345", "MT-MFSA"),
        ] {
            let identifier = OrganizationIdentifier::parse(text).unwrap();
            assert_eq!((identifier.as_str(), identifier.authority()), (text, authority));
            assert_eq!(identifier.client_id(), text);
        }
    }

    #[test]
    fn ts119495_5_2_1_every_character_is_accepted_and_a_client_id_has_those_that_paths_carry() {
        for (identifier, client_id) in [
            ("4.1-1/45", "4.1-1~2F45"),
            ("1?2#3%32", "1~3F2~233~2532"),
            ("1~2F45", "1~7E2F45"),
            ("a\\b", "a~5Cb"),
            ("'<a>`,;\"{}|^[]", "'<a>`,;\"{}|^[]"),
            ("é", "~C3~A9"),
            ("1 ", "1 "),
        ] {
            let organization = OrganizationIdentifier::parse(&format!("PSDEE-FI-{identifier}")).unwrap();
            assert_eq!(organization.client_id(), format!("PSDEE-FI-{client_id}"));
        }
    }

    #[test]
    fn ts119495_5_2_1_others_are_refused() {
        let long = format!("PSDFR-ACPR-{}", "1".repeat(MAX_BYTES));
        for text in [
            "",
            "PSD",
            "PSDFR-ACPR",
            "PSDFR-ACPR-",
            "PSDFR-A-1",
            "PSDFR-ABCDEFGHI-1",
            "PSDFRA-ACPR-1",
            "PSDF-ACPR-1",
            "PSDfr-ACPR-1",
            "psdFR-ACPR-1",
            "PSDFR-AC1R-1",
            "AGTFR-ACPR-12345001",
            "VATFR-123456789",
            " PSDFR-ACPR-1",
            "PSDFR-ACPR-1\n",
            "PSDFR-ACPR-1\u{85}",
            &long,
        ] {
            assert_eq!(OrganizationIdentifier::parse(text), Err(CertificateFault::OrganizationSyntax), "{text:?}");
        }
    }
}
