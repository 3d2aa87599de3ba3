//! `/dashboard`: the signed-in user and the session.

use crate::{
    api::sign_ins::{DisownSignIn, RecogniseSignIn},
    components::{
        facts::Fact, form::ErrorSummary, layout::Layout, submission::FormState, time::Time,
    },
    domain::{
        page::Page,
        views::{DashboardView, SessionView, SignInView},
    },
    error::AppError,
};
use leptos::{either::Either, prelude::*};

#[component]
pub fn DashboardPage(view: DashboardView) -> impl IntoView {
    let unrecognised = view.unrecognised.into_iter();
    let may_recognise = view.may_recognise;
    let unrecognised = unrecognised.map(|sign_in| view! { <Unrecognised sign_in may_recognise /> });
    let unrecognised = unrecognised.collect::<Vec<_>>();
    let more = view.more_unrecognised;
    view! {
        <Layout title="Overview" wide=true>
            <h1>"Hello, " <bdi>{view.display_name}</bdi></h1>
            <Until session=view.session.clone() />
            {unrecognised}
            {(more > 0).then(|| view! { <More more /> })}
            <div class="rooms overview">
                <Account
                    username=view.username
                    email=view.email
                    description=view.description
                    is_admin=view.is_admin
                />
                <ThisSession session=view.session />
                <PreviousSignIn sign_in=view.previous_sign_in />
            </div>
        </Layout>
    }
}

/// The session ends when it is not used, or at the latest then, whichever comes first.
#[component]
fn Until(session: SessionView) -> impl IntoView {
    let is_last = session.idle_ends_at == session.absolute_ends_at;
    let words = if is_last {
        "You are signed in until "
    } else {
        "You stay signed in while you use it, otherwise until "
    };
    // The time comes last: in the reader's own zone it is longer, and would push what follows.
    view! {
        <p class="quiet-text">{words} <Time moment=session.idle_ends_at /></p>
    }
}

#[component]
fn Account(
    username: String,
    email: Option<String>,
    description: String,
    is_admin: bool,
) -> impl IntoView {
    let role = if is_admin { "Administrator" } else { "Member" };
    view! {
        <section class="card" aria-labelledby="account">
            <h2 id="account">"Your account"</h2>
            <dl class="facts">
                <Fact term="Username"><bdi>{username}</bdi></Fact>
                <Fact term="Email"><bdi>{email.unwrap_or_else(|| "None".to_owned())}</bdi></Fact>
                <Fact term="Role"><span class="badge">{role}</span></Fact>
                {(!description.is_empty())
                    .then(|| view! { <Fact term="Description"><bdi>{description}</bdi></Fact> })}
            </dl>
            <div class="actions">
                <a href=Page::Profile.path()>"Edit profile"</a>
                <a href=Page::Password.path()>"Change password"</a>
            </div>
        </section>
    }
}

#[component]
fn ThisSession(session: SessionView) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="session">
            <h2 id="session">"This session"</h2>
            <dl class="facts">
                <Fact term="Device">{session.device}</Fact>
                <div>
                    <dt>"Address"</dt>
                    // Programs find it by the attribute, in every language of the page.
                    <dd data-fact="session-address">{session.address}</dd>
                </div>
                <Fact term="Signed in since"><Time moment=session.signed_in_at /></Fact>
                <Fact term="Ends if idle at"><Time moment=session.idle_ends_at /></Fact>
                <Fact term="Ends at the latest"><Time moment=session.absolute_ends_at /></Fact>
                {session.remember.then(|| view! { <Fact term="Kept on this device">"Yes"</Fact> })}
            </dl>
            <div class="actions">
                <a href=Page::Sessions.path()>"All your sessions"</a>
            </div>
        </section>
    }
}

#[component]
fn PreviousSignIn(sign_in: Option<SignInView>) -> impl IntoView {
    let body = match sign_in {
        Some(sign_in) => Either::Left(view! {
            <dl class="facts">
                <Fact term="Device">{sign_in.device}</Fact>
                <Fact term="Address">{sign_in.address}</Fact>
                <Fact term="When"><Time moment=sign_in.at /></Fact>
            </dl>
            <p class="quiet-text">
                "Not you? " <a href=Page::Password.path()>"Change your password"</a>
                ", which ends all other sessions, and tell the person who runs this server."
            </p>
        }),
        None => Either::Right(view! { <p>"There is no earlier one on record."</p> }),
    };
    view! {
        <section class="card" aria-labelledby="before">
            <h2 id="before">"The sign-in before this one"</h2>
            {body}
        </section>
    }
}

/// A sign-in from a new browser, until the owner of the account has recognised or disowned it. Only a known browser can
/// recognise it: otherwise a new one could confirm another.
#[component]
fn Unrecognised(sign_in: SignInView, may_recognise: bool) -> impl IntoView {
    let end = if sign_in.has_ended {
        " That session has ended since."
    } else {
        ""
    };
    let recognise = may_recognise.then(|| view! { <RecogniseForm id=sign_in.id.clone() /> });
    view! {
        // No landmark: there may be several, and all would have the same name.
        <div class="card news">
            <h2>"A sign-in from a new device"</h2>
            <p>
                {sign_in.device} " at " <span class="address">{sign_in.address}</span> ", "
                <Time moment=sign_in.at /> "." {end}
            </p>
            {(!may_recognise).then(|| view! {
                <p class="quiet-text">"You can confirm that it was you on a device that you have used before."</p>
            })}
            <div class="actions">{recognise} <DisownForm id=sign_in.id /></div>
        </div>
    }
}

#[component]
fn RecogniseForm(id: String) -> impl IntoView {
    let form = FormState::of::<RecogniseSignIn>(None, []);
    let field = |_: AppError| "main";
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <ErrorSummary refusal=form.refusal field node_ref=form.summary />
            <input type="hidden" name="id" value=id />
            <button class="button button-small" type="submit">"This was me"</button>
        </form>
    }
}

#[component]
fn DisownForm(id: String) -> impl IntoView {
    let form = FormState::of::<DisownSignIn>(None, []);
    let field = |_: AppError| "main";
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <ErrorSummary refusal=form.refusal field node_ref=form.summary />
            <input type="hidden" name="id" value=id />
            <button class="button button-quiet button-small" type="submit">"This was not me"</button>
        </form>
    }
}

/// How many unrecognised sign-ins there are beyond those that are shown.
#[component]
fn More(more: u32) -> impl IntoView {
    let sign_ins = if more == 1 {
        "1 more sign-in from a new device".to_owned()
    } else {
        format!("{more} more sign-ins from new devices")
    };
    view! {
        <p class="card news">
            {sign_ins} ". " <a href=Page::OwnActivity.path()>"See your activity"</a>
        </p>
    }
}
