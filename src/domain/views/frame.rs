//! What every page has.

use serde::{Deserialize, Serialize};

/// The part of a page's frame that the browser needs too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameView {
    /// The name of the site.
    pub site: String,
    pub is_signed_in: bool,
}
