//! The application: the document around every page, and the page in it.

use crate::{
    components::{
        frame::FrameHtml,
        layout::{Head, body_class},
    },
    domain::{
        frame::Frame,
        page::{AdministrationView, Document, MANIFEST, PageView},
        plain_script::{FOLLOW, PlainScript, TIME_OUT},
        views::{NewSignInsView, RenderedFor},
    },
    pages::{
        access_keys::AccessKeysPage, activity::ActivityPage, admin_activity::AuditPage,
        admin_invite::InvitePage, admin_user::AccountPage, admin_users::UsersPage,
        confirm::ConfirmPage, dashboard::DashboardPage, help::HelpPage, login::LoginPage,
        login_key::LoginKeyPage, logout::LogoutPage, password::PasswordPage,
        password_link::PasswordLinkPage, profile::ProfilePage, sessions::SessionsPage,
        setup::SetupPage, signed_out::SignedOutPage, system::SystemPage,
    },
};
use leptos::{config::LeptosOptions, either::either, html, prelude::*};
use leptos_meta::{MetaTags, provide_meta_context};

/// A page. Its values are part of it, so there is no second request and no partial state.
#[component]
pub fn App(
    /// The values from the server. In the browser they are in the document, and this is not called.
    initial_document: impl FnOnce() -> Document,
) -> impl IntoView {
    provide_meta_context();
    let Document { frame, news, view } = SharedValue::new(initial_document).into_inner();
    provide_context(frame);
    provide_context(news);
    either!(view,
        PageView::Login(view) => view! { <LoginPage view /> },
        PageView::LoginKey(view) => view! { <LoginKeyPage view /> },
        PageView::Help => view! { <HelpPage /> },
        PageView::Logout(view) => view! { <LogoutPage view /> },
        PageView::SignedOut(view) => view! { <SignedOutPage view /> },
        PageView::Dashboard(view) => view! { <DashboardPage view=*view /> },
        PageView::Password(view) => view! { <PasswordPage view /> },
        PageView::AccessKeys(view) => view! { <AccessKeysPage view=*view /> },
        PageView::Sessions(view) => view! { <SessionsPage view=*view /> },
        PageView::OwnActivity(view) => view! { <ActivityPage view=*view /> },
        PageView::Confirm(view) => view! { <ConfirmPage view /> },
        PageView::Profile(view) => view! { <ProfilePage view=*view /> },
        PageView::Setup(view) => view! { <SetupPage view /> },
        PageView::PasswordLink(view) => view! { <PasswordLinkPage view=*view /> },
        PageView::Administration(view) => view! { <AdministrationPage view /> },
    )
}

#[component]
fn AdministrationPage(view: AdministrationView) -> impl IntoView {
    either!(view,
        AdministrationView::Users(view) => view! { <UsersPage view=*view /> },
        AdministrationView::Invite(view) => view! { <InvitePage view=*view /> },
        AdministrationView::Account(view) => view! { <AccountPage view=*view /> },
        AdministrationView::Audit(view) => view! { <AuditPage view=*view /> },
        AdministrationView::System(view) => view! { <SystemPage view /> },
    )
}

/// The document around the application, which the browser hydrates. It names the person for whom it was rendered.
///
/// `nonce` is that of the page's policy.
pub fn shell(
    options: LeptosOptions,
    nonce: String,
    frame: Frame,
    news: Option<NewSignInsView>,
    view: PageView,
) -> impl IntoView {
    let rendered_for = use_context::<RenderedFor>();
    let is_signed_in = rendered_for.is_some();
    let reloads_itself = reloads_itself(&view);
    provide_context(FrameHtml::of(&frame));
    let document = Document {
        frame: frame.view(),
        news,
        view,
    };
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=frame.theme.fixed()>
            <head>
                <Head options=options.clone() frame=frame.clone() />
                <link rel="manifest" href=MANIFEST />
                {rendered_for.map(|RenderedFor(person)| view! { <meta name="person" content=person /> })}
                <Scripts options nonce is_signed_in />
                {reloads_itself.then(|| view! { <noscript>{refresh_meta()}</noscript> })}
                <MetaTags />
            </head>
            <body class=body_class(&frame)>
                <App initial_document=move || document />
            </body>
        </html>
    }
}

/// Every script in the head. The plain scripts come first: they follow the session even if the rest fails to load
/// (ADR 40), and the listener runs before the one that it listens to.
#[component]
fn Scripts(options: LeptosOptions, nonce: String, is_signed_in: bool) -> impl IntoView {
    let time_out = is_signed_in.then(|| plain_script(TIME_OUT, nonce.clone()));
    view! {
        {time_out}
        {plain_script(FOLLOW, nonce)}
        <AutoReload options=options.clone() />
        <HydrationScripts options />
    }
}

/// Scripts run in document order, after the document was parsed.
fn plain_script(script: PlainScript, nonce: String) -> impl IntoView {
    view! { <script defer src=script.address() nonce=nonce></script> }
}

/// The scripts in the head as HTML, for comparisons with pages: names of files and nonces differ.
pub fn head_scripts() -> String {
    let options = LeptosOptions::builder().output_name("vestibule").build();
    let nonce = String::new();
    Owner::new().with(|| view! { <Scripts options nonce is_signed_in=true /> }.to_html())
}

/// Whether the page follows the log. Without scripts it is reloaded repeatedly, as long as the password was entered
/// recently.
const fn reloads_itself(view: &PageView) -> bool {
    matches!(view, PageView::Administration(AdministrationView::Audit(view)) if view.is_followed)
}

/// Every five seconds. Built by hand because the macro does not know the attribute.
fn refresh_meta() -> impl IntoView {
    html::meta().attr("http-equiv", "refresh").content("5")
}
