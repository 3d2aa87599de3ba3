//! Bodies in JSON.

use super::rejection::{Cause, Rejection};
use crate::{error::Failure, server::web::state::AppState};
use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, error::Category};

const MEDIA_TYPE: &str = "application/json";

/// The body of a request or an answer.
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let kind = HeaderValue::from_static(MEDIA_TYPE);
                ([(header::CONTENT_TYPE, kind)], body).into_response()
            }
            Err(error) => {
                tracing::error!(%error, "an answer could not be serialised");
                Failure::Internal.into_response()
            }
        }
    }
}

/// The input types deny unknown fields and have only plain values, so neither a repeated nor a deeply nested member is
/// accepted.
impl<T: DeserializeOwned> FromRequest<AppState> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Response> {
        // A form of another site could send text/plain without a preflight.
        let bytes = read(request, MEDIA_TYPE)
            .await
            .map_err(IntoResponse::into_response)?;
        parse(&bytes)
            .map(Self)
            .map_err(|cause| Rejection::input(cause).into_response())
    }
}

/// The body of a request that has exactly this media type.
///
/// # Errors
/// [`Failure::UnsupportedMediaType`] and [`Failure::BadRequest`].
pub async fn read(request: Request, media_type: &str) -> Result<Bytes, Failure> {
    if !has_media_type(request.headers(), media_type) {
        return Err(Failure::UnsupportedMediaType);
    }
    // It is in memory already: the layer of the operation has read it, within the limits.
    let bytes = to_bytes(request.into_body(), usize::MAX).await;
    bytes.map_err(|_| Failure::BadRequest)
}

fn has_media_type(headers: &HeaderMap, media_type: &str) -> bool {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        return false;
    };
    let essence = kind.as_bytes().split(|&byte| byte == b';').next();
    essence.is_some_and(|essence| {
        essence
            .trim_ascii()
            .eq_ignore_ascii_case(media_type.as_bytes())
    })
}

/// An object: serde would also take the members of a struct from an array, by their position.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Cause> {
    let parsed = serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => Cause::WrongMembers,
        // serde reports an enum with no member or with two as if the text had ended too early.
        Category::Syntax | Category::Eof | Category::Io => serde_json::from_slice::<Value>(bytes)
            .map_or(Cause::MalformedJson, |_| Cause::WrongMembers),
    })?;
    if bytes.trim_ascii_start().starts_with(b"{") {
        Ok(parsed)
    } else {
        Err(Cause::WrongMembers)
    }
}
