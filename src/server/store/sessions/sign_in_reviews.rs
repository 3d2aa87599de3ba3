//! Sign-ins as their owner reviews them, independent of the state of their sessions.

use super::{SessionRow, ends::end_with_alert_within, is_unrecognised, select_sessions};
use crate::{
    domain::{
        actor::Actor,
        audit::Event,
        moment::Timestamp,
        session::{CurrentUser, EndReason, Ended, Session, SessionId, SignIn, SignIns},
        user::UserId,
    },
    server::{
        db::{
            Db, ENDED,
            Outcome::{Commit, RollBack},
            PERSON, StoreError, Transaction, execute, fetch_all, fetch_one, fetch_optional,
            transact,
        },
        store::{
            among::{IDS_PER_STATEMENT, fetch_among},
            audit, devices, users,
        },
        token::TokenDigest,
    },
};
use std::collections::HashMap;

/// The maximum number shown. The rest is counted; the audit log has them all.
const MAX_SHOWN: u32 = 5;

/// Unrecognised sign-ins of the user, except that of the browser with the token `$1`.
macro_rules! others_unrecognised {
    () => {
        "WHERE s.user_id = (SELECT user_id FROM sessions WHERE token_digest = $1) \
         AND s.id <> (SELECT COALESCE(alert_id, id) FROM sessions WHERE token_digest = $1) \
         AND s.new_device AND s.recognised_at IS NULL "
    };
}

/// The session of the token `$1`, the previous sign-in, and unrecognised ones: one more than are
/// shown, to detect whether there are more.
pub const WITH_SIGN_INS: &str = concat!(
    select_sessions!("'asking' AS part, ", "WHERE s.token_digest = $1 "),
    "UNION ALL SELECT * FROM (",
    select_sessions!(
        "'previous' AS part, ",
        "WHERE s.user_id = (SELECT user_id FROM sessions WHERE token_digest = $1) \
         AND (s.created_at, s.id) < (SELECT created_at, id FROM sessions WHERE token_digest = $1) \
         ORDER BY s.created_at DESC, s.id DESC LIMIT 1"
    ),
    ") AS previous UNION ALL SELECT * FROM (",
    select_sessions!(
        "'unrecognised' AS part, ",
        concat!(
            others_unrecognised!(),
            "ORDER BY s.created_at DESC, s.id DESC LIMIT 6"
        )
    ),
    ") AS unrecognised"
);

#[derive(sqlx::FromRow)]
struct PartRow {
    part: String,
    #[sqlx(flatten)]
    session: SessionRow,
}

/// The session of a token with its user, live or ended, and their other sign-ins that have to be
/// recognised. One statement, because every page of a person needs it: a second round trip costs more than the rows.
///
/// A new browser is not shown its own sign-in, and cannot recognise any. Only if there are more than are shown, a
/// second statement counts them.
pub async fn find_with_sign_ins(
    db: &Db,
    digest: &TokenDigest,
) -> Result<Option<CurrentUser>, StoreError> {
    let rows: Vec<PartRow> = fetch_all!(db, WITH_SIGN_INS, digest.as_str());
    let (mut current, mut sign_ins) = (None, SignIns::default());
    for row in rows {
        match row.part.as_str() {
            "asking" => {
                sign_ins.may_recognise = !row.session.is_unrecognised;
                current = Some(CurrentUser::try_from(row.session)?);
            }
            "previous" => sign_ins.previous = Some(row.session.into()),
            "unrecognised" => sign_ins.unrecognised.push(row.session.into()),
            other => unreachable!("the statement has no part {other}"),
        }
    }
    // The parts of a UNION have no defined order.
    sign_ins
        .unrecognised
        .sort_by(|one, other| (other.at, &other.session.0).cmp(&(one.at, &one.session.0)));
    if sign_ins.unrecognised.len() > MAX_SHOWN as usize {
        sign_ins.unrecognised.truncate(MAX_SHOWN as usize);
        sign_ins.more = count_others(db, digest).await?.saturating_sub(MAX_SHOWN);
    }
    let Some(current) = current else {
        return Ok(None);
    };
    if sign_ins.unrecognised.iter().any(|one| one.has_ended) {
        let in_use = browsers_in_use(db, &current.user.id).await?;
        for one in &mut sign_ins.unrecognised {
            one.has_ended &= !in_use.contains(&one.session.0);
        }
    }
    Ok(Some(CurrentUser {
        sign_ins: Some(sign_ins),
        ..current
    }))
}

