//! Bodies of forms, for the operations that OAuth defines (RFC 6749, 3.2: each parameter at most once, unknown ones are
//! ignored).

use super::{
    body,
    rejection::{Cause, Rejection},
};
use crate::server::web::state::AppState;
use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use std::collections::HashMap;
use url::form_urlencoded;
use zeroize::Zeroizing;

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// The parameters of a form. They may be passwords, so they are wiped from memory and never printed.
pub struct Form(HashMap<String, Zeroizing<String>>);

impl Form {
    /// A parameter that may be absent. An empty one is absent (RFC 6749, 3.2).
    pub fn take(&mut self, name: &str) -> Option<Zeroizing<String>> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    /// # Errors
    /// If it is absent.
    pub fn demand(&mut self, name: &'static str) -> Result<Zeroizing<String>, Rejection> {
        let missing = || Rejection::input(Cause::MissingParameter(name));
        self.take(name).ok_or_else(missing)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Rejection> {
        let mut parameters = HashMap::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            let value = Zeroizing::new(value.into_owned());
            if parameters.insert(name.into_owned(), value).is_some() {
                return Err(Rejection::input(Cause::RepeatedMember));
            }
        }
        Ok(Self(parameters))
    }
}

impl FromRequest<AppState> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Response> {
        let bytes = body::read(request, MEDIA_TYPE)
            .await
            .map_err(IntoResponse::into_response)?;
        Self::parse(&bytes).map_err(IntoResponse::into_response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_taken_once_and_an_empty_one_is_absent() {
        let mut form = Form::parse(b"username=Ada+L&scope=&more=1").unwrap();
        assert_eq!(form.demand("username").unwrap().as_str(), "Ada L");
        assert!(form.take("scope").is_none() && form.take("username").is_none());
        assert!(Form::parse(b"username=a&username=a").is_err());
        let missing = form.demand("password").err();
        assert_eq!(
            missing,
            Some(Rejection::input(Cause::MissingParameter("password")))
        );
    }
}
