//! The server over real TCP, one file for each noun.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../invariants/mod.rs"]
mod invariants;
#[path = "../support/mod.rs"]
mod support;

mod access_keys;
mod activity;
mod administration;
mod any_bearer;
mod any_body;
mod any_form;
mod api;
mod app;
mod attack;
mod audit;
mod brand;
mod bursts;
mod carried_out;
mod confirmation;
mod cookies;
mod crowds;
mod dashboard;
mod embedded_site;
mod endings;
mod flash;
mod forms;
mod forwarded;
mod frame;
mod headers;
mod html;
mod login;
mod logout;
mod next_path;
mod origins;
mod own_activity;
mod own_sessions;
mod ownership;
mod password;
mod profile;
mod renewals;
mod routes;
mod session_events;
mod sessions;
mod setup;
mod sign_ins;
mod slow;
mod spellings;
mod static_files;
mod theme;
mod throttle;
mod timing;
mod values;
