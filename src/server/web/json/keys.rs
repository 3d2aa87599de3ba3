//! The caller's own access keys. A session that may do everything is needed: a key cannot make keys.

use super::{body::Json, caller::Called, words::ScopeWord};
use crate::{
    domain::{
        access_key::{AccessKey, AccessKeyDraft, AccessKeyId, KeyState, Scope},
        moment::Timestamp,
    },
    error::{AppError, Failure},
    server::{
        clock::{self, rfc3339},
        core::{accounts::access_keys, actor::Owner},
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

/// An access key. Its secret is not part of it.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessKey)]
pub struct KeyBody {
    /// The first part of the key. It gives no access.
    id: String,
    name: String,
    #[schema(value_type = Vec<ScopeWord>)]
    scopes: Vec<&'static str>,
    /// From which it can be used; from everywhere if there are none.
    networks: Vec<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    state: KeyStateBody,
    /// Written at most once a minute.
    #[schema(required)]
    last_use: Option<KeyUseBody>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AccessKeyState)]
enum KeyStateBody {
    Live,
    /// The server was restored from a backup: confirm the key on the page `/account/keys`.
    Suspended,
    Expired,
    Revoked,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AccessKeyUse)]
struct KeyUseBody {
    #[schema(format = DateTime)]
    at: String,
    address: String,
    user_agent: String,
}

/// Keys in every state, the newest first. Those that ended are listed for as long as the audit log is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessKeys)]
pub struct KeysBody {
    items: Vec<KeyBody>,
}

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAccessKey)]
pub struct NewKeyBody {
    /// What uses it.
    #[schema(min_length = 1)]
    name: String,
    #[schema(value_type = Vec<ScopeWord>, min_items = 1)]
    scopes: Vec<String>,
    /// In UTC. If absent, the last of 90 days.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    last_day: Option<Day>,
    /// From which it can be used: an address or a range in each text. From everywhere without any.
    #[serde(default)]
    networks: Vec<String>,
}

/// A day (RFC 3339, full-date), in this spelling alone. An empty text would otherwise be taken for an absent one.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Day(String);

impl TryFrom<String> for Day {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let day = clock::parse_day(&text).map(|(begins, _)| clock::day(begins));
        let is_day = day.is_some_and(|day| day == text);
        is_day.then_some(Self(text)).ok_or("it is no day")
    }
}

/// The key, this once: it cannot be read again.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeAccessKey)]
pub struct MadeKeyBody {
    id: String,
    name: String,
    /// For `Authorization: Bearer`.
    key: String,
}

impl KeyBody {
    fn of(key: &AccessKey, now: Timestamp) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            scopes: key.scopes.iter().map(Scope::as_str).collect(),
            networks: key.networks.clone(),
            created_at: rfc3339(key.created_at),
            expires_at: rfc3339(key.expires_at),
            state: match key.state(now) {
                KeyState::Live => KeyStateBody::Live,
                KeyState::Suspended => KeyStateBody::Suspended,
                KeyState::Expired => KeyStateBody::Expired,
                KeyState::Revoked(_) => KeyStateBody::Revoked,
            },
            last_use: key.last_use.as_ref().map(|last| KeyUseBody {
                at: rfc3339(last.at),
                address: last.address.clone(),
                user_agent: last.user_agent.clone(),
            }),
        }
    }
}

/// List my access keys
#[utoipa::path(
    get,
    path = "/api/v1/keys",
    operation_id = "listKeys",
    tag = "keys",
    responses((status = 200, description = "The keys", body = KeysBody))
)]
pub async fn list(
    State(state): State<AppState>,
    called: Called,
) -> Result<Json<KeysBody>, AppError> {
    let owner = Owner::of(&called.actor)?;
    let keys = access_keys::list_of(&state.core, &owner.user().id).await?;
    let now = state.core.clock.now();
    let items = keys.iter().map(|key| KeyBody::of(key, now));
    Ok(Json(KeysBody {
        items: items.collect(),
    }))
}

/// Make an access key
///
/// The password must have been entered recently.
#[utoipa::path(
    post,
    path = "/api/v1/keys",
    operation_id = "makeKey",
    tag = "keys",
    request_body = NewKeyBody,
    responses((
        status = 201,
        description = "The key",
        body = MadeKeyBody,
        headers(("Location" = String, description = "The path of the key"))
    ))
)]
pub async fn make(
    State(state): State<AppState>,
    called: Called,
    Json(body): Json<NewKeyBody>,
) -> Result<Response, AppError> {
    let draft = AccessKeyDraft {
        name: body.name,
        last_day: body.last_day.map(|day| day.0).unwrap_or_default(),
        scopes: body.scopes,
        networks: access_keys::networks_field(&body.networks)?,
    };
    let made = access_keys::make(&state.core, Owner::of(&called.actor)?, &draft).await?;
    let location = [(header::LOCATION, format!("{API}/keys/{}", made.id))];
    let body = MadeKeyBody {
        id: made.id.to_string(),
        name: made.name,
        key: made.text.reveal().to_owned(),
    };
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}

/// Read one of my access keys
#[utoipa::path(
    get,
    path = "/api/v1/keys/{id}",
    operation_id = "readKey",
    tag = "keys",
    params(("id" = String, Path, description = "Of a key of the caller")),
    responses((status = 200, description = "The key", body = KeyBody))
)]
pub async fn read(
    State(state): State<AppState>,
    called: Called,
    Path(id): Path<String>,
) -> Result<Json<KeyBody>, AppError> {
    let owner = Owner::of(&called.actor)?;
    let key = find_own(&state, owner, id).await?;
    Ok(Json(KeyBody::of(&key, state.core.clock.now())))
}

/// Revoke one of my access keys
///
/// It is refused from its next request on, and the sessions that it started have ended. A key that was revoked before is
/// revoked: the answer is the same.
#[utoipa::path(
    delete,
    path = "/api/v1/keys/{id}",
    operation_id = "revokeKey",
    tag = "keys",
    params(("id" = String, Path, description = "Of a key of the caller")),
    responses((status = 204, description = "It is revoked"))
)]
pub async fn revoke(
    State(state): State<AppState>,
    called: Called,
    Path(id): Path<String>,
) -> Result<StatusCode, AppError> {
    let owner = Owner::of(&called.actor)?;
    let key = find_own(&state, owner, id).await?;
    access_keys::revoke_own(&state.core, owner, &key.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A key of the owner. Keys of others are treated like unknown ones.
async fn find_own(state: &AppState, owner: Owner<'_>, id: String) -> Result<AccessKey, AppError> {
    let id = AccessKeyId::parse(id).ok_or(Failure::NotFound)?;
    let found = access_keys::with_id(&state.core, &id).await?;
    let found = found.filter(|key| key.user_id == owner.user().id);
    found.ok_or(Failure::NotFound.into())
}
