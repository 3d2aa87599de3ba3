//! `vestibule doctor`: tests the promises of `docs/controls.md` on a running deployment.
//!
//! The package `doctor` works from outside, over HTTP alone, without the configuration and the database. So it tests
//! what a browser gets, through every proxy on the way. This file passes it the list of pages.

use super::{CliError, output::to_stderr, password};
use crate::{
    app::head_scripts,
    domain::{
        page::{Access, Download, Page, Stream},
        plain_script,
    },
    server::public_url::PublicUrl,
};
use std::path::PathBuf;
use vestibule_doctor::{
    Account, Address, Authorities, Deployment, ExaminationError, Password, Summary,
};

/// Standard input has the account: the username or email and the password, on one line each. An argument could be read
/// by every user of the machine.
#[derive(clap::Args)]
pub struct Command {
    /// The public address, such as https://sign-in.example.org
    #[arg(long)]
    url: String,
    /// Trust the certificate authorities in this PEM file instead of those that browsers trust
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Connect to this host and port instead of those of the public address
    #[arg(long, value_name = "HOST:PORT")]
    connect: Option<String>,
    /// Print one JSON object on each line
    #[arg(long)]
    json: bool,
}

/// Examines a deployment and writes the report.
///
/// # Errors
/// If a promise does not hold, or no request could be sent.
pub async fn run(command: Command) -> Result<(), CliError> {
    let address = Address {
        url: public_url(&command.url)?.into_url(),
        authorities: Authorities::read(command.ca.as_deref()).map_err(CliError::Refused)?,
        connect: command.connect,
    };
    let (name, password) = password::account()?;
    let account = Account {
        name,
        password: Password::new(password.reveal().to_owned()),
    };
    let examined = vestibule_doctor::examine(deployment(), address, account, command.json).await;
    let Summary {
        holding,
        failures,
        skipped,
        interrupted,
    } = examined.map_err(|error| match error {
        ExaminationError::Refused(why) => CliError::Refused(why),
        ExaminationError::Io(error) => CliError::Io(error),
    })?;
    if interrupted {
        return Err(CliError::Refused("it was interrupted".to_owned()));
    }
    let counts = format!("{holding} promises hold, {failures} do not, {skipped} were skipped");
    if failures > 0 {
        return Err(CliError::Refused(counts));
    }
    to_stderr(&counts);
    Ok(())
}

/// Plain http to another machine is refused: the account's password would travel unencrypted.
fn public_url(text: &str) -> Result<PublicUrl, CliError> {
    PublicUrl::parse(text).map_err(|wrong| CliError::Refused(format!("--url {wrong}")))
}

/// The description of what this program serves.
fn deployment() -> Deployment {
    let pages = |is_public: bool| {
        let pages = Page::ALL.iter();
        let pages = pages.filter(move |page| (page.access() == Access::Anyone) == is_public);
        let paths = pages.map(|page| page.path());
        paths.filter(|path| !path.contains('{')).collect()
    };
    Deployment {
        public_pages: pages(true),
        private_pages: pages(false),
        files: Download::ALL
            .map(|file| (file.path(), file.page().path()))
            .into(),
        streams: Stream::ALL.map(Stream::path).into(),
        head_scripts: head_scripts(),
        plain_scripts: plain_script::ALL.map(|script| script.path).into(),
        digest_of_script: plain_script::digest_of,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_to_another_machine_is_refused() {
        for text in [
            "https://id.example.org",
            "https://id.example.org:8443/",
            "http://localhost:3000",
            "http://[::1]:3000",
        ] {
            assert!(public_url(text).is_ok(), "{text}");
        }
        for text in [
            "http://id.example.org",
            "id.example.org",
            "https://id.example.org/x",
            "https://ada:secret@id.example.org",
            "ftp://id.example.org",
        ] {
            let refusal = public_url(text).unwrap_err().to_string();
            assert!(!refusal.contains("secret"), "{refusal}");
        }
    }
}
