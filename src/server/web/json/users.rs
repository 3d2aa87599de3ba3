//! Accounts, for administrators.

use super::{body::Json, caller::Administrator};
use crate::{
    domain::{
        user::{AccountChange, User},
        views::EditDraft,
    },
    error::AppError,
    server::{clock::rfc3339, core::accounts::administration, web::state::AppState},
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, Type, schema::AdditionalProperties,
    },
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
    #[schema(format = DateTime)]
    created_at: String,
    /// Null if it never signed in, or if that is not known.
    #[schema(required, format = DateTime)]
    last_sign_in_at: Option<String>,
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

/// One change, so that it happens as a whole or not at all.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserChangeBody {
    /// A disabled account cannot sign in, and all its sessions end.
    Disabled(bool),
    /// Gives or removes the role.
    Administrator(bool),
    /// Replaces those names that are given.
    Names(NamesBody),
}

/// The names of an account to change. What is left out keeps its value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserNames)]
pub struct NamesBody {
    /// 1 to 64 characters: letters and digits, with single dots, hyphens or underscores between them. The one before
    /// stays reserved to the account.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1)]
    username: Option<String>,
    /// If empty, the username is shown.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String)]
    display_name: Option<String>,
    /// Null removes it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
}

/// A member that may be left out. Null is a value of it, or none that it takes.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
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
            .item(
                ObjectBuilder::new()
                    .property("names", Ref::from_schema_name("UserNames"))
                    .required("names")
                    .additional_properties(Some(AdditionalProperties::FreeForm(false))),
            )
            .into()
    }
}

impl ToSchema for UserChangeBody {
    fn name() -> Cow<'static, str> {
        "UserChange".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((NamesBody::name().into_owned(), NamesBody::schema()));
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
            created_at: rfc3339(user.created_at),
            last_sign_in_at: user.last_sign_in_at.map(rfc3339),
        }
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
/// Disables or enables it, gives or removes the role of administrator, or changes its names: the last two in a session,
/// and not by an access key. The last administrator who can sign in is kept.
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
        UserChangeBody::Disabled(true) => Some(AccountChange::Disable),
        UserChangeBody::Disabled(false) => Some(AccountChange::Enable),
        UserChangeBody::Administrator(true) => Some(AccountChange::Promote),
        UserChangeBody::Administrator(false) => Some(AccountChange::Demote),
        UserChangeBody::Names(names) => {
            let draft = EditDraft {
                username: names.username,
                display_name: names.display_name,
                email: names.email.map(Option::unwrap_or_default),
            };
            administration::edit(&state.core, &admin, &id, &draft).await?;
            None
        }
    };
    if let Some(change) = change {
        administration::change(&state.core, &admin, &id, change).await?;
    }
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
