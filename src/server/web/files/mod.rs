//! Files: scripts and styles, and the audit log as a download.

pub mod brand;
pub mod downloads;
pub mod embedded_site;
pub mod site;
