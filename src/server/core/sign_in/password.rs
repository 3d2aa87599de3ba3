//! One attempt to prove a password: admitted, checked and recorded.
//!
//! Every password is checked here, so that each has the same throttle, the same work and the same audit (ASVS V6.3.4).

use super::throttle::{self, NotAdmitted, Subject, Undecided};
use crate::{
    domain::{
        audit::{Entry, Event, SignInRefusal},
        password::Password,
        user::{LookupKey, UserId},
    },
    error::AppError,
    server::{
        core::{
            Core,
            actor::Actor,
            audit,
            sessions::{Presented, Verified},
        },
        hashing::{Checked, Reservation},
        store::{
            self,
            evidence::Evidence,
            throttle::{Counters, Outcome},
            users::Credentials,
        },
        token::{DeviceDigest, DeviceToken},
    },
};

/// The purpose for which a password is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    SignIn,
    PasswordChange,
    Confirmation,
}

impl Purpose {
    fn refused(self, refusal: SignInRefusal) -> Event {
        match self {
            Self::SignIn => Event::SignInRefused(refusal),
            Self::PasswordChange => Event::PasswordChangeRefused(refusal),
            Self::Confirmation => Event::ConfirmationRefused(refusal),
        }
    }

    fn throttled(self) -> Event {
        match self {
            Self::SignIn => Event::SignInThrottled,
            Self::PasswordChange => Event::PasswordChangeThrottled,
            Self::Confirmation => Event::ConfirmationThrottled,
        }
    }
}

/// Why nothing was proved.
#[derive(Debug)]
pub enum NotProved {
    /// The one outcome of unknown names, wrong passwords, and accounts that are disabled or throttled by another
    /// spelling (ASVS V6.3.8).
    Refused,
    /// The attempt was not decided.
    Failed(AppError),
}

impl<E: Into<AppError>> From<E> for NotProved {
    fn from(failure: E) -> Self {
        Self::Failed(failure.into())
    }
}

/// Proves a user's identity by a password: finds the account, admits the attempt, and checks the password.
///
/// # Errors
/// [`NotProved::Refused`] for every kind of refusal; `Failure::Throttled` after too many of them; `Failure::Busy`,
/// `Failure::Unavailable` and `Failure::Internal`.
pub async fn prove(
    core: &Core,
    actor: &Actor,
    presented: &Presented,
    purpose: Purpose,
    name: &LookupKey,
    password: &Password,
) -> Result<Verified, NotProved> {
    let attempt = Attempt::by_name(core, actor, presented, purpose, name, password).await?;
    let admitted = attempt.admit().await?;
    attempt.verify(admitted).await
}

/// The account, the input and the actor.
struct Attempt<'a> {
    core: &'a Core,
    actor: &'a Actor,
    purpose: Purpose,
    name: &'a LookupKey,
    found: Option<Credentials>,
    password: &'a Password,
    /// The browser, if the user has signed in with it before.
    device: Option<DeviceDigest>,
}

/// An attempt that may be made: a reserved hashing thread, and a turn at its counters.
struct Admitted {
    reservation: Reservation,
    undecided: Undecided,
}

impl<'a> Attempt<'a> {
    /// Finds the account of `name`, if there is one.
    ///
    /// # Errors
    /// [`NotProved::Refused`] for a password above the maximum length, before any query: the time shows nothing about
    /// the name (CVE-2025-22234).
    async fn by_name(
        core: &'a Core,
        actor: &'a Actor,
        presented: &Presented,
        purpose: Purpose,
        name: &'a LookupKey,
        password: &'a Password,
    ) -> Result<Self, NotProved> {
        if password.is_too_long() {
            record_too_long(core, actor, purpose);
            return Err(NotProved::Refused);
        }
        let found = store::users::find_credentials(&core.db, name).await?;
        let device = known_device(core, found.as_ref(), presented).await?;
        Ok(Self {
            core,
            actor,
            purpose,
            name,
            found,
            password,
            device,
        })
    }

    /// Admits the attempt, if its counters have capacity and a hashing thread can be reserved. This bounds the cost of
    /// guessing.
    ///
    /// # Errors
    /// `Failure::Throttled` and `Failure::Busy`.
    async fn admit(&self) -> Result<Admitted, AppError> {
        let admitted = throttle::admit(self.core, self.counters()).await;
        let mut undecided = admitted.map_err(|refusal| self.not_admitted(refusal))?;
        let reservation = self.core.hasher.reserve()?;
        undecided.begin();
        Ok(Admitted {
            reservation,
            undecided,
        })
    }

