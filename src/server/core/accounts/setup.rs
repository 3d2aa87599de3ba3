//! The first start: a one-time code is exchanged for the first administrator.

use super::users::{self, CheckedDraft, UserDraft};
use crate::{
    domain::{
        audit::Event,
        password::Password,
        setup::{SetupCode, SetupDraft},
    },
    error::{AppError, Failure, Refusal, Refusals, refusal_in},
    server::{
        core::{
            Core,
            actor::Actor,
            sessions::{Presented, Started},
            sign_in::{
                self, Credentials,
                throttle::{self, Subject},
            },
        },
        db::StoreError,
        store::{self, throttle::Outcome},
        token::{self, SetupCodeDigest},
    },
};
use std::time::Duration;

/// Long enough to carry the code from the terminal to a browser; too short to be useful in a terminal's scrollback
/// later (ASVS V6.4.1).
pub const CODE_LIFETIME: Duration = Duration::from_secs(3_600);

/// Creates a code that authorises the first account in a browser; the previous code becomes invalid. `None` if an
/// account exists.
pub async fn new_code(core: &Core) -> Result<Option<SetupCode>, StoreError> {
    // Nothing is written once accounts exist: a read-only database still serves reads.
    if !is_open(core).await? {
        return Ok(None);
    }
    let code = token::new_setup_code();
    let now = core.clock.now();
    let digest = token::setup_code_digest(&code);
    let kept =
        store::setup_codes::replace(&core.db, &digest, now, now.after(CODE_LIFETIME)).await?;
    Ok(kept.then_some(code))
}

/// Whether the first account is still to be created.
pub async fn is_open(core: &Core) -> Result<bool, StoreError> {
    Ok(!store::users::any_exists(&core.db).await?)
}

/// Creates the first account, an administrator, and signs the user in.
///
/// The code is checked first: without it a caller learns nothing else and costs no hash. The database decides at the
/// end, so of two concurrent requests only one gets the account (ASVS V6.4.1).
///
/// # Errors
/// [`Failure::NotFound`] once an account exists; [`Refusal::SetupCode`]; [`Refusal::Identity`] and
/// [`Refusal::Password`], after which the code stays valid; [`Failure::Throttled`] after too many guesses.
pub async fn create_first_admin(
    core: &Core,
    actor: &Actor,
    presented: Presented,
    code: &SetupCode,
    draft: &SetupDraft,
    password: &Password,
) -> Result<Started, AppError> {
    if !is_open(core).await? {
        return Err(Failure::NotFound.into());
    }
    let digest = token::setup_code_digest(code);
    check_code(core, actor, &digest).await?;
    let admin = check_draft(core, draft, password)?;
    let hash = core.hasher.hash(password).await?;
    let admin = admin.with_hash(core, &hash);
    let entry = actor.entry(core.clock.now(), Event::SetUp, Some(&admin.id), None);
    if !store::setup_codes::redeem(&core.db, &digest, &admin, entry).await? {
        return Err(Refusal::SetupCode.into());
    }
    // The regular sign-in, with all its checks.
    let credentials = Credentials {
        username: &draft.username,
        password,
    };
    let signed_in = sign_in::login(core, actor, presented, &credentials, false).await;
    signed_in.map_err(|error| match error {
        // The account was created, and changed at the same moment: there is no form to show again.
        AppError::Refused(_) => Failure::NotSignedIn.into(),
        failure @ AppError::Failed(_) => failure,
    })
}

/// Guesses are throttled by address alone. 100 bits cannot be guessed, and guesses from elsewhere must not block the
/// owner.
async fn check_code(core: &Core, actor: &Actor, digest: &SetupCodeDigest) -> Result<(), AppError> {
    let entry = |event| actor.entry(core.clock.now(), event, None, None);
    let throttled = || entry(Event::SetUpThrottled);
    let refused = |refusal| throttle::refuse(core, refusal, throttled());
    let guesser = Subject::SetupFrom(&actor.browser().address);
    let counters = core.throttle.counters(&[guesser], None);
    let mut guess = throttle::admit(core, counters).await.map_err(refused)?;
    guess.begin();
    let is_live = store::setup_codes::is_live(&core.db, digest, core.clock.now()).await?;
    let outcome = if is_live {
        Outcome::Right
    } else {
        Outcome::Wrong(Box::new(entry(Event::SetUpRefused)))
    };
    let decided = guess.decide(core, outcome, throttled()).await;
    if decided.map_err(refused)? {
        Ok(())
    } else {
        Err(Refusal::SetupCode.into())
    }
}

/// # Errors
/// What is wrong with any of the fields.
fn check_draft(
    core: &Core,
    draft: &SetupDraft,
    password: &Password,
) -> Result<CheckedDraft, Refusals> {
    let admin = first_admin(draft).check();
    let email = users::email_of(&draft.email);
    let password = core.password_rules.check(password, &draft.username, email);
    let refusals = admin.as_ref().err().into_iter().flat_map(Refusals::iter);
    Refusals::none_in(refusals.chain(refusal_in(&password)))?;
    admin
}

fn first_admin(draft: &SetupDraft) -> UserDraft {
    UserDraft {
        username: draft.username.clone(),
        email: users::email_of(&draft.email).map(str::to_owned),
        display_name: Some(draft.display_name.clone()),
        description: String::new(),
        is_admin: true,
    }
}
