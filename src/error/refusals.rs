//! All reasons why a form was refused, so that people can correct them at once.

use super::Refusal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// More than any form can have at once.
const MAX: usize = 5;

/// At least one refusal, in the order of the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusals {
    first: Refusal,
    others: [Option<Refusal>; MAX - 1],
}

impl Refusals {
    /// `None` if nothing was refused.
    pub fn of(refusals: impl IntoIterator<Item = Refusal>) -> Option<Self> {
        let mut refusals = refusals.into_iter();
        let first = refusals.next()?;
        Some(Self {
            first,
            others: std::array::from_fn(|_| refusals.next()),
        })
    }

    /// # Errors
    /// All of them, if there are any.
    pub fn none_in(refusals: impl IntoIterator<Item = Refusal>) -> Result<(), Self> {
        Self::of(refusals).map_or(Ok(()), Err)
    }

    pub const fn first(&self) -> Refusal {
        self.first
    }

    pub fn iter(&self) -> impl Iterator<Item = Refusal> + use<> {
        [self.first]
            .into_iter()
            .chain(self.others.into_iter().flatten())
    }

    /// The HTTP status of the answer.
    pub const fn status(&self) -> u16 {
        match self.first {
            Refusal::SignIn | Refusal::AccessKeyLogin => 401,
            _ => 422,
        }
    }
}

impl<R: Into<Refusal>> From<R> for Refusals {
    fn from(refusal: R) -> Self {
        Self {
            first: refusal.into(),
            others: [None; MAX - 1],
        }
    }
}

/// The refusal of a field's value, if it was refused.
pub fn refusal_in<T, R: Copy + Into<Refusal>>(value: &Result<T, R>) -> Option<Refusal> {
    value.as_ref().err().map(|refusal| (*refusal).into())
}

/// One sentence after the other.
impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        for other in self.others.iter().flatten() {
            write!(f, " {other}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusals {}

impl Serialize for Refusals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Refusals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let refusals = Vec::<Refusal>::deserialize(deserializer)?;
        Self::of(refusals).ok_or_else(|| de::Error::custom("no refusal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::user::IdentityRefusal;

    #[test]
    fn all_refusals_reach_the_browser_in_their_order() {
        let all = [
            Refusal::SetupCode,
            IdentityRefusal::NameGrammar.into(),
            IdentityRefusal::Email.into(),
        ];
        let refusals = Refusals::of(all).unwrap();
        let sent = serde_json::to_string(&refusals).unwrap();
        let received: Refusals = serde_json::from_str(&sent).unwrap();
        assert_eq!(received, refusals);
        assert_eq!(received.iter().collect::<Vec<_>>(), all);
        assert_eq!(received.first(), Refusal::SetupCode);
    }

    #[test]
    fn there_is_at_least_one() {
        assert_eq!(Refusals::of([]), None);
        assert!(serde_json::from_str::<Refusals>("[]").is_err());
    }
}
