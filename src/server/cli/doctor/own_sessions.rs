//! People's own sessions: seen on one page, and ended from there.

use super::{
    client::NoAnswer,
    examination::{Examination, HOME},
    report::{Check, check, expect},
    visitor::Visitor,
};
use std::collections::BTreeSet;

const VERSION: &str = "Let nothing keep pages, let every server of this name use the one database, and install an unchanged release";

const LISTED: Check = check(
    "sessions_listed",
    "C11",
    "A new sign-in is one more session on the page of one's own sessions",
    VERSION,
);
const ENDED: Check = check(
    "session_ended_elsewhere",
    "C11",
    "A session that its owner ends elsewhere is refused at its next request",
    VERSION,
);
const NEW_DEVICE: Check = check(
    "new_device_shown",
    "C11",
    "A sign-in from a new browser is shown on the dashboard until its owner says whose it was",
    VERSION,
);
const FOREIGN: Check = check(
    "foreign_session",
    "C17",
    "The id of a session that is not one's own is a 404",
    VERSION,
);

pub const CHECKS: &[&Check] = &[&LISTED, &ENDED, &NEW_DEVICE, &FOREIGN];

const PAGE: &str = "/account/sessions";
const RECOGNISE: &str = "/api/recognise_sign_in";
const DISOWN: &str = "/api/disown_sign_in";
const END: &str = "/api/end_session";
const NOBODYS: &str = "00000000-0000-7000-8000-000000000000";

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    let Some(mut browser) = exam.signed_in().await? else {
        return Ok(());
    };
    recognise(exam, &mut browser).await?;
    let foreign = [("id", NOBODYS)];
    let answer = browser.submit(&exam.client, END, &foreign).await?;
    exam.settle(&FOREIGN, expect(answer.status == 404, || answer.told()));
    let before = listed(exam, &mut browser).await?;
    let mut elsewhere = exam.known_browser();
    if exam.sign_in(&mut elsewhere).await?.is_none() {
        return Ok(());
    }
    let Some(session) = elsewhere.session() else {
        return Ok(());
    };
    let after = listed(exam, &mut browser).await?;
    let new: Vec<_> = after.difference(&before).collect();
    exam.settle(
        &LISTED,
        expect(new.len() == 1, || format!("{} more are on it", new.len())),
    );
    let [id] = new[..] else {
        exam.report
            .skip(&ENDED, "the page does not say which session is which");
        return Ok(());
    };
    let answer = browser.submit(&exam.client, END, &[("id", id)]).await?;
    let lives = exam.is_live(&session).await?;
    exam.settle(
        &ENDED,
        expect(!lives, || {
            format!("{}, and the session lives", answer.told())
        }),
    );
    Ok(())
}

/// The ids of the other sessions that the page offers to end.
async fn listed(exam: &Examination, browser: &mut Visitor) -> Result<BTreeSet<String>, NoAnswer> {
    let page = browser.open(&exam.client, PAGE).await?;
    Ok(ids(&page.body, END))
}

/// Signs in from a browser never seen before and looks for the notice. Where the account has known browsers, this one is
/// new to it as well, and may not say that it was its owner; else it is the first one, which may.
async fn recognise(exam: &mut Examination, browser: &mut Visitor) -> Result<(), NoAnswer> {
    let before = ids(&browser.open(&exam.client, HOME).await?.body, DISOWN);
    let mut stranger = Visitor::default();
    if exam.sign_in(&mut stranger).await?.is_none() {
        return Ok(());
    }
    let dashboard = browser.open(&exam.client, HOME).await?;
    let asked_about = ids(&dashboard.body, DISOWN);
    let new: Vec<_> = asked_about.difference(&before).collect();
    let [id] = new[..] else {
        let seen = format!("{} more are on it", new.len());
        exam.settle(&NEW_DEVICE, Err(seen));
        return Ok(());
    };
    let may = ids(&dashboard.body, RECOGNISE).contains(id);
    let fields = [("id", id.as_str())];
    let answer = browser.submit(&exam.client, RECOGNISE, &fields).await?;
    let after = browser.open(&exam.client, HOME).await?;
    let is_over = !ids(&after.body, DISOWN).contains(id);
    let holds = if may {
        is_over
    } else {
        answer.status == 404 && !is_over
    };
    let seen = if is_over {
        "is shown no more"
    } else {
        "is shown again"
    };
    exam.settle(
        &NEW_DEVICE,
        expect(holds, || format!("{}, and it {seen}", answer.told())),
    );
    browser.submit(&exam.client, END, &fields).await?;
    Ok(())
}

/// The ids in the forms of a page that lead to this address.
fn ids(page: &str, address: &str) -> BTreeSet<String> {
    let action = format!("{address}\"");
    let forms = page.split(&action).skip(1);
    let ids = forms.filter_map(|form| {
        let field = form.split("name=\"id\"").nth(1)?;
        field.split("value=\"").nth(1)?.split('"').next()
    });
    ids.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::ids;

    #[test]
    fn the_sessions_of_a_page_are_found() {
        let page = "<form action=\"/api/end_session\"><input type=\"hidden\" name=\"id\" value=\"a\"></form>\
            <form action=\"/api/end_session\"><input name=\"id\" value=\"b\"></form>\
            <form action=\"/api/end_other_sessions\"></form>";
        assert_eq!(
            ids(page, "/api/end_session")
                .into_iter()
                .collect::<Vec<_>>(),
            ["a", "b"]
        );
    }
}
