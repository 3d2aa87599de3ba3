//! Sign-ins from new devices, on top of every page of their owner until they were reviewed.

use crate::{
    api::sign_ins::{DisownSignIn, RecogniseSignIn},
    components::{
        device::{DeviceIcon, DeviceName},
        form::FormFailure,
        submission::FormState,
        time::Time,
    },
    domain::{
        page::Page,
        views::{NewSignInsView, SignInView},
    },
};
use leptos::prelude::*;

/// `public/follow.js` finds it by this id. It fills the place in when a sign-in arrives while the page is open, and
/// hides the card when all were reviewed elsewhere.
const PLACE: &str = "new-sign-in";

#[component]
pub fn NewSignIns() -> impl IntoView {
    let news = use_context::<Option<NewSignInsView>>().flatten();
    let newest = news.as_ref().and_then(|news| news.sign_ins.first());
    // The end of the id, as the stream has it.
    let newest = newest.map(|newest| newest.short_id().to_owned());
    view! {
        <div
            id=PLACE
            role="status"
            data-newest=newest
            data-words="New sign-in. Was this you?"
            data-another="There is another one."
            data-link="Review it"
            data-path=Page::Dashboard.path()
        ></div>
        {news.map(|news| view! { <Card news /> })}
    }
}

#[component]
fn Card(news: NewSignInsView) -> impl IntoView {
    let NewSignInsView {
        sign_ins,
        more,
        may_recognise,
        here,
    } = news;
    let rows = sign_ins.into_iter();
    let rows = rows.map(|sign_in| view! { <Row sign_in may_recognise here=here.clone() /> });
    let rows = rows.collect::<Vec<_>>();
    view! {
        <section class="card news" id="new-sign-ins" aria-labelledby="new-sign-ins-heading">
            <h2 id="new-sign-ins-heading">"New sign-in. Was this you?"</h2>
            {(!may_recognise)
                .then(|| {
                    view! {
                        <p class="quiet-text">
                            "Only a device that you have used before can say yes. If you no longer have one, " <a href=Page::Password.path()>"change your password"</a> ", sign out and sign in again."
                        </p>
                    }
                })}
            <ul>{rows}</ul>
            {(more > 0)
                .then(|| view! { <p>{more} " more. " <a href=Page::OwnActivity.path()>"See your activity"</a></p> })}
        </section>
    }
}

/// Only a known browser can recognise a sign-in: otherwise a new one could confirm another.
#[component]
fn Row(sign_in: SignInView, may_recognise: bool, here: String) -> impl IntoView {
    let SignInView {
        id,
        has_ended,
        device,
        name,
        kind,
        address,
        at,
    } = sign_in;
    let yes =
        may_recognise.then(|| view! { <Recognise id=id.clone() here device=device.clone() /> });
    view! {
        <li class="device-row">
            <DeviceIcon kind />
            <p>
                <strong><DeviceName name device=device.clone() /></strong> " · " <span class="address">{address}</span> " · "
                <Time moment=at /> {has_ended.then_some(" · Signed out")}
            </p>
            <div class="buttons">{yes} <Disown id device /></div>
        </li>
    }
}

#[component]
fn Recognise(id: String, here: String, device: String) -> impl IntoView {
    let form = FormState::of::<RecogniseSignIn>(None, |_| &["main"], []);
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <FormFailure form />
            <input type="hidden" name="id" value=id />
            <input type="hidden" name="next" value=here />
            <button class="button button-small" type="submit">
                "Yes, it was me" <span class="visually-hidden">": " {device}</span>
            </button>
        </form>
    }
}

#[component]
fn Disown(id: String, device: String) -> impl IntoView {
    let form = FormState::of::<DisownSignIn>(None, |_| &["main"], []);
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <FormFailure form />
            <input type="hidden" name="id" value=id />
            <button class="button button-quiet button-small" type="submit">
                "No, secure my account" <span class="visually-hidden">": " {device}</span>
            </button>
        </form>
    }
}
