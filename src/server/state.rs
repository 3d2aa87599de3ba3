//! What every handler can reach.

use super::{
    Core,
    config::{Config, HttpLimits},
    forwarded::TrustedProxies,
    origin::Site,
};
use leptos::config::LeptosOptions;
use std::{path::PathBuf, sync::Arc};

/// The core, and what belongs to the site around it.
#[derive(Clone)]
pub struct AppState {
    pub core: Core,
    pub site: Arc<Site>,
    pub trusted_proxies: Arc<TrustedProxies>,
    pub leptos_options: LeptosOptions,
    /// The address of cargo-leptos's reload socket, while it watches.
    pub reload_socket: Option<Arc<str>>,
    pub hsts: Option<&'static str>,
    pub limits: HttpLimits,
    pub site_root: PathBuf,
}

impl AppState {
    /// `port` is the one that is listened to, which the configuration may leave to the system.
    pub fn new(
        core: Core,
        config: &Config,
        leptos_options: LeptosOptions,
        reload: bool,
        port: u16,
    ) -> Self {
        let site = Site::new(config.public_url.clone(), port);
        let socket = || {
            format!(
                "ws://127.0.0.1:{0} ws://localhost:{0}",
                leptos_options.reload_port
            )
            .into()
        };
        Self {
            core,
            hsts: hsts(site.public_url.is_https(), config.hsts_include_subdomains),
            site: Arc::new(site),
            trusted_proxies: Arc::new(config.trusted_proxies.clone()),
            reload_socket: reload.then(socket),
            leptos_options,
            limits: config.http,
            site_root: config.site_root.clone(),
        }
    }
}

/// Two years (ASVS V3.4.1 asks for one). On https only: browsers ignore it elsewhere. Sub-domains
/// only where configured, because it would break those that have no https.
fn hsts(is_https: bool, include_subdomains: bool) -> Option<&'static str> {
    match (is_https, include_subdomains) {
        (false, _) => None,
        (true, false) => Some("max-age=63072000"),
        (true, true) => Some("max-age=63072000; includeSubDomains"),
    }
}
