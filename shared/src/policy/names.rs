//! Names that clients show to people (RFC 7591 §5): whoever registers says what it is called, and a consent page repeats it.

mod likeness;

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use self::likeness::{Letters, Like, Likeness};
use super::{Conduct, Flag};
use crate::metadata::{ClientMetadata, Invalid, hidden_character, shows_nothing};

/// How many names may be reserved.
const MOST_RESERVED: usize = 200;

/// How long a reserved name may be, in bytes.
const MOST_BYTES: usize = 200;

/// What names clients may have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Names {
    /// Names that strangers may not have, nor any name with them in it.
    #[serde(skip_serializing_if = "Reserved::is_empty")]
    pub reserved: Reserved,
    /// What is done about a client with such a name.
    pub same: Conduct,
    /// What is done about one whose name looks like it (Unicode Technical Standard #39, confusables).
    pub look_alike: Conduct,
    /// What is done about format characters in what people are shown, as those that change the direction of writing, about
    /// characters without a meaning, and about names that show nothing.
    /// Control characters are refused in any case.
    pub hidden_characters: Conduct,
}

/// No name is reserved. One that is, is nobody else's, and what looks like it may be an accident.
impl Default for Names {
    fn default() -> Self {
        Self {
            reserved: Reserved::default(),
            same: Conduct::Refuse,
            look_alike: Conduct::Flag,
            hidden_characters: Conduct::Refuse,
        }
    }
}

/// As a policy has it.
#[derive(Deserialize)]
#[serde(default)]
struct Written {
    reserved: Vec<String>,
    same: Conduct,
    look_alike: Conduct,
    hidden_characters: Conduct,
}

impl Default for Written {
    fn default() -> Self {
        let Names { same, look_alike, hidden_characters, .. } = Names::default();
        Self { reserved: Vec::new(), same, look_alike, hidden_characters }
    }
}

impl From<Written> for Names {
    fn from(written: Written) -> Self {
        let Written { reserved, same, look_alike, hidden_characters } = written;
        let usual = Self::default();
        // Policies that reserved nothing once had `allow` for both: it said nothing then, and does not say it now.
        let says_nothing = reserved.is_empty() && (same, look_alike) == (Conduct::Allow, Conduct::Allow);
        let (same, look_alike) = if says_nothing { (usual.same, usual.look_alike) } else { (same, look_alike) };
        Self { reserved: reserved.into(), same, look_alike, hidden_characters }
    }
}

/// Names, prepared once to be compared, when the first client is: clones share that.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct Reserved {
    names: Arc<[String]>,
    #[serde(skip)]
    likeness: Arc<OnceLock<Likeness>>,
}

impl From<Vec<String>> for Reserved {
    fn from(names: Vec<String>) -> Self {
        Self { names: names.into(), likeness: Arc::default() }
    }
}

impl PartialEq for Reserved {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names
    }
}

impl Deref for Reserved {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.names
    }
}

impl Reserved {
    fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn likeness(&self) -> &Likeness {
        self.likeness.get_or_init(|| Likeness::of(self.names.iter().map(String::as_str)))
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
        let is_name = |name: &String| name.len() <= MOST_BYTES && likeness::has_words(name);
        self.reserved.len() <= MOST_RESERVED && self.reserved.iter().all(is_name)
    }

