//! Which app clients may be deleted, and why the others stay.

use std::collections::BTreeMap;

use super::pool::{AppClient, Maker};

/// Why an app client stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stays {
    /// Somebody uses it.
    Used,
    /// It is younger than the window, or was changed in it.
    Recent,
    /// An operator made it.
    Operators,
    /// Cognito does not say who made it.
    Unrecognized,
    /// Cognito does not say when it was made.
    Undated,
    /// It gets tokens of its own authority, and no metric of Cognito counts these by client.
    Machine,
    /// Cognito did not describe it.
    Undescribed,
    /// CloudWatch did not give all of its metrics.
    Unmeasured,
}

impl Stays {
    /// The name in JSON.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Recent => "recent",
            Self::Operators => "operators",
            Self::Unrecognized => "unrecognized",
            Self::Undated => "undated",
            Self::Machine => "machine",
            Self::Undescribed => "undescribed",
            Self::Unmeasured => "unmeasured",
        }
    }

    /// What so many of them are, for people.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Recent => "registered or changed since",
            Self::Operators => "made by operators",
            Self::Unrecognized => "of which Cognito does not say who made them",
            Self::Undated => "of which Cognito does not say when they were made",
            Self::Machine => "with client_credentials, whose use no metric counts",
            Self::Undescribed => "that Cognito did not describe",
            Self::Unmeasured => "whose metrics CloudWatch did not give",
        }
    }
}

/// What metrics say of an app client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Somebody used it, or tried to.
    Seen,
    /// Nobody did.
    None,
    /// They do not say.
    Unknown,
}

/// What one metric shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// There are data points.
    Points,
    /// All that CloudWatch has was read, and it is nothing.
    Nothing,
    /// Not all was read.
    NotAll,
}

impl Use {
    /// What the metrics of a client say together. None of them says nothing.
    pub(super) fn of(shown: &[Shown]) -> Self {
        if shown.contains(&Shown::Points) {
            Self::Seen
        } else if shown.is_empty() || shown.contains(&Shown::NotAll) {
            Self::Unknown
        } else {
            Self::None
        }
    }
}

/// Who is meant, before metrics are asked.
pub(super) struct Rule {
    /// When the window began, in seconds since 1970.
    pub(super) since: u64,
    /// How the names begin of clients that an operator's program made and that are meant as well.
    pub(super) also_named: Option<String>,
}

impl Rule {
    /// Why a client stays, whatever its use is; `None` if that depends on its use.
    pub(super) fn spares(&self, client: &AppClient) -> Option<Stays> {
        let named = self.also_named.as_ref().is_some_and(|prefix| client.name.starts_with(prefix.as_str()));
        match client.maker {
            Maker::Operator if !named => return Some(Stays::Operators),
            Maker::Unknown if !named => return Some(Stays::Unrecognized),
            Maker::Itself | Maker::Operator | Maker::Unknown => {}
        }
        let Some(created) = client.created else { return Some(Stays::Undated) };
        if created.max(client.modified.unwrap_or_default()) >= self.since {
            return Some(Stays::Recent);
        }
        client.is_machine.then_some(Stays::Machine)
    }

    /// Why a client stays of which metrics say this; `None` if it may be deleted.
    pub(super) fn keeps(&self, client: &AppClient, seen: Use) -> Option<Stays> {
        self.spares(client).or(match seen {
            Use::Seen => Some(Stays::Used),
            Use::Unknown => Some(Stays::Unmeasured),
            Use::None => None,
        })
    }
}

/// How many clients stay, by the reason.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kept(BTreeMap<Stays, u64>);

impl FromIterator<Stays> for Kept {
    fn from_iter<T: IntoIterator<Item = Stays>>(all: T) -> Self {
        let mut kept = Self::default();
        for stays in all {
            *kept.0.entry(stays).or_default() += 1;
        }
        kept
    }
}

