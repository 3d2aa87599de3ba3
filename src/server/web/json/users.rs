//! Accounts, for administrators.

use super::{
    body::Json, caller::Administrator, cursor::Cursor, limit, query, rejection::Rejection,
};
use crate::{
    domain::user::{AccountChange, LookupKey, User, UserId},
    error::AppError,
    server::{
        core::accounts::{
            administration,
            users::{self, Found},
        },
        web::state::AppState,
    },
};
use axum::{
    extract::{Path, State},
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type, schema::AdditionalProperties},
};

/// An account.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserBody {
    /// It never changes and is never given to another account.
    id: String,
    username: String,
    display_name: String,
    #[schema(required)]
    email: Option<String>,
    description: String,
    /// Whether it has the role. It needs to be enabled to use it.
    administrator: bool,
    state: UserState,
}

/// Whether an account can sign in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum UserState {
    Enabled,
    Disabled,
    /// Without a password yet.
    Invited,
}

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

/// One change, so that it happens as a whole or not at all.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserChangeBody {
    /// A disabled account cannot sign in, and all its sessions end.
    Disabled(bool),
    /// Gives or removes the role.
    Administrator(bool),
}

/// By hand: the derived schema would permit further members beside the one.
impl PartialSchema for UserChangeBody {
    fn schema() -> RefOr<Schema> {
        let one = |name: &str, text: &str| {
            let flag = ObjectBuilder::new().schema_type(Type::Boolean);
            ObjectBuilder::new()
                .property(name, flag.description(Some(text)))
                .required(name)
                .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        };
        let disabled = "A disabled account cannot sign in, and all its sessions end.";
        OneOfBuilder::new()
            .description(Some(
                "One change, so that it happens as a whole or not at all.",
            ))
            .item(one("disabled", disabled))
            .item(one("administrator", "Gives or removes the role."))
            .into()
    }
}

impl ToSchema for UserChangeBody {
    fn name() -> Cow<'static, str> {
        "UserChange".into()
    }
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        let state = match (user.disabled, user.has_password) {
            (true, _) => UserState::Disabled,
            (false, false) => UserState::Invited,
            (false, true) => UserState::Enabled,
        };
        Self {
            id: user.id.0,
            username: user.username,
            display_name: user.display_name,
            email: user.email,
            description: user.description,
            administrator: user.is_admin,
            state,
        }
    }
}

/// The key and the id of the account at the end of a page.
type Position = (String, String);

/// List accounts
///
/// By name, in the order of its folded form. With `filter`: accounts with a name, an e-mail address or a display name
/// that begins with it, in the order of what was found. A page costs the same among ten accounts and a million, so
/// there are no totals and no page numbers.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    operation_id = "listUsers",
    tag = "users",
    params(
        ("filter" = Option<String>, Query, description = "The beginning of a name; case does not matter"),
        ("limit" = Option<u32>, Query, description = "Accounts on a page", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "`next` or `previous` of an answer with the same filter", pattern = "^[A-Za-z0-9_-]+$"),
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
    let prefix = LookupKey::of(&filter.unwrap_or_default());
    let parse = |text: &str| position_of(text, &prefix);
    let cursor = query::value(&uri, "cursor", parse).map_err(Rejection::into_response)?;
    let core = &state.core;
    let found = match cursor {
        None => users::page(core, &prefix, None, limit).await,
        Some(Cursor::After(position)) => users::page(core, &prefix, Some(&position), limit).await,
        Some(Cursor::Before(position)) => users::page_before(core, &prefix, &position, limit).await,
    };
    let found = found.map_err(|error| AppError::from(error).into_response())?;
    Ok(Json(page_of(found)))
}

/// `None` unless it is a position in the list of this filter. PostgreSQL accepts no NUL in a text.
fn position_of(text: &str, prefix: &LookupKey) -> Option<Cursor<users::Cursor>> {
    let position = |(key, id): Position| {
        let is_inside = key.starts_with(prefix.as_str()) && !key.contains('\0');
        let id = UserId::parse(id)?;
        is_inside.then_some(users::Cursor { key, id })
    };
    Some(match Cursor::decode(text)? {
        Cursor::After(found) => Cursor::After(position(found)?),
        Cursor::Before(found) => Cursor::Before(position(found)?),
    })
}

fn page_of(found: Found) -> UsersBody {
    let position = |cursor: users::Cursor| -> Position { (cursor.key, cursor.id.0) };
    UsersBody {
        items: found.users.into_iter().map(UserBody::from).collect(),
        next: (found.next).map(|cursor| Cursor::After(position(cursor)).encode()),
        previous: (found.previous).map(|cursor| Cursor::Before(position(cursor)).encode()),
    }
}

/// Read an account
#[utoipa::path(
    get,
    path = "/api/v1/users/{id}",
    operation_id = "readUser",
    tag = "users",
    params(("id" = String, Path, description = "Of an account")),
    responses((status = 200, description = "The account", body = UserBody))
)]
pub async fn read(
    State(state): State<AppState>,
    Administrator(admin): Administrator,
    Path(id): Path<String>,
) -> Result<Json<UserBody>, AppError> {
    let user = administration::find(&state.core, &admin, &id).await?;
    Ok(Json(user.into()))
}

/// Change an account
///
/// Disables or enables it, or gives or removes the role of administrator. The last administrator who can sign in is
/// kept.
#[utoipa::path(
    patch,
    path = "/api/v1/users/{id}",
    operation_id = "changeUser",
    tag = "users",
    params(("id" = String, Path, description = "Of an account")),
    request_body = UserChangeBody,
    responses((status = 200, description = "The changed account", body = UserBody))
)]
pub async fn change(
    State(state): State<AppState>,
    Administrator(admin): Administrator,
    Path(id): Path<String>,
    Json(body): Json<UserChangeBody>,
) -> Result<Json<UserBody>, AppError> {
    let change = match body {
        UserChangeBody::Disabled(true) => AccountChange::Disable,
        UserChangeBody::Disabled(false) => AccountChange::Enable,
        UserChangeBody::Administrator(true) => AccountChange::Promote,
        UserChangeBody::Administrator(false) => AccountChange::Demote,
    };
    administration::change(&state.core, &admin, &id, change).await?;
    let user = administration::find(&state.core, &admin, &id).await?;
    Ok(Json(user.into()))
}

/// Delete an account
///
/// With all its data and sessions. The audit log keeps its name. The last administrator who can sign in is kept.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}",
    operation_id = "deleteUser",
    tag = "users",
    params(("id" = String, Path, description = "Of an account")),
    responses((status = 204, description = "It is deleted"))
)]
pub async fn delete(
    State(state): State<AppState>,
    Administrator(admin): Administrator,
    Path(id): Path<String>,
) -> Result<StatusCode, AppError> {
    administration::delete_by_id(&state.core, &admin, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
