//! The caller's own account.

use super::{body::Json, caller::Called, sessions::SessionBody, words::ScopeWord};
use crate::{
    domain::{scope::Scope, user::User},
    error::AppError,
    server::{core::actor::Permitted, web::context::Caller},
};
use serde::Serialize;
use utoipa::ToSchema;

/// The caller.
#[derive(Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeBody {
    account: AccountBody,
    /// Absent for an access key: it needs no session.
    #[schema(required)]
    session: Option<SessionBody>,
    credential: CredentialBody,
}

/// The caller's own account.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
struct AccountBody {
    /// It never changes and is never given to another account.
    id: String,
    username: String,
    display_name: String,
    #[schema(required)]
    email: Option<String>,
    description: String,
    administrator: bool,
}

/// The credential of this request, and what it may do.
#[derive(Serialize, ToSchema)]
#[schema(as = Credential)]
struct CredentialBody {
    kind: CredentialKind,
    /// Those of the credential that the role of the account permits now.
    #[schema(value_type = Vec<ScopeWord>)]
    scopes: Vec<&'static str>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CredentialKind {
    /// The cookie of a browser.
    Session,
    AccessKey,
    AccessToken,
}

impl From<&User> for AccountBody {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.clone(),
            display_name: user.display_name.clone(),
            email: user.email.clone(),
            description: user.description.clone(),
            administrator: user.administers(),
        }
    }
}

/// Who am I?
///
/// The account, the session and the rights of the credential. With `HEAD` it only checks the credential, and does not
/// count as use of the session.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    operation_id = "readMe",
    tag = "me",
    responses((status = 200, description = "The caller", body = MeBody))
)]
pub async fn read(called: Called) -> Result<Json<MeBody>, AppError> {
    let owner = Permitted::of(&called.actor, Scope::ProfileRead)?;
    let session = owner.session();
    Ok(Json(MeBody {
        account: owner.user().into(),
        session: session.map(|session| SessionBody::of(session, Some(&session.id))),
        credential: CredentialBody {
            kind: match called.caller {
                Caller::WithKey(_) => CredentialKind::AccessKey,
                Caller::WithToken(..) => CredentialKind::AccessToken,
                _ => CredentialKind::Session,
            },
            scopes: called.caller.scopes().iter().map(Scope::as_str).collect(),
        },
    }))
}
