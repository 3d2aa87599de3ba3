//! `vestibule doctor`: the promises of `docs/controls.md`, proved on a running deployment.
//!
//! It looks from outside, over HTTP alone: it knows neither the configuration nor the database of what
//! it looks at, so it proves what a browser gets, through every proxy on the way.

mod accounts;
mod addresses;
mod caching;
mod client;
mod contents;
mod cookies;
mod encodings;
mod events;
mod examination;
mod files;
mod headers;
mod http2;
mod leaks;
mod methods;
mod origins;
mod own_sessions;
mod page;
mod policy;
mod proxy;
mod redirects;
mod replay;
mod report;
mod revival;
mod scripts;
mod service;
mod target;
mod tls;
mod visitor;

use super::{CliError, output::to_stderr, password};
use crate::server::clock::Clock;
use client::{Client, NoAnswer, Request};
use examination::{Account, Examination, NOBODY};
use report::Check;
use std::{future::pending, io, path::PathBuf, rc::Rc};
use target::Target;
use tls::Tls;

/// The account comes by standard input, its name and its password on a line each: an argument could be
/// read by every user of the machine.
#[derive(clap::Args)]
pub struct Command {
    /// The address that people type, such as https://sign-in.example.org
    #[arg(long)]
    url: String,
    /// Believe the certificates of these authorities (PEM) instead of those that browsers believe
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Connect to this host and port instead of where the name of the address leads
    #[arg(long, value_name = "HOST:PORT")]
    connect: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Examines a deployment and writes the report.
///
/// # Errors
/// Where a promise does not hold, or nothing could be asked.
pub async fn run(command: Command) -> Result<(), CliError> {
    let target = Target::parse(&command.url, command.connect).map_err(CliError::Refused)?;
    let tls = Tls::new(command.ca.as_deref()).map_err(CliError::Refused)?;
    let client = Rc::new(Client::new(target, tls, Clock::system()));
    let (name, password) = password::account()?;
    let mut exam = Examination::new(Rc::clone(&client), Account { name, password });
    // Before anything else, so that a mistyped address is no long list of failures.
    let interrupted = match client.send(Request::get("/login")).await {
        Ok(_) => examine_all(&mut exam, &client).await,
        Err(silence) if silence.is_untrusted => {
            service::is_untrusted(&mut exam, &silence);
            close_all(
                &mut exam,
                "its certificate is not believed, so nothing was sent",
            );
            false
        }
        Err(silence) => return Err(CliError::Refused(silence.to_string())),
    };
    exam.report.write(&mut io::stdout().lock(), command.json)?;
    conclusion(&exam, interrupted)
}

/// Runs all checks; `true` if it was interrupted.
async fn examine_all(exam: &mut Examination, client: &Client) -> bool {
    let interruption = async {
        // Without a word about signals the examination goes on to its end.
        if tokio::signal::ctrl_c().await.is_ok() {
            client.interrupt();
        }
        pending::<()>().await;
    };
    tokio::select! {
        () = examine(exam) => {}
        () = interruption => {}
    }
    let interrupted = client.take_interruption();
    conclude(exam, interrupted).await;
    interrupted
}

fn conclusion(exam: &Examination, interrupted: bool) -> Result<(), CliError> {
    let report = &exam.report;
    let [holding, failures, skipped] = [report.holding(), report.failures(), report.skipped()];
    if interrupted {
        return Err(CliError::Refused("it was interrupted".to_owned()));
    }
    let counts = format!("{holding} promises hold, {failures} do not, {skipped} were not asked");
    if failures > 0 {
        return Err(CliError::Refused(counts));
    }
    to_stderr(&counts);
    Ok(())
}

/// Every check there is, by subject.
const SUBJECTS: [&[&Check]; 23] = [
    service::CHECKS,
    cookies::CHECKS,
    replay::CHECKS,
    revival::CHECKS,
    own_sessions::CHECKS,
    events::CHECKS,
    origins::CHECKS,
    methods::CHECKS,
    redirects::CHECKS,
    accounts::CHECKS,
    proxy::CHECKS,
    files::CHECKS,
    http2::CHECKS,
    caching::ASKED,
    revival::LAST,
    caching::CHECKS,
    headers::CHECKS,
    policy::CHECKS,
    contents::CHECKS,
    leaks::CHECKS,
    cookies::LAST,
    service::LAST,
    replay::LAST,
];

/// Every subject in turn. What one could not ask it leaves open, and the next one begins.
async fn examine(exam: &mut Examination) {
    let ended = service::examine(exam).await;
    close(exam, service::CHECKS, ended);
    let ended = cookies::examine(exam).await;
    close(exam, cookies::CHECKS, ended);
    let ended = replay::examine(exam).await;
    close(exam, replay::CHECKS, ended);
    let ended = own_sessions::examine(exam).await;
    close(exam, own_sessions::CHECKS, ended);
    let ended = events::examine(exam).await;
    close(exam, events::CHECKS, ended);
    let ended = origins::examine(exam).await;
    close(exam, origins::CHECKS, ended);
    let ended = methods::examine(exam).await;
    close(exam, methods::CHECKS, ended);
    let ended = redirects::examine(exam).await;
    close(exam, redirects::CHECKS, ended);
    let ended = accounts::examine(exam).await;
    close(exam, accounts::CHECKS, ended);
    let ended = proxy::examine(exam).await;
    close(exam, proxy::CHECKS, ended);
    let ended = files::examine(exam).await;
    close(exam, files::CHECKS, ended);
    let ended = caching::examine(exam).await;
    close(exam, caching::ASKED, ended);
    let ended = http2::examine(exam).await;
    close(exam, http2::CHECKS, ended);
    let ended = revival::at_the_end(exam).await;
    close(exam, revival::LAST, ended);
}

fn close(exam: &mut Examination, checks: &'static [&'static Check], ended: Result<(), NoAnswer>) {
    if let Err(silence) = ended {
        exam.report.skip_rest(checks, &silence.to_string());
    }
}

/// Ends what was begun, and looks back over everything that was answered.
async fn conclude(exam: &mut Examination, interrupted: bool) {
    let left = exam.leave_nothing_behind().await;
    if !interrupted {
        cookies::look_back(exam);
        caching::look_back(exam);
        headers::look_back(exam);
        policy::look_back(exam);
        contents::look_back(exam);
        leaks::look_back(exam);
        service::look_back(exam);
    }
    replay::settle_left(exam, left);
    // No check is silently missing.
    let why = if interrupted {
        "it was interrupted"
    } else {
        NOBODY
    };
    close_all(exam, why);
}

fn close_all(exam: &mut Examination, why: &str) {
    for checks in SUBJECTS {
        exam.report.skip_rest(checks, why);
    }
}

#[cfg(test)]
mod tests {
    use super::SUBJECTS;
    use std::collections::BTreeSet;

    const CONTROLS: &str = include_str!("../../../docs/controls.md");

    #[test]
    fn every_check_names_a_control_and_has_a_name_of_its_own() {
        let checks: Vec<_> = SUBJECTS.concat();
        let mut names = BTreeSet::new();
        for check in &checks {
            let row = format!("| {} | ", check.control);
            assert!(CONTROLS.contains(&row), "{}: {}", check.name, check.control);
            assert!(names.insert(check.name), "{} comes twice", check.name);
            assert!(check.promise.chars().count() <= 110, "{}", check.promise);
            assert!(
                !check.promise.ends_with('.') && !check.remedy.ends_with('.'),
                "{}",
                check.name
            );
        }
        assert!(checks.len() >= 70, "{} checks", checks.len());
    }
}
