//! The files that are made from the settings: the owner's logo and accent, the manifest, and `robots.txt`.

use super::site::{IMMUTABLE, ONE_HOUR};
use crate::{
    domain::{
        frame::{BrandFiles, BrandLogo},
        page::{MANIFEST, Page},
        plain_script::digest_of,
        site::Site,
    },
    server::{
        config::{LogoKind, SiteConfig},
        web::state::AppState,
    },
};
use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// A sign-in is not for search engines.
const ROBOTS: &str = "User-agent: *\nDisallow: /\n";

/// A picture of SVG is a document, which a browser may show on its own: there it runs and loads nothing. Its own style
/// is part of the picture.
const POLICY_OF_LOGO: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox",
);

/// What shows whose site it is.
#[derive(Clone, Debug)]
pub struct Brand {
    pub site: Site,
    pub files: BrandFiles,
    served: Vec<Served>,
}

#[derive(Clone, Debug)]
struct Served {
    path: &'static str,
    content_type: &'static str,
    content: Bytes,
    policy: Option<HeaderValue>,
}

impl Served {
    fn text(path: &'static str, content_type: &'static str, content: String) -> Self {
        Self {
            path,
            content_type,
            content: content.into(),
            policy: None,
        }
    }

    fn digest(&self) -> String {
        digest_of(&self.content)
    }

    fn address(&self) -> String {
        format!("{}?{}", self.path, self.digest())
    }
}

impl Brand {
    pub fn of(config: &SiteConfig) -> Self {
        let site = config.site.clone();
        let logo = config.logo.as_ref().map(|logo| {
            let (path, content_type) = match logo.kind {
                LogoKind::Svg => ("/logo.svg", "image/svg+xml"),
                LogoKind::Png => ("/logo.png", "image/png"),
            };
            Served {
                path,
                content_type,
                content: logo.content.clone().into(),
                policy: Some(POLICY_OF_LOGO),
            }
        });
        let accent = config.accent.as_ref().map(|accent| {
            let sheet = accent.stylesheet();
            Served::text("/accent.css", "text/css; charset=utf-8", sheet)
        });
        let files = BrandFiles {
            logo: logo.as_ref().map(|logo| BrandLogo {
                address: logo.address(),
                content_type: logo.content_type,
            }),
            accent: accent.as_ref().map(Served::address),
        };
        let manifest = manifest(&site, &files);
        let text = |path, kind, content: String| Served::text(path, kind, content);
        let always = [
            text(
                "/robots.txt",
                "text/plain; charset=utf-8",
                ROBOTS.to_owned(),
            ),
            text(MANIFEST, "application/manifest+json", manifest),
        ];
        Self {
            site,
            files,
            served: always.into_iter().chain(logo).chain(accent).collect(),
        }
    }
}

/// What a browser needs for a shortcut (W3C, Web Application Manifest).
fn manifest(site: &Site, files: &BrandFiles) -> String {
    let (icon, kind) = match &files.logo {
        Some(logo) => (logo.address.as_str(), logo.content_type),
        None => ("/favicon.svg", "image/svg+xml"),
    };
    let manifest = json!({
        "name": site.name,
        "short_name": site.name,
        "start_url": Page::Home.path(),
        "display": "browser",
        "icons": [{ "src": icon, "type": kind, "sizes": "any" }],
    });
    manifest.to_string()
}

/// Answers for these files, before the folder of the site is asked.
pub async fn answer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut served = state.brand.served.iter();
    let file = served.find(|file| is_read && file.path == request.uri().path());
    let Some(file) = file else {
        return next.run(request).await;
    };
    let is_current = request.uri().query() == Some(&file.digest());
    let mut headers = HeaderMap::new();
    let content_type = HeaderValue::from_static(file.content_type);
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(
        header::CACHE_CONTROL,
        if is_current { IMMUTABLE } else { ONE_HOUR },
    );
    if let Some(policy) = &file.policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    }
    (headers, Body::from(file.content.clone())).into_response()
}
