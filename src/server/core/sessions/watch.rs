//! Looks after the sessions that open pages watch: what ends elsewhere, and what times out.
//!
//! What this process ends itself is told by the store. It works only while somebody watches.

use crate::{
    domain::session::{Ended, Life, SessionId},
    server::{
        core::{Core, sessions},
        db::{Changes, Hint, StoreError},
        store,
        watchers::Notice,
    },
};
use tokio::task::JoinSet;

/// Every this many polls all watched sessions are read, with or without a hint: another process that
/// shares the database may have moved their idle ends, and a clock or a hint may have been wrong. Polls
/// are a quarter of a second apart.
const ALL_EVERY: u32 = 120;

/// Looks out for as long as the server lives.
pub async fn run(core: Core) {
    loop {
        core.db.watchers.begun().await;
        watch_until_quiet(&core).await;
    }
}

/// Looks out until nobody watches any more. The database may come and go meanwhile: what it did not
/// answer is asked again.
async fn watch_until_quiet(core: &Core) {
    let mut changes = core.db.changes();
    let (mut checks, mut owed) = (0, Hint::Nothing);
    while !core.db.watchers.is_quiet() {
        let hint = next(&mut changes, &mut checks).await;
        let hint = owed.and(hint);
        owed = match check(core, &hint).await {
            Ok(()) => Hint::Nothing,
            Err(error) => {
                tracing::warn!(%error, "open pages are told later of sessions that have ended");
                let_go(core);
                hint
            }
        };
    }
}

async fn next(changes: &mut Changes, checks: &mut u32) -> Hint {
    *checks += 1;
    match changes.next().await {
        _ if checks.is_multiple_of(ALL_EVERY) => Hint::Anything,
        hint => hint,
    }
}

/// Follows a hint, and looks at those whose time is over.
async fn check(core: &Core, hint: &Hint) -> Result<(), StoreError> {
    let watchers = &core.db.watchers;
    let doubtful = match hint {
        Hint::Nothing => Vec::new(),
        Hint::Something => store::sessions::ended_among(&core.db, &watchers.live()).await?,
        Hint::Named(names) => watchers.among(names.iter().cloned().map(SessionId).collect()),
        Hint::Anything => watchers.live(),
    };
    notify(core, &doubtful).await?;
    notify(core, &watchers.due(core.clock.now())).await
}

/// Reads how these sessions are, and tells it.
async fn notify(core: &Core, sessions: &[SessionId]) -> Result<(), StoreError> {
    let lives = store::sessions::lives(&core.db, sessions).await?;
    // At once: each of them may wait for as long as a commit is waited for.
    let mut time_outs = JoinSet::new();
    for session in sessions {
        let Some(life) = lives.get(session) else {
            core.db.watchers.notify(session, Notice::Ended(None));
            continue;
        };
        match life.end_by(core.clock.now()) {
            None => core.db.watchers.notify(session, Notice::Alive(*life)),
            Some(ended) if life.ended.is_some() => {
                core.db
                    .watchers
                    .notify(session, Notice::Ended(Some(ended.reason)));
            }
            Some(ended) => {
                drop(time_outs.spawn(time_out(core.clone(), session.clone(), *life, ended)))
            }
        }
    }
    while time_outs.join_next().await.is_some() {}
    Ok(())
}

async fn time_out(core: Core, session: SessionId, life: Life, ended: Ended) {
    // The page leaves, and asks for its session itself. A clock that may be wrong ends no other session.
    let trusted = core.clock.trusted();
    if trusted.is_some_and(|now| life.end_by(now).is_some()) {
        sessions::write_down(&core, &session, ended).await;
    }
    let notice = Notice::Ended(Some(ended.reason));
    core.db.watchers.notify(&session, notice);
}

/// Without the database nobody knows whether a session was used elsewhere. Those whose time is over by
/// all that is known are let go, without a word of an end.
fn let_go(core: &Core) {
    for session in core.db.watchers.due(core.clock.now()) {
        core.db.watchers.notify(&session, Notice::Unknown);
    }
}
