//! Names that clients show to people (RFC 7591 §5): whoever registers says what it is called, and a consent page repeats it.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use unicode_security::skeleton;

use super::{Conduct, Flag};
use crate::metadata::{ClientMetadata, Invalid, Localized, hidden_character};

/// How many names may be reserved.
const MOST_RESERVED: usize = 200;

/// How long a reserved name may be, in bytes.
const MOST_BYTES: usize = 200;

/// What names clients may have.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Names {
    /// Names that strangers may not have, nor any name with them in it, by words and in whatever case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reserved: Vec<String>,
    /// What is done about a client with such a name.
    pub same: Conduct,
    /// What is done about one whose name looks like it (Unicode Technical Standard #39, confusables).
    pub look_alike: Conduct,
    /// What is done about format characters in what people are shown, as those that change the direction of writing.
    /// Control characters are refused in any case.
    #[serde(default = "refuse")]
    pub hidden_characters: Conduct,
    #[serde(skip)]
    forms: OnceLock<Vec<Forms>>,
}

fn refuse() -> Conduct {
    Conduct::Refuse
}

/// How a name is compared.
#[derive(Debug, Clone)]
struct Forms {
    lower: Vec<String>,
    /// What it looks like, before and after the cases are made one: `I` looks like `l`, and is an `i`.
    looks: [Vec<String>; 2],
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        let settings = |names: &Self| (names.same, names.look_alike, names.hidden_characters);
        self.reserved == other.reserved && settings(self) == settings(other)
    }
}

impl Names {
    /// No rule but that of hidden characters.
    #[must_use]
    pub fn usual() -> Self {
        Self { hidden_characters: Conduct::Refuse, ..Self::default() }
    }

    /// The same, where somebody vouches for the names.
    #[must_use]
    pub fn vouched(&self) -> Self {
        Self { hidden_characters: self.hidden_characters, ..Self::default() }
    }

    /// Whether the reserved names are some, and not too many.
    pub(super) fn is_within_bounds(&self) -> bool {
        let is_name = |name: &String| !words(name).is_empty() && name.len() <= MOST_BYTES;
        self.reserved.len() <= MOST_RESERVED && self.reserved.iter().all(is_name)
    }

