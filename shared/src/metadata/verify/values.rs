//! Values that whoever reads the client can show and hold.

use super::VerifiedMetadata;
use crate::metadata::{ClientMetadata, Invalid, hidden_character, hidden_character_in};

/// The largest number of seconds that readers with integers of 32 bits hold.
const MOST_SECONDS: u64 = 2_147_483_647;

impl VerifiedMetadata {
    /// Texts have no characters that people do not see (RFC 7591 §5), and numbers fit.
    pub(super) fn check_values(&self) -> Result<(), Invalid> {
        for (member, value) in self.rest.to_members() {
            let name = member.split('#').next().unwrap_or_default();
            let of_one_line = ClientMetadata::MEMBERS.contains(&name);
            let texts =
                value.as_str().into_iter().chain(value.as_array().into_iter().flatten().filter_map(|v| v.as_str()));
            let hidden = match of_one_line {
                true => texts.filter_map(hidden_character).next(),
                false => hidden_character_in(&value),
            };
            if let Some(character) = hidden {
                return Err(Invalid::HiddenCharacter { member, character });
            }
        }
        match self.rest.default_max_age {
            Some(seconds) if seconds > MOST_SECONDS => {
                Err(Invalid::TooLarge { member: "default_max_age", limit: MOST_SECONDS })
            }
            _ => Ok(()),
        }
    }
}
