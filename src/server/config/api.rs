//! The settings of the JSON API.

use super::{reader::Reader, sections::boolean};
use crate::server::public_url::PublicUrl;

/// Who may use the JSON API from a browser, and read its document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiConfig {
    /// In the form of the `Origin` header.
    pub allowed_origins: Vec<String>,
    /// Whether the document and its viewer need no session.
    pub public_docs: bool,
}

pub fn read_api(reader: &mut Reader) -> ApiConfig {
    ApiConfig {
        allowed_origins: reader.list("api.allowed_origins", parse_origin),
        public_docs: reader.read("api.public_docs", "false", boolean),
    }
}

/// One origin, exactly as browsers send it. A pattern would let any page of a domain act for its visitors, and `null` is
/// the origin of every sandboxed page.
fn parse_origin(text: &str) -> Result<String, String> {
    let is_exact = |url: &PublicUrl| url.origin() == text && !text.contains('*');
    let url = PublicUrl::parse(text).map_err(|mistake| format!("\"{text}\" {mistake}"))?;
    if is_exact(&url) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "\"{text}\" must be one origin as browsers send it, such as https://app.example.org: scheme, host and port, \
             without a default port, a path or a pattern"
        ))
    }
}
