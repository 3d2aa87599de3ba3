//! The deployment under examination.

use super::deployment::Deployment;
use std::rc::Rc;
use url::Url;

/// The public address of a deployment, as users type it.
#[derive(Clone)]
pub struct Target {
    pub deployment: Rc<Deployment>,
    url: Url,
    /// The host and port to connect to, instead of those of the address.
    connect: Option<String>,
}

impl Target {
    pub fn new(deployment: Deployment, url: Url, connect: Option<String>) -> Self {
        Self {
            deployment: Rc::new(deployment),
            url,
            connect,
        }
    }

    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// In the form of the `Origin` header.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// In the form of the `Host` header.
    pub fn host(&self) -> String {
        let origin = self.origin();
        let host = origin.split_once("://").map(|(_, host)| host.to_owned());
        host.unwrap_or_default()
    }

    /// The host without a port: the certificate is verified for this name.
    pub fn server_name(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        host.trim_matches(['[', ']']).to_owned()
    }

    /// The host and port to connect to.
    pub fn connect_address(&self) -> String {
        let port = self.url.port_or_known_default().unwrap_or(443);
        let host = self.url.host_str().unwrap_or_default();
        self.connect
            .clone()
            .unwrap_or_else(|| format!("{host}:{port}"))
    }

    /// The same name over plain http, where browsers would try it.
    pub fn over_plain_http(&self) -> Option<Self> {
        let has_usual_port = self.is_https() && self.url.port().is_none() && self.connect.is_none();
        let mut url = self.url.clone();
        let changed = has_usual_port && url.set_scheme("http").is_ok();
        changed.then(|| Self {
            deployment: Rc::clone(&self.deployment),
            url,
            connect: None,
        })
    }

    /// Whether a browser that follows a `Location` stays on this site. A path in it is resolved from the root, because
    /// the requested path may itself resemble another host.
    pub fn is_same_origin(&self, location: &str) -> bool {
        let resolved = self.url.join(location);
        resolved.is_ok_and(|resolved| resolved.origin() == self.url.origin())
    }
}

/// `application/x-www-form-urlencoded`.
pub fn encode_form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

#[cfg(test)]
impl Target {
    pub fn example(url: &str) -> Self {
        Self::new(Deployment::example(), Url::parse(url).unwrap(), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        Target::example(text)
    }

    #[test]
    fn origin_host_and_port_match_those_of_browsers() {
        let default_port = target("https://ID.example.org:443/");
        assert_eq!(default_port.origin(), "https://id.example.org");
        assert_eq!(default_port.host(), "id.example.org");
        assert_eq!(default_port.connect_address(), "id.example.org:443");
        assert_eq!(
            default_port.over_plain_http().unwrap().connect_address(),
            "id.example.org:80"
        );
        let other = target("http://[::1]:3000");
        assert_eq!(
            (other.host().as_str(), other.server_name().as_str()),
            ("[::1]:3000", "::1")
        );
        assert!(other.over_plain_http().is_none());
        assert!(
            target("https://id.example.org:8443")
                .over_plain_http()
                .is_none()
        );
        let redirected = Target {
            connect: Some("127.0.0.1:8443".to_owned()),
            ..target("https://id.example.org")
        };
        assert_eq!(redirected.connect_address(), "127.0.0.1:8443");
        assert!(redirected.over_plain_http().is_none());
    }

    #[test]
    fn locations_are_resolved_as_in_browsers() {
        let site = target("https://id.example.org");
        for stays in [
            "/login",
            "https://id.example.org/x",
            "?a",
            "/%5Cevil.example",
        ] {
            assert!(site.is_same_origin(stays), "{stays}");
        }
        for leaves in [
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example",
            "http://id.example.org/",
            "javascript:alert(1)",
        ] {
            assert!(!site.is_same_origin(leaves), "{leaves}");
        }
    }
}
