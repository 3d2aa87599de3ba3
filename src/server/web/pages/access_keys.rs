//! The page of a user's access keys, and the view of a key for every page.

use super::visit::Visit;
use crate::{
    domain::{
        access_key::{AccessKey, AccessKeyDraft, KeyState, Scopes},
        device,
        moment::Timestamp,
        views::{AccessKeyNotice, AccessKeyView, AccessKeysView, KeyUseView, NewAccessKeyView},
    },
    error::{AppError, Refusals},
    server::{
        clock::{moment, relative},
        core::accounts::access_keys,
        web::cookies::{draft, flash::Flash},
    },
};

/// Ended keys on the page; the audit log has them all.
const MAX_ENDED: usize = 10;

pub async fn own(visit: Visit<'_>) -> Result<AccessKeysView, AppError> {
    let (core, current) = (&visit.state.core, visit.current_user()?);
    let now = core.clock.now();
    let keys = access_keys::list_of(core, &current.user.id).await?;
    let views = keys.iter().map(|key| access_key_view(key, now));
    let (keys, mut ended): (Vec<_>, Vec<_>) = views.partition(|key| is_usable(key.state));
    ended.truncate(MAX_ENDED);
    let (default_day, latest_day) = core.keys.last_days(now);
    let message = message(visit, default_day);
    Ok(AccessKeysView {
        keys,
        ended,
        scopes: Scopes::all()
            .of_role(current.user.administers())
            .iter()
            .collect(),
        days: (core.keys.first_day(now), latest_day),
        draft: message.draft,
        refusal: message.refusal,
        made: message.made,
        notice: message.notice,
    })
}

/// Confirming a suspended key makes it usable again.
pub const fn is_usable(state: KeyState) -> bool {
    matches!(state, KeyState::Live | KeyState::Suspended)
}

#[derive(Default)]
struct Message {
    draft: AccessKeyDraft,
    refusal: Option<Refusals>,
    made: Option<NewAccessKeyView>,
    notice: Option<AccessKeyNotice>,
}

/// The message of the last form, and the input to show.
fn message(visit: Visit<'_>, default_day: String) -> Message {
    let refusal = visit.refusal();
    let proposal = AccessKeyDraft {
        last_day: default_day,
        ..AccessKeyDraft::default()
    };
    let of = |draft| Message {
        draft,
        refusal,
        ..Message::default()
    };
    match visit.flash {
        Some(Flash::AccessKeyMade { name, text }) => Message {
            made: Some(NewAccessKeyView { name, text }),
            ..of(proposal)
        },
        Some(Flash::AccessKey { notice }) => Message {
            notice: Some(notice),
            ..of(proposal)
        },
        Some(Flash::AccessKeyRefused { refusal, draft }) => Message {
            refusal: Some(refusal),
            ..of(draft)
        },
        _ => match draft::access_key(visit.headers) {
            Some(draft) => Message {
                notice: Some(AccessKeyNotice::NotMadeYet),
                ..of(draft)
            },
            None => of(proposal),
        },
    }
}

pub fn access_key_view(key: &AccessKey, now: Timestamp) -> AccessKeyView {
    AccessKeyView {
        id: key.id.to_string(),
        name: key.name.clone(),
        scopes: key.scopes.iter().collect(),
        networks: key.networks.clone(),
        created_at: moment(key.created_at),
        expires_at: moment(key.expires_at),
        last_use: key.last_use.as_ref().map(|last| KeyUseView {
            at: relative(last.at, now),
            address: last.address.clone(),
            program: device::of_program(&last.user_agent),
        }),
        state: key.state(now),
    }
}
