//! Watches the sessions of open pages: those that end elsewhere, and those that time out. And the sign-ins of their
//! owners that have to be reviewed.
//!
//! The store notifies about the sessions that this process ends itself. This job works only while there are watchers.

use crate::{
    domain::{
        session::{EndReason, Ended, SessionId, Validity},
        user::UserId,
    },
    server::{
        core::{Core, sessions},
        db::{Changes, Hint, PERSON, StoreError},
        store,
        watchers::Notice,
    },
};
use tokio::task::JoinSet;

/// Every this many polls all watched sessions are read, with or without a hint. Another process that shares the
/// database may have moved their idle ends, and a clock or a hint may have been wrong. Polls are a quarter of a second
/// apart.
const ALL_EVERY: u32 = 120;

/// Watches until the server stops.
pub async fn run(core: Core) {
    loop {
        core.db.watchers.wait_for_watcher().await;
        poll_while_watched(&core).await;
    }
}

/// Polls until there are no more watchers. The database may be unavailable meanwhile: a poll that failed is repeated.
async fn poll_while_watched(core: &Core) {
    let mut changes = core.db.changes();
    let (mut checks, mut pending) = (0, Hint::Unchanged);
    while !core.db.watchers.is_empty() {
        let hint = next(&mut changes, &mut checks).await;
        let hint = pending.merge(hint);
        pending = match check(core, &hint).await {
            Ok(()) => Hint::Unchanged,
            Err(error) => {
                tracing::warn!(%error, "open pages will be notified later of ended sessions");
                release_due(core);
                hint
            }
        };
    }
}

async fn next(changes: &mut Changes, checks: &mut u32) -> Hint {
    *checks += 1;
    match changes.next().await {
        _ if checks.is_multiple_of(ALL_EVERY) => Hint::Unknown,
        hint => hint,
    }
}

/// Follows a hint, and checks the sessions that are due.
async fn check(core: &Core, hint: &Hint) -> Result<(), StoreError> {
    let watchers = &core.db.watchers;
    let to_check = match hint {
        Hint::Unchanged => Vec::new(),
        Hint::Changed => store::sessions::ended_among(&core.db, &watchers.live()).await?,
        Hint::Named(names) => {
            let persons = names.iter().filter_map(|name| name.strip_prefix(PERSON));
            persons.for_each(|person| watchers.reviewed(&UserId(person.to_owned())));
            watchers.among(names.iter().cloned().map(SessionId).collect())
        }
        Hint::Unknown => watchers.live(),
    };
    notify(core, &to_check).await?;
    if matches!(hint, Hint::Changed | Hint::Unknown) {
        notify_persons(core).await?;
    }
    notify(core, &watchers.due(core.clock.now())).await
}

/// Reads the state of these sessions, and notifies their watchers.
async fn notify(core: &Core, sessions: &[SessionId]) -> Result<(), StoreError> {
    let validities = store::sessions::validities(&core.db, sessions).await?;
    // Concurrently: each may wait for its commit until the deadline.
    let mut time_outs = JoinSet::new();
    for session in sessions {
        let Some(validity) = validities.get(session) else {
            // A row goes with its account. Another process deleted it, or has not yet notified the watchers.
            core.db.watchers.ended(session, EndReason::UserDeleted);
            continue;
        };
        match validity.end_by(core.clock.now()) {
            None => core.db.watchers.notify(session, Notice::Alive(*validity)),
            Some(ended) if validity.ended.is_some() => {
                core.db.watchers.ended(session, ended.reason);
            }
            Some(ended) => {
                drop(time_outs.spawn(time_out(core.clone(), session.clone(), *validity, ended)))
            }
        }
    }
    while time_outs.join_next().await.is_some() {}
    Ok(())
}

/// Reads the newest sign-in to review of each user with an open page, and notifies their watchers.
async fn notify_persons(core: &Core) -> Result<(), StoreError> {
    let persons = core.db.watchers.persons();
    let mut newest = store::sessions::newest_to_review_of(&core.db, &persons).await?;
    for person in &persons {
        let newest = newest.remove(person);
        core.db.watchers.set_to_review(person, newest);
    }
    Ok(())
}

async fn time_out(core: Core, session: SessionId, validity: Validity, ended: Ended) {
    // The page navigates, and that request checks its session. A clock that may be wrong must not end any other
    // session.
    let trusted = core.clock.trusted();
    if trusted.is_some_and(|now| validity.end_by(now).is_some()) {
        sessions::record_time_out(&core, &session, ended).await;
    }
    core.db.watchers.ended(&session, ended.reason);
}

/// Without the database it is unknown whether a session was used elsewhere. Watchers of sessions that are due are
/// released, without a notice of an end.
fn release_due(core: &Core) {
    for session in core.db.watchers.due(core.clock.now()) {
        core.db.watchers.notify(&session, Notice::Unknown);
    }
}
