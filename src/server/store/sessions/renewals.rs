//! Sessions that continue under a new token, because the password was confirmed or changed.
//!
//! The row is kept, so the id of the session stays valid. Every earlier token leads to it by `earlier_tokens`, with one
//! look-up on every node, after any number of renewals.

use super::{SessionRow, ends, select_sessions};
use crate::{
    domain::{
        access_key::RevokeReason,
        actor::Actor,
        audit::{Entry, Event},
        moment::Timestamp,
        session::{CurrentUser, EndedElsewhere, SessionId, Validity},
        user::UserId,
    },
    server::{
        db::{
            Db, ENDED,
            Outcome::{Commit, RollBack},
            StoreError, Transaction, execute, fetch_optional, fetch_optional_within, transact,
        },
        store::{access_keys, audit, devices, evidence::Evidence, password_links},
        token::{DeviceDigest, TokenDigest},
    },
};
use std::time::Duration;

/// The conditions for a session to continue under a new token.
pub struct NewToken<'a> {
    pub session: &'a SessionId,
    pub user: &'a UserId,
    /// Of the token that the browser sent. It has to be the current one: of two concurrent renewals one wins.
    pub presented: &'a TokenDigest,
    /// Of the new token.
    pub token_digest: &'a TokenDigest,
    pub evidence: &'a Evidence,
    pub at: Timestamp,
    pub actor: &'a Actor,
}

impl NewToken<'_> {
    fn entry(&self, event: Event) -> Entry {
        self.actor
            .entry(self.at, event, Some(self.user), Some(self.session))
    }
}

/// The conditions for confirming the password in a session.
pub struct Confirmation<'a> {
    pub token: NewToken<'a>,
    /// How long the previous token may confirm the password, if the current one is unused.
    pub grace: Duration,
}

/// The conditions for a change of the password, and what changes with it.
pub struct NewPassword<'a> {
    pub token: NewToken<'a>,
    /// The browser of the change keeps its status; all others are forgotten.
    pub device: Option<&'a DeviceDigest>,
    /// The access keys of the account stay valid.
    pub keep_keys: bool,
    /// The end of the session if no request sends its new token.
    pub ends_unused_at: Timestamp,
    pub idle_ends_at: Timestamp,
    pub absolute_ends_at: Timestamp,
}

/// A session that was found by an earlier token.
pub struct Earlier {
    pub current: CurrentUser,
    /// Of its current token.
    pub token_digest: TokenDigest,
    /// When the password was last verified before the token was replaced, and when it was replaced.
    pub authenticated_at: Timestamp,
    pub renewed_at: Timestamp,
    /// Whether this token was the previous one and was replaced by a confirmation.
    pub has_grace: bool,
}

#[derive(sqlx::FromRow)]
struct EarlierRow {
    present_digest: String,
    typed_before_at: i64,
    renewed_at: i64,
    has_grace: bool,
    #[sqlx(flatten)]
    session: SessionRow,
}

/// Gives a live session a new token, because the password was confirmed in it, in one transaction. It requires that
/// the account is enabled and still has the password that was verified. `false` if nothing changed.
pub async fn renew_token(db: &Db, confirmation: Confirmation<'_>) -> Result<bool, StoreError> {
    // A confirmation with the previous token comes from a browser that lost the answer to an earlier one.
    const SQL: &str = "UPDATE sessions SET token_digest = $2, authenticated_at = $3, idle_end_if_used = idle_ends_at \
        WHERE id = $1 AND ended_at IS NULL AND idle_ends_at > $3 AND absolute_ends_at > $3 \
        AND (token_digest = $4 OR idle_end_if_used IS NOT NULL AND EXISTS (SELECT 1 FROM earlier_tokens e \
            WHERE e.token_digest = $4 AND e.session_id = $1 AND e.has_grace \
            AND e.renewed_at > $3 - $5 AND e.renewed_at < $3 + $5))";
    let Confirmation { token, grace } = confirmation;
    let now = token.at;
    let grace = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
    transact!(db, transaction => {
        if !token.evidence.lock_account_within(transaction, token.user, now, token.actor).await? {
            return Ok(RollBack(false));
        }
        let Some(replaced) = keep_token_within(transaction, token.session, now).await? else {
            return Ok(RollBack(false));
        };
        let renewed = execute!(
            transaction,
            SQL,
            &token.session.0,
            token.token_digest.as_str(),
            now.as_millis(),
            token.presented.as_str(),
            grace
        );
        if renewed == 0 {
            return Ok(RollBack(false));
        }
        give_grace_within(transaction, token.session, Some(&replaced)).await?;
        audit::insert_within(transaction, token.entry(Event::PasswordConfirmed)).await?;
        Ok(Commit(true))
    })
}

/// Gives the account a new password and this session a new token and new lifetimes, and ends the other sessions, in
/// one transaction. It requires that this session is live under the token that was sent, that the account is enabled,
/// and that its password is the one that was verified. The access keys are revoked as well, unless they are to be kept.
/// `None` if nothing changed.
///
/// The account is written first, so that of two concurrent changes the second no longer finds the hash
/// that it has verified.
pub async fn renew_with_password(
    db: &Db,
    change: &NewPassword<'_>,
) -> Result<Option<EndedElsewhere>, StoreError> {
    let token = &change.token;
    let (session, user, now) = (token.session, token.user, token.at);
    transact!(db, transaction => {
        if !token.evidence.lock_account_within(transaction, user, now, token.actor).await? {
            return Ok(RollBack(None));
        }
        let sessions =
            ends::end_all_but_renewed_within(transaction, user, session, now, token.actor).await?;
        let Some(sessions) = sessions else {
            return Ok(RollBack(None));
        };
        let kept = keep_token_within(transaction, session, now).await?;
        if kept.as_ref() != Some(token.presented) {
            return Ok(RollBack(None));
        }
        restart_within(transaction, change, now).await?;
        give_grace_within(transaction, session, None).await?;
        // Every pending reset ends with the old password.
        password_links::void_within(transaction, user).await?;
        devices::forget_others_within(transaction, user, change.device, session).await?;
        audit::insert_within(transaction, token.entry(Event::PasswordChanged)).await?;
        let keys = if change.keep_keys {
            0
        } else {
            let reason = RevokeReason::PasswordChanged;
            access_keys::revoke_all_within(transaction, user, reason, now, token.actor).await?
        };
        Ok(Commit(Some(EndedElsewhere { sessions, keys })))
    })
}

