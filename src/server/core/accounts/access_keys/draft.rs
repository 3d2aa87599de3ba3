//! The input for a new key, checked.

use crate::{
    domain::{
        access_key::{
            AccessKeyDraft, AccessKeyRefusal, MAX_KEY_NAME_CHARS, MAX_NETWORKS, Scope, Scopes,
        },
        moment::Timestamp,
        user::plain_text,
    },
    error::{Refusals, refusal_in},
    server::{clock, networks},
};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// The lifetime that the form proposes.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(90 * 86_400);

/// The settings of access keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLimits {
    pub max_lifetime: Duration,
    /// Live keys of one account.
    pub max_per_person: u32,
    /// Whether a key opens a session on the sign-in page.
    pub sign_in: bool,
}

impl KeyLimits {
    /// The last day that the form proposes, and the last one that it accepts, in UTC.
    pub fn last_days(&self, now: Timestamp) -> (String, String) {
        let day = |lifetime: Duration| clock::day(now.after(lifetime));
        (
            day(DEFAULT_LIFETIME.min(self.max_lifetime)),
            day(self.max_lifetime),
        )
    }

    /// The first day that is accepted as the last one: tomorrow, in UTC.
    pub fn first_day(&self, now: Timestamp) -> String {
        clock::day(now.after(DAY))
    }

    fn max_days(&self) -> u32 {
        u32::try_from(self.max_lifetime.as_secs() / DAY.as_secs()).unwrap_or(u32::MAX)
    }
}

/// What a key is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKeyTerms {
    pub name: String,
    pub scopes: Scopes,
    /// In their canonical form.
    pub networks: Vec<String>,
    /// The end of the last day, in UTC.
    pub expires_at: Timestamp,
}

/// # Errors
/// [`AccessKeyRefusal`], one for each field.
pub fn check(
    limits: &KeyLimits,
    draft: &AccessKeyDraft,
    administers: bool,
    now: Timestamp,
) -> Result<NewKeyTerms, Refusals> {
    let name = name_of(&draft.name);
    let expires_at = end_of_last_day(limits, &draft.last_day, now);
    let scopes = scopes_of(&draft.scopes, administers);
    let networks = networks::parse(&draft.networks, MAX_NETWORKS).ok_or(AccessKeyRefusal::Networks);
    let refusals = [
        refusal_in(&name),
        refusal_in(&expires_at),
        refusal_in(&scopes),
        refusal_in(&networks),
    ];
    Refusals::none_in(refusals.into_iter().flatten())?;
    Ok(NewKeyTerms {
        name: name?,
        scopes: scopes?,
        networks: networks?,
        expires_at: expires_at?,
    })
}

fn name_of(input: &str) -> Result<String, AccessKeyRefusal> {
    let name = plain_text(input, MAX_KEY_NAME_CHARS, AccessKeyRefusal::Name)?;
    if name.is_empty() {
        return Err(AccessKeyRefusal::Name);
    }
    Ok(name)
}

fn scopes_of(words: &[String], administers: bool) -> Result<Scopes, AccessKeyRefusal> {
    let scopes = words.iter().map(|word| word.parse::<Scope>());
    let scopes: Scopes = scopes
        .collect::<Result<_, _>>()
        .map_err(|_| AccessKeyRefusal::Scope)?;
    if scopes.is_empty() {
        return Err(AccessKeyRefusal::NoScope);
    }
    if scopes.of_role(administers) != scopes {
        return Err(AccessKeyRefusal::Scope);
    }
    Ok(scopes)
}

/// The field of a draft for a list of networks. From everywhere without any.
///
/// # Errors
/// [`AccessKeyRefusal::Networks`] if one of the texts is not exactly one network.
pub fn networks_field(list: &[String]) -> Result<String, AccessKeyRefusal> {
    networks::join(list).ok_or(AccessKeyRefusal::Networks)
}

/// The instant after the last day. An empty field has the default of the form.
fn end_of_last_day(
    limits: &KeyLimits,
    input: &str,
    now: Timestamp,
) -> Result<Timestamp, AccessKeyRefusal> {
    let refusal = AccessKeyRefusal::LastDay {
        max_days: limits.max_days(),
    };
    let (default, latest) = limits.last_days(now);
    let input = input.trim();
    let (_, end) =
        clock::parse_day(if input.is_empty() { &default } else { input }).ok_or(refusal)?;
    let (_, latest) = clock::parse_day(&latest).ok_or(refusal)?;
    let is_tomorrow_or_later = end >= now.after(DAY);
    (is_tomorrow_or_later && end <= latest)
        .then_some(end)
        .ok_or(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: KeyLimits = KeyLimits {
        max_lifetime: Duration::from_secs(365 * 86_400),
        max_per_person: 20,
        sign_in: false,
    };

    /// 21 September 2026, 14:13:20 UTC.
    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn draft() -> AccessKeyDraft {
        AccessKeyDraft {
            name: " Backup ".to_owned(),
            last_day: "2026-12-31".to_owned(),
            scopes: vec!["sessions:read".to_owned()],
            networks: String::new(),
        }
    }

    fn checked(draft: AccessKeyDraft) -> Result<NewKeyTerms, Refusals> {
        check(&LIMITS, &draft, false, NOW)
    }

    #[test]
    fn a_key_ends_with_its_last_day() {
        let terms = checked(draft()).unwrap();
        assert_eq!(clock::rfc3339(terms.expires_at), "2027-01-01T00:00:00Z");
        assert_eq!(terms.name, "Backup");
        let default = checked(AccessKeyDraft {
            last_day: String::new(),
            ..draft()
        })
        .unwrap();
        assert_eq!(clock::rfc3339(default.expires_at), "2026-12-21T00:00:00Z");
    }

    #[test]
    fn the_last_day_has_bounds() {
        let last_day = |day: &str| {
            checked(AccessKeyDraft {
                last_day: day.to_owned(),
                ..draft()
            })
        };
        for day in ["2026-09-22", "2027-09-21"] {
            assert!(last_day(day).is_ok(), "{day}");
        }
        for day in [
            "2026-09-21",
            "2026-09-20",
            "2027-09-22",
            "tomorrow",
            "2027-02-30",
            "9999-12-31",
        ] {
            assert_eq!(
                last_day(day),
                Err(AccessKeyRefusal::LastDay { max_days: 365 }.into()),
                "{day}"
            );
        }
    }

    #[test]
    fn scopes_have_to_exist_and_fit_the_role() {
        let scopes = |words: &[&str], administers| {
            let scopes = words.iter().map(|&word| word.to_owned()).collect();
            check(
                &LIMITS,
                &AccessKeyDraft { scopes, ..draft() },
                administers,
                NOW,
            )
            .map(|terms| terms.scopes.to_string())
        };
        assert_eq!(scopes(&[], true), Err(AccessKeyRefusal::NoScope.into()));
        assert_eq!(
            scopes(&["sessions:erase"], true),
            Err(AccessKeyRefusal::Scope.into())
        );
        assert_eq!(
            scopes(&["users:read"], false),
            Err(AccessKeyRefusal::Scope.into())
        );
        assert_eq!(
            scopes(&["users:read", "users:read"], true).unwrap(),
            "users:read"
        );
    }

    #[test]
    fn names_are_bounded_plain_text() {
        for name in ["", "  ", "a\u{202e}b", "a\0b", &"x".repeat(65)] {
            let refused = checked(AccessKeyDraft {
                name: name.to_owned(),
                ..draft()
            });
            assert_eq!(refused, Err(AccessKeyRefusal::Name.into()), "{name:?}");
        }
    }
}
