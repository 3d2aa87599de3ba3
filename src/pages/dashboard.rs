//! `/dashboard`: the signed-in user and the session.

use crate::{
    components::{
        device::DeviceName,
        layout::{Door, Layout, Threshold},
        time::Time,
    },
    domain::{
        page::Page,
        views::{DashboardView, ProxyDiagnosis, SessionView, SignInView},
    },
};
use leptos::{either::Either, prelude::*};

#[component]
pub fn DashboardPage(view: DashboardView) -> impl IntoView {
    let name = view.display_name.clone();
    view! {
        <Layout title="Dashboard" signed_in=view.display_name wide=true>
            <Threshold state="arrival is-open">
                <div class="greeting">
                    <h1>"Good to see you, " <bdi>{name}</bdi></h1>
                    <p class="quiet-text">"You are signed in. The door stays open until you close it."</p>
                </div>
                <Door />
                <Account
                    username=view.username
                    email=view.email
                    description=view.description
                    is_admin=view.is_admin
                />
            </Threshold>
            <div class="rooms">
                <ThisSession session=view.session />
                <PreviousSignIn sign_in=view.previous_sign_in />
                {view.proxy_diagnosis.map(|diagnosis| view! { <Proxies diagnosis /> })}
            </div>
        </Layout>
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
                {is_admin.then(|| view! { <a href=Page::Users.path()>"Administration"</a> })}
            </div>
        </section>
    }
}

#[component]
fn ThisSession(session: SessionView) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="session">
            <h2 id="session">"This device"</h2>
            <dl class="facts">
                <Fact term="Device"><DeviceName name=session.name device=session.device /></Fact>
                <div>
                    <dt>"Address"</dt>
                    // Programs find it by the attribute, in every language of the page.
                    <dd data-fact="session-address">{session.address}</dd>
                </div>
                <Fact term="Signed in since"><Time moment=session.signed_in_at /></Fact>
                <Fact term="Signed in with">{session.method.title()}</Fact>
                <Fact term="Signed out if unused by"><Time moment=session.idle_ends_at /></Fact>
                <Fact term="Signed out at the latest"><Time moment=session.absolute_ends_at /></Fact>
                {session.remember.then(|| view! { <Fact term="Stays signed in">"Yes"</Fact> })}
            </dl>
            <div class="actions">
                <a href=Page::Sessions.path()>"All your devices"</a>
            </div>
        </section>
    }
}

#[component]
fn PreviousSignIn(sign_in: Option<SignInView>) -> impl IntoView {
    let body = match sign_in {
        Some(sign_in) => Either::Left(view! {
            <dl class="facts">
                <Fact term="Device"><DeviceName name=sign_in.name device=sign_in.device /></Fact>
                <Fact term="Address">{sign_in.address}</Fact>
                <Fact term="When"><Time moment=sign_in.at /></Fact>
            </dl>
            <p class="quiet-text">
                "Not you? " <a href=Page::Password.path()>"Change your password"</a>
                ". That signs out all other devices. Then tell your administrator."
            </p>
        }),
        None => Either::Right(view! { <p>"This is your first."</p> }),
    };
    view! {
        <section class="card" aria-labelledby="before">
            <h2 id="before">"Previous sign-in"</h2>
            {body}
        </section>
    }
}

#[component]
fn Proxies(diagnosis: ProxyDiagnosis) -> impl IntoView {
    let none = || "None".to_owned();
    let findings = diagnosis.findings.into_iter();
    let findings =
        findings.map(|finding| view! { <p data-finding=finding.about>{finding.text}</p> });
    let findings = findings.collect::<Vec<_>>();
    view! {
        <section class="card room-wide" aria-labelledby="reach">
            <h2 id="reach">"How this server is reached"</h2>
            <dl class="facts">
                <Fact term="Your address">{diagnosis.address}</Fact>
                <Fact term="Connected from">{diagnosis.peer}</Fact>
                <Fact term="Reported scheme">{diagnosis.scheme.unwrap_or_else(none)}</Fact>
                <Fact term="Reported host">{diagnosis.host.unwrap_or_else(none)}</Fact>
                <Fact term="Forwarded headers">{diagnosis.forwarded}</Fact>
            </dl>
            {(!findings.is_empty()).then(|| view! { <div class="notice notice-warning">{findings}</div> })}
        </section>
    }
}

#[component]
fn Fact<C: IntoView + 'static>(term: &'static str, children: TypedChildren<C>) -> impl IntoView {
    view! {
        <div>
            <dt>{term}</dt>
            <dd>{children.into_inner()()}</dd>
        </div>
    }
}