/// Records the current token of a live session before it is replaced. `None` if the session has ended.
async fn keep_token_within(
    transaction: &mut Transaction,
    session: &SessionId,
    now: Timestamp,
) -> Result<Option<TokenDigest>, StoreError> {
    const SQL: &str = "INSERT INTO earlier_tokens \
        (token_digest, session_id, authenticated_at, renewed_at, has_grace) \
        SELECT token_digest, id, authenticated_at, $2, FALSE FROM sessions \
        WHERE id = $1 AND ended_at IS NULL RETURNING token_digest";
    let kept: Option<String> =
        fetch_optional_within!(scalar transaction, SQL, &session.0, now.as_millis());
    Ok(kept.map(TokenDigest::stored))
}

/// Gives the token that was just replaced its grace period, and takes it from all earlier ones.
async fn give_grace_within(
    transaction: &mut Transaction,
    session: &SessionId,
    replaced: Option<&TokenDigest>,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE earlier_tokens SET has_grace = (token_digest = $2) \
        WHERE session_id = $1 AND (has_grace OR token_digest = $2)";
    execute!(
        transaction,
        SQL,
        &session.0,
        replaced.map(TokenDigest::as_str).unwrap_or_default()
    );
    Ok(())
}

/// The password was verified just now, so the lifetimes restart, as at a sign-in. Open pages are notified: those with
/// the previous token have to connect again.
async fn restart_within(
    transaction: &mut Transaction,
    change: &NewPassword<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    // The transaction has found it live, and holds its row.
    const SQL: &str = "UPDATE sessions SET token_digest = $2, authenticated_at = $3, last_seen_at = $3, \
        idle_ends_at = $4, absolute_ends_at = $5, idle_end_if_used = $6 WHERE id = $1 AND ended_at IS NULL";
    let session = change.token.session;
    execute!(
        transaction,
        SQL,
        &session.0,
        change.token.token_digest.as_str(),
        now.as_millis(),
        change.ends_unused_at.as_millis(),
        change.absolute_ends_at.as_millis(),
        change.idle_ends_at.as_millis()
    );
    transaction.notify(ENDED, &session.0).await?;
    let (watchers, session) = (transaction.watchers.clone(), session.clone());
    let validity = Validity {
        idle_ends_at: change.ends_unused_at,
        absolute_ends_at: change.absolute_ends_at,
        ended: None,
    };
    transaction.after_commit(move || watchers.renewed(&session, validity));
    Ok(())
}

/// Records that a request has sent the new token of a session. From now on the previous token opens nothing, and
/// the session lives for its idle time. `false` if the session has ended or got another token meanwhile.
pub async fn first_use(
    db: &Db,
    id: &SessionId,
    digest: &TokenDigest,
    idle_ends_at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sessions SET idle_end_if_used = NULL, \
        idle_ends_at = CASE WHEN idle_ends_at < $3 THEN $3 ELSE idle_ends_at END \
        WHERE id = $1 AND token_digest = $2 AND ended_at IS NULL";
    transact!(db, transaction => {
        let used = execute!(transaction, SQL, &id.0, digest.as_str(), idle_ends_at.as_millis());
        if used == 1 {
            let (watchers, id) = (transaction.watchers.clone(), id.clone());
            transaction.after_commit(move || watchers.used(&id, idle_ends_at));
        }
        Ok(Commit(used == 1))
    })
}

/// The session that continues under another token than this one, with its user, live or ended.
pub async fn find_earlier(db: &Db, digest: &TokenDigest) -> Result<Option<Earlier>, StoreError> {
    const SQL: &str = select_sessions!(
        "s.token_digest AS present_digest, e.authenticated_at AS typed_before_at, e.renewed_at, e.has_grace, ",
        "JOIN earlier_tokens e ON e.session_id = s.id WHERE e.token_digest = $1"
    );
    let row: Option<EarlierRow> = fetch_optional!(db, SQL, digest.as_str());
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Earlier {
        current: CurrentUser::try_from(row.session)?,
        token_digest: TokenDigest::stored(row.present_digest),
        authenticated_at: Timestamp::from_millis(row.typed_before_at),
        renewed_at: Timestamp::from_millis(row.renewed_at),
        has_grace: row.has_grace,
    }))
}

/// The session of a token, the current one or an earlier one.
///
/// One statement: between two, a renewal could happen, and neither would find it.
pub async fn find_by_any_token(
    db: &Db,
    digest: &TokenDigest,
) -> Result<Option<CurrentUser>, StoreError> {
    const SQL: &str = select_sessions!(
        "WHERE s.id = (SELECT id FROM sessions WHERE token_digest = $1 \
         UNION ALL SELECT session_id FROM earlier_tokens WHERE token_digest = $1)"
    );
    let row: Option<SessionRow> = fetch_optional!(db, SQL, digest.as_str());
    row.map(CurrentUser::try_from).transpose()
}
