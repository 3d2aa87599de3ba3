//! Files: scripts and styles, and the audit log as a download.

pub mod downloads;
pub mod site;
pub mod site_inside;
