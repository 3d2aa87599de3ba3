//! Sessions that get a new token, and what their previous tokens are valid for (ADR 29).

use super::validity::{Resumed, evaluate};
use crate::{
    domain::session::{CurrentUser, EndedElsewhere},
    server::{
        core::{Core, actor::Owner},
        db::StoreError,
        store::{
            self,
            evidence::Evidence,
            sessions::{Confirmation, Earlier, NewPassword, NewToken},
        },
        token::{DeviceDigest, SessionToken, TokenDigest},
    },
};
use std::time::Duration;

/// How long the answer to a confirmation may be in transit. A browser that lost its connection retries within this
/// time. It is short, so that a copy of the previous cookie is of little use.
pub const GRACE: Duration = Duration::from_secs(60);

/// After a new password, a session whose token is not used ends after this time: its browser has not received the
/// token.
pub const ENDS_UNUSED_AFTER: Duration = Duration::from_secs(5 * 60);

/// The proof that a new token requires.
pub struct Proven<'a> {
    /// The token that the browser presented.
    pub presented: &'a TokenDigest,
    pub evidence: &'a Evidence,
}

impl<'a> Proven<'a> {
    fn new_token(
        self,
        core: &Core,
        owner: Owner<'a>,
        token_digest: &'a TokenDigest,
    ) -> NewToken<'a> {
        NewToken {
            session: &owner.session().id,
            user: &owner.user().id,
            presented: self.presented,
            token_digest,
            evidence: self.evidence,
            at: core.clock.now(),
            actor: owner.actor(),
        }
    }
}

/// A session that got a new token, because the password of the account was changed in it.
#[derive(Debug)]
pub struct Renewed {
    pub token: SessionToken,
    /// The sessions and access keys that ended with the old password.
    pub ended: EndedElsewhere,
}

/// Renews the token of the owner's session after its password was entered again. Its ends do not move. `None` if it has
/// ended in the meantime, has another token than the presented one, or the password is no longer the verified one.
pub async fn renew(
    core: &Core,
    owner: Owner<'_>,
    proven: Proven<'_>,
) -> Result<Option<SessionToken>, StoreError> {
    let token = SessionToken::random();
    let digest = token.digest();
    let confirmation = Confirmation {
        token: proven.new_token(core, owner, &digest),
        grace: GRACE,
    };
    let renewed = store::sessions::renew_token(&core.db, confirmation).await?;
    Ok(renewed.then_some(token))
}

/// Renews the token of the owner's session together with the new password (ASVS V7.2.4, V7.4.3). The password was just
/// entered, so the lifetimes start again, as at a sign-in. `None` as for [`renew`].
pub async fn renew_with_password(
    core: &Core,
    owner: Owner<'_>,
    device: Option<&DeviceDigest>,
    proven: Proven<'_>,
    keep_keys: bool,
) -> Result<Option<Renewed>, StoreError> {
    let token = SessionToken::random();
    let digest = token.digest();
    let token_change = proven.new_token(core, owner, &digest);
    let (now, lifetimes) = (token_change.at, &core.lifetimes);
    let absolute_ends_at = now.after(lifetimes.absolute_for(owner.session().remember));
    let idle_ends_at = lifetimes.idle_end(now, owner.session().remember, absolute_ends_at);
    let change = NewPassword {
        token: token_change,
        device,
        keep_keys,
        ends_unused_at: now.after(ENDS_UNUSED_AFTER).min(idle_ends_at),
        idle_ends_at,
        absolute_ends_at,
    };
    let renewed = store::sessions::renew_with_password(&core.db, &change).await?;
    Ok(renewed.map(|ended| Renewed { token, ended }))
}

/// A live session, used for the first time under the presented token. This proves that its browser has the token, so
/// the previous one becomes invalid. That is stored before the request is answered.
pub(super) async fn record_first_use(
    core: &Core,
    digest: &TokenDigest,
    mut found: Box<CurrentUser>,
) -> Result<Resumed, StoreError> {
    let session = &mut found.session;
    let Some(idle_end) = session.idle_end_if_used.take() else {
        return Ok(Resumed::Live(found));
    };
    session.idle_ends_at = session.idle_ends_at.max(idle_end);
    let (id, idle_ends_at) = (&session.id, session.idle_ends_at);
    if store::sessions::first_use(&core.db, id, digest, idle_ends_at).await? {
        return Ok(Resumed::Live(found));
    }
    // It ended between the two statements, or was renewed: the request comes after that.
    let found = store::sessions::find_by_digest(&core.db, digest).await?;
    match evaluate(core, found).await {
        Resumed::Ended(reason) => Ok(Resumed::Ended(reason)),
        _ => superseded(core, digest).await,
    }
}

/// Resolves a token that no session has now: it was replaced, or is unknown.
pub(super) async fn superseded(core: &Core, digest: &TokenDigest) -> Result<Resumed, StoreError> {
    let Some(earlier) = store::sessions::find_earlier(&core.db, digest).await? else {
        return Ok(Resumed::Unknown);
    };
    let has_grace = has_grace(core, &earlier);
    Ok(match evaluate(core, Some(earlier.current)).await {
        Resumed::Live(mut found) if has_grace => {
            found.session.authenticated_at = earlier.authenticated_at;
            Resumed::Superseded(found)
        }
        Resumed::Live(_) => Resumed::Unknown,
        outcome => outcome,
    })
}

/// The same for a page that shows the other sign-ins.
pub(super) async fn superseded_with_sign_ins(
    core: &Core,
    digest: &TokenDigest,
) -> Result<Resumed, StoreError> {
    let Some(earlier) = store::sessions::find_earlier(&core.db, digest).await? else {
        return Ok(Resumed::Unknown);
    };
    let current = &earlier.token_digest;
    let with_sign_ins = store::sessions::find_with_sign_ins(&core.db, current).await?;
    Ok(match (superseded(core, digest).await?, with_sign_ins) {
        (Resumed::Superseded(mut found), Some(with_sign_ins)) => {
            found.sign_ins = with_sign_ins.sign_ins;
            Resumed::Superseded(found)
        }
        // Renewed once more between the two statements.
        (Resumed::Superseded(_), None) => Resumed::Unknown,
        (outcome, _) => outcome,
    })
}

/// Whether the answer that replaced the token may still be in transit. Setting the clock back does not prolong this.
fn has_grace(core: &Core, earlier: &Earlier) -> bool {
    let (now, renewed_at) = (core.clock.now(), earlier.renewed_at);
    earlier.has_grace
        && earlier.current.session.idle_end_if_used.is_some()
        && now.since(renewed_at) < GRACE
        && renewed_at.since(now) < GRACE
}
