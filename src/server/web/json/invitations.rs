//! Invitations and resets: links for passwords, made by administrators.

use super::{body::Json, caller::Administrator, users::UserBody};
use crate::{
    domain::{password_link::LinkPurpose, user::AccountChange, views::InvitationDraft},
    error::{AppError, Failure},
    server::{
        clock::rfc3339,
        core::accounts::{
            administration::{self, Changed},
            password_links::MadeLink,
            users,
        },
        web::{state::AppState, target::API},
    },
};
use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new account, without a password: its owner sets one by a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Invitation)]
pub struct InvitationBody {
    /// 1 to 64 characters: letters and digits, with single dots, hyphens or underscores between them.
    #[schema(min_length = 1)]
    username: String,
    #[serde(default)]
    email: Option<String>,
    /// If absent, the username is shown.
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    administrator: bool,
}

/// The new account, and the link for its owner.
#[derive(Serialize, ToSchema)]
#[schema(as = Invited)]
pub struct InvitedBody {
    user: UserBody,
    link: LinkBody,
}

/// A link to set a password. It is shown once, and anyone with it can take over the account: send it privately.
#[derive(Serialize, ToSchema)]
#[schema(as = PasswordLink)]
pub struct LinkBody {
    url: String,
    purpose: LinkKind,
    /// It can be used once, and until then.
    #[schema(format = DateTime)]
    expires_at: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum LinkKind {
    Invitation,
    Reset,
}

impl LinkBody {
    fn of(state: &AppState, link: &MadeLink) -> Self {
        Self {
            url: link.address(&state.site.public_url.origin()),
            purpose: match link.purpose {
                LinkPurpose::Invitation => LinkKind::Invitation,
                LinkPurpose::Reset => LinkKind::Reset,
            },
            expires_at: rfc3339(link.expires_at),
        }
    }
}

/// Invite a user
///
/// Creates an account without a password, and a link by which its owner sets one. An administrator is invited in a
/// session, and not by an access key.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    operation_id = "inviteUser",
    tag = "users",
    request_body = InvitationBody,
    responses((
        status = 201,
        description = "The account, and its link",
        body = InvitedBody,
        headers(("Location" = String, description = "The path of the account"))
    ))
)]
pub async fn invite(
    State(state): State<AppState>,
    Administrator(admin): Administrator,
    Json(body): Json<InvitationBody>,
) -> Result<Response, AppError> {
    let draft = InvitationDraft {
        username: body.username,
        email: body.email.unwrap_or_default(),
        display_name: body.display_name.unwrap_or_default(),
        is_admin: body.administrator,
    };
    let link = administration::invite(&state.core, &admin, &draft).await?;
    let user = users::with_id(&state.core, &link.user).await?;
    let user = user.ok_or(Failure::NotFound)?;
    let location = [(header::LOCATION, format!("{API}/users/{}", user.id))];
    let body = InvitedBody {
        user: user.into(),
        link: LinkBody::of(&state, &link),
    };
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}

/// Make a link for a new password
///
/// For an account that is enabled, and in a session: not by an access key. The previous link is void; the password stays valid until the link is used.
#[utoipa::path(
    post,
    path = "/api/v1/users/{id}/password-link",
    operation_id = "makePasswordLink",
    tag = "users",
    params(("id" = String, Path, description = "Of an account")),
    responses((status = 201, description = "The link", body = LinkBody))
)]
pub async fn make_link(
    State(state): State<AppState>,
    Administrator(admin): Administrator,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let changed = administration::change(&state.core, &admin, &id, AccountChange::MakeLink).await?;
    let Changed::LinkMade { link, .. } = changed else {
        return Err(Failure::Internal.into());
    };
    let body = Json(LinkBody::of(&state, &link));
    Ok((StatusCode::CREATED, body).into_response())
}
