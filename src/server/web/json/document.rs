//! The document of the API (OpenAPI 3.1), made from its router.

use super::{
    problem::{Problem, ProblemPart},
    query::Parameters,
};
use crate::{
    domain::{
        scope::{Scope, Scopes},
        site,
    },
    server::web::{cookies::session::SESSION_COOKIE, target::Demand},
};
use axum::{
    Extension,
    body::Bytes,
    http::header,
    response::{IntoResponse, Response},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, Content, HeaderBuilder, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder,
        Paths, Ref, RefOr, ResponseBuilder, Type,
        path::{Operation, ParameterIn},
        security::{
            ApiKey, ApiKeyValue, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password,
            SecurityRequirement, SecurityScheme,
        },
        tag::TagBuilder,
    },
};

const SESSION: &str = "session";
const TOKEN: &str = "token";
const KEY: &str = "key";

/// The document as text.
#[derive(Clone)]
pub struct Document(Bytes);

impl Document {
    /// # Panics
    /// Never: a document is a tree of texts.
    pub fn of(document: &OpenApi) -> Self {
        let text = document.to_pretty_json().expect("a document is JSON");
        Self(Bytes::from(text + "\n"))
    }
}

/// This document
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    operation_id = "readDocument",
    tag = "document",
    responses((status = 200, description = "The document", body = Object))
)]
pub async fn read(Extension(document): Extension<Document>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, document.0).into_response()
}

/// The document without its operations.
pub fn frame() -> OpenApi {
    let info = InfoBuilder::new()
        .title(site::NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Sessions, accounts and the audit log of this server, for programs. Every session, key and token is checked in the \
             database at each request, so an ended one is refused at its next.",
        ))
        .build();
    let tags = [
        ("me", "The caller"),
        ("tokens", "Access tokens"),
        ("sessions", "The caller's own sessions"),
        ("keys", "The caller's own access keys"),
        ("users", "Accounts, for administrators"),
        ("activity", "The audit log, for administrators"),
        ("document", "What you are reading"),
    ];
    let tags =
        tags.map(|(name, text)| TagBuilder::new().name(name).description(Some(text)).build());
    OpenApiBuilder::new()
        .info(info)
        .tags(Some(tags))
        .components(Some(components()))
        .build()
}

fn components() -> Components {
    let mut components = Components::new();
    let problem = (Problem::name().into_owned(), Problem::schema());
    let part = (ProblemPart::name().into_owned(), ProblemPart::schema());
    components.schemas.extend([problem, part]);
    let challenge = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .description(Some("The challenge of RFC 6750"))
        .build();
    let refused = |text: &str| {
        let problem = Content::new(Some(Ref::from_schema_name(Problem::name())));
        ResponseBuilder::new()
            .description(text)
            .content(super::problem::MEDIA_TYPE, problem)
    };
    let responses = [
        (
            "NotSignedIn",
            refused("There is no credential, or it is not valid, or no longer")
                .header("WWW-Authenticate", challenge),
        ),
        (
            "NotPermitted",
            refused(
                "The request comes from another site, the password has to be confirmed first, or the credential lacks the scope",
            ),
        ),
        (
            "NotFound",
            refused("It does not exist, or not for this caller"),
        ),
        ("Problem", refused("The request was not carried out")),
    ];
    let responses = responses.map(|(name, response)| (name.to_owned(), response.into()));
    components.responses.extend(responses);
    add_schemes(&mut components);
    components
}

fn add_schemes(components: &mut Components) {
    let session = ApiKeyValue::with_description(
        SESSION_COOKIE,
        "The session of a browser that is signed in. Requests that change something have to come from the same origin, \
         or from one that the server names.",
    );
    let scopes = Scope::ALL
        .iter()
        .map(|scope| (scope.as_str(), scope.title()));
    let by_password = Flow::Password(Password::new("/api/v1/token", scopes.collect()));
    let token = OAuth2::with_description(
        [by_password],
        "An access token of a session, as `Authorization: Bearer`. It may do what its session may, as far as its scopes \
         name it. There are no clients, so leave client id and secret empty. This grant is for first-party sign-in alone \
         (RFC 9700, 2.4).",
    );
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An access key, as `Authorization: Bearer`, with the scopes of the operation",
        ))
        .build();
    components.add_security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    components.add_security_scheme(TOKEN, SecurityScheme::OAuth2(token));
    components.add_security_scheme(KEY, SecurityScheme::Http(key));
}

/// Writes into the one operation of `paths` what it demands, and how it is refused. Returns the parameters of its query.
pub fn demand(paths: &mut Paths, demand: Demand) -> Parameters {
    let items = paths.paths.values_mut();
    let operations = items.flat_map(|item| {
        let methods = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        methods.into_iter().flatten()
    });
    let names = operations.flat_map(|operation| {
        refusals(operation, demand);
        operation.security = Some(requirements(demand));
        query_of(operation)
    });
    Parameters(names.collect::<Vec<_>>().into())
}

/// One of the requirements is enough. An empty one means that no credential is needed.
fn requirements(demand: Demand) -> Vec<SecurityRequirement> {
    let session = || SecurityRequirement::new(SESSION, [""; 0]);
    let of =
        |scheme: &str, scopes: &[&str]| SecurityRequirement::new(scheme, scopes.iter().copied());
    match demand {
        Demand::Public => vec![SecurityRequirement::default()],
        Demand::Cookie | Demand::Watch => vec![session()],
        // With everything that the account may do: for administrators that is more.
        Demand::Owner | Demand::Administrator => {
            let person = Scopes::of_person(demand == Demand::Administrator);
            let person: Vec<_> = person.iter().map(Scope::as_str).collect();
            vec![session(), of(TOKEN, &person)]
        }
        Demand::SignedIn => vec![session(), of(TOKEN, &[]), of(KEY, &[])],
        // No session has it, so no token has it either.
        Demand::Scope(scope) if !Scopes::of_person(true).contains(scope) => {
            vec![of(KEY, &[scope.as_str()])]
        }
        Demand::Scope(scope) => {
            let scope = [scope.as_str()];
            vec![session(), of(TOKEN, &scope), of(KEY, &scope)]
        }
    }
}

fn refusals(operation: &mut Operation, demand: Demand) {
    let has_target = operation.parameters.iter().flatten().any(|parameter| {
        matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Path)
    });
    let is_hidden = match demand {
        Demand::Administrator => true,
        Demand::Scope(scope) => scope.is_for_administrators(),
        _ => false,
    };
    let mut add = |status: &str, name: &str| {
        let response = Ref::from_response_name(name).into();
        operation
            .responses
            .responses
            .insert(status.to_owned(), response);
    };
    // Also a public operation refuses a bearer credential that is not valid.
    add("401", "NotSignedIn");
    add("403", "NotPermitted");
    if has_target || is_hidden {
        add("404", "NotFound");
    }
    add("default", "Problem");
}

/// Leaked once: the router is made at the start.
fn query_of(operation: &Operation) -> Vec<&'static str> {
    let parameters = operation.parameters.iter().flatten();
    let names = parameters.filter_map(|parameter| match parameter {
        RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => {
            Some(&*parameter.name.clone().leak())
        }
        _ => None,
    });
    names.collect()
}