    /// Refuses what shall be refused.
    pub(super) fn permit(&self, metadata: &ClientMetadata) -> Result<(), Invalid> {
        for (member, name) in shown(metadata) {
            match self.suspicion(name) {
                Some(Flag::ReservedName) if self.same == Conduct::Refuse => {
                    return Err(Invalid::ReservedName { member });
                }
                Some(Flag::LookAlikeName) if self.look_alike == Conduct::Refuse => {
                    return Err(Invalid::LookAlikeName { member });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What whoever shows the client should know of its names.
    pub(super) fn flags(&self, metadata: &ClientMetadata) -> impl Iterator<Item = Flag> {
        let suspicions: Vec<Flag> = shown(metadata).filter_map(|(_, name)| self.suspicion(name)).collect();
        let hidden = self.hidden_characters != Conduct::Allow
            && shown(metadata).any(|(_, name)| hidden_character(name).is_some());
        let told = [(Flag::ReservedName, self.same), (Flag::LookAlikeName, self.look_alike)].into_iter();
        let told = told.filter(move |(flag, conduct)| *conduct != Conduct::Allow && suspicions.contains(flag));
        told.map(|(flag, _)| flag).chain(hidden.then_some(Flag::HiddenCharacters))
    }

    fn suspicion(&self, name: &str) -> Option<Flag> {
        if self.reserved.is_empty() || (self.same, self.look_alike) == (Conduct::Allow, Conduct::Allow) {
            return None;
        }
        let reserved = self.forms.get_or_init(|| self.reserved.iter().map(|name| Forms::of(name)).collect());
        let name = Forms::of(name);
        if reserved.iter().any(|reserved| has(&name.lower, &reserved.lower)) {
            return Some(Flag::ReservedName);
        }
        let looks = |reserved: &Forms| name.looks.iter().zip(&reserved.looks).any(|(name, look)| has(name, look));
        reserved.iter().any(looks).then_some(Flag::LookAlikeName)
    }
}

impl Forms {
    fn of(name: &str) -> Self {
        let lower = name.to_lowercase();
        let looks = [skeleton(&lower).collect::<String>(), skeleton(name).collect::<String>().to_lowercase()];
        Self { lower: words(&lower), looks: looks.map(|look| words(&look)) }
    }
}

/// The names that a client has for people, each with its member.
fn shown(metadata: &ClientMetadata) -> impl Iterator<Item = (&'static str, &str)> {
    [("client_name", &metadata.client_name), ("organization_name", &metadata.organization_name)]
        .into_iter()
        .flat_map(|(member, names)| names.iter().flat_map(Localized::values).map(move |name| (member, name.as_str())))
}

fn words(name: &str) -> Vec<String> {
    name.split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether some words that follow each other make the reserved ones, however they are put together.
fn has(name: &[String], reserved: &[String]) -> bool {
    let reserved = reserved.concat();
    (0..name.len()).any(|first| {
        let mut rest = Some(reserved.as_str());
        let mut left = name.iter().skip(first).map_while(|word| {
            rest = rest?.strip_prefix(word.as_str());
            rest
        });
        left.any(str::is_empty)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(name: &str) -> ClientMetadata {
        let members = json!({"client_name": "Harmless", "client_name#x-1": name});
        ClientMetadata::from_members(members.as_object().unwrap().clone()).unwrap()
    }

    fn names(same: Conduct, look_alike: Conduct) -> Names {
        let reserved = ["Example Bank", "PayPal", "Info"].map(str::to_owned).to_vec();
        Names { reserved, same, look_alike, ..Names::usual() }
    }

    fn flags(name: &str) -> Vec<Flag> {
        names(Conduct::Flag, Conduct::Flag).flags(&named(name)).collect()
    }

    #[test]
    fn a_reserved_name_is_found_in_whatever_case_and_among_other_words() {
        for name in [
            "Example Bank",
            "example  BANK",
            "Example-Bank",
            "ExampleBank",
            "The Example Bank: login",
            "PAYPAL",
            "Log in to PayPal!",
            "info",
        ] {
            assert_eq!(flags(name), [Flag::ReservedName], "{name}");
        }
    }

    #[test]
    fn what_looks_like_one_is_found() {
        for name in [
            "Ехаmple Bank",
            "Examp1e Bank",
            "ExampIe Bank",
            "Examp|e Bank",
            "PayPaI",
            "раураl",
            "𝐏ay𝒫al",
            "PаyPal support",
            "1nfo",
            "lnfo",
            "ＰａｙＰａｌ",
        ] {
            assert_eq!(flags(name), [Flag::LookAlikeName], "{name}");
        }
    }

    #[test]
    fn what_only_has_the_same_letters_is_nobody_elses() {
        for name in
            ["Example", "Bank of Examples", "Examples Banking", "Paypalace", "Information", "", "…", "🏦", "銀行"]
        {
            assert_eq!(flags(name), [], "{name}");
        }
    }

    #[test]
    fn each_rule_refuses_flags_or_allows() {
        for (same, look_alike, name, refused, flagged) in [
            (Conduct::Refuse, Conduct::Flag, "PayPal", true, true),
            (Conduct::Refuse, Conduct::Flag, "PayPaI", false, true),
            (Conduct::Allow, Conduct::Refuse, "PayPaI", true, true),
            (Conduct::Allow, Conduct::Refuse, "PayPal", false, false),
            (Conduct::Allow, Conduct::Allow, "PayPaI", false, false),
        ] {
            let names = names(same, look_alike);
            assert_eq!(names.permit(&named(name)).is_err(), refused, "{same:?} {look_alike:?} {name}");
            assert_eq!(names.flags(&named(name)).next().is_some(), flagged, "{same:?} {look_alike:?} {name}");
        }
        let refused = names(Conduct::Refuse, Conduct::Refuse).permit(&named("PayPal"));
        assert_eq!(refused, Err(Invalid::ReservedName { member: "client_name" }));
    }

    #[test]
    fn hidden_characters_are_flagged_where_they_are_not_refused() {
        let hidden = |conduct| Names { hidden_characters: conduct, ..Names::default() };
        let right_to_left = named("\u{202e}knaB");
        for (conduct, expected) in [(Conduct::Flag, true), (Conduct::Allow, false)] {
            assert_eq!(hidden(conduct).flags(&right_to_left).next().is_some(), expected);
        }
    }

    #[test]
    fn long_names_cost_no_more_than_they_are_long() {
        let long = "a ".repeat(2000);
        let reserved = vec!["a".repeat(200)];
        let names = Names { reserved, same: Conduct::Refuse, ..Names::usual() };
        assert!(names.permit(&named(&long)).is_err(), "two hundred times the same letter");
        let long = format!("{}b", "a".repeat(4000));
        assert!(names.permit(&named(&long)).is_ok());
    }
}
