//! Names that clients show to people (RFC 7591 §5): whoever registers says what it is called, and a consent page repeats it.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

use super::{Conduct, Flag};
use crate::metadata::{ClientMetadata, Invalid, Localized, hidden_character};

/// How many names may be reserved.
const MOST_RESERVED: usize = 200;

/// How long a reserved name may be, in bytes.
const MOST_BYTES: usize = 200;

/// What names clients may have.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    pub hidden_characters: Conduct,
    #[serde(skip)]
    forms: OnceLock<Vec<Forms>>,
}

/// No name is reserved.
impl Default for Names {
    fn default() -> Self {
        Self {
            reserved: Vec::new(),
            same: Conduct::Allow,
            look_alike: Conduct::Allow,
            hidden_characters: Conduct::Refuse,
            forms: OnceLock::new(),
        }
    }
}

/// How a name is compared.
#[derive(Debug, Clone)]
struct Forms {
    /// As it is written, in lower case.
    lower: Words,
    /// What it looks like.
    looks: Words,
}

/// Words without anything between them, and where each begins.
#[derive(Debug, Clone, Default)]
struct Words {
    text: String,
    starts: Vec<usize>,
}

/// Small capitals, which Unicode does not count among what is confused; there is none of q and x.
const SMALL_CAPITALS: (&str, &str) = ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz");

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        let settings = |names: &Self| (names.same, names.look_alike, names.hidden_characters);
        self.reserved == other.reserved && settings(self) == settings(other)
    }
}

impl Names {
    /// The same, where somebody vouches for the names.
    #[must_use]
    pub fn vouched(&self) -> Self {
        Self { hidden_characters: self.hidden_characters, ..Self::default() }
    }

    /// Whether the reserved names are some, and not too many.
    pub(super) fn is_within_bounds(&self) -> bool {
        let is_name = |name: &String| !Words::of(name).starts.is_empty() && name.len() <= MOST_BYTES;
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
        if reserved.iter().any(|reserved| name.lower.have(&reserved.lower)) {
            return Some(Flag::ReservedName);
        }
        reserved.iter().any(|reserved| name.looks.have(&reserved.looks)).then_some(Flag::LookAlikeName)
    }
}

impl Forms {
    fn of(name: &str) -> Self {
        let compatible: String = name.nfkc().collect();
        Self { lower: Words::of(&compatible.to_lowercase()), looks: Words::of(&look(&compatible)) }
    }
}

/// What a name looks like: each letter is the one that Unicode says it may be confused with, as it is written and in lower
/// case, since `М` looks like an `M` and `м` like no `m`. What only differs in a stroke is one letter.
fn look(name: &str) -> String {
    let (capitals, letters) = SMALL_CAPITALS;
    let plain = |letter: char| {
        let found = capitals.chars().zip(letters.chars()).find(|(capital, _)| *capital == letter);
        found.map_or(letter, |(_, plain)| plain)
    };
    let plain: String = name.chars().map(plain).collect();
    let lower = skeleton(&plain).collect::<String>().to_lowercase();
    let look = skeleton(&lower).collect::<String>().to_lowercase();
    let one = |letter: char| match letter {
        'i' | '1' | '|' => 'l',
        '0' => 'o',
        letter => letter,
    };
    look.chars().map(one).collect()
}

/// The names that a client has for people, each with its member.
fn shown(metadata: &ClientMetadata) -> impl Iterator<Item = (&'static str, &str)> {
    [("client_name", &metadata.client_name), ("organization_name", &metadata.organization_name)]
        .into_iter()
        .flat_map(|(member, names)| names.iter().flat_map(Localized::values).map(move |name| (member, name.as_str())))
}

impl Words {
    /// The words of a name: they end where a digit or another script begins.
    fn of(name: &str) -> Self {
        let (mut words, mut last) = (Self::default(), Kind::None);
        for letter in name.chars() {
            let kind = Kind::of(letter);
            if kind != Kind::None {
                if kind != last {
                    words.starts.push(words.text.len());
                }
                words.text.push(letter);
            }
            last = kind;
        }
        words
    }

    /// Whether some of them that follow each other make the reserved ones, however they are put together.
    fn have(&self, reserved: &Self) -> bool {
        let ends_a_word = |at: usize| at == self.text.len() || self.starts.binary_search(&at).is_ok();
        self.starts.iter().any(|start| {
            let rest = self.text.get(*start..).unwrap_or_default();
            rest.starts_with(&reserved.text) && ends_a_word(start + reserved.text.len())
        })
    }
}

/// What a word is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Latin,
    Digits,
    Other,
}

impl Kind {
    fn of(letter: char) -> Self {
        match letter {
            'a'..='z' | 'A'..='Z' => Self::Latin,
            '0'..='9' => Self::Digits,
            letter if letter.is_alphanumeric() => Self::Other,
            _ => Self::None,
        }
    }
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
        Names { reserved, same, look_alike, ..Names::default() }
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
            "PAYPAl",
            "Log in to PayPal!",
            "PayPal一Login",
            "PayPal²",
            "אPayPal",
            "PayPal2026",
            "ＰａｙＰａｌ",
            "ⓅⓐⓨⓅⓐⓛ",
            "𝐏ay𝒫al",
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
            "PаyPal support",
            "1nfo",
            "lnfo",
            "EXАМРLE BANK",
            "ЕХАМРLE BANK",
            "ᴘᴀʏᴘᴀʟ",
            "PAYPA1",
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
        let names = Names { reserved, same: Conduct::Refuse, ..Names::default() };
        assert!(names.permit(&named(&long)).is_err(), "two hundred times the same letter");
        let long = format!("{}b", "a".repeat(4000));
        assert!(names.permit(&named(&long)).is_ok());
    }
}
