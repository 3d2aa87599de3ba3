//! Settings that are valid and yet seldom intended.

use super::Config;
use crate::server::db::DatabaseUrl;
use std::path::Path;

impl Config {
    /// A warning for each doubtful combination of settings, with its remedy.
    pub fn warnings(&self) -> Vec<String> {
        let public_is_https = self.public_url.as_ref().is_some_and(|url| url.is_https());
        let own = self.site_addr.ip().to_canonical();
        let is_loopback = own.is_loopback();
        let no_proxy_is_trusted = self.trusted_proxies.is_empty();
        let mut warnings = Vec::new();
        if public_is_https && no_proxy_is_trusted {
            let example = if is_loopback {
                format!("trusted_proxies = [\"{own}\"]")
            } else {
                "trusted_proxies to its address".to_owned()
            };
            warnings.push(format!(
                "public_url is https, so a proxy stands in front, but http.trusted_proxies is empty: every \
                 visitor will seem to come from the proxy's address, and all will share one throttle. \
                 Set {example}."
            ));
        }
        if is_loopback && !no_proxy_is_trusted && !self.trusted_proxies.include_this_machine() {
            warnings.push(format!(
                "site_addr is {}, which only this machine reaches, but http.trusted_proxies names only others: \
                 no proxy will be believed. Add \"{own}\", or let site_addr be reached by the proxy.",
                self.site_addr
            ));
        }
        if self.http.watchers.total >= self.http.max_connections {
            warnings.push(format!(
                "http.max_streams is {}, as many as http.max_connections or more: open pages may take all \
                 connections, and nobody could ask for anything. Set it to half of them.",
                self.http.watchers.total
            ));
        }
        let has_sealing_key =
            self.tokens.sealing_key.is_some() || self.tokens.sealing_key_file.is_some();
        if matches!(self.database_url, DatabaseUrl::Postgres(_)) && !has_sealing_key {
            warnings.push(
                "tokens.sealing_key_file is not set, so the API issues no access tokens; everything else works. With \
                 PostgreSQL no file is made beside the database, because all servers need the same key. Set it, or \
                 VESTIBULE_TOKENS__SEALING_KEY, to what `openssl rand -hex 32` prints."
                    .to_owned(),
            );
        }
        warnings.extend(self.memory_warning(Path::new("/")));
        warnings
    }
}
