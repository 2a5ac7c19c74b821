//! Values that whoever reads the client can show and hold.

use serde_json::Value;

use super::VerifiedMetadata;
use crate::metadata::{ClientMetadata, Invalid, SubjectName, character_in, is_control, is_hidden};

/// The largest number of seconds that readers with integers of 32 bits hold.
const MOST_SECONDS: u64 = 2_147_483_647;

impl VerifiedMetadata {
    /// Texts have no characters that people do not see, names in certificates are such, and numbers fit.
    pub(super) fn check_values(&self, hidden_characters: bool) -> Result<(), Invalid> {
        for (member, value) in self.rest.to_members() {
            let hidden = hidden_in_member(&member, &value, if hidden_characters { is_control } else { is_hidden });
            if let Some((at, character)) = hidden {
                let member = at.map_or_else(|| member.clone(), |at| Invalid::element(&member, at));
                return Err(Invalid::HiddenCharacter { member, character });
            }
        }
        SubjectName::check_all(&self.rest)?;
        match self.rest.default_max_age {
            Some(seconds) if seconds > MOST_SECONDS => {
                Err(Invalid::TooLarge { member: "default_max_age", limit: MOST_SECONDS })
            }
            _ => Ok(()),
        }
    }
}

/// Members of the specifications are texts of one line, and lists of these, of which it is told where; custom ones may be
/// anything.
fn hidden_in_member(member: &str, value: &Value, is_hidden: fn(char) -> bool) -> Option<(Option<usize>, char)> {
    let name = member.split('#').next().unwrap_or_default();
    if !ClientMetadata::MEMBERS.contains(&name) {
        return character_in(value, is_hidden).map(|character| (None, character));
    }
    let hidden_character = |text: &str| text.chars().find(|character| is_hidden(*character));
    match value {
        Value::String(text) => hidden_character(text).map(|character| (None, character)),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .find_map(|(at, value)| hidden_character(value.as_str()?).map(|character| (Some(at), character))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}
