//! What the pages of administrators show, and the page to which their links lead.
//!
//! Whoever gets here is an administrator now: the guard has said so, and so has the caller.

use super::{
    Answer,
    activity::text_value,
    audit::{self, activity_view},
    live_session_view, query_value,
};
use crate::{
    domain::{
        next_path::NextPath,
        session::CurrentUser,
        user::{LookupKey, User, UserId},
        views::{
            AccountView, InvitationDraft, PageView, PasswordLinkView, UserState, UserView,
            UsersView,
        },
    },
    error::AppError,
    server::{
        clock::moment,
        core::{
            accounts::{
                password_links,
                users::{self, Place},
            },
            actor,
            audit::{self as audit_log, Filter},
            sessions,
        },
        db::StoreError,
        web::{
            cookies::{draft, flash::Flash},
            state::AppState,
        },
    },
};
use axum::http::{HeaderMap, Uri};
use url::form_urlencoded;

/// As many as people look through before they search.
const USERS_A_PAGE: u32 = 50;
/// On the page of an account; the audit log has the rest.
const NEWEST_ENTRIES: u32 = 20;

const USERS: &str = "/admin/users";

pub fn password_link(state: &AppState, flash: Option<Flash>) -> PasswordLinkView {
    let (refusal, username) = match flash {
        Some(Flash::LinkRefused { refusal, username }) => (Some(refusal), username),
        _ => (None, None),
    };
    PasswordLinkView {
        min_chars: state.core.password_rules.min_chars,
        username,
        refusal,
    }
}

/// Gathers a page of an administrator; `None` where there is none.
///
/// # Errors
/// [`StoreError`].
pub async fn gather(
    state: &AppState,
    current: &CurrentUser,
    uri: &Uri,
    headers: &HeaderMap,
    flash: Option<Flash>,
) -> Result<Option<Answer>, StoreError> {
    if uri.path() == USERS {
        let view = users(state, current, uri, headers, flash).await?;
        return Ok(Some(Answer::Page(PageView::Users(Box::new(view)))));
    }
    // The rest shows the sessions of other people.
    if !actor::is_fresh(&state.core, current) {
        let here = uri.path_and_query().map_or(USERS, |here| here.as_str());
        let confirm = NextPath::or_home(here).confirm_page();
        return Ok(Some(Answer::Elsewhere(confirm)));
    }
    if uri.path() == audit::PAGE {
        let view = audit::page(&state.core, current, uri).await?;
        return Ok(Some(Answer::Page(PageView::Audit(Box::new(view)))));
    }
    let id = uri.path().strip_prefix("/admin/users/");
    let Some(id) = id.map(|id| UserId(id.to_owned())) else {
        return Ok(None);
    };
    let Some(user) = users::with_id(&state.core, &id).await? else {
        return Ok(None);
    };
    let view = account(state, current, user, flash).await?;
    Ok(Some(Answer::Page(PageView::Account(Box::new(view)))))
}

async fn users(
    state: &AppState,
    current: &CurrentUser,
    uri: &Uri,
    headers: &HeaderMap,
    flash: Option<Flash>,
) -> Result<UsersView, StoreError> {
    let search = query_value(uri, "search").unwrap_or_default();
    let prefix = LookupKey::of(&search);
    let after = place_of(uri);
    let found = users::page(&state.core, &prefix, after.as_ref(), USERS_A_PAGE).await?;
    let next = found.next.map(|place| next_users(&search, &place));
    let (notice, refusal, draft) = told(headers, flash);
    Ok(UsersView {
        display_name: current.user.display_name.clone(),
        search,
        users: found.users.into_iter().map(user_view).collect(),
        next,
        is_first: after.is_none(),
        notice,
        draft,
        refusal,
    })
}

type Told = (
    Option<crate::domain::views::UserNotice>,
    Option<AppError>,
    InvitationDraft,
);

/// What the list of accounts has to say of what was done just now.
fn told(headers: &HeaderMap, flash: Option<Flash>) -> Told {
    match flash {
        Some(Flash::User { notice }) => (Some(notice), None, InvitationDraft::default()),
        Some(Flash::InvitationRefused { refusal, draft }) => (None, Some(refusal), draft),
        _ => (None, None, draft::invitation(headers).unwrap_or_default()),
    }
}

fn place_of(uri: &Uri) -> Option<Place> {
    Some(Place {
        key: text_value(uri, "after")?,
        id: UserId(text_value(uri, "id")?),
    })
}

fn next_users(search: &str, place: &Place) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !search.is_empty() {
        query.append_pair("search", search);
    }
    query.append_pair("after", &place.key);
    query.append_pair("id", &place.id.0);
    format!("{USERS}?{}", query.finish())
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

async fn account(
    state: &AppState,
    current: &CurrentUser,
    user: User,
    flash: Option<Flash>,
) -> Result<AccountView, StoreError> {
    let core = &state.core;
    let now = core.clock.now();
    let live = sessions::live_of(core, &user.id).await?;
    let filter = Filter {
        user: Some(&user.id),
        ..Filter::default()
    };
    let newest = audit_log::page(core, &filter, None, NEWEST_ENTRIES).await?;
    let until = password_links::valid_until(core, &user).await?;
    let (notice, refusal) = match flash {
        Some(Flash::User { notice }) => (Some(notice), None),
        Some(Flash::UserRefused { refusal }) => (None, Some(refusal)),
        _ => (None, None),
    };
    Ok(AccountView {
        display_name: current.user.display_name.clone(),
        description: user.description.clone(),
        is_own: user.id == current.user.id,
        user: user_view(user),
        link_until: until.map(moment),
        sessions: live.iter().map(|one| live_session_view(one, now)).collect(),
        activity: newest.into_iter().map(activity_view).collect(),
        notice,
        refusal,
    })
}
