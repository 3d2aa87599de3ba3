//! What every page has.

use crate::domain::site::Site;
use serde::{Deserialize, Serialize};

/// The part of a page's frame that the browser needs too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameView {
    pub site: Site,
    pub is_signed_in: bool,
}
