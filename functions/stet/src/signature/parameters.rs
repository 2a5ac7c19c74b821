//! The parameters of a `Signature` header (§2.1, §2.2, §4.1).

use std::collections::BTreeMap;
use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};

use super::{CREATED, DefaultHeaders, EXPIRES, REQUEST_TARGET, SignatureFault};

const MAX_BYTES: usize = 8192;
const MAX_PARAMETERS: usize = 32;
const MAX_KEY_ID_BYTES: usize = 2048;
/// An RSA signature of 8,192 bits.
const MAX_SIGNATURE_BYTES: usize = 1024;
const MAX_HEADERS: usize = 64;
const MAX_HEADER_NAME_BYTES: usize = 64;

/// A parameter that the draft knows (§2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parameter {
    /// `keyId` (§2.1.1).
    KeyId,
    /// `signature` (§2.1.2).
    Signature,
    /// `algorithm` (§2.1.3).
    Algorithm,
    /// `created` (§2.1.4).
    Created,
    /// `expires` (§2.1.5).
    Expires,
    /// `headers` (§2.1.6).
    Headers,
}

/// The value of `algorithm` (§2.1.3, Appendix E.2): a hint that can contradict the key, never choose for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// `hs2019`: SHA-512, and whatever the key is for.
    Hs2019,
    /// `rsa-sha256`: RSASSA-PKCS1-v1_5 with SHA-256. Deprecated by the draft, required by STET.
    RsaSha256,
    /// `ecdsa-sha256`: P-256 with SHA-256. Deprecated by the draft.
    EcdsaSha256,
}

/// The value of `expires` (§2.1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expires {
    /// Seconds since 1970-01-01T00:00:00Z.
    Integer(u64),
    /// The same with decimals, which are cut off here; `(expires)` cannot be signed then (§2.3).
    Decimal(u64),
}

/// The parameters of a `Signature` header, read and not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureParameters {
    key_id: String,
    signature: Vec<u8>,
    algorithm: Option<Algorithm>,
    created: Option<u64>,
    expires: Option<Expires>,
    headers: Option<Vec<String>>,
}

impl SignatureParameters {
    /// Reads the value of a `Signature` header (§4.1): `keyId="…",algorithm="…",headers="…",signature="…"`.
    ///
    /// Names of parameters are compared without case, values are quoted or tokens (RFC 9110 §11.2). Unknown
    /// and malformed parameters are ignored (§2.2), so a malformed required one is missing.
    ///
    /// # Errors
    /// The [`SignatureFault`] of the parameter.
    pub fn parse(header: &str) -> Result<Self, SignatureFault> {
        let mut values = known_parameters(header)?;
        let mut take = |parameter| values.remove(&parameter).flatten();
        let key_id = take(Parameter::KeyId).ok_or(SignatureFault::Missing(Parameter::KeyId))?;
        let signature = take(Parameter::Signature).ok_or(SignatureFault::Missing(Parameter::Signature))?;
        Ok(Self {
            key_id: bounded_key_id(key_id)?,
            signature: signature_bytes(&signature)?,
            algorithm: take(Parameter::Algorithm).as_deref().map(Algorithm::parse).transpose()?,
            created: take(Parameter::Created).as_deref().and_then(integer),
            expires: take(Parameter::Expires).as_deref().and_then(Expires::parse),
            headers: take(Parameter::Headers).as_deref().map(header_names).transpose()?,
        })
    }

    /// The value of `keyId`, not empty, at most 2,048 bytes of visible ASCII and spaces.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The signature, decoded.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The value of `algorithm`, if there is one.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// The value of `created` in seconds since 1970-01-01T00:00:00Z, if it is an integer.
    #[must_use]
    pub fn created(&self) -> Option<u64> {
        self.created
    }

    /// The value of `expires`, if it is a number.
    #[must_use]
    pub fn expires(&self) -> Option<Expires> {
        self.expires
    }

    /// What is signed, in lower case and in order; where `headers` is absent, what the service takes for it.
    #[must_use]
    pub fn covered(&self, default: DefaultHeaders) -> Vec<&str> {
        match (&self.headers, default) {
            (Some(names), _) => names.iter().map(String::as_str).collect(),
            (None, DefaultHeaders::Created) => vec![CREATED],
            (None, DefaultHeaders::Date) => vec!["date"],
        }
    }
}

