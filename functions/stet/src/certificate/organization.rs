//! The organization that a certificate belongs to (ETSI TS 119 495 §5.2.1, ETSI EN 319 412-1 §5.1.4).

use super::CertificateFault;

/// No identifier in use is longer.
const MAX_BYTES: usize = 128;

/// `PSD` + country + `-` + competent authority + `-` + the provider's identifier there: `PSDFR-ACPR-12345`.
/// Equal when the bytes are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrganizationIdentifier(String);

impl OrganizationIdentifier {
    /// Reads an identifier. The last part may have any visible ASCII character that is no delimiter of a URL or
    /// of a header: the identifier becomes the client's id.
    ///
    /// # Errors
    /// [`CertificateFault::OrganizationSyntax`].
    pub fn parse(text: &str) -> Result<Self, CertificateFault> {
        if text.len() <= MAX_BYTES && is_well_formed(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(CertificateFault::OrganizationSyntax)
        }
    }

    /// The identifier as it stands in the certificate.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country and the competent authority: `FR-ACPR`.
    #[must_use]
    pub fn authority(&self) -> &str {
        let rest = self.0.strip_prefix("PSD").unwrap_or_default();
        rest.match_indices('-').nth(1).and_then(|(end, _)| rest.get(..end)).unwrap_or_default()
    }
}

impl std::fmt::Display for OrganizationIdentifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_well_formed(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("PSD") else { return false };
    let mut parts = rest.splitn(3, '-');
    let (Some(country), Some(authority), Some(identifier)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    is_letters(country, 2..=2) && is_letters(authority, 2..=8) && is_identifier(identifier)
}

fn is_letters(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !br#"/?#%\"'`<>,;"#.contains(&byte))
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
        ] {
            let identifier = OrganizationIdentifier::parse(text).unwrap();
            assert_eq!((identifier.as_str(), identifier.authority()), (text, authority));
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
            "PSDFR-ACPR-1 ",
            "PSDFR-ACPR-1\n",
            "PSDFR-ACPR-1/2",
            "PSDFR-ACPR-1?2",
            "PSDFR-ACPR-1%32",
            "PSDFR-ACPR-é",
            &long,
        ] {
            assert_eq!(OrganizationIdentifier::parse(text), Err(CertificateFault::OrganizationSyntax), "{text:?}");
        }
    }
}
