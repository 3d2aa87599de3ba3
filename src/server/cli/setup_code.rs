//! `vestibule setup-code`.

use super::{CliError, open_core, output::to_stderr};
use crate::server::{
    config::Config, core::accounts::setup, db::IfMissing, web::layers::origin::Site,
};
use std::io::{self, Write};

/// Prints a new code. The previous one becomes invalid.
pub async fn run(config: &Config) -> Result<(), CliError> {
    let core = open_core(config, IfMissing::Refuse).await?;
    let code = setup::new_code(&core).await;
    core.db.close().await;
    let refusal = "there is an account already. Create others with `vestibule user create`.";
    let code = code?.ok_or_else(|| CliError::Refused(refusal.to_owned()))?;
    let site = Site::new(config.public_url.clone(), config.site_addr.port());
    to_stderr(&format!(
        "Create the first account at {}/setup. This code is valid for one hour, once:",
        site.public_url.origin()
    ));
    Ok(writeln!(io::stdout(), "{}", code.reveal())?)
}
