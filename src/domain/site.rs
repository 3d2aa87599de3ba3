//! The name of the site.

/// The name that people see, in titles, headers and footers. No password may be made of it.
pub const NAME: &str = "Vestibule";
