//! Ended sessions stay ended: checked by HEAD, and again at the end of the run.

use super::{
    api,
    browser::SessionCookie,
    client::{Answer, Client, NoAnswer, Request, milliseconds_between},
    examination::Examination,
    report::{Check, check, expect},
};
use std::{rc::Rc, time::Duration};

const HEAD: Check = check(
    "replay_by_head",
    "C5",
    "After signing out a copy of the cookie opens no private page by HEAD",
    "Let nothing between the browser and the server answer HEAD by itself",
);
const AT_THE_END: Check = check(
    "replay_at_the_end",
    "C5",
    "What was refused before is still refused at the end of this run",
    "Let every server of this name use the one database, and read sessions from no replica that lags behind",
);

pub const CHECKS: &[&Check] = &[&HEAD];

/// Checked last, before the remaining sessions are ended.
pub const LAST: &[&Check] = &[&AT_THE_END];

/// Caches and lagging replicas are late by seconds.
const MIN_DELAY: Duration = Duration::from_secs(3);

/// Sends HEAD requests with a token that was just signed out.
pub async fn by_head(exam: &mut Examination, copy: &SessionCookie) -> Result<(), NoAnswer> {
    let pair = copy.pair();
    let mut verdict = Ok(());
    let deployment = Rc::clone(&exam.client.target.deployment);
    for &path in &deployment.private_pages {
        let request = Request::new("HEAD", path).header("cookie", &pair);
        let answer = exam.client.send(request).await?;
        verdict = verdict.and_then(|()| expect(is_refused(&answer), || answer.describe()));
    }
    exam.record(&HEAD, verdict);
    Ok(())
}

pub async fn at_the_end(exam: &mut Examination) -> Result<(), NoAnswer> {
    let Some((.., refused_at)) = exam.ended_sessions.first() else {
        return Ok(());
    };
    let elapsed = milliseconds_between(Client::now(), *refused_at);
    tokio::time::sleep(MIN_DELAY.saturating_sub(Duration::from_millis(elapsed))).await;
    let mut verdict = Ok(());
    for (session, path, _) in &exam.ended_sessions {
        let answer = exam.open_with(session, path).await?;
        verdict = verdict.and_then(|()| expect(is_refused(&answer), || answer.describe()));
    }
    for credential in &exam.ended_credentials {
        let answer = exam.client.send(api::opening(credential)).await?;
        verdict = verdict.and_then(|()| expect(answer.status == 401, || answer.describe()));
    }
    exam.record(&AT_THE_END, verdict);
    Ok(())
}

fn is_refused(answer: &Answer) -> bool {
    answer.status == 303 && answer.location().starts_with("/login")
}
