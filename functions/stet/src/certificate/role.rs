//! What a payment service provider may do (ETSI TS 119 495 §4.1, §5.1).

use x509_parser::asn1_rs::{Oid, oid};

/// A role of PSD2, as the competent authority has granted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// `PSP_AS`: keeps the accounts. It opens none of others.
    AccountServicing,
    /// `PSP_PI`: initiates payments.
    PaymentInitiation,
    /// `PSP_AI`: reads accounts.
    AccountInformation,
    /// `PSP_IC`: issues card-based payment instruments.
    CardInstruments,
}

impl Role {
    /// Every role, in the order of the standard.
    pub const ALL: [Self; 4] =
        [Self::AccountServicing, Self::PaymentInitiation, Self::AccountInformation, Self::CardInstruments];

    /// `roleOfPspName`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccountServicing => "PSP_AS",
            Self::PaymentInitiation => "PSP_PI",
            Self::AccountInformation => "PSP_AI",
            Self::CardInstruments => "PSP_IC",
        }
    }

    /// The STET scope that the role permits.
    #[must_use]
    pub fn scope(self) -> Option<&'static str> {
        match self {
            Self::AccountServicing => None,
            Self::PaymentInitiation => Some("pisp"),
            Self::AccountInformation => Some("aisp"),
            Self::CardInstruments => Some("cbpii"),
        }
    }

    /// The role that permits a STET scope.
    #[must_use]
    pub fn of_scope(scope: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.scope() == Some(scope))
    }

    /// The role with this `roleOfPspOid`.
    pub(super) fn of_oid(identifier: &Oid) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.oid() == *identifier)
    }

    fn oid(self) -> Oid<'static> {
        match self {
            Self::AccountServicing => oid!(0.4.0.19495.1.1),
            Self::PaymentInitiation => oid!(0.4.0.19495.1.2),
            Self::AccountInformation => oid!(0.4.0.19495.1.3),
            Self::CardInstruments => oid!(0.4.0.19495.1.4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ts119495_roles_and_stet_scopes_belong_together() {
        for (scope, role) in [
            ("aisp", Some(Role::AccountInformation)),
            ("pisp", Some(Role::PaymentInitiation)),
            ("cbpii", Some(Role::CardInstruments)),
            ("PSP_AS", None),
            ("", None),
        ] {
            assert_eq!(Role::of_scope(scope), role, "{scope}");
        }
        assert_eq!(Role::ALL.map(Role::name), ["PSP_AS", "PSP_PI", "PSP_AI", "PSP_IC"]);
    }
}
