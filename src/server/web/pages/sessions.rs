//! The page of a user's own sessions, and the view of a session for every page.

use super::visit::Visit;
use crate::{
    domain::{
        device,
        moment::Timestamp,
        session::Session,
        views::{LiveSessionView, SessionView, SessionsView},
    },
    error::AppError,
    server::{
        clock::{moment, relative},
        core::{accounts::access_keys, sessions},
        web::cookies::flash::Flash,
    },
};

pub async fn own(visit: Visit<'_>) -> Result<SessionsView, AppError> {
    let (state, current) = (visit.state, visit.current_user()?);
    let now = state.core.clock.now();
    let live = sessions::live_of(&state.core, &current.user.id).await?;
    let others = live.iter().filter(|one| one.id != current.session.id);
    Ok(SessionsView {
        current: live_session_view(&current.session, now),
        others: others.map(|one| live_session_view(one, now)).collect(),
        keys: access_keys::count_live(&state.core, &current.user.id).await?,
        ended: match visit.flash {
            Some(Flash::SessionsEnded { count }) => Some(count),
            _ => None,
        },
    })
}

pub fn live_session_view(session: &Session, now: Timestamp) -> LiveSessionView {
    LiveSessionView {
        id: session.id.to_string(),
        session: session_view(session),
        last_seen: relative(session.last_seen_at, now),
        idle_end: relative(session.idle_ends_at, now),
        absolute_end: relative(session.absolute_ends_at, now),
    }
}

pub fn session_view(session: &Session) -> SessionView {
    SessionView {
        device: device::in_words(&session.user_agent),
        address: session.address.clone(),
        remember: session.remember,
        has_key: session.key.is_some(),
        signed_in_at: moment(session.created_at),
        idle_ends_at: moment(session.idle_ends_at),
        absolute_ends_at: moment(session.absolute_ends_at),
    }
}
