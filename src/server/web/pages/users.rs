//! The accounts, for administrators.

use super::{
    access_keys::{access_key_view, is_usable},
    activity::text_value,
    audit::audit_entry_views,
    sessions::live_session_view,
    visit::{Visit, query_value},
};
use crate::{
    domain::{
        page::Page,
        user::{User, UserFilter, UserId, UserSearch},
        views::{
            AccountView, EditDraft, EditView, InvitationDraft, InviteView, UserNotice, UserState,
            UserView, UsersView,
        },
    },
    error::AppError,
    server::{
        clock::{date, moment},
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
use axum::http::Uri;
use url::form_urlencoded;

/// As many as people read before they search.
const USERS_PER_PAGE: u32 = 50;
/// On the page of an account; the audit log has the rest.
const NEWEST_ENTRIES: u32 = 20;

/// The list of accounts.
pub async fn list(visit: Visit<'_>) -> Result<UsersView, AppError> {
    visit.administrator()?;
    let Visit {
        state, uri, flash, ..
    } = visit;
    let text = query_value(uri, "search").unwrap_or_default();
    let filter = query_value(uri, "filter").and_then(|word| UserFilter::parse(&word));
    let search = UserSearch::of(&text, filter);
    let after = cursor_of(uri);
    let found = users::page(&state.core, &search, after.as_ref(), USERS_PER_PAGE).await?;
    let notice = match flash {
        Some(Flash::User { notice }) => Some(notice),
        _ => None,
    };
    Ok(UsersView {
        users: found.users.into_iter().map(user_view).collect(),
        next: found
            .next
            .map(|cursor| page_after(&text, filter, Some(&cursor))),
        first: after.map(|_| page_after(&text, filter, None)),
        search: text,
        filter,
        notice,
    })
}

/// The page that invites a user.
pub fn invite(visit: Visit<'_>) -> Result<InviteView, AppError> {
    visit.administrator()?;
    let empty = InviteView {
        draft: InvitationDraft::default(),
        is_unsent: false,
        refusal: None,
        made: None,
    };
    Ok(match visit.flash {
        Some(Flash::User {
            notice: UserNotice::LinkMade(link),
        }) => InviteView {
            made: Some(link),
            ..empty
        },
        Some(Flash::InvitationRefused { refusal, draft }) => InviteView {
            refusal: Some(refusal),
            draft,
            ..empty
        },
        _ => match draft::invitation(visit.headers) {
            Some(draft) => InviteView {
                is_unsent: true,
                draft,
                ..empty
            },
            None => empty,
        },
    })
}

fn cursor_of(uri: &Uri) -> Option<Cursor> {
    Some(Cursor {
        key: text_value(uri, "after")?,
        id: UserId(text_value(uri, "id")?),
    })
}

/// A page of the list with the same search: the one after `cursor`, or the first.
fn page_after(search: &str, filter: Option<UserFilter>, cursor: Option<&Cursor>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !search.is_empty() {
        query.append_pair("search", search);
    }
    if let Some(filter) = filter {
        query.append_pair("filter", filter.as_str());
    }
    if let Some(cursor) = cursor {
        query.append_pair("after", &cursor.key);
        query.append_pair("id", &cursor.id.0);
    }
    let query = query.finish();
    let path = Page::Users.path();
    if query.is_empty() {
        return path.to_owned();
    }
    format!("{path}?{query}")
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
        created: date(user.created_at),
        last_sign_in: user.last_sign_in_at.map(date),
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
    let own_session = current.session.id.0.clone();
    let edit = edit_view(
        &visit,
        &user.id,
        users::given_up_names(core, &user.id).await?,
    );
    let refusal = visit.refusal();
    let notice = match visit.flash {
        Some(Flash::User { notice }) => Some(notice),
        _ => None,
    };
    Ok(Some(AccountView {
        description: user.description.clone(),
        is_own: user.id == current.user.id,
        own_session: (user.id == current.user.id).then_some(own_session),
        user: UserView {
            created: moment(user.created_at),
            last_sign_in: user.last_sign_in_at.map(moment),
            ..user_view(user)
        },
        edit,
        link_until: until.map(moment),
        sessions: live.iter().map(|one| live_session_view(one, now)).collect(),
        keys: keys.filter(|key| is_usable(key.state)).collect(),
        activity: audit_entry_views(core, newest).await?,
        notice,
        refusal,
    }))
}

/// The form for the names of an account.
fn edit_view(visit: &Visit<'_>, user: &UserId, given_up: Vec<String>) -> EditView {
    let refused = match &visit.flash {
        Some(Flash::EditRefused { id, refusal, draft }) if *id == user.0 => {
            Some((draft.clone(), *refusal))
        }
        _ => None,
    };
    let kept = draft::names(visit.headers, &user.0);
    let (draft, is_unsaved, refusal) = match (refused, kept) {
        (Some((draft, refusal)), _) => (draft, false, Some(refusal)),
        (None, Some(draft)) => (draft, true, None),
        (None, None) => (EditDraft::default(), false, None),
    };
    EditView {
        draft,
        is_unsaved,
        refusal,
        given_up,
    }
}
