//! `QCStatements` (RFC 3739 §3.2.6), found by their OIDs and never by their position.

use x509_parser::asn1_rs::{Oid, oid};

use super::der::{Malformed, Values};
use super::{CertificateFault, Role};

/// No certificate in use has as many.
const MAX_STATEMENTS: usize = 32;
/// Annex A has nine roles.
const MAX_ROLES: usize = 16;
/// `NCAName` and `NCAId` have 1 to 256 characters (ETSI TS 119 495 §5.1).
const MAX_CHARACTERS: usize = 256;

/// What a qualified certificate is for (ETSI EN 319 412-5 §4.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QcType {
    /// `esign`: electronic signatures of people.
    Signature,
    /// `eseal`: electronic seals of organizations.
    Seal,
    /// `web`: website authentication, a QWAC.
    Web,
}

/// The PSD2 statement (ETSI TS 119 495 §5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Psd2Statement {
    /// `rolesOfPSP`: those of Annex A, each once. Others may define roles as well (GEN-5.2.2-4); they permit nothing here.
    pub roles: Vec<Role>,
    /// `nCAName`: the competent authority's name.
    pub authority_name: String,
    /// `nCAId`: the competent authority's country and letters, `FR-ACPR`.
    pub authority_id: String,
}

/// The statements that this service reads; others are passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statements {
    /// `QcCompliance` is there (ETSI EN 319 412-5 §4.2.1): the certificate is qualified.
    pub qualified: bool,
    /// `QcType`; empty if it is not there.
    pub types: Vec<QcType>,
    /// The PSD2 statement.
    pub psd2: Option<Psd2Statement>,
}

impl Statements {
    /// Reads the value of the extension `qcStatements`.
    pub(super) fn parse(der: &[u8]) -> Result<Self, CertificateFault> {
        let mut list = Values::of_sequence(der)?;
        let mut found = Self::default();
        let mut count = 0;
        while !list.is_empty() {
            count += 1;
            if count > MAX_STATEMENTS {
                return Err(CertificateFault::TooLarge);
            }
            found.read(list.sequence()?)?;
        }
        Ok(found)
    }

    fn read(&mut self, mut statement: Values) -> Result<(), CertificateFault> {
        let identifier = statement.oid()?;
        let repeated = if identifier == oid!(0.4.0.1862.1.1) {
            statement.end()?;
            std::mem::replace(&mut self.qualified, true)
        } else if identifier == oid!(0.4.0.1862.1.6) {
            !std::mem::replace(&mut self.types, types(statement)?).is_empty()
        } else if identifier == oid!(0.4.0.19495.2) {
            self.psd2.replace(psd2(statement)?).is_some()
        } else {
            false
        };
        if repeated { Err(CertificateFault::StatementRepeated) } else { Ok(()) }
    }
}

impl From<Malformed> for CertificateFault {
    fn from(_: Malformed) -> Self {
        Self::Statements
    }
}

/// `QcType ::= SEQUENCE OF OBJECT IDENTIFIER`, at least one that is known.
fn types(mut statement: Values) -> Result<Vec<QcType>, CertificateFault> {
    let mut list = statement.sequence()?;
    statement.end()?;
    let mut types = Vec::new();
    while !list.is_empty() {
        types.extend(qc_type(&list.oid()?));
    }
    if types.is_empty() { Err(CertificateFault::Statements) } else { Ok(types) }
}

fn qc_type(identifier: &Oid) -> Option<QcType> {
    [
        (oid!(0.4.0.1862.1.6.1), QcType::Signature),
        (oid!(0.4.0.1862.1.6.2), QcType::Seal),
        (oid!(0.4.0.1862.1.6.3), QcType::Web),
    ]
    .into_iter()
    .find_map(|(known, kind)| (known == *identifier).then_some(kind))
}

/// `PSD2QcType ::= SEQUENCE { rolesOfPSP, nCAName, nCAId }`.
fn psd2(mut statement: Values) -> Result<Psd2Statement, CertificateFault> {
    let mut content = statement.sequence()?;
    statement.end()?;
    let roles = roles(content.sequence()?)?;
    let authority_name = bounded(content.text()?)?;
    let authority_id = bounded(content.text()?)?;
    content.end()?;
    Ok(Psd2Statement { roles, authority_name, authority_id })
}

fn roles(mut list: Values) -> Result<Vec<Role>, CertificateFault> {
    let mut roles = Vec::new();
    let mut count = 0;
    while !list.is_empty() {
        count += 1;
        if count > MAX_ROLES {
            return Err(CertificateFault::TooLarge);
        }
        let role = role(list.sequence()?)?.filter(|role| !roles.contains(role));
        roles.extend(role);
    }
    if count == 0 { Err(CertificateFault::RoleMissing) } else { Ok(roles) }
}

/// The OID decides; a name that says something else is no reason to guess. `None` is a role that Annex A does not have.
fn role(mut item: Values) -> Result<Option<Role>, CertificateFault> {
    let role = Role::of_oid(&item.oid()?);
    let name = item.text()?;
    item.end()?;
    if role.is_none_or(|role| name == role.name()) { Ok(role) } else { Err(CertificateFault::RoleMismatch) }
}

fn bounded(text: &str) -> Result<String, CertificateFault> {
    let fits = (1..=MAX_CHARACTERS).contains(&text.chars().count());
    if fits { Ok(text.to_owned()) } else { Err(CertificateFault::Statements) }
}
