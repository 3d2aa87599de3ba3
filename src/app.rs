//! The application: the document around every page, and the page in it.

use crate::{
    components::{
        frame::FrameHtml,
        layout::{Head, StaticHtml, StaticPage, body_class, full_title, person_meta, plain_script},
        local_times::show_local_times,
    },
    domain::{
        frame::Frame,
        page::{AdministrationView, Document, InteractiveView, MANIFEST, PageView, StaticView},
        plain_script::{FOLLOW, TIME_OUT},
        views::{NewSignInsView, RenderedFor},
    },
    pages::{
        access_keys::AccessKeysPage,
        activity::ActivityPage,
        admin_activity::{AuditPage, FollowedAuditPage},
        admin_invite::InvitePage,
        admin_user::AccountPage,
        admin_users::UsersPage,
        confirm::ConfirmPage,
        dashboard::DashboardPage,
        help::HelpPage,
        login::LoginPage,
        login_key::LoginKeyPage,
        logout::LogoutPage,
        password::PasswordPage,
        password_link::PasswordLinkPage,
        profile::ProfilePage,
        sessions::SessionsPage,
        setup::SetupPage,
        signed_out::SignedOutPage,
        system::SystemPage,
    },
};
use leptos::{
    config::LeptosOptions,
    either::{Either, either},
    html,
    prelude::*,
};
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
    Effect::new(show_local_times);
    match view {
        Some(view) => Either::Left(view! { <InteractivePage view /> }),
        None => Either::Right(view! { <StaticPage /> }),
    }
}

#[component]
fn InteractivePage(view: InteractiveView) -> impl IntoView {
    either!(view,
        InteractiveView::Login(view) => view! { <LoginPage view /> },
        InteractiveView::LoginKey(view) => view! { <LoginKeyPage view /> },
        InteractiveView::Logout(view) => view! { <LogoutPage view /> },
        InteractiveView::Password(view) => view! { <PasswordPage view /> },
        InteractiveView::AccessKeys(view) => view! { <AccessKeysPage view=*view /> },
        InteractiveView::Sessions(view) => view! { <SessionsPage view=*view /> },
        InteractiveView::Confirm(view) => view! { <ConfirmPage view /> },
        InteractiveView::Profile(view) => view! { <ProfilePage view=*view /> },
        InteractiveView::Setup(view) => view! { <SetupPage view /> },
        InteractiveView::PasswordLink(view) => view! { <PasswordLinkPage view=*view /> },
        InteractiveView::Administration(view) => view! { <AdministrationPage view /> },
    )
}

#[component]
fn AdministrationPage(view: AdministrationView) -> impl IntoView {
    either!(view,
        AdministrationView::Invite(view) => view! { <InvitePage view=*view /> },
        AdministrationView::Account(view) => view! { <AccountPage view=*view /> },
        AdministrationView::FollowedAudit(view) => view! { <FollowedAuditPage view=*view /> },
    )
}

/// Needs an owner.
fn static_html(view: StaticView, frame: &Frame) -> StaticHtml {
    let narrow = |title, html| StaticHtml {
        title,
        width: "narrow",
        html,
    };
    let wide = |title, html| StaticHtml {
        title,
        width: "wide",
        html,
    };
    match view {
        StaticView::Help => {
            let contact = frame.site.help.clone();
            let is_signed_in = frame.person.is_some();
            let page = view! { <HelpPage contact is_signed_in /> };
            narrow("Can’t sign in?", page.to_html())
        }
        StaticView::SignedOut(view) => narrow(
            "You are signed out",
            view! { <SignedOutPage view /> }.to_html(),
        ),
        StaticView::Dashboard(view) => {
            wide("Overview", view! { <DashboardPage view=*view /> }.to_html())
        }
        StaticView::OwnActivity(view) => wide(
            "Your activity",
            view! { <ActivityPage view=*view /> }.to_html(),
        ),
        StaticView::Users(view) => wide("Users", view! { <UsersPage view=*view /> }.to_html()),
        StaticView::Audit(view) => wide("Audit log", view! { <AuditPage view=*view /> }.to_html()),
        StaticView::System(view) => wide("System", view! { <SystemPage view /> }.to_html()),
    }
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
    let (view, title) = match view {
        PageView::Interactive(view) => (Some(view), None),
        PageView::Static(view) => {
            let page = static_html(view, &frame);
            let title = full_title(page.title, &frame.site.name);
            provide_context(page);
            (None, Some(title))
        }
    };
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
                {rendered_for.map(person_meta)}
                <Scripts options nonce is_signed_in />
                {reloads_itself.then(|| view! { <noscript>{refresh_meta()}</noscript> })}
                // Other pages change theirs.
                {title.map(|title| view! { <title>{title}</title> })}
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

/// The scripts in the head as HTML, for comparisons with pages: names of files and nonces differ.
pub fn head_scripts() -> String {
    let options = LeptosOptions::builder().output_name("vestibule").build();
    let nonce = String::new();
    Owner::new().with(|| view! { <Scripts options nonce is_signed_in=true /> }.to_html())
}

/// Whether the page follows the log. Without scripts it is reloaded repeatedly, as long as the password was entered
/// recently.
const fn reloads_itself(view: &PageView) -> bool {
    matches!(
        view,
        PageView::Interactive(InteractiveView::Administration(
            AdministrationView::FollowedAudit(_)
        ))
    )
}

/// Every five seconds. Built by hand because the macro does not know the attribute.
fn refresh_meta() -> impl IntoView {
    html::meta().attr("http-equiv", "refresh").content("5")
}
