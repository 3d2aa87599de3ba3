//! The page of a user's own sessions, and the views of sessions and sign-ins for every page.

use super::visit::Visit;
use crate::{
    domain::{
        audit::RecordedMethod,
        device,
        moment::Timestamp,
        session::{CurrentUser, Session, SignIn},
        views::{
            LiveSessionView, NewSignInsView, RefusedNameView, SessionView, SessionsView,
            SignInMethod, SignInView,
        },
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
    let refused_name = match &visit.flash {
        Some(Flash::DeviceNameRefused { id, refusal, input }) => Some(RefusedNameView {
            session: id.clone(),
            input: input.clone(),
            refusal: *refusal,
        }),
        _ => None,
    };
    Ok(SessionsView {
        // It is used by this request.
        current: LiveSessionView {
            last_seen: relative(now, now),
            // To this device it is none.
            is_new: false,
            ..live_session_view(&current.session, now)
        },
        others: others.map(|one| live_session_view(one, now)).collect(),
        keys: access_keys::count_live(&state.core, &current.user.id).await?,
        may_name: sessions::may_name_devices(current),
        notice: match visit.flash {
            Some(Flash::Sessions { notice }) => Some(notice),
            _ => None,
        },
        // Its device may have been signed out since.
        refused_name: refused_name
            .filter(|refused| live.iter().any(|one| one.id.0 == refused.session)),
    })
}

/// The sign-ins that the user has to review; `None` if there are none, or in a session of an access key, which cannot.
pub fn new_sign_ins(current: &CurrentUser, here: &str) -> Option<NewSignInsView> {
    let sign_ins = current.sign_ins.as_ref()?;
    if sign_ins.unrecognised.is_empty() || current.session.key.is_some() {
        return None;
    }
    let shown = sign_ins.unrecognised.iter().cloned();
    Some(NewSignInsView {
        sign_ins: shown.map(sign_in_view).collect(),
        more: sign_ins.more,
        may_recognise: sign_ins.may_recognise,
        here: here.to_owned(),
    })
}

pub fn sign_in_view(sign_in: SignIn) -> SignInView {
    SignInView {
        id: sign_in.session.0,
        has_ended: sign_in.has_ended,
        device: device::in_words(&sign_in.user_agent),
        name: sign_in.device_name,
        kind: device::kind_of(&sign_in.user_agent),
        address: sign_in.address,
        at: moment(sign_in.at),
    }
}

pub fn live_session_view(session: &Session, now: Timestamp) -> LiveSessionView {
    LiveSessionView {
        id: session.id.to_string(),
        session: session_view(session),
        is_new: session.device.is_unrecognised,
        is_on_record: session.device.is_on_record,
        last_seen: relative(session.last_seen_at, now),
        idle_end: relative(session.idle_ends_at, now),
        absolute_end: relative(session.absolute_ends_at, now),
    }
}

pub fn session_view(session: &Session) -> SessionView {
    SessionView {
        device: device::in_words(&session.user_agent),
        name: session.device.name.clone(),
        kind: device::kind_of(&session.user_agent),
        address: session.address.clone(),
        remember: session.remember,
        method: match (&session.key, session.method) {
            (Some(_), _) => SignInMethod::AccessKey,
            (None, Some(RecordedMethod::Invitation)) => SignInMethod::Invitation,
            (None, None) => SignInMethod::Password,
        },
        signed_in_at: moment(session.created_at),
        idle_ends_at: moment(session.idle_ends_at),
        absolute_ends_at: moment(session.absolute_ends_at),
    }
}
