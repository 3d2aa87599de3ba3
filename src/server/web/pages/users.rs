//! The accounts, for administrators.

use super::{
    access_keys::{access_key_view, is_usable},
    activity::text_value,
    audit::audit_entry_view,
    sessions::live_session_view,
    visit::{Visit, query_value},
};
use crate::{
    domain::{
        page::Page,
        user::{LookupKey, User, UserId},
        views::{AccountView, InvitationDraft, UserNotice, UserState, UserView, UsersView},
    },
    error::{AppError, Refusals},
    server::{
        clock::moment,
        core::{
            accounts::{
                access_keys, password_links,
                users::{self, Cursor},
            },
            audit::{self as audit_log, Filter},
            sessions,
        },
        web::cookies::{draft, flash::Flash},
    },
};
use axum::http::{HeaderMap, Uri};
use url::form_urlencoded;

/// As many as people read before they search.
const USERS_PER_PAGE: u32 = 50;
/// On the page of an account; the audit log has the rest.
const NEWEST_ENTRIES: u32 = 20;

/// The list of accounts.
pub async fn list(visit: Visit<'_>) -> Result<UsersView, AppError> {
    visit.administrator()?;
    let Visit {
        state,
        uri,
        headers,
        flash,
        ..
    } = visit;
    let search = query_value(uri, "search").unwrap_or_default();
    let prefix = LookupKey::of(&search);
    let after = cursor_of(uri);
    let found = users::page(&state.core, &prefix, after.as_ref(), USERS_PER_PAGE).await?;
    let next = found.next.map(|cursor| next_users(&search, &cursor));
    let (notice, refusal, draft) = messages(headers, flash);
    Ok(UsersView {
        search,
        users: found.users.into_iter().map(user_view).collect(),
        next,
        is_first: after.is_none(),
        notice,
        draft,
        refusal,
    })
}

type Messages = (Option<UserNotice>, Option<Refusals>, InvitationDraft);

/// The messages of the list of accounts about the last action.
fn messages(headers: &HeaderMap, flash: Option<Flash>) -> Messages {
    match flash {
        Some(Flash::User { notice }) => (Some(notice), None, InvitationDraft::default()),
        Some(Flash::InvitationRefused { refusal, draft }) => (None, Some(refusal), draft),
        _ => (None, None, draft::invitation(headers).unwrap_or_default()),
    }
}

fn cursor_of(uri: &Uri) -> Option<Cursor> {
    Some(Cursor {
        key: text_value(uri, "after")?,
        id: UserId(text_value(uri, "id")?),
    })
}

fn next_users(search: &str, cursor: &Cursor) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !search.is_empty() {
        query.append_pair("search", search);
    }
    query.append_pair("after", &cursor.key);
    query.append_pair("id", &cursor.id.0);
    format!("{}?{}", Page::Users.path(), query.finish())
}

fn user_view(user: User) -> UserView {
    let state = match (user.disabled, user.has_password) {
        (true, _) => UserState::Disabled,
        (false, false) => UserState::Invited,
        (false, true) => UserState::Enabled,
    };
    UserView {
        id: user.id.0,
        username: user.username,
        display_name: user.display_name,
        email: user.email,
        is_admin: user.is_admin,
        state,
    }
}

/// The page of one account; `None` if it does not exist.
pub async fn account(visit: Visit<'_>) -> Result<Option<AccountView>, AppError> {
    let (core, current) = (&visit.state.core, visit.administrator()?);
    let id = visit.uri.path().rsplit('/').next().unwrap_or_default();
    let Some(user) = users::with_id(core, &UserId(id.to_owned())).await? else {
        return Ok(None);
    };
    let now = core.clock.now();
    let live = sessions::live_of(core, &user.id).await?;
    let filter = Filter {
        user: Some(&user.id),
        ..Filter::default()
    };
    let newest = audit_log::page(core, &filter, None, NEWEST_ENTRIES).await?;
    let until = password_links::valid_until(core, &user).await?;
    let keys = access_keys::list_of(core, &user.id).await?;
    let keys = keys.iter().map(|key| access_key_view(key, now));
    let refusal = visit.refusal();
    let notice = match visit.flash {
        Some(Flash::User { notice }) => Some(notice),
        _ => None,
    };
    Ok(Some(AccountView {
        description: user.description.clone(),
        is_own: user.id == current.user.id,
        user: user_view(user),
        link_until: until.map(moment),
        sessions: live.iter().map(|one| live_session_view(one, now)).collect(),
        keys: keys.filter(|key| is_usable(key.state)).collect(),
        activity: newest.into_iter().map(audit_entry_view).collect(),
        notice,
        refusal,
    }))
}
