//! The JSON API: its operations, access tokens and access keys.
//!
//! One session of its own gets a token and makes a key. Both are used, misused and forged, and have to end with what
//! they came from. "Sign out everywhere" and a disabled account end them too; the doctor does neither, because that
//! would sign out the people who use this account, and revoke their keys.

mod call;
pub mod challenges;
mod forged;
pub mod issued;
pub mod keys;
mod misplaced;
mod operations;
mod origins;
mod published;
mod token;
mod tokens;

use super::{
    client::{NoAnswer, Request},
    examination::Examination,
    report::{Check, Report},
};
use call::ME;

const PASS_ON: &str = "Let the proxy pass /api/v1/ on with its methods, with Authorization and Cookie, and keep no answers";
const ONE_DATABASE: &str = "Let nothing keep answers of /api/v1/, let every server of this name use the one database, and install an unchanged release";

/// Checked by requests of its own, by subject.
pub const SUBJECTS: [&[&Check]; 8] = [
    operations::CHECKS,
    origins::CHECKS,
    published::OF_SERVER,
    tokens::CHECKS,
    published::OF_TOKEN,
    keys::CHECKS,
    misplaced::CHECKS,
    forged::CHECKS,
];

/// Records all checks of the API that are still open as not checked.
pub fn skip_rest(report: &mut Report, why: &str) {
    for checks in SUBJECTS {
        report.skip_rest(checks, why);
    }
}

/// The request by which a token or a key is tried.
pub fn opening(credential: &str) -> Request {
    call::bearer("GET", ME, credential)
}

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    let answer = exam.client.send(call::get(ME)).await?;
    if answer.status == 404 {
        let why = format!(
            "{}: the server is older than the API, or the proxy keeps it to itself",
            answer.describe()
        );
        skip_rest(&mut exam.report, &why);
        exam.report.skip_rest(challenges::CHECKS, &why);
        return Ok(());
    }
    let jwks = published::documents(exam).await?;
    operations::examine(exam).await?;
    origins::examine(exam).await?;
    let mut browser = exam.known_browser();
    if exam.sign_in(&mut browser).await?.is_none() {
        return Ok(());
    }
    let token = tokens::issue(exam, &mut browser).await?;
    let key = keys::make(exam, &mut browser).await?;
    if let Some(text) = &token
        && let Some(parts) = published::of_token(exam, text, &jwks)
    {
        forged::tokens(exam, &parts).await?;
    }
    misplaced::examine(exam, &browser, token.as_deref(), key.as_ref()).await?;
    if let Some(key) = key {
        forged::keys(exam, &key).await?;
        keys::revoke(exam, &mut browser, &key).await?;
    }
    tokens::end(exam, browser, token.as_deref()).await?;
    tokens::by_password(exam).await
}