impl Kept {
    /// The reasons that there are, each with its number.
    pub(super) fn reasons(&self) -> impl Iterator<Item = (Stays, u64)> {
        self.0.iter().map(|(stays, number)| (*stays, *number))
    }

    /// For people.
    pub(super) fn sentence(&self) -> String {
        let parts: Vec<String> =
            self.reasons().map(|(stays, number)| format!("{number} {}", stays.meaning())).collect();
        if parts.is_empty() { "None stays.".to_owned() } else { format!("What stays: {}.", parts.join("; ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINCE: u64 = 1_000_000;

    fn client() -> AppClient {
        AppClient {
            id: "1example23456789".to_owned(),
            name: "Example".to_owned(),
            maker: Maker::Itself,
            created: Some(SINCE - 1),
            modified: Some(SINCE - 1),
            host: Some("client.example".to_owned()),
            is_machine: false,
            providers: Vec::new(),
        }
    }

    fn rule(also_named: Option<&str>) -> Rule {
        Rule { since: SINCE, also_named: also_named.map(str::to_owned) }
    }

    #[test]
    fn only_who_is_known_to_be_unused_goes() {
        for (seen, stays) in
            [(Use::None, None), (Use::Seen, Some(Stays::Used)), (Use::Unknown, Some(Stays::Unmeasured))]
        {
            assert_eq!(rule(None).keeps(&client(), seen), stays, "{seen:?}");
        }
    }

    #[test]
    fn who_is_spared_stays_though_nobody_uses_it() {
        for (stays, client) in [
            (Stays::Operators, AppClient { maker: Maker::Operator, ..client() }),
            (Stays::Unrecognized, AppClient { maker: Maker::Unknown, ..client() }),
            (Stays::Undated, AppClient { created: None, ..client() }),
            (Stays::Recent, AppClient { created: Some(SINCE), ..client() }),
            (Stays::Recent, AppClient { modified: Some(SINCE), ..client() }),
            (Stays::Machine, AppClient { is_machine: true, ..client() }),
        ] {
            for seen in [Use::None, Use::Seen, Use::Unknown] {
                assert_eq!(rule(None).keeps(&client, seen), Some(stays), "{seen:?}");
            }
        }
        let unchanged = AppClient { modified: None, ..client() };
        assert_eq!(rule(None).keeps(&unchanged, Use::None), None, "what was never changed has no date of a change");
    }

    #[test]
    fn a_name_lets_an_operators_client_go_and_nothing_else() {
        for maker in [Maker::Operator, Maker::Unknown] {
            let client = AppClient { maker, name: "dcr-1".to_owned(), ..client() };
            assert_eq!(rule(Some("dcr-")).keeps(&client, Use::None), None);
            assert_eq!(rule(Some("dcr-")).keeps(&client, Use::Seen), Some(Stays::Used));
            assert!(rule(Some("other-")).keeps(&client, Use::None).is_some());
            assert!(rule(Some("cr-")).keeps(&client, Use::None).is_some(), "a name begins with it");
            let recent = AppClient { created: Some(SINCE), ..client };
            assert_eq!(rule(Some("dcr-")).keeps(&recent, Use::None), Some(Stays::Recent));
        }
    }

    #[test]
    fn one_metric_shows_a_use_and_all_show_that_there_is_none() {
        for (shown, seen) in [
            (&[Shown::Nothing, Shown::Nothing][..], Use::None),
            (&[Shown::Nothing, Shown::Points], Use::Seen),
            (&[Shown::NotAll, Shown::Points], Use::Seen),
            (&[Shown::Nothing, Shown::NotAll], Use::Unknown),
            (&[], Use::Unknown),
        ] {
            assert_eq!(Use::of(shown), seen, "{shown:?}");
        }
    }

    #[test]
    fn who_stays_is_counted_by_the_reason() {
        assert_eq!(Kept::default().sentence(), "None stays.");
        let kept = Kept::from_iter([Stays::Operators, Stays::Used, Stays::Operators]);
        assert_eq!(kept.sentence(), "What stays: 1 used; 2 made by operators.");
    }
}
