//! What must not be cached, checked on every answer.

use super::{
    client::{Answer, NoAnswer, Request},
    examination::Examination,
    report::{Check, Verdict, check, expect},
};
use std::{collections::BTreeSet, rc::Rc};

const NO_CACHE: &str =
    "Let the proxy pass Cache-Control on as it came, and cache nothing but /pkg/";

const PRIVATE: Check = check(
    "private_pages_not_kept",
    "E1",
    "Every page of somebody who is signed in says no-store",
    NO_CACHE,
);
const PUBLIC: Check = check(
    "other_answers_not_kept",
    "E1",
    "Every redirect, failure and public page says no-store",
    NO_CACHE,
);
const COOKIES: Check = check(
    "cookies_not_kept",
    "E2",
    "Every answer that sets a cookie says no-store",
    NO_CACHE,
);
const FRESH: Check = check(
    "made_anew",
    "E2",
    "Every answer was made for its request, by its own id, and has no Age",
    NO_CACHE,
);
const BACK: Check = check(
    "back_keeps_nothing",
    "E3",
    "No private page has an ETag, Last-Modified or Expires to be kept by",
    NO_CACHE,
);

const CLOSED: Check = check(
    "closed_after_a_visit",
    "E1",
    "A private page that somebody has just opened stays closed to a browser without cookies",
    NO_CACHE,
);

/// Checked by requests of its own.
pub const ACTIVE: &[&Check] = &[&CLOSED];

pub const CHECKS: &[&Check] = &[&PRIVATE, &PUBLIC, &COOKIES, &FRESH, &BACK];

/// Opens every page of the table twice, so that there are answers to check.
pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    let Some(mut browser) = exam.signed_in().await? else {
        return Ok(());
    };
    let deployment = Rc::clone(&exam.client.target.deployment);
    for &path in &deployment.public_pages {
        for _ in 0..2 {
            exam.known_browser().open(&exam.client, path).await?;
        }
    }
    let mut verdict = Ok(());
    let mut pages: Vec<_> = deployment
        .private_pages
        .iter()
        .map(|path| (*path).to_owned())
        .collect();
    pages.extend(account_page(
        &*browser.open(&exam.client, "/admin/users").await?,
    ));
    for path in pages {
        for _ in 0..2 {
            browser.open(&exam.client, &path).await?;
        }
        let anonymous = exam.client.send(Request::get(&path)).await?;
        let is_closed = anonymous.status == 303 && anonymous.location().starts_with("/login");
        verdict = verdict.and_then(|()| expect(is_closed, || anonymous.describe()));
    }
    exam.record(&CLOSED, verdict);
    Ok(())
}

/// The page of one account, linked by the list of accounts: its address needs an id.
fn account_page(list: &Answer) -> Option<String> {
    let mut links = list.body.split("href=\"").skip(1);
    let link = links.find(|link| link.starts_with("/admin/users/"))?;
    link.split(['"', '?']).next().map(str::to_owned)
}

pub fn check_answers(exam: &mut Examination) {
    let answers = exam.client.own_answers();
    let is_private = |answer: &Answer| answer.is_page() && answer.body.contains("/api/logout");
    let sets_cookie = |answer: &Answer| !answer.all("set-cookie").is_empty();
    let is_for_all = |answer: &Answer| answer.is_file() || answer.is_public_document();
    let every = |wanted: &dyn Fn(&Answer) -> bool| are_not_stored(&answers, wanted);
    let verdicts = [
        (&PRIVATE, every(&is_private)),
        (
            &PUBLIC,
            every(&|answer| !is_private(answer) && !sets_cookie(answer) && !is_for_all(answer)),
        ),
        (
            &COOKIES,
            every(&|answer| sets_cookie(answer) && !is_private(answer) && !answer.is_file()),
        ),
        (&FRESH, are_fresh(&answers)),
        (&BACK, have_no_validators(&answers, &is_private)),
    ];
    for (check, verdict) in verdicts {
        exam.record(check, verdict);
    }
}

fn are_not_stored(answers: &[Rc<Answer>], wanted: &dyn Fn(&Answer) -> bool) -> Verdict {
    let mut relevant = answers.iter().filter(|answer| wanted(answer));
    let kept = relevant.find(|answer| {
        let policy = answer.all("cache-control").join(", ");
        let words: Vec<_> = policy.split(',').map(str::trim).collect();
        !words.contains(&"no-store") || words.contains(&"public")
    });
    let description = |answer: &Rc<Answer>| {
        let policy = answer.all("cache-control").join(", ");
        format!("{}, with the Cache-Control “{policy}”", answer.describe())
    };
    kept.map_or(Ok(()), |answer| Err(description(answer)))
}

fn are_fresh(answers: &[Rc<Answer>]) -> Verdict {
    let mut seen = BTreeSet::new();
    let is_for_all = |answer: &Answer| answer.is_file() || answer.is_public_document();
    for answer in answers.iter().filter(|answer| !is_for_all(answer)) {
        let id = answer.all("x-request-id").join(", ");
        let is_new = id.is_empty() || seen.insert(id);
        let ages = answer.all("age");
        expect(is_new && ages.is_empty(), || {
            let age = ages.first().unwrap_or(&"none");
            format!("{} as once before (Age: {age})", answer.describe())
        })?;
    }
    Ok(())
}

fn have_no_validators(answers: &[Rc<Answer>], wanted: &dyn Fn(&Answer) -> bool) -> Verdict {
    let mut found = answers.iter().filter(|answer| wanted(answer));
    let by = |answer: &Answer| {
        let names = ["etag", "last-modified", "expires"];
        names.into_iter().find(|name| !answer.all(name).is_empty())
    };
    match found.find_map(|answer| by(answer).map(|name| (answer, name))) {
        Some((answer, name)) => Err(format!("{}, with {name}", answer.describe())),
        None => Ok(()),
    }
}
