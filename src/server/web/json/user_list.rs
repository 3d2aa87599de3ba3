//! The list of accounts, for administrators.

use super::{
    body::Json, caller::Administrator, cursor::Cursor, limit, query, rejection::Rejection,
    users::UserBody,
};
use crate::{
    domain::user::{UserFilter, UserId, UserSearch},
    error::AppError,
    server::{
        core::{
            Core,
            accounts::users::{self, Found},
        },
        db::StoreError,
        web::state::AppState,
    },
};
use axum::{
    extract::State,
    http::Uri,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Serialize, ToSchema)]
#[schema(as = Users)]
pub struct UsersBody {
    items: Vec<UserBody>,
    /// The `cursor` of the page after this one; null on the last page. A page may be short, or empty, and still have
    /// a next one.
    #[schema(required)]
    next: Option<String>,
    /// The `cursor` of the page before this one; null on the first page.
    #[schema(required)]
    previous: Option<String>,
}

/// The orders of the list of accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ToSchema)]
enum UserSort {
    #[default]
    #[schema(rename = "name")]
    Name,
    #[schema(rename = "-name")]
    NameBackwards,
}

impl UserSort {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "name" => Some(Self::Name),
            "-name" => Some(Self::NameBackwards),
            _ => None,
        }
    }
}

/// The states by which the list of accounts is filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "only its schema is used: the words are those of the domain"
)]
enum UserStatus {
    Administrators,
    Disabled,
    Invited,
    NeverSignedIn,
}

/// The key and the id of the account at the end of a page.
type Position = (String, String);

/// List accounts
///
/// By username, in the order of its folded form. With `filter`: accounts with words that begin with each word of it, in
/// the order of the words that begin with the first. Words of an account are its username, those of its full name,
/// its email address, and every part of these that begins at a letter after a sign: `hopper` and `example.org` find
/// `g.hopper@example.org`. `sort=-name` reverses the order. A page costs the same among ten accounts and a million, so
/// there are no totals and no page numbers, and a page may be short.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    operation_id = "listUsers",
    tag = "users",
    params(
        ("filter" = Option<String>, Query, description = "Beginnings of words; case does not matter, and words after the fourth do not count"),
        ("status" = inline(Option<UserStatus>), Query, description = "Only administrators, disabled accounts, those without a password yet, or those that never signed in"),
        ("sort" = inline(Option<UserSort>), Query, description = "`name` without it"),
        ("limit" = Option<u32>, Query, description = "Accounts on a page", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "`next` or `previous` of an answer with the same filter, status and sort", pattern = "^[A-Za-z0-9_-]+$"),
    ),
    responses((status = 200, description = "One page", body = UsersBody))
)]
pub async fn list(
    State(state): State<AppState>,
    _: Administrator,
    uri: Uri,
) -> Result<Json<UsersBody>, Response> {
    let limit = limit::of(&uri).map_err(Rejection::into_response)?;
    let text = |text: &str| Some(text.to_owned());
    let filter = query::value(&uri, "filter", text).map_err(Rejection::into_response)?;
    let status = query::value(&uri, "status", UserFilter::parse);
    let status = status.map_err(Rejection::into_response)?;
    let search = UserSearch::of(&filter.unwrap_or_default(), status);
    let sort = query::value(&uri, "sort", UserSort::parse).map_err(Rejection::into_response)?;
    let parse = |text: &str| position_of(text, &search);
    let cursor = query::value(&uri, "cursor", parse).map_err(Rejection::into_response)?;
    let found = page(
        &state.core,
        &search,
        sort.unwrap_or_default(),
        cursor,
        limit,
    )
    .await;
    let found = found.map_err(|error| AppError::from(error).into_response())?;
    Ok(Json(page_of(found)))
}

/// The store reads in the order of names. Backwards, a page after a position is the one before it, reversed.
async fn page(
    core: &Core,
    search: &UserSearch,
    sort: UserSort,
    cursor: Option<Cursor<users::Cursor>>,
    limit: u32,
) -> Result<Found, StoreError> {
    use UserSort::{Name, NameBackwards};
    let found = match (sort, cursor) {
        (Name, None) => users::page(core, search, None, limit).await?,
        (NameBackwards, None) => users::last_page(core, search, limit).await?,
        (Name, Some(Cursor::After(position))) | (NameBackwards, Some(Cursor::Before(position))) => {
            users::page(core, search, Some(&position), limit).await?
        }
        (Name, Some(Cursor::Before(position))) | (NameBackwards, Some(Cursor::After(position))) => {
            users::page_before(core, search, &position, limit).await?
        }
    };
    Ok(match sort {
        Name => found,
        NameBackwards => Found {
            users: found.users.into_iter().rev().collect(),
            next: found.previous,
            previous: found.next,
        },
    })
}

/// `None` unless it is a position in the list of this filter. PostgreSQL accepts no NUL in a text.
fn position_of(text: &str, search: &UserSearch) -> Option<Cursor<users::Cursor>> {
    let position = |(key, id): Position| {
        let is_inside = key.starts_with(search.first_word()) && !key.contains('\0');
        let id = UserId::parse(id)?;
        is_inside.then_some(users::Cursor { key, id })
    };
    Cursor::decode(text)?.and_then(position)
}

fn page_of(found: Found) -> UsersBody {
    let position = |cursor: users::Cursor| -> Position { (cursor.key, cursor.id.0) };
    UsersBody {
        items: found.users.into_iter().map(UserBody::from).collect(),
        next: (found.next).map(|cursor| Cursor::After(position(cursor)).encode()),
        previous: (found.previous).map(|cursor| Cursor::Before(position(cursor)).encode()),
    }
}
