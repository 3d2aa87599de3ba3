//! A new session, until the answer with its token is handed to the connection.
//!
//! If the browser is gone by then, no client has the token, so the session ends at once. Otherwise it would stay in the
//! list of sessions until it times out, and its owner could not identify it.

use super::{Presented, Started, Verified};
use crate::{
    domain::session::{EndReason, Ended},
    error::{AppError, Failure, Refusal},
    server::{
        core::{Core, actor::Actor, sessions},
        store,
        token::TokenDigest,
    },
};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{runtime::Handle, sync::oneshot};
use tracing::Instrument;

/// The session that an answer starts, if any. It ends when the last copy of this is dropped before
/// [`PendingSession::release`].
#[derive(Clone, Default)]
pub struct PendingSession(Arc<Shared>);

#[derive(Default)]
struct Shared(Mutex<Option<(Core, Actor, TokenDigest)>>);

impl PendingSession {
    pub fn set(&self, core: Core, actor: Actor, session: TokenDigest) {
        self.replace(Some((core, actor, session)));
    }

    /// From now on the session belongs to the browser. Whether the kernel delivers the answer cannot be known.
    pub fn release(&self) {
        self.replace(None);
    }

    fn replace(&self, held: Option<(Core, Actor, TokenDigest)>) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let held = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let (Some((core, actor, session)), Ok(runtime)) = (held.take(), Handle::try_current())
        else {
            return;
        };
        runtime.spawn(end(core, actor, session).in_current_span());
    }
}

async fn end(core: Core, actor: Actor, session: TokenDigest) {
    let found = store::sessions::find_by_digest(&core.db, &session).await;
    let ended = match found {
        Ok(Some(found)) => {
            let ended = Ended {
                at: core.clock.now(),
                reason: EndReason::SignedOut,
            };
            store::sessions::end(&core.db, &found.session.id, ended, &actor).await
        }
        Ok(None) => return,
        Err(error) => Err(error),
    };
    match ended {
        Ok(_) => {
            tracing::info!("the answer to a sign-in was not delivered, so its session has ended")
        }
        Err(error) => {
            tracing::warn!(%error, "the answer to a sign-in was not delivered, and its session is still live")
        }
    }
}

/// Starts a session for a verified user, in a task of its own. A commit whose request is cancelled may still happen;
/// the task then ends the session.
///
/// # Errors
/// [`Refusal::SignIn`] if the account was disabled or got another password in the meantime; [`Failure::Unavailable`].
pub async fn start(
    core: &Core,
    actor: &Actor,
    presented: Presented,
    verified: Verified,
    remember: bool,
) -> Result<Started, AppError> {
    let (answer, answered) = oneshot::channel();
    let (core, actor) = (core.clone(), actor.clone());
    let starting = async move {
        let started = sessions::start(&core, &actor, presented, &verified, remember).await;
        let pending = PendingSession::default();
        if let Ok(Some(started)) = &started {
            pending.set(core, actor, started.session.digest());
        }
        // If the receiver is gone, both are dropped.
        let _ = answer.send((started, pending));
    };
    tokio::spawn(starting.in_current_span());
    let (started, pending) = answered.await.map_err(|_| Failure::Internal)?;
    pending.release();
    started?.ok_or(Refusal::SignIn.into())
}