/// The unrecognised sign-ins with a later live session in their browser: after a second sign-in the first one is still
/// shown as active.
async fn browsers_in_use(db: &Db, user: &UserId) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT alert_id FROM sessions \
        WHERE user_id = $1 AND ended_at IS NULL AND alert_id IS NOT NULL";
    Ok(fetch_all!(scalar db, SQL, &user.0))
}

/// The number of unrecognised sign-ins, for the session of the token. It counts to a thousand, so that a flood of
/// them does not slow the dashboard down.
async fn count_others(db: &Db, digest: &TokenDigest) -> Result<u32, StoreError> {
    const SQL: &str = concat!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM sessions s ",
        others_unrecognised!(),
        "LIMIT 1000) AS counted"
    );
    let count: i64 = fetch_one!(scalar db, SQL, digest.as_str());
    Ok(u32::try_from(count).unwrap_or_default())
}

/// Notifies the open pages of a user that there is another sign-in to review, or that one was reviewed: those of this
/// process after the commit, those of others by PostgreSQL's notice. On SQLite other processes poll.
pub(super) async fn notify_within(
    transaction: &mut Transaction,
    user: &UserId,
    newest: Option<&SessionId>,
) -> Result<(), StoreError> {
    transaction
        .notify(ENDED, &format!("{PERSON}{user}"))
        .await?;
    let (watchers, user, newest) = (transaction.watchers.clone(), user.clone(), newest.cloned());
    transaction.after_commit(move || match newest {
        Some(newest) => watchers.set_to_review(&user, Some(newest)),
        None => watchers.reviewed(&user),
    });
    Ok(())
}

/// The newest sign-in that the owner of a session has to review: not that of its own browser, and none in a session of
/// an access key, which cannot.
pub async fn newest_to_review(
    db: &Db,
    session: &SessionId,
) -> Result<Option<SessionId>, StoreError> {
    const SQL: &str = "SELECT s.id FROM sessions a JOIN sessions s ON s.user_id = a.user_id \
        WHERE a.id = $1 AND a.key_id IS NULL AND s.id <> COALESCE(a.alert_id, a.id) AND s.new_device AND s.recognised_at IS NULL \
        ORDER BY s.created_at DESC, s.id DESC LIMIT 1";
    let id: Option<String> = fetch_optional!(scalar db, SQL, &session.0);
    Ok(id.map(SessionId))
}

/// The newest sign-in to review of each of these users who have one, for all their sessions together.
pub async fn newest_to_review_of(
    db: &Db,
    users: &[UserId],
) -> Result<HashMap<UserId, SessionId>, StoreError> {
    const SQL: &str = "SELECT user_id, MAX(id) FROM sessions \
        WHERE new_device AND recognised_at IS NULL AND user_id";
    let mut newest = HashMap::new();
    for users in users.chunks(IDS_PER_STATEMENT) {
        let rows: Vec<(String, String)> =
            fetch_among!(db, SQL, users, build_query_as, " GROUP BY user_id");
        newest.extend(
            rows.into_iter()
                .map(|(user, id)| (UserId(user), SessionId(id))),
        );
    }
    Ok(newest)
}

