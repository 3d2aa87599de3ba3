//! People's own sessions: seen on one page, and ended from there.

use super::{
    client::{Answer, NoAnswer},
    examination::{Examination, HOME, PROBE},
    page::Page,
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

const OWN_PAGE: Check = check(
    "own_page_each_time",
    "E2",
    "Two sessions that ask by turns and at once get each its own page, every time",
    "Let nothing keep pages, share answers between requests or put cookies in the place of others",
);

pub const CHECKS: &[&Check] = &[&LISTED, &OWN_PAGE, &ENDED, &NEW_DEVICE, &FOREIGN];

const PAGE: &str = "/account/sessions";
const END: &str = "/api/end_session";
const RECOGNISE: &str = "/api/recognise_sign_in";
const NOBODYS: &str = "00000000-0000-7000-8000-000000000000";

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    let Some(mut browser) = exam.signed_in().await? else {
        return Ok(());
    };
    recognise(exam, &mut browser).await?;
    let foreign = [("id", NOBODYS)];
    let answer = browser
        .submit(&exam.client, "/api/end_session", &foreign)
        .await?;
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
        let why = "the page does not say which session is which";
        exam.report.skip_rest(&[&ENDED, &OWN_PAGE], why);
        return Ok(());
    };
    own_page_each_time(exam, [&mut browser, &mut elsewhere]).await?;
    let answer = browser
        .submit(&exam.client, "/api/end_session", &[("id", id)])
        .await?;
    let lives = exam.is_live(&session).await?;
    if !lives {
        exam.is_dead(&session, PROBE);
    }
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
    Ok(ids(&page.body, "/api/end_session"))
}

/// Sixteen pages in all: if one in four is another's, one run in a hundred misses it.
const TURNS: usize = 8;

/// Each page lists the other sessions of its person: the one that asks is not among them.
async fn own_page_each_time(
    exam: &mut Examination,
    [one, two]: [&mut Visitor; 2],
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
        // The id of each of the two is on the other's page alone; other sessions may begin and end meanwhile.
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
                format!("{}, as it is for another session", mine.told())
            })
        });
    }
    exam.settle(&OWN_PAGE, verdict);
    Ok(())
}

/// For whom the page was drawn.
fn person(page: &str) -> Option<String> {
    let page = Page::read(page);
    let mut metas = page.elements.iter().filter(|one| one.is("meta"));
    let person = metas.find(|one| one.attribute("name") == Some("person"))?;
    person.attribute("content").map(str::to_owned)
}

/// Says of the sign-in with which the examination began whose it was, so that no news of it is left to the
/// account's owner. Where there is more news than that, it is somebody else's: it is left as it is.
async fn recognise(exam: &mut Examination, browser: &mut Visitor) -> Result<(), NoAnswer> {
    if exam.news_before.is_first_on_record {
        let why = "no earlier sign-in of the account is on record, and a first one is no news";
        exam.report.skip(&NEW_DEVICE, why);
        return Ok(());
    }
    let news = News::on(&*browser.open(&exam.client, HOME).await?);
    let asked_about = &news.asked_about;
    let new: Vec<_> = asked_about
        .difference(&exam.news_before.asked_about)
        .collect();
    let [id] = new[..] else {
        let seen = format!("{} more are on it", new.len());
        exam.settle(&NEW_DEVICE, Err(seen));
        return Ok(());
    };
    let answer = browser
        .submit(&exam.client, RECOGNISE, &[("id", id)])
        .await?;
    let news = News::on(&*browser.open(&exam.client, HOME).await?);
    let is_over = !news.asked_about.contains(id);
    exam.settle(
        &NEW_DEVICE,
        expect(is_over, || {
            format!("{}, and it is shown again", answer.told())
        }),
    );
    Ok(())
}

/// What a dashboard says of other sign-ins.
#[derive(Default)]
pub struct News {
    /// The ids of those of which it asks whose they were.
    asked_about: BTreeSet<String>,
    is_first_on_record: bool,
}

impl News {
    pub fn on(dashboard: &Answer) -> Self {
        Self {
            asked_about: ids(&dashboard.body, RECOGNISE),
            is_first_on_record: dashboard
                .body
                .contains("There is no earlier one on record."),
        }
    }
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