impl Parameter {
    const ALL: [Self; 6] = [Self::KeyId, Self::Signature, Self::Algorithm, Self::Created, Self::Expires, Self::Headers];

    /// The name of the parameter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeyId => "keyId",
            Self::Signature => "signature",
            Self::Algorithm => "algorithm",
            Self::Created => "created",
            Self::Expires => "expires",
            Self::Headers => "headers",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.as_str().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Algorithm {
    fn parse(name: &str) -> Result<Self, SignatureFault> {
        match name.to_ascii_lowercase().as_str() {
            "hs2019" => Ok(Self::Hs2019),
            "rsa-sha256" => Ok(Self::RsaSha256),
            "ecdsa-sha256" => Ok(Self::EcdsaSha256),
            "rsa-sha1" => Err(SignatureFault::AlgorithmDeprecated),
            name if name.starts_with("hmac") => Err(SignatureFault::AlgorithmDeprecated),
            _ => Err(SignatureFault::AlgorithmUnknown),
        }
    }

    /// Whether `(created)` and `(expires)` may be signed with it: not if its name begins with `rsa`, `hmac`
    /// or `ecdsa` (§2.3).
    pub(super) fn signs_times(self) -> bool {
        match self {
            Self::Hs2019 => true,
            Self::RsaSha256 | Self::EcdsaSha256 => false,
        }
    }
}

impl Expires {
    fn parse(text: &str) -> Option<Self> {
        match text.split_once('.') {
            Some((seconds, decimals)) => integer(decimals).and(integer(seconds)).map(Self::Decimal),
            None => integer(text).map(Self::Integer),
        }
    }

    /// Full seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn seconds(self) -> u64 {
        match self {
            Self::Integer(seconds) | Self::Decimal(seconds) => seconds,
        }
    }
}

/// Digits only; at most 19, so that every one fits.
fn integer(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.len() <= 19 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// Each known parameter of the header, with its value unless that is malformed.
fn known_parameters(header: &str) -> Result<BTreeMap<Parameter, Option<String>>, SignatureFault> {
    let mut values = BTreeMap::new();
    for item in items(header)? {
        let (name, value) = name_and_value(item);
        if let Some(parameter) = Parameter::named(name)
            && values.insert(parameter, value).is_some()
        {
            return Err(SignatureFault::Duplicate(parameter));
        }
    }
    Ok(values)
}

/// The header, cut at the commas outside quoted strings.
fn items(header: &str) -> Result<Vec<&str>, SignatureFault> {
    if header.len() > MAX_BYTES {
        return Err(SignatureFault::TooLong);
    }
    if !header.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
        return Err(SignatureFault::Syntax);
    }
    let mut quotation = Quotation::Outside;
    let is_separator = |character: char| {
        quotation = quotation.after(character);
        character == ',' && quotation == Quotation::Outside
    };
    let items: Vec<&str> = header.split(is_separator).take(MAX_PARAMETERS + 1).collect();
    if items.len() > MAX_PARAMETERS {
        return Err(SignatureFault::TooManyParameters);
    }
    if quotation == Quotation::Outside { Ok(items) } else { Err(SignatureFault::Syntax) }
}

/// Where in a quoted string a reader is (RFC 9110 §5.6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotation {
    Outside,
    Inside,
    Escape,
}

impl Quotation {
    fn after(self, character: char) -> Self {
        match (self, character) {
            (Self::Outside, '"') | (Self::Escape, _) => Self::Inside,
            (Self::Outside, _) | (Self::Inside, '"') => Self::Outside,
            (Self::Inside, '\\') => Self::Escape,
            (Self::Inside, _) => Self::Inside,
        }
    }
}

/// `name=value` or `name="value"`; no value where it is malformed.
fn name_and_value(item: &str) -> (&str, Option<String>) {
    let item = trim(item);
    let (name, rest) = item.split_at(item.find(|character| !is_token(character)).unwrap_or(item.len()));
    let value = trim(rest).strip_prefix('=').map(trim).and_then(|value| quoted(value).or_else(|| token(value)));
    (name, value)
}