/// The reason of its end is not parsed: a corrupt row must not prevent the page.
impl From<SessionRow> for SignIn {
    fn from(row: SessionRow) -> Self {
        Self {
            session: SessionId(row.session_id),
            device_name: row.device_name,
            at: Timestamp::from_millis(row.created_at),
            address: row.address,
            user_agent: row.user_agent,
            has_ended: row.ended_at.is_some(),
        }
    }
}

/// Recognises a sign-in of the user from a new browser, which is known from now on. `false` if there is no such
/// sign-in, or it was reviewed before; and if `current` is itself such a sign-in or has ended.
///
/// The account is written first: a rename of the browser writes the device before the sessions.
pub async fn recognise(
    db: &Db,
    current: &Session,
    id: &SessionId,
    now: Timestamp,
    actor: &Actor,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sessions SET alert_id = NULL WHERE user_id = $1 AND alert_id = $2";
    let user = &current.user_id;
    transact!(db, transaction => {
        users::lock_within(transaction, user).await?;
        if !mark_reviewed_within(transaction, current, id, now).await? {
            return Ok(RollBack(false));
        }
        devices::recognise_within(transaction, user, id).await?;
        execute!(transaction, SQL, &user.0, &id.0);
        notify_within(transaction, user, None).await?;
        let entry = actor.entry(now, Event::SignInRecognised, Some(user), Some(id));
        audit::insert_within(transaction, entry).await?;
        Ok(Commit(true))
    })
}

/// Disowns such a sign-in: its session ends, with later ones in its browser, and the browser is forgotten. If `current`
/// is itself in an unrecognised browser, the sign-in stays unrecognised: otherwise an attacker who signs in twice could
/// hide one sign-in with the other.
pub async fn disown(
    db: &Db,
    current: &Session,
    id: &SessionId,
    now: Timestamp,
    actor: &Actor,
) -> Result<bool, StoreError> {
    let user = &current.user_id;
    let ended = Ended {
        at: now,
        reason: EndReason::EndedByOwner,
    };
    transact!(db, transaction => {
        users::lock_within(transaction, user).await?;
        if !lock_unrecognised_within(transaction, current, id).await? {
            return Ok(RollBack(false));
        }
        mark_reviewed_within(transaction, current, id, now).await?;
        devices::disown_within(transaction, user, id).await?;
        end_with_alert_within(transaction, user, id, ended, actor).await?;
        notify_within(transaction, user, None).await?;
        let entry = actor.entry(now, Event::SignInDisowned, Some(user), Some(id));
        audit::insert_within(transaction, entry).await?;
        Ok(Commit(true))
    })
}

/// Whether `current` may review this sign-in. The row is locked, so that no other request recognises it meanwhile.
async fn lock_unrecognised_within(
    transaction: &mut Transaction,
    current: &Session,
    id: &SessionId,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sessions SET new_device = new_device \
        WHERE id = $1 AND user_id = $2 AND new_device AND recognised_at IS NULL \
        AND EXISTS (SELECT 1 FROM sessions a WHERE a.id = $3 AND a.user_id = $2 AND a.ended_at IS NULL \
            AND COALESCE(a.alert_id, a.id) <> $1)";
    let locked = execute!(transaction, SQL, &id.0, &current.user_id.0, &current.id.0);
    Ok(locked == 1)
}

/// Marks the sign-in as reviewed, if `current` is in a known browser.
async fn mark_reviewed_within(
    transaction: &mut Transaction,
    current: &Session,
    id: &SessionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = concat!(
        "UPDATE sessions SET recognised_at = $3 ",
        "WHERE id = $1 AND user_id = $2 AND new_device AND recognised_at IS NULL ",
        "AND EXISTS (SELECT 1 FROM sessions a WHERE a.id = $4 AND a.user_id = $2 AND a.id <> $1 ",
        "AND a.ended_at IS NULL AND NOT ",
        is_unrecognised!("a"),
        ")"
    );
    let marked = execute!(
        transaction,
        SQL,
        &id.0,
        &current.user_id.0,
        now.as_millis(),
        &current.id.0
    );
    Ok(marked == 1)
}
