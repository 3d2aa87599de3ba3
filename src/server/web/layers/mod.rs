//! The middleware of every request. Their order is in `web::router`; the guard and the forms around each route are in
//! `web::routes`.

pub mod addresses;
pub mod bearer;
pub mod cors;
pub mod credential;
pub mod failures;
pub mod forms;
pub mod forwarded;
pub mod guard;
pub mod headers;
pub mod operations;
pub mod origin;
pub mod too_large;