/// A quoted string without its quotes and escapes, if there is nothing after it.
fn quoted(text: &str) -> Option<String> {
    let mut value = String::with_capacity(text.len());
    let mut quotation = Quotation::Inside;
    for character in text.strip_prefix('"')?.chars() {
        if quotation == Quotation::Outside {
            return None;
        }
        quotation = quotation.after(character);
        if quotation == Quotation::Inside {
            value.push(character);
        }
    }
    (quotation == Quotation::Outside).then_some(value)
}

fn token(text: &str) -> Option<String> {
    (!text.is_empty() && text.chars().all(is_token)).then(|| text.to_owned())
}

/// RFC 9110 §5.6.2.
fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
}

/// Without the optional white space around it (RFC 9110 §5.6.3).
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn bounded_key_id(key_id: String) -> Result<String, SignatureFault> {
    match key_id.len() {
        0 => Err(SignatureFault::Missing(Parameter::KeyId)),
        1..=MAX_KEY_ID_BYTES => Ok(key_id),
        _ => Err(SignatureFault::KeyIdTooLong),
    }
}

fn signature_bytes(text: &str) -> Result<Vec<u8>, SignatureFault> {
    let bytes = BASE64.decode(text).map_err(|_| SignatureFault::NotBase64)?;
    if (1..=MAX_SIGNATURE_BYTES).contains(&bytes.len()) { Ok(bytes) } else { Err(SignatureFault::NotBase64) }
}

/// The value of `headers`, in lower case and in order.
fn header_names(list: &str) -> Result<Vec<String>, SignatureFault> {
    if list.is_empty() {
        return Err(SignatureFault::HeadersEmpty);
    }
    let mut names: Vec<String> = Vec::new();
    for name in list.split(' ') {
        let name = header_name(name)?;
        if names.contains(&name) {
            return Err(SignatureFault::HeaderTwice(name));
        }
        if names.len() == MAX_HEADERS {
            return Err(SignatureFault::TooManyHeaders);
        }
        names.push(name);
    }
    Ok(names)
}

fn header_name(name: &str) -> Result<String, SignatureFault> {
    let name = name.to_ascii_lowercase();
    if is_signable(&name) { Ok(name) } else { Err(SignatureFault::HeadersMalformed) }
}

