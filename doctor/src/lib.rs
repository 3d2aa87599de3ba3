//! The promises of `docs/controls.md`, proved on a running deployment: `vestibule doctor`.
//!
//! It works from outside, over HTTP alone, and knows neither the configuration nor the database. So it
//! proves what a browser gets, through every proxy on the way.

mod accounts;
mod addresses;
mod api;
mod browser;
mod caching;
mod client;
mod contents;
mod cookies;
mod deployment;
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

pub use deployment::{Account, Deployment, Password};

use client::{Client, NoAnswer, Request};
use examination::{Examination, NOT_SIGNED_IN};
use report::Check;
use std::{future::pending, io, path::Path, rc::Rc};
use target::Target;
use tls::Tls;
use url::Url;

/// The address of the deployment.
pub struct Address {
    /// The public address, as users type it. It is https, or of this machine.
    pub url: Url,
    pub authorities: Authorities,
    /// The host and port to connect to, instead of those of the public address.
    pub connect: Option<String>,
}

/// Why an examination has no summary.
#[derive(Debug, thiserror::Error)]
pub enum ExaminationError {
    /// No request could be sent.
    #[error("{0}")]
    Refused(String),
    #[error("the report could not be written: {0}")]
    Io(#[from] io::Error),
}

/// The trusted certificate authorities.
pub struct Authorities(Tls);

impl Authorities {
    /// Reads the authorities of a PEM file, or uses those that browsers trust.
    ///
    /// # Errors
    /// A sentence that describes what is wrong with the file.
    pub fn read(file: Option<&Path>) -> Result<Self, String> {
        Tls::new(file).map(Self)
    }
}

/// How many promises hold, do not hold, and were not checked.
pub struct Summary {
    pub holding: usize,
    pub failures: usize,
    pub skipped: usize,
    pub interrupted: bool,
}

/// Examines a deployment and writes the report to standard output: as JSON, one object a line, or for people.
pub async fn examine(
    deployment: Deployment,
    address: Address,
    account: Account,
    json: bool,
) -> Result<Summary, ExaminationError> {
    let Authorities(tls) = address.authorities;
    let target = Target::new(deployment, address.url, address.connect);
    let client = Rc::new(Client::new(target, tls));
    let mut exam = Examination::new(Rc::clone(&client), account);
    // First, so that a mistyped address is one failure and not a long list.
    let interrupted = match client.send(Request::get("/login")).await {
        Ok(_) => examine_all(&mut exam, &client).await,
        Err(failure) if failure.is_untrusted => {
            service::record_untrusted(&mut exam, &failure);
            close_all(
                &mut exam,
                "its certificate is not believed, so nothing was sent",
            );
            false
        }
        Err(failure) => return Err(ExaminationError::Refused(failure.to_string())),
    };
    let report = &exam.report;
    report.write(&mut io::stdout().lock(), json)?;
    Ok(Summary {
        holding: report.holding(),
        failures: report.failures(),
        skipped: report.skipped(),
        interrupted,
    })
}

/// Runs all checks; `true` if it was interrupted.
async fn examine_all(exam: &mut Examination, client: &Client) -> bool {
    let interruption = async {
        // If no signal handler can be installed, the examination runs to its end.
        if tokio::signal::ctrl_c().await.is_ok() {
            client.interrupt();
        }
        pending::<()>().await;
    };
    tokio::select! {
        () = examine_each(exam) => {}
        () = interruption => {}
    }
    let interrupted = client.take_interruption();
    finish(exam, interrupted).await;
    interrupted
}

/// Every check there is, by subject, without those that use the API.
const SUBJECTS: [&[&Check]; 25] = [
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
    caching::ACTIVE,
    revival::LAST,
    caching::CHECKS,
    headers::CHECKS,
    policy::CHECKS,
    contents::CHECKS,
    leaks::CHECKS,
    api::challenges::CHECKS,
    cookies::LAST,
    service::LAST,
    replay::LAST,
    api::keys::LAST,
];

fn subjects() -> impl Iterator<Item = &'static [&'static Check]> {
    SUBJECTS.into_iter().chain(api::SUBJECTS)
}

/// Runs the subjects in turn. Without an answer the remaining checks of a subject are skipped, and the next one begins.
async fn examine_each(exam: &mut Examination) {
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
    if let Err(failure) = api::examine(exam).await {
        api::skip_rest(&mut exam.report, &failure.to_string());
    }
    let ended = proxy::examine(exam).await;
    close(exam, proxy::CHECKS, ended);
    let ended = files::examine(exam).await;
    close(exam, files::CHECKS, ended);
    let ended = caching::examine(exam).await;
    close(exam, caching::ACTIVE, ended);
    let ended = http2::examine(exam).await;
    close(exam, http2::CHECKS, ended);
    let ended = revival::at_the_end(exam).await;
    close(exam, revival::LAST, ended);
}

fn close(exam: &mut Examination, checks: &'static [&'static Check], ended: Result<(), NoAnswer>) {
    if let Err(failure) = ended {
        exam.report.skip_rest(checks, &failure.to_string());
    }
}

/// Ends the sessions that were started, revokes the key that was made, and runs the checks of every answer.
async fn finish(exam: &mut Examination, interrupted: bool) {
    api::keys::revoke_left(exam).await;
    let leftovers = exam.end_all_sessions().await;
    if !interrupted {
        cookies::check_answers(exam);
        caching::check_answers(exam);
        headers::check_answers(exam);
        policy::check_answers(exam);
        contents::check_answers(exam);
        leaks::check_answers(exam);
        api::challenges::check_answers(exam);
        service::check_answers(exam);
    }
    replay::record_leftovers(exam, leftovers);
    // Every check is reported.
    let why = if interrupted {
        "it was interrupted"
    } else {
        NOT_SIGNED_IN
    };
    close_all(exam, why);
}

fn close_all(exam: &mut Examination, why: &str) {
    for checks in subjects() {
        exam.report.skip_rest(checks, why);
    }
}

#[cfg(test)]
mod tests {
    use super::subjects;
    use std::collections::BTreeSet;

    const CONTROLS: &str = include_str!("../../docs/controls.md");

    #[test]
    fn checks_have_a_control_and_a_unique_name() {
        let checks: Vec<_> = subjects().flatten().collect();
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
        assert!(checks.len() >= 170, "{} checks", checks.len());
    }
}
