//! The state that every handler has access to.

use super::{
    budget::Budget,
    files::{
        brand::Brand,
        embedded_site::EmbeddedSite,
        site::{HashedNames, SiteFiles},
    },
    layers::{cors, origin::Site},
};
use crate::server::{
    config::{Config, HttpLimits, TrustedProxies},
    core::{Core, tokens::Issuer},
};
use leptos::config::LeptosOptions;
use std::{ops::Deref, sync::Arc};
use tokio::sync::Semaphore;
use tower_http::cors::CorsLayer;

/// Functions that run at once. Each takes milliseconds, so these are seconds of work; each needs at most a hundred
/// kilobytes.
pub const MAX_RUNNING_FUNCTIONS: usize = 512;

/// The limit of one address: many people may share it, and press a button at the same moment.
pub const MAX_RUNNING_FUNCTIONS_PER_ADDRESS: usize = 128;

/// Pages that follow the audit log at once: more than an organisation has administrators watching, and few enough that
/// their polls cost less than one page. Others can reload the page.
pub const MAX_AUDIT_STREAMS: usize = 16;

/// The core and the site, shared: every layer takes a copy for every request.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// The core, and what belongs to the site around it.
#[derive(Clone)]
pub struct Shared {
    pub core: Core,
    pub site: Arc<Site>,
    pub brand: Arc<Brand>,
    /// Of access tokens.
    pub issuer: Issuer,
    pub trusted_proxies: Arc<TrustedProxies>,
    pub leptos_options: LeptosOptions,
    /// The address of cargo-leptos's reload socket, while it watches.
    pub reload_socket: Option<Arc<str>>,
    pub hsts: Option<&'static str>,
    pub limits: HttpLimits,
    /// The slots of pages that follow the audit log.
    pub audit_streams: Arc<Semaphore>,
    /// Server functions that run at once.
    pub running_functions: Budget,
    /// The bytes of bodies in memory.
    pub body_bytes: Budget,
    pub files: SiteFiles,
    pub hashed_names: HashedNames,
    /// For the JSON API; `None` unless origins are configured.
    pub cors: Option<CorsLayer>,
    /// Whether the document of the JSON API needs no session.
    pub public_docs: bool,
}

impl AppState {
    /// `port` is the listening port, which the configuration may leave to the system.
    pub fn new(
        core: Core,
        config: &Config,
        leptos_options: LeptosOptions,
        reload: bool,
        port: u16,
    ) -> Self {
        let api = &config.api;
        let site = Site::new(config.public_url.clone(), port);
        let site = site.with_allowed_origins(&api.allowed_origins);
        let socket = || {
            format!(
                "ws://127.0.0.1:{0} ws://localhost:{0}",
                leptos_options.reload_port
            )
            .into()
        };
        Self(Arc::new(Shared {
            core,
            hsts: hsts(site.public_url.is_https(), config.hsts_include_subdomains),
            issuer: Issuer::new(&site.public_url.origin()),
            site: Arc::new(site),
            brand: Arc::new(Brand::of(&config.site)),
            trusted_proxies: Arc::new(config.trusted_proxies.clone()),
            reload_socket: reload.then(socket),
            hashed_names: HashedNames(leptos_options.hash_files),
            leptos_options,
            limits: config.http,
            audit_streams: Arc::new(Semaphore::new(MAX_AUDIT_STREAMS)),
            running_functions: Budget::new(
                MAX_RUNNING_FUNCTIONS,
                MAX_RUNNING_FUNCTIONS_PER_ADDRESS,
            ),
            body_bytes: Budget::new(
                config.http.body_budget(),
                config.http.body_budget_per_address(),
            ),
            files: SiteFiles::Folder(config.site_root.clone()),
            cors: cors::layer(&api.allowed_origins),
            public_docs: api.public_docs,
        }))
    }

    /// The same with the files inside the program. Leptos reads digests only from a list on the disk, so here a single
    /// digest is part of the output name.
    pub fn with_embedded_site(self, site: &'static EmbeddedSite) -> Self {
        let mut shared = Arc::unwrap_or_clone(self.0);
        shared.leptos_options.output_name = site.output_name.into();
        shared.leptos_options.hash_files = false;
        shared.hashed_names = HashedNames(true);
        shared.files = SiteFiles::Embedded(site);
        Self(Arc::new(shared))
    }
}

/// Two years (ASVS V3.4.1 requires one). On https only: browsers ignore it elsewhere. Sub-domains only if configured,
/// because it would break those without https.
fn hsts(is_https: bool, include_subdomains: bool) -> Option<&'static str> {
    match (is_https, include_subdomains) {
        (false, _) => None,
        (true, false) => Some("max-age=63072000"),
        (true, true) => Some("max-age=63072000; includeSubDomains"),
    }
}
