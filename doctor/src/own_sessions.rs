//! The list of a user's own sessions, and ending them from there.

use super::{
    browser::Browser,
    client::NoAnswer,
    examination::{Examination, HOME, PROBE},
    page::Page,
    report::{Check, check, expect},
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

const OWN_PAGE: Check = check(
    "own_page_each_time",
    "E2",
    "Two sessions that ask by turns and at once get each its own page, every time",
    "Let nothing keep pages, share answers between requests or put cookies in the place of others",
);

pub const CHECKS: &[&Check] = &[&LISTED, &OWN_PAGE, &ENDED, &NEW_DEVICE, &FOREIGN];

const PAGE: &str = "/account/sessions";
const RECOGNISE: &str = "/api/recognise_sign_in";
const DISOWN: &str = "/api/disown_sign_in";
const END: &str = "/api/end_session";
const UNKNOWN_SESSION: &str = "00000000-0000-7000-8000-000000000000";

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    let Some(mut browser) = exam.signed_in().await? else {
        return Ok(());
    };
    recognise(exam, &mut browser).await?;
    let foreign = [("id", UNKNOWN_SESSION)];
    let answer = browser.submit(&exam.client, END, &foreign).await?;
    exam.record(&FOREIGN, expect(answer.status == 404, || answer.describe()));
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
    exam.record(
        &LISTED,
        expect(new.len() == 1, || format!("{} more are on it", new.len())),
    );
    let [id] = new[..] else {
        let why = "the page does not say which session is which";
        exam.report.skip_rest(&[&ENDED, &OWN_PAGE], why);
        return Ok(());
    };
    own_page_each_time(exam, [&mut browser, &mut elsewhere]).await?;
    let answer = browser.submit(&exam.client, END, &[("id", id)]).await?;
    let lives = exam.is_live(&session).await?;
    if !lives {
        exam.record_ended(&session, PROBE);
    }
    exam.record(
        &ENDED,
        expect(!lives, || {
            format!("{}, and the session lives", answer.describe())
        }),
    );
    Ok(())
}

/// The ids of the other sessions that the page can end.
async fn listed(exam: &Examination, browser: &mut Browser) -> Result<BTreeSet<String>, NoAnswer> {
    let page = browser.open(&exam.client, PAGE).await?;
    Ok(ids(&page.body, END))
}

/// Sixteen pages in all: if one in four shows another user's data, one run in a hundred misses it.
const TURNS: usize = 8;

/// Each page lists the other sessions of its user, without the requesting one.
async fn own_page_each_time(
    exam: &mut Examination,
    [one, two]: [&mut Browser; 2],
) -> Result<(), NoAnswer> {
    let mut verdict = Ok(());
    let mut known = None;
    for _ in 0..TURNS {
        let (mine, yours) =
            tokio::join!(one.open(&exam.client, PAGE), two.open(&exam.client, PAGE));
        let (mine, yours) = (mine?, yours?);
        let [on_mine, on_yours] = [&mine, &yours].map(|page| ids(&page.body, END));
        let only = |on: &BTreeSet<String>, not_on: &BTreeSet<String>| {
            on.difference(not_on).cloned().collect::<BTreeSet<_>>()
        };
        // Each of the two ids is on the other's page only; further sessions may begin and end meanwhile.
        let (my_id, your_id) =
            known.get_or_insert_with(|| (only(&on_yours, &on_mine), only(&on_mine, &on_yours)));
        let is_own = |own: &BTreeSet<String>, other: &BTreeSet<String>, on: &BTreeSet<String>| {
            !own.is_empty() && own.is_disjoint(on) && other.is_subset(on)
        };
        let same_person = person(&mine.body).is_some() && person(&mine.body) == person(&yours.body);
        let holds =
            same_person && is_own(my_id, your_id, &on_mine) && is_own(your_id, my_id, &on_yours);
        verdict = verdict.and_then(|()| {
            expect(holds, || {
                format!("{}, as it is for another session", mine.describe())
            })
        });
    }
    exam.record(&OWN_PAGE, verdict);
    Ok(())
}

/// The user that a page was rendered for.
fn person(page: &str) -> Option<String> {
    let page = Page::parse(page);
    let mut metas = page.elements.iter().filter(|one| one.is("meta"));
    let person = metas.find(|one| one.attribute("name") == Some("person"))?;
    person.attribute("content").map(str::to_owned)
}

/// Signs in from a new browser and checks that its sign-in is reported. If the account has known browsers, this one is
/// new too and may not confirm the sign-in. Otherwise it is the first one, which may.
async fn recognise(exam: &mut Examination, browser: &mut Browser) -> Result<(), NoAnswer> {
    let before = ids(&browser.open(&exam.client, HOME).await?.body, DISOWN);
    let mut new_browser = Browser::default();
    if exam.sign_in(&mut new_browser).await?.is_none() {
        return Ok(());
    }
    let dashboard = browser.open(&exam.client, HOME).await?;
    let unrecognised = ids(&dashboard.body, DISOWN);
    let new: Vec<_> = unrecognised.difference(&before).collect();
    let [id] = new[..] else {
        let seen = format!("{} more are on it", new.len());
        exam.record(&NEW_DEVICE, Err(seen));
        return Ok(());
    };
    let may_recognise = ids(&dashboard.body, RECOGNISE).contains(id);
    let fields = [("id", id.as_str())];
    let answer = browser.submit(&exam.client, RECOGNISE, &fields).await?;
    let after = browser.open(&exam.client, HOME).await?;
    let is_handled = !ids(&after.body, DISOWN).contains(id);
    let holds = if may_recognise {
        is_handled
    } else {
        answer.status == 404 && !is_handled
    };
    let seen = if is_handled {
        "is shown no more"
    } else {
        "is shown again"
    };
    exam.record(
        &NEW_DEVICE,
        expect(holds, || format!("{}, and it {seen}", answer.describe())),
    );
    browser.submit(&exam.client, END, &fields).await?;
    Ok(())
}

/// The ids in the forms of a page with this action.
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
    fn session_ids_are_parsed_from_forms() {
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
