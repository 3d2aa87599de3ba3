//! The name of the site.

/// The name in titles, headers and footers. The password rules refuse it.
pub const NAME: &str = "Vestibule";