/// Whether a signature can cover it: the name of a header in lower case, or a special one (§2.3).
#[must_use]
pub fn is_signable(name: &str) -> bool {
    let special = matches!(name, REQUEST_TARGET | CREATED | EXPIRES);
    let token = name.chars().all(|character| is_token(character) && !character.is_ascii_uppercase());
    special || (!name.is_empty() && name.len() <= MAX_HEADER_NAME_BYTES && token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(rest: &str) -> Result<SignatureParameters, SignatureFault> {
        SignatureParameters::parse(&format!(r#"keyId="k",signature="AAAA"{rest}"#))
    }

    #[test]
    fn s4_1_parameters_are_separated_by_commas_with_or_without_spaces() {
        for header in [
            r#"keyId="k",algorithm="hs2019",created=5,expires=6.5,headers="date (created)",signature="AAAA""#,
            "keyId=\"k\", algorithm=\"hs2019\" ,\tcreated=5,expires=6.5, headers=\"date (created)\",signature=\"AAAA\"",
            r#"keyId=k,algorithm=HS2019,created="5",expires="6.5",headers="DATE (Created)",signature="AAAA""#,
            r#"KEYID = "\k",Algorithm="hs2019",created=5,,expires=6.5,headers="date (created)",signature="AAAA","#,
        ] {
            let parameters = SignatureParameters::parse(header).expect(header);
            assert_eq!(parameters.key_id(), "k");
            assert_eq!(parameters.signature(), [0, 0, 0]);
            assert_eq!(parameters.algorithm(), Some(Algorithm::Hs2019));
            assert_eq!(parameters.created(), Some(5));
            assert_eq!(parameters.expires(), Some(Expires::Decimal(6)));
            assert_eq!(parameters.covered(DefaultHeaders::Date), ["date", "(created)"]);
        }
    }

    #[test]
    fn s2_1_1_a_key_id_may_hold_commas_quotes_and_backslashes() {
        let header = r#"keyId="SN=1F,CA=CN=\"A\\B\", C=FR",signature="AAAA""#;
        assert_eq!(SignatureParameters::parse(header).unwrap().key_id(), r#"SN=1F,CA=CN="A\B", C=FR"#);
    }

    #[test]
    fn s2_1_6_the_default_is_created_or_by_policy_date() {
        let parameters = parsed("").unwrap();
        assert_eq!(parameters.covered(DefaultHeaders::Created), ["(created)"]);
        assert_eq!(parameters.covered(DefaultHeaders::Date), ["date"]);
    }

    #[test]
    fn s2_2_unknown_and_malformed_parameters_are_ignored() {
        for rest in [
            ",(created)=1402170695,(expires)=1402170699",
            ",ext=\"a,b\"",
            ",ext",
            ",=",
            ",ext=\"\"x",
            ",created=5s,expires=soon",
            ",created=-5,expires=5.",
            ",created=5.0,expires=.5",
            ",created=5 5,expires=5 garbage",
            ",created=,expires=\"\"",
            ",created=99999999999999999999,expires=+5",
            ",algorithm=\"rsa-sha1\"garbage",
        ] {
            assert_eq!(parsed(rest), parsed(""), "{rest}");
        }
    }

    #[test]
    fn s2_each_rule_of_the_parameters_broken_alone() {
        use SignatureFault as Fault;
        let cases = [
            (r#"signature="AAAA""#, Fault::Missing(Parameter::KeyId)),
            (r#"keyId="",signature="AAAA""#, Fault::Missing(Parameter::KeyId)),
            (r#"keyId=a b,signature="AAAA""#, Fault::Missing(Parameter::KeyId)),
            (r#"keyId="k" garbage,signature="AAAA""#, Fault::Missing(Parameter::KeyId)),
            (r#"keyId="k" signature="AAAA""#, Fault::Missing(Parameter::KeyId)),
            (r#"keyId="k""#, Fault::Missing(Parameter::Signature)),
            (r#"keyId="k",signature="AAAA" garbage"#, Fault::Missing(Parameter::Signature)),
            (r#"keyId="k",signature="AAAA";x"#, Fault::Missing(Parameter::Signature)),
            (r#"keyId="k",signature=AAA="#, Fault::Missing(Parameter::Signature)),
            (r#"keyId="k",signature="""#, Fault::NotBase64),
            (r#"keyId="k",signature="AA""#, Fault::NotBase64),
            (r#"keyId="k",signature="AB==""#, Fault::NotBase64),
            (r#"keyId="k",signature="AA_-""#, Fault::NotBase64),
            (r#"keyId="k",signature="AAAA "#, Fault::Syntax),
            (r#"keyId="k\",signature="AAAA""#, Fault::Syntax),
            ("keyId=\"k\",signature=\"AAAA\"\n", Fault::Syntax),
            (r#"keyId="é",signature="AAAA""#, Fault::Syntax),
            ("", Fault::Missing(Parameter::KeyId)),
        ];
        for (header, fault) in cases {
            assert_eq!(SignatureParameters::parse(header), Err(fault), "{header}");
        }
    }

    #[test]
    fn s2_each_rule_of_the_optional_parameters_broken_alone() {
        use SignatureFault as Fault;
        let cases = [
            (r#",keyId="k""#, Fault::Duplicate(Parameter::KeyId)),
            (r#",KeyID="k""#, Fault::Duplicate(Parameter::KeyId)),
            (r#",signature="AAAA""#, Fault::Duplicate(Parameter::Signature)),
            (",created=1,created=1", Fault::Duplicate(Parameter::Created)),
            (",created=x,created=1", Fault::Duplicate(Parameter::Created)),
            (",expires=1,expires=2", Fault::Duplicate(Parameter::Expires)),
            (r#",algorithm="hs2019",algorithm="hs2019""#, Fault::Duplicate(Parameter::Algorithm)),
            (r#",headers="date",headers="host""#, Fault::Duplicate(Parameter::Headers)),
            (r#",headers="""#, Fault::HeadersEmpty),
            (r#",headers=" ""#, Fault::HeadersMalformed),
            (r#",headers="date  host""#, Fault::HeadersMalformed),
            (r#",headers=" date""#, Fault::HeadersMalformed),
            (r#",headers="date ""#, Fault::HeadersMalformed),
            (",headers=\"date\thost\"", Fault::HeadersMalformed),
            (r#",headers="date,host""#, Fault::HeadersMalformed),
            (r#",headers="(request-line)""#, Fault::HeadersMalformed),
            (r#",headers="date Date""#, Fault::HeaderTwice("date".to_owned())),
            (r#",algorithm="rsa-sha1""#, Fault::AlgorithmDeprecated),
            (r#",algorithm="hmac-sha256""#, Fault::AlgorithmDeprecated),
            (r#",algorithm="HMAC-SHA512""#, Fault::AlgorithmDeprecated),
            (r#",algorithm="rsa-sha512""#, Fault::AlgorithmUnknown),
            (r#",algorithm="none""#, Fault::AlgorithmUnknown),
            (r#",algorithm="""#, Fault::AlgorithmUnknown),
        ];
        for (rest, fault) in cases {
            assert_eq!(parsed(rest), Err(fault), "{rest}");
        }
    }

    #[test]
    fn every_size_and_count_has_a_bound() {
        use SignatureFault as Fault;
        let names = |count: usize| (0..count).map(|n| format!("x-{n}")).collect::<Vec<_>>().join(" ");
        let signed = |signature: String| SignatureParameters::parse(&format!(r#"keyId="k",signature="{signature}""#));
        let keyed = |key_id: String| SignatureParameters::parse(&format!(r#"keyId="{key_id}",signature="AAAA""#));
        assert!(parsed(&format!(r#",headers="{}""#, names(MAX_HEADERS))).is_ok());
        assert_eq!(parsed(&format!(r#",headers="{}""#, names(MAX_HEADERS + 1))), Err(Fault::TooManyHeaders));
        assert!(parsed(&format!(r#",headers="{}""#, "x".repeat(MAX_HEADER_NAME_BYTES))).is_ok());
        let long_name = format!(r#",headers="{}""#, "x".repeat(MAX_HEADER_NAME_BYTES + 1));
        assert_eq!(parsed(&long_name), Err(Fault::HeadersMalformed));
        assert!(parsed(&",a=b".repeat(MAX_PARAMETERS - 2)).is_ok());
        assert_eq!(parsed(&",a=b".repeat(MAX_PARAMETERS - 1)), Err(Fault::TooManyParameters));
        assert_eq!(parsed(&",".repeat(MAX_BYTES)), Err(Fault::TooLong));
        assert!(keyed("k".repeat(MAX_KEY_ID_BYTES)).is_ok());
        assert_eq!(keyed("k".repeat(MAX_KEY_ID_BYTES + 1)), Err(Fault::KeyIdTooLong));
        assert!(signed(BASE64.encode([1; MAX_SIGNATURE_BYTES])).is_ok());
        assert_eq!(signed(BASE64.encode([1; MAX_SIGNATURE_BYTES + 1])), Err(Fault::NotBase64));
    }

    proptest::proptest! {
        #[test]
        fn any_string_is_answered(header in proptest::string::string_regex("(?s).{0,200}").unwrap()) {
            let _ = SignatureParameters::parse(&header);
        }

        #[test]
        fn any_string_of_the_grammars_characters_is_answered(
            words in proptest::collection::vec(proptest::sample::select(vec![
                "keyId", "signature", "headers", "created", "expires", "algorithm", "=", "\"", "\\", ",", " ", "k",
                "AAAA", "date", "(created)", "1", ".5", "hs2019", "\t", "é",
            ]), 0..40),
        ) {
            if let Ok(parameters) = SignatureParameters::parse(&words.concat()) {
                proptest::prop_assert!(!parameters.key_id().is_empty());
                proptest::prop_assert!(!parameters.signature().is_empty());
                proptest::prop_assert!(!parameters.covered(DefaultHeaders::Created).is_empty());
            }
        }

        #[test]
        fn any_key_id_survives_its_quotes(key_id in "[ -~]{1,60}") {
            let escaped = key_id.replace('\\', r"\\").replace('"', "\\\"");
            let header = format!(r#"signature="AAAA",keyId="{escaped}""#);
            let parameters = SignatureParameters::parse(&header).unwrap();
            proptest::prop_assert_eq!(parameters.key_id(), key_id);
        }
    }
}
