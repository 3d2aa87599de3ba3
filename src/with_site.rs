//! `vestibule` with its site inside: what `make dist` builds, when it has built the site.

use std::process::ExitCode;
use vestibule::server::{cli, site_inside::SiteInside};

static SITE: SiteInside = include!("../target/site.rs");

fn main() -> ExitCode {
    cli::main(Some(&SITE))
}
