//! Conditions of requests: which state of a resource is meant (RFC 9110 §13.1).

/// The value of `If-Match` or `If-None-Match`: `*`, which stands alone, or entity tags.
#[derive(Debug, PartialEq, Eq)]
pub enum EntityTags<'h> {
    /// Whatever there is.
    Any,
    /// One of these, as they are written; a weak one with its `W/`.
    These(Vec<&'h str>),
}

impl<'h> EntityTags<'h> {
    /// Reads a header; nothing if it is neither (RFC 9110 §8.8.3, §13.1.1). A comma in a tag separates nothing.
    #[must_use]
    pub fn parse(header: &'h str) -> Option<Self> {
        let blank = |letter: char| matches!(letter, ' ' | '\t');
        let mut rest = header.trim_matches(blank);
        if rest == "*" {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        loop {
            rest = rest.trim_start_matches(|letter| blank(letter) || letter == ',');
            if rest.is_empty() {
                return (!tags.is_empty()).then_some(Self::These(tags));
            }
            let opaque = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
            let (inside, behind) = opaque.split_once('"')?;
            if inside.contains(|letter: char| letter <= ' ' || letter == '\u{7f}') {
                return None;
            }
            tags.push(rest.strip_suffix(behind)?);
            rest = behind.trim_start_matches(blank);
            if !(rest.is_empty() || rest.starts_with(',')) {
                return None;
            }
        }
    }

    /// Whether a strong tag is among them: so `If-Match` compares (RFC 9110 §8.8.3.2).
    #[must_use]
    pub fn have(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.contains(&tag),
        }
    }

    /// Whether a strong tag is among them, or its weak one: so `If-None-Match` compares.
    #[must_use]
    pub fn have_weakly(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|known| known.strip_prefix("W/").unwrap_or(known) == tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9110_13_1_1_a_star_stands_alone_and_tags_are_quoted() {
        let these = |tags: &[&'static str]| Some(EntityTags::These(tags.to_vec()));
        for (header, expected) in [
            ("*", Some(EntityTags::Any)),
            (" *\t", Some(EntityTags::Any)),
            ("\"1\"", these(&["\"1\""])),
            ("W/\"1\"", these(&["W/\"1\""])),
            ("\"\"", these(&["\"\""])),
            ("\"a\", W/\"b\" ,\"c\"", these(&["\"a\"", "W/\"b\"", "\"c\""])),
            (", \"a\",, \"b\",", these(&["\"a\"", "\"b\""])),
            ("\"a,b\", \"*\"", these(&["\"a,b\"", "\"*\""])),
            ("\"é\"", these(&["\"é\""])),
            ("*, \"1\"", None),
            ("\"1\", *", None),
            ("*, *", None),
            ("", None),
            (",", None),
            ("1", None),
            ("\"1", None),
            ("\"1\" \"2\"", None),
            ("\"1\"2", None),
            ("w/\"1\"", None),
            ("\"a b\"", None),
        ] {
            assert_eq!(EntityTags::parse(header), expected, "{header}");
        }
    }

    #[test]
    fn rfc9110_8_8_3_2_tags_are_compared_strongly_and_weakly() {
        let tags = EntityTags::parse("\"a\", W/\"b\"").unwrap();
        assert_eq!(["\"a\"", "\"b\"", "\"c\""].map(|tag| tags.have(tag)), [true, false, false]);
        assert_eq!(["\"a\"", "\"b\"", "\"c\""].map(|tag| tags.have_weakly(tag)), [true, true, false]);
        assert!(EntityTags::Any.have("\"c\"") && EntityTags::Any.have_weakly("\"c\""));
    }
}
