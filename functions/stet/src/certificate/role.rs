//! What a payment service provider may do (ETSI TS 119 495 §4.1, §5.1, Annex A).

use x509_parser::asn1_rs::{Oid, oid};

/// A role that Annex A of ETSI TS 119 495 V1.8.1 names. Only three of them open accounts of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// `Unspecified`.
    Unspecified,
    /// `PSP_AS`: keeps the accounts.
    AccountServicing,
    /// `PSP_PI`: initiates payments.
    PaymentInitiation,
    /// `PSP_AI`: reads accounts.
    AccountInformation,
    /// `PSP_IC`: issues card-based payment instruments.
    CardInstruments,
    /// `PSP_CB`: a central bank.
    CentralBank,
    /// `PSP_PA`: a public authority.
    PublicAuthority,
    /// `VOP_RS`, of the verification of payees.
    VopRs,
    /// `VOP_VS`, of the verification of payees.
    VopVs,
}

impl Role {
    /// Every role, in the order of the standard.
    pub const ALL: [Self; 9] = [
        Self::Unspecified,
        Self::AccountServicing,
        Self::PaymentInitiation,
        Self::AccountInformation,
        Self::CardInstruments,
        Self::CentralBank,
        Self::PublicAuthority,
        Self::VopRs,
        Self::VopVs,
    ];

    /// `roleOfPspName`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "Unspecified",
            Self::AccountServicing => "PSP_AS",
            Self::PaymentInitiation => "PSP_PI",
            Self::AccountInformation => "PSP_AI",
            Self::CardInstruments => "PSP_IC",
            Self::CentralBank => "PSP_CB",
            Self::PublicAuthority => "PSP_PA",
            Self::VopRs => "VOP_RS",
            Self::VopVs => "VOP_VS",
        }
    }

    /// The STET scope that the role permits.
    #[must_use]
    pub fn scope(self) -> Option<&'static str> {
        match self {
            Self::PaymentInitiation => Some("pisp"),
            Self::AccountInformation => Some("aisp"),
            Self::CardInstruments => Some("cbpii"),
            Self::Unspecified
            | Self::AccountServicing
            | Self::CentralBank
            | Self::PublicAuthority
            | Self::VopRs
            | Self::VopVs => None,
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
            Self::Unspecified => oid!(0.4.0.19495.1.0),
            Self::AccountServicing => oid!(0.4.0.19495.1.1),
            Self::PaymentInitiation => oid!(0.4.0.19495.1.2),
            Self::AccountInformation => oid!(0.4.0.19495.1.3),
            Self::CardInstruments => oid!(0.4.0.19495.1.4),
            Self::CentralBank => oid!(0.4.0.19495.1.5),
            Self::PublicAuthority => oid!(0.4.0.19495.1.6),
            Self::VopRs => oid!(0.4.0.19495.1.51),
            Self::VopVs => oid!(0.4.0.19495.1.52),
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
            ("VOP_RS", None),
            ("", None),
        ] {
            assert_eq!(Role::of_scope(scope), role, "{scope}");
        }
        let opening: Vec<Role> = Role::ALL.into_iter().filter(|role| role.scope().is_some()).collect();
        assert_eq!(opening, [Role::PaymentInitiation, Role::AccountInformation, Role::CardInstruments]);
    }
}