    /// Checks the password and decides the attempt. Work and answer are the same for accounts that are unknown, have no
    /// password yet, are disabled, or are throttled because of another spelling (CVE-2024-39329; ASVS V6.3.8).
    /// CVE-2026-22746 skipped the work for disabled accounts.
    ///
    /// # Errors
    /// [`NotProved::Refused`] and `Failure::Throttled`, and the errors of hashing.
    async fn verify(self, admitted: Admitted) -> Result<Verified, NotProved> {
        let Admitted {
            reservation,
            undecided,
        } = admitted;
        let stored = self.found.as_ref().and_then(Credentials::hash);
        let checked = reservation.check(self.password, stored).await?;
        let throttled = self.entry(self.purpose.throttled());
        let decided = undecided.decide(self.core, self.outcome(&checked), throttled);
        if decided
            .await
            .map_err(|refusal| self.not_admitted(refusal))?
        {
            self.verified(checked).await
        } else {
            Err(NotProved::Refused)
        }
    }

    fn outcome(&self, checked: &Checked) -> Outcome {
        let refusal = match &self.found {
            None => SignInRefusal::UnknownUser,
            Some(_) if !checked.matches => SignInRefusal::WrongPassword,
            Some(found) if found.user.disabled => SignInRefusal::UserDisabled,
            Some(_) => return Outcome::Right,
        };
        Outcome::Wrong(Box::new(self.entry(self.purpose.refused(refusal))))
    }

    async fn verified(self, checked: Checked) -> Result<Verified, NotProved> {
        let found = self.found.ok_or(NotProved::Refused)?;
        let verified = found.password_hash;
        let kept = current_hash(self.core, self.password, &verified, checked).await;
        Ok(Verified {
            evidence: Evidence::Password { verified, kept },
            user: found.user,
            known_device: self.device,
        })
    }

    /// The counters of this attempt's failures.
    ///
    /// For a sign-in the counter of the account is hidden: a 429 at one spelling after guesses at another would show
    /// that both are one account. A signed-in user knows the account, so for them it refuses openly.
    fn counters(&self) -> Counters {
        let address = Subject::Address(&self.actor.browser().address);
        let name = Subject::Name(self.name);
        let throttle = &self.core.throttle;
        match (&self.found, &self.device, self.purpose) {
            (Some(found), Some(device), _) => {
                throttle.counters(&[Subject::Device(device, &found.user.id)], None)
            }
            (Some(found), None, Purpose::SignIn) => {
                throttle.counters(&[address, name], Some(Subject::Account(&found.user.id)))
            }
            (Some(found), None, _) => {
                throttle.counters(&[address, Subject::Account(&found.user.id)], None)
            }
            (None, _, _) => {
                throttle.counters(&[address, name], Some(Subject::UnknownAccount(self.name)))
            }
        }
    }

    fn entry(&self, event: Event) -> Entry {
        let user = self.found.as_ref().map(|found| &found.user.id);
        self.actor.entry(self.core.clock.now(), event, user, None)
    }

    fn not_admitted(&self, refusal: NotAdmitted) -> AppError {
        throttle::refuse(self.core, refusal, self.entry(self.purpose.throttled()))
    }
}

fn record_too_long(core: &Core, actor: &Actor, purpose: Purpose) {
    let address = Subject::Address(&actor.browser().address);
    let address = core.throttle.digest(&address);
    let event = purpose.refused(SignInRefusal::PasswordTooLong);
    let entry = actor.entry(core.clock.now(), event, None, None);
    audit::count_refusal(core, address, entry);
}

/// The browser, if this user has signed in with it before. It is queried for unknown names too, so that both take the
/// same time.
async fn known_device(
    core: &Core,
    found: Option<&Credentials>,
    presented: &Presented,
) -> Result<Option<DeviceDigest>, AppError> {
    let Some(device) = presented.device.as_ref().map(DeviceToken::digest) else {
        return Ok(None);
    };
    let no_user = UserId(String::new());
    let user = found.map_or(&no_user, |found| &found.user.id);
    let is_known = store::devices::is_known(&core.db, &device, user).await?;
    Ok(is_known.then_some(device))
}

/// The hash to store: the existing one, or a new one if its parameters are outdated (ASVS V11.2.2). If an upgrade
/// fails, another sign-in repeats it.
async fn current_hash(
    core: &Core,
    password: &Password,
    stored_hash: &str,
    checked: Checked,
) -> String {
    if !checked.is_outdated {
        return stored_hash.to_owned();
    }
    core.hasher.hash(password).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "a password hash was not upgraded");
        stored_hash.to_owned()
    })
}