    /// Refuses what shall be refused.
    pub(super) fn permit(&self, metadata: &ClientMetadata) -> Result<(), Invalid> {
        let mut letters = Letters::default();
        for (member, name) in metadata.names() {
            if self.hidden_characters == Conduct::Refuse && shows_nothing(name) {
                return Err(Invalid::Blank { member });
            }
            match self.suspicion(name, &mut letters).map(|(flag, _)| flag) {
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
        let suspicions: Vec<Flag> = self.suspicions(metadata).into_iter().map(|(flag, _)| flag).collect();
        let hidden = self.hidden_characters != Conduct::Allow
            && metadata.names().any(|(_, name)| hidden_character(name).is_some() || shows_nothing(name));
        let told = [(Flag::ReservedName, self.same), (Flag::LookAlikeName, self.look_alike)].into_iter();
        let told = told.filter(move |(flag, conduct)| *conduct != Conduct::Allow && suspicions.contains(flag));
        told.map(|(flag, _)| flag).chain(hidden.then_some(Flag::HiddenCharacters))
    }

    /// The reserved name that the first of its names has in it, or looks like, if that is flagged.
    pub(crate) fn resembled(&self, metadata: &ClientMetadata) -> Option<&str> {
        let is_told = |flag: Flag| {
            let conduct = if flag == Flag::ReservedName { self.same } else { self.look_alike };
            conduct != Conduct::Allow
        };
        self.suspicions(metadata).into_iter().find(|(flag, _)| is_told(*flag)).map(|(_, reserved)| reserved)
    }

    fn suspicions(&self, metadata: &ClientMetadata) -> Vec<(Flag, &str)> {
        let mut letters = Letters::default();
        metadata.names().filter_map(|(_, name)| self.suspicion(name, &mut letters)).collect()
    }

    /// What is suspected of a name, and the reserved one that it is like.
    pub(crate) fn suspicion_of(&self, name: &str) -> Option<(Flag, &str)> {
        self.suspicion(name, &mut Letters::default())
    }

    /// What is suspected of a name, and the reserved one that it is like.
    fn suspicion(&self, name: &str, letters: &mut Letters) -> Option<(Flag, &str)> {
        if self.reserved.is_empty() || (self.same, self.look_alike) == (Conduct::Allow, Conduct::Allow) {
            return None;
        }
        let (like, reserved) = self.reserved.likeness().to(name, letters)?;
        let flag = match like {
            Like::Same => Flag::ReservedName,
            Like::Looks => Flag::LookAlikeName,
        };
        Some((flag, reserved))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use unicode_security::skeleton;

    use super::*;

    fn named(name: &str) -> ClientMetadata {
        let members = json!({"client_name": "Harmless", "client_name#x-1": name});
        ClientMetadata::from_members(members.as_object().unwrap().clone()).unwrap()
    }

    fn names(same: Conduct, look_alike: Conduct) -> Names {
        let reserved = ["Example Bank", "PayPal", "Info"].map(str::to_owned).to_vec();
        Names { reserved: reserved.into(), same, look_alike, ..Names::default() }
    }

    fn flags(name: &str) -> Vec<Flag> {
        let flags = names(Conduct::Flag, Conduct::Flag);
        flags.flags(&named(name)).filter(|flag| *flag != Flag::HiddenCharacters).collect()
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
            "PayPal™",
            "PayPal®",
            "PayPal℠ support",
            "ⓅayPal",
            "🅿🅰🆈🅿🅰🅻",
            "🇵🇦🇾🇵🇦🇱",
            "P\u{336}a\u{336}y\u{336}P\u{336}a\u{336}l\u{336}",
            "Pay\u{ad}Pal",
            "Pay\u{200b}Pal",
            "Pay\u{200d}Pa\u{200c}l\u{fe0f}",
            "P a y P a l",
            "P\u{a0}a\u{2003}y\u{3000}Pal",
            "P-a-y-P.a_l",
            "Pay🏦Pal",
            "PayPalLogin",
            "MyPayPal",
            "ПриветPayPal",
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
            "P4yP@l",
            "P@ypa!",
            "PayPa1|Login",
            "ΡayPal",
            "Exarnple Bank",
            "Еxаmрlе Ваnk",
            "PáyPàl",
            "P\u{301}\u{302}\u{303}\u{328}ayPa\u{489}l",
        ] {
            assert_eq!(flags(name), [Flag::LookAlikeName], "{name}");
        }
    }

    /// What is shown is compared, and not only what is sent: characters that nobody sees may turn it around.
    #[test]
    fn a_name_is_compared_as_it_is_read() {
        let (same, looks) = (&[Flag::ReservedName][..], &[Flag::LookAlikeName][..]);
        for (reserved, name, expected) in [
            ("Example Bank", "\u{202e}knaB elpmaxE", same),
            ("Example Bank", "\u{202e}knaB elpmaxE\u{202c} login", same),
            ("Example Bank", "Login: \u{202e}knaB\u{202c}\u{202e} elpmaxE", same),
            ("Example Bank", "Exam\u{202e}elp\u{202c} Bank", same),
            ("Example Bank", "\u{2067}\u{202e}knaB elpmaxE\u{202c}\u{2069}", same),
            ("Example Bank", "\u{202e}knaB e1pmaxE", looks),
            // The words in the order of Hebrew: on a page of that direction, or in part of one.
            ("Example Bank", "Bank\u{200f} \u{200f}Example", same),
            ("Example Bank", "\u{2067}Bank\u{200f} \u{200f}Example\u{2069}", same),
            ("הפועלים", "\u{202d}םילעופה", same),
            ("הפועלים", "\u{200f}בהפועלים", same),
            ("Example Bank", "\u{202e}Example Bank", same),
            ("Example Bank", "\u{202e}Example", &[]),
            ("Example Bank", "knaB elpmaxE", &[]),
            ("Example Bank", "\u{200e}Bank of \u{202b}Examples", &[]),
            ("הפועלים", "םילעופה", &[]),
        ] {
            let reserved = vec![reserved.to_owned()].into();
            let (same, hidden_characters) = (Conduct::Flag, Conduct::Allow);
            let names = Names { reserved, same, hidden_characters, ..Names::default() };
            assert_eq!(names.flags(&named(name)).collect::<Vec<_>>(), expected, "{name:?}");
        }
    }

    #[test]
    fn which_name_one_is_like_is_known() {
        let resembled =
            |same, look_alike, name: &str| names(same, look_alike).resembled(&named(name)).map(str::to_owned);
        for (name, expected) in [
            ("The EXAMPLE-BANK login", Some("Example Bank")),
            ("P4yP@l", Some("PayPal")),
            ("Ехаmple Bank", Some("Example Bank")),
            ("Bank of Examples", None),
        ] {
            assert_eq!(resembled(Conduct::Flag, Conduct::Flag, name).as_deref(), expected, "{name}");
        }
        assert_eq!(resembled(Conduct::Flag, Conduct::Allow, "P4yP@l"), None, "what is not flagged is not told");
    }

    #[test]
    fn what_only_has_the_same_letters_is_nobody_elses() {
        for name in
            ["Example", "Bank of Examples", "Examples Banking", "Paypalace", "Information", "", "…", "🏦", "銀行"]
        {
            assert_eq!(flags(name), [], "{name}");
        }
    }

    /// What a service reserves, what a stranger calls itself, and whether that is flagged.
    #[test]
    fn names_are_compared_in_whatever_script_they_are() {
        let (same, looks) = (&[Flag::ReservedName][..], &[Flag::LookAlikeName][..]);
        for (reserved, name, expected) in [
            ("Google", "Ｇｏｏｇｌｅ", same),
            ("Google", "G00gle", looks),
            ("Google", "Góoglé", looks),
            ("Google", "Go ogle", looks),
            ("Google", "ɢᴏᴏɢʟᴇ", looks),
            ("Google", "𝔊𝔬𝔬𝔤𝔩𝔢 login", same),
            ("Google", "G o o g l e", same),
            ("Google", "Gооglе", looks),
            ("Claude", "Ϲlaude", looks),
            ("Claude", "ϹLAUDE", looks),
            ("Claude", "С1аudе", looks),
            ("Claude", "Clauԁe", looks),
            ("Claude", "Clau\u{64}\u{307}e", looks),
            ("Claude", "Clauc1e", looks),
            ("Claude Code", "Claucle Cocle", looks),
            ("Example Bank", "Example Bánк", looks),
            ("Example Bank", "ЕХАМРLЕ ВАИК", looks),
            ("Google", "Ԍ\u{336}\u{489}ooｇｌe", looks),
            ("Google", "Gооglε", looks),
            ("GitHub", "ɢɪᴛʜᴜβ", looks),
            ("Amazon", "Aмazon", looks),
            ("Google", "ᴳoogᶩe", looks),
            ("Microsoft", "Rnicrosoft", looks),
            ("Western Union", "VVestern Union", looks),
            ("Société Générale", "SOCIETE GENERALE", same),
            ("Societe Generale", "Société Générale", looks),
            ("Société Générale", "Soci3t3 Generale", looks),
            ("Straße", "STRASSE", same),
            ("Сбербанк", "СБЕРБАНК Онлайн", same),
            ("Сбербанк", "Cбepбaнк", looks),
            ("СБЕРБАНК", "CБEPБAHK", looks),
            ("ОТП", "OTП", looks),
            ("ΑΛΦΑ ΤΡΑΠΕΖΑ", "Άλφα Τράπεζα", same),
            ("ΑΛΦΑ", "AΛΦA", looks),
            ("三菱", "三菱ＵＦＪ銀行", same),
            ("三菱", "ログイン三 菱", &[]),
            ("三菱", "三 菱", same),
            ("みずほ", "新みずほ銀行", same),
            ("ミズホ", "ﾐｽﾞﾎ銀行", same),
            ("กสิกรไทย", "ธนาคารกสิกรไทยออนไลน์", same),
            ("الراجحي", "بالراجحي", same),
            ("الراجحي", "الرَّاجِحِيّ", same),
            ("הפועלים", "בהפועלים", same),
            ("국민은행", "국민은행로그인", same),
            ("Ω", "Ω", same),
            ("Ω", "Café Ω", same),
            ("Ω", "Café Ωmega", &[]),
            ("3M", "3M login", same),
            ("3M", "EM Solutions", &[]),
        ] {
            let names = Names { reserved: vec![reserved.to_owned()].into(), same: Conduct::Flag, ..Names::default() };
            let flags: Vec<Flag> = names.flags(&named(name)).filter(|flag| *flag != Flag::HiddenCharacters).collect();
            assert_eq!(flags, expected, "{reserved}: {name}");
        }
    }

    /// In capitals an `L` has a foot; small, an `l` is the stroke that an `I` is, and a `1` nearly.
    #[test]
    fn an_l_looks_like_an_i_only_where_it_is_small() {
        let (same, looks) = (&[Flag::ReservedName][..], &[Flag::LookAlikeName][..]);
        for (reserved, name, expected) in [
            ("ING", "lNG", looks),
            ("ING", "1NG", looks),
            ("ING", "|NG", looks),
            ("ING", "\u{217c}NG", looks),
            ("ING", "ɪɴɢ", looks),
            ("ING", "LNG", &[]),
            ("ING", "LNG Terminal", &[]),
            ("ing", "Lng", &[]),
            ("ING", "\u{216c}NG", &[]),
            ("ING", "ＬＮＧ", &[]),
            ("ING", "ĽNG", &[]),
            ("ING", "ŁNG", &[]),
            ("ING", "ʟɴɢ", &[]),
            ("LNG", "ʟɴɢ", looks),
            ("LNG", "lNG", same),
            ("LNG", "1NG", looks),
            ("Aldi", "ALDL", &[]),
            ("Aldi", "AIDI", looks),
            ("Aldi", "aldl", looks),
            ("1st Bank", "Lst Bank", &[]),
            ("1st Bank", "Ist Bank", looks),
        ] {
            let names = Names { reserved: vec![reserved.to_owned()].into(), same: Conduct::Flag, ..Names::default() };
            assert_eq!(names.flags(&named(name)).collect::<Vec<_>>(), expected, "{reserved}: {name:?}");
        }
        let both =
            Names { reserved: vec!["LNG".to_owned(), "ING".to_owned()].into(), ..names(Conduct::Flag, Conduct::Flag) };
        for (name, expected) in [("LNG", Flag::ReservedName), ("ING", Flag::ReservedName), ("1NG", Flag::LookAlikeName)]
        {
            assert_eq!(both.flags(&named(name)).collect::<Vec<_>>(), [expected], "{name}");
        }
    }

    /// Letters that are signs, signs that are letters, pieces of words, and accents: attackers and innocents.
    #[test]
    fn what_is_put_together_otherwise_is_found_and_what_only_sounds_so_is_not() {
        let (same, looks) = (&[Flag::ReservedName][..], &[Flag::LookAlikeName][..]);
        for (reserved, name, expected) in [
            ("Claude", "Claudeʼs Desktop", same),
            ("Example Bank", "ʼExample Bankʼ", same),
            ("PayPal", "PayPalʼs", same),
            ("Example Bank", "ExampleʼBank", same),
            ("Claude Code", "Claudeː Code", same),
            ("Claude", "Claudeː Code", same),
            ("Example Bank", "ExampleˈBank", same),
            ("GitHub", "GitـHub", same),
            ("GitHub", "GitꓸHub", same),
            ("Example Bank", "ExampleᐧBank", same),
            ("Claude", "Claudeª", same),
            ("Claude", "Claudeⁱ", same),
            ("Claude", "Claudeー", same),
            ("Claude", "ʰclaude", same),
            ("Claude", "Claudeʔ", same),
            ("الراجحي", "الراجـحي", same),
            ("الراجحي", "بالراجـحي", same),
            ("グーグル", "グーグル", same),
            ("ググル", "グーグル", &[]),
            ("GitHub", "Gith∪b", looks),
            ("Visa", "∨isa", looks),
            ("Visa", "⋁isa", looks),
            ("Example Bank", "e×ample bank", looks),
            ("Example Bank", "e⨯ample bank", looks),
            ("Example Bank", "e⤫ample bank", looks),
            ("Example Bank", "e╳ample bank", looks),
            ("Example Bank", "e᙭ample bank", looks),
            ("Example Bank", "e᙮ample bank", looks),
            ("Example Bank", "℮xample bank", looks),
            ("Example Bank", "Exampl℮ bank", looks),
            ("Example Bank", "⋿xample bank", looks),
            ("Example Bank", "ex⍺mple bank", looks),
            ("Example Bank", "exam⍴le bank", looks),
            ("Example Bank", "examp∣e bank", looks),
            ("Example Bank", "examp⏽e bank", looks),
            ("Example Bank", "examp￨e bank", looks),
            ("Example Bank", "examp\u{1D22A}e bank", looks),
            ("GitHub", "6itHub", looks),
            ("Example Bank", "Example 6ank", looks),
            ("Example Bank", "Example l3ank", looks),
            ("Example Bank", "Example |3ank", looks),
            ("Example Bank", "Exannple Bank", looks),
            ("GitHub", "GitHu13", looks),
            ("GitHub", "Gi†Hub", looks),
            ("Claude", "©laude", looks),
            ("ING", "Concerto in G", &[]),
            ("ING", "Plug in G", &[]),
            ("ING", "I N G", same),
            ("ING", "ING Bank", same),
            ("ING", "I.N.G.", same),
            ("ING", "in/G", looks),
            ("Uber", "Alles über Katzen", looks),
            ("Visa", "Vis a vis", &[]),
            ("Visa", "Vis-a-vis", &[]),
            ("Visa", "V i s a", same),
            ("Visa", "Vi·sa", looks),
            ("Visa", "V1sa", looks),
            ("Meta", "Met A Forecast", &[]),
            ("Meta", "M e t a", same),
            ("Example Bank", "ExampleBank", same),
            ("Example Bank", "E x a m p l e Bank", same),
            ("PayPal", "P a y P a l", same),
            ("PayPal", "P a y Pal", same),
            ("PayPal", "Pay Pal", same),
            ("PayPal", "PA YPAL", looks),
            ("中国银行", "中国 银行", same),
            ("Société Générale", "Société Générale", same),
            ("Société Générale", "Société Generale", looks),
            ("PayPal", "PáyPàl", looks),
            ("PayPal", "P\u{336}a\u{336}y\u{336}P\u{336}a\u{336}l\u{336}", same),
            ("PayPal", "Pay🏦Pal", same),
            ("PayPal", "P\u{a0}a\u{2003}y\u{3000}Pal", same),
            ("PayPal", "P-a-y-P.a_l", same),
            ("Amazon", "AmazonNews", same),
            ("Amazon", "AmаzonNews", looks),
            ("Anna", "Anna", same),
            ("Hanna", "Hаnna", looks),
            ("Claude", "Claudette", &[]),
            ("Example Bank", "Exampl3 Bank", looks),
            ("Сбербанк", "Сбербанк", same),
            ("Сбербанк", "Сбёрбанк", looks),
            ("Example Bank", "Visa × e×ample bank", looks),
            ("GitHub", "GitHub×", same),
            ("PayPal", "PayPal®", same),
            ("Route 6", "Route 66", &[]),
            ("Line", "Off-line notes", same),
            ("Line", "Headlines", &[]),
        ] {
            let (same, hidden_characters) = (Conduct::Flag, Conduct::Allow);
            let names =
                Names { reserved: vec![reserved.to_owned()].into(), same, hidden_characters, ..Names::default() };
            assert_eq!(names.flags(&named(name)).collect::<Vec<_>>(), expected, "{reserved}: {name:?}");
        }
    }

    /// Each character that Unicode (Technical Standard #39) says is confused with a letter of a name, in the place of that.
    #[test]
    fn whatever_is_confused_with_a_letter_is_found_in_its_place() {
        let all: Vec<(char, String)> = ('\u{80}'..='\u{1ffff}')
            .map(|letter| (letter, skeleton(letter.encode_utf8(&mut [0; 4])).collect()))
            .filter(|(letter, like): &(char, String)| !like.starts_with(*letter))
            .collect();
        let mut tried = 0;
        for reserved in ["Example Bank", "GitHub", "Quick Wolf Jazz", "VPDST My"] {
            let (likeness, mut letters) = (Likeness::of([reserved].into_iter()), Letters::default());
            for (at, letter) in reserved.char_indices().filter(|(_, letter)| *letter != ' ') {
                let forms = [letter, letter.to_ascii_uppercase(), letter.to_ascii_lowercase()];
                let forms = forms.map(|form| skeleton(form.encode_utf8(&mut [0; 4])).collect::<String>());
                for (other, _) in all.iter().filter(|(_, like)| forms.contains(like)) {
                    let name: String =
                        reserved.char_indices().map(|(place, own)| if place == at { *other } else { own }).collect();
                    assert!(likeness.to(&name, &mut letters).is_some(), "{name} with U+{:04X}", u32::from(*other));
                    tried += 1;
                }
            }
        }
        assert!(tried > 2000, "{tried}");
    }

    #[test]
    fn ordinary_names_are_nobody_elses() {
        let reserved =
            ["Google", "GitHub", "Claude", "Example Bank", "Société Générale", "三菱", "Сбербанк", "Ω", "Info"];
        let reserved = reserved.map(str::to_owned).to_vec();
        let names = Names { reserved: reserved.into(), look_alike: Conduct::Flag, ..Names::default() };
        for name in [
            "Bank of Examples",
            "Examples Bankers",
            "Example Data Bank",
            "Anthropic Claudette",
            "Claudia",
            "Jean Claudel",
            "Claus",
            "Googol",
            "Goggles",
            "Googly Eyes",
            "Git Hut",
            "GitHubber",
            "Gift Hub",
            "Generale des Eaux",
            "Société des Générales",
            "Information Desk",
            "Infonova",
            "Café Ωmega",
            "Omega",
            "W Hotels",
            "Cafe O",
            "3M",
            "Route 66",
            "Mon Café",
            "Zoë & Søn – “Größe” №5",
            "Яндекс Mail",
            "Сберегательный банк",
            "Банк Сбережений",
            "東京Bank",
            "三井住友銀行",
            "十三 菱川",
            "菱三",
            "日本語クライアント",
            "한국은행",
            "ธนาคาร",
            "عميل تجريبي",
            "לקוח",
            "Ελληνική Τράπεζα",
            "می\u{200c}خواهم",
            "नमस्ते भारत",
            "👩\u{200d}💻 tools",
            "My MCP Client (v2)",
            "VS Code",
            "Cursor",
            "ChatGPT",
            "Notion 3.0",
            "",
        ] {
            assert_eq!(names.flags(&named(name)).collect::<Vec<_>>(), [], "{name}");
            assert_eq!(names.permit(&named(name)), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_policy_that_says_no_more_than_which_names_are_reserved_reserves_them() {
        for (written, same, look_alike) in [
            (json!({}), Conduct::Refuse, Conduct::Flag),
            (json!({"reserved": ["PayPal"]}), Conduct::Refuse, Conduct::Flag),
            (json!({"reserved": ["PayPal"], "look_alike": "refuse"}), Conduct::Refuse, Conduct::Refuse),
            (json!({"reserved": ["PayPal"], "same": "allow", "look_alike": "allow"}), Conduct::Allow, Conduct::Allow),
            (json!({"same": "allow", "look_alike": "allow"}), Conduct::Refuse, Conduct::Flag),
            (json!({"same": "flag", "look_alike": "allow"}), Conduct::Flag, Conduct::Allow),
        ] {
            let names: Names = serde_json::from_value(written.clone()).unwrap();
            assert_eq!((names.same, names.look_alike), (same, look_alike), "{written}");
            assert_eq!(serde_json::from_value::<Names>(json!(names)).unwrap(), names, "{written}");
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
        let reserved: Vec<String> = (0..200).map(|number| format!("{}{number}", "a".repeat(190))).collect();
        let names = Names { reserved: reserved.into(), look_alike: Conduct::Refuse, ..Names::default() };
        assert!(names.permit(&named(&format!("{}1 b", "a ".repeat(2000)))).is_err(), "however they are put together");
        for letters in [
            "a",
            "a ",
            "ж ",
            "é",
            "菱",
            "1",
            "n",
            "613",
            "×",
            "aʰ",
            "6n×é13ʰ",
            "\u{202e}a",
            "\u{2067}a",
            "\u{2067}a\u{2069}",
            "\u{200f}(",
        ] {
            let long = letters.repeat(60_000 / letters.len());
            assert_eq!(names.permit(&named(&long)), Ok(()), "{letters}");
        }
    }
}
