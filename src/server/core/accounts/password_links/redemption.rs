//! The use of a link: it is opened first, so that a dead one is reported before a password is thought up, and then
//! redeemed with a password.

use super::ticket::ticket_of;
use crate::{
    domain::{
        audit::Event,
        password::Password,
        password_link::{LinkPurpose, LinkSecret},
    },
    error::{AppError, Refusal},
    server::{
        core::{
            Core,
            actor::Actor,
            sessions::{Presented, Started, Verified, pending},
            sign_in::throttle::{self, Subject},
        },
        db::StoreError,
        store::{
            self,
            evidence::Evidence,
            throttle::Outcome,
            users::{Link, Redemption},
        },
        token::{self, LinkDigest},
    },
};

/// Checks a link without using it. Returns its ticket, with which the browser asks for its owner and redeems it.
///
/// # Errors
/// [`Refusal::Link`]; `Failure::Throttled` after too many guesses.
pub async fn open(core: &Core, actor: &Actor, secret: &LinkSecret) -> Result<String, AppError> {
    check(core, actor, &token::link_digest(secret)).await?;
    Ok(ticket_of(core, secret))
}

/// The valid link of a secret that came with a ticket: no guess, so it is not throttled.
pub async fn find(core: &Core, secret: &LinkSecret) -> Result<Option<Link>, StoreError> {
    let digest = token::link_digest(secret);
    store::users::find_by_link(&core.db, &digest, core.clock.now()).await
}

/// What followed from a link that was used.
#[derive(Debug)]
pub enum Redeemed {
    /// The owner of an invitation is signed in: they have just proved everything that a sign-in would ask for.
    SignedIn(Started),
    /// After a reset the owner signs in: whoever found the link alone is not let in unnoticed, and the browser has to
    /// become known as any other. The same after an invitation whose form was not proved to be from our page.
    PasswordSaved { username: String },
}

/// Sets the password of a link's owner. The link is used up, the sessions of the account end, and every browser of the
/// account counts as new again. The owner of an account that had no password is signed in, in the same transaction.
///
/// `presented` are the tokens of a browser whose form is proved to be from our page. Without it nobody is signed in: a
/// form of another site could bring a link of its own, and its visitor would use the account of an attacker.
///
/// The secret is checked first: without it a caller learns nothing else and costs no hash. The database decides at the
/// end, so of two concurrent requests only one sets a password.
///
/// # Errors
/// [`Refusal::Link`]; [`Refusal::OtherAccount`] and [`Refusal::Password`], after which the link stays valid;
/// `Failure::Throttled` after too many guesses.
pub async fn redeem(
    core: &Core,
    actor: &Actor,
    presented: Option<Presented>,
    secret: &LinkSecret,
    password: &Password,
) -> Result<Redeemed, AppError> {
    let link = token::link_digest(secret);
    let Link { user, purpose } = check(core, actor, &link).await?;
    // A session must not be replaced unnoticed, as by a link that somebody else has sent.
    if actor
        .person()
        .is_some_and(|person| person.user.id != user.id)
    {
        return Err(Refusal::OtherAccount.into());
    }
    let rules = &core.password_rules;
    rules.check(password, &user.username, user.email.as_deref())?;
    let password_hash = core.hasher.hash(password).await?;
    if let (LinkPurpose::Invitation, Some(presented)) = (purpose, presented) {
        let verified = Verified {
            user,
            evidence: Evidence::Invitation {
                link,
                password_hash,
            },
            known_device: None,
        };
        let started = pending::start(core, actor, presented, verified, false).await;
        return started.map(Redeemed::SignedIn).map_err(of_link);
    }
    let redemption = Redemption {
        link: &link,
        purpose,
        password_hash: &password_hash,
        at: core.clock.now(),
    };
    let redeemed = store::users::redeem_link(&core.db, &redemption, actor).await?;
    redeemed.ok_or(Refusal::Link)?;
    Ok(Redeemed::PasswordSaved {
        username: user.username,
    })
}

/// No session was started because the link was used or voided in the meantime.
fn of_link(failure: AppError) -> AppError {
    match failure {
        AppError::Refused(_) => Refusal::Link.into(),
        failure @ AppError::Failed(_) => failure,
    }
}

/// Guesses are throttled by address alone. 150 bits cannot be guessed, and guesses from elsewhere must not block the
/// owner of a link.
async fn check(core: &Core, actor: &Actor, digest: &LinkDigest) -> Result<Link, AppError> {
    let entry = |event| actor.entry(core.clock.now(), event, None, None);
    let throttled = || entry(Event::LinkThrottled);
    let refused = |refusal| throttle::refuse(core, refusal, throttled());
    let guesser = Subject::LinkFrom(&actor.browser().address);
    let counters = core.throttle.counters(&[guesser], None);
    let mut guess = throttle::admit(core, counters).await.map_err(refused)?;
    guess.begin();
    let found = store::users::find_by_link(&core.db, digest, core.clock.now()).await?;
    let outcome = match &found {
        Some(_) => Outcome::Right,
        None => Outcome::Wrong(Box::new(entry(Event::LinkRefused))),
    };
    let decided = guess.decide(core, outcome, throttled()).await;
    let passed = decided.map_err(refused)?;
    found.filter(|_| passed).ok_or(Refusal::Link.into())
}
