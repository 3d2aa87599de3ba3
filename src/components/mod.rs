//! What two pages share.

pub mod form;
pub mod layout;
pub mod sign_out;
pub mod time;
