//! The frame around every page.

use crate::{
    components::{sign_out::SignOutButton, time_out::TimeOutDialogues},
    domain::{page::Page, site},
    error::{AppError, Failure, Refusal},
};
use leptos::{config::LeptosOptions, html, prelude::*};
use leptos_meta::{HashedStylesheet, Title};

/// The contents of every document's head.
#[component]
pub fn Head(options: LeptosOptions) -> impl IntoView {
    view! {
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        {theme_colour("#f2f4f2", "(prefers-color-scheme: light)")}
        {theme_colour("#0c1210", "(prefers-color-scheme: dark)")}
        // Phones would turn numbers into links before hydration, which then fails.
        <meta name="format-detection" content="telephone=no, date=no, address=no, email=no" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
        <HashedStylesheet options id="style" />
    }
}

/// The colour of the browser's own frame: `--page` of `style/tokens.css`. Built by hand because
/// the macro does not know `media` on `<meta>`.
fn theme_colour(colour: &'static str, media: &'static str) -> impl IntoView {
    html::meta()
        .name("theme-color")
        .content(colour)
        .attr("media", media)
}

/// A page of the application: its title, and the frame around it.
#[component]
pub fn Layout<C: IntoView + 'static>(
    #[prop(into)] title: Signal<String>,
    /// The display name of the user, on pages that need a session.
    #[prop(optional, into)]
    signed_in: Option<String>,
    #[prop(optional)] wide: bool,
    children: TypedChildren<C>,
) -> impl IntoView {
    let dialogues = signed_in.is_some().then(|| view! { <TimeOutDialogues /> });
    let who = signed_in.map(|display_name| view! { <Who display_name /> });
    view! {
        <DocumentTitle title />
        <Frame who width=if wide { "wide" } else { "narrow" }>{children.into_inner()()}</Frame>
        {dialogues}
    }
}

#[component]
fn DocumentTitle(title: Signal<String>) -> impl IntoView {
    // Leptos reads the title outside the page's own arena, where the page's signals do not exist.
    let text = ArcRwSignal::new(title.get_untracked());
    Effect::new({
        let text = text.clone();
        move || text.set(title.get())
    });
    view! { <Title text=move || full_title(&text.get()) /> }
}

#[component]
fn Who(display_name: String) -> impl IntoView {
    view! {
        <div class="who">
            <bdi class="who-name">{display_name}</bdi>
            <SignOutButton class="button button-quiet button-small" />
        </div>
    }
}

fn full_title(title: &str) -> String {
    format!("{title} – {}", site::NAME)
}

/// Header, main part and footer.
#[component]
fn Frame<W: IntoView + 'static, C: IntoView + 'static>(
    who: W,
    width: &'static str,
    children: TypedChildren<C>,
) -> impl IntoView {
    view! {
        <a class="skip" href="#main">"Skip to content"</a>
        <header class="site-header">
            <Brand />
            {who}
        </header>
        <main id="main" class=width tabindex="-1">
            {children.into_inner()()}
        </main>
        <footer class="site-footer">
            <p>{site::NAME} ". When you leave, the door closes."</p>
        </footer>
    }
}

#[component]
fn Brand() -> impl IntoView {
    view! {
        <a class="brand" href="/">
            // Its size is also set here: without the stylesheet it would fill the page.
            <svg class="mark" width="28" height="28" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
                <path class="mark-light" d="M6 30V14a10 10 0 0 1 20 0v16z" />
                <path class="mark-leaf" d="M6 30V14C6 7.5 8.5 4 11.5 4S17 8 17 14v13.5z" />
                <path class="mark-frame" d="M5 30V14a11 11 0 0 1 22 0v16" />
            </svg>
            {site::NAME}
        </a>
    }
}

/// The arch around a page's card.
#[component]
pub fn Threshold<C: IntoView + 'static>(
    /// The state of the door: `is-open`, `is-closed`, or ajar by default.
    #[prop(optional)]
    state: &'static str,
    children: TypedChildren<C>,
) -> impl IntoView {
    view! { <div class=format!("threshold {state}")>{children.into_inner()()}</div> }
}

/// Decoration only.
#[component]
pub fn Door() -> impl IntoView {
    view! { <div class="door" aria-hidden="true"></div> }
}

/// Replaces a page after a failure: a whole document without scripts, so that it works even if other parts have
/// failed.
#[component]
pub fn FailureDocument(
    options: LeptosOptions,
    failure: AppError,
    /// For a page that cannot load the stylesheet.
    style: Option<&'static str>,
) -> impl IntoView {
    let heading = heading(failure);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                {style.map(|style| view! { <style>{style}</style> })}
                <Head options />
                <title>{full_title(heading)}</title>
            </head>
            <body>
                <Frame who=() width="narrow">
                    <Threshold state="is-closed">
                        <Door />
                        <div class="card">
                            <p class="status">{format!("Error {}", failure.status())}</p>
                            <h1>{heading}</h1>
                            <p>{failure.to_string()}</p>
                            {advice(failure)}
                            {(failure != AppError::Failed(Failure::UnknownHost)).then(|| view! {
                                <p>
                                    <a href="/">"Go to the start page"</a>
                                </p>
                            })}
                        </div>
                    </Threshold>
                </Frame>
            </body>
        </html>
    }
}

/// The remedy for a failure whose message does not name it.
fn advice(failure: AppError) -> impl IntoView {
    let mistyped = (failure == AppError::Failed(Failure::NotFound)).then(|| {
        view! { <p>"The address may be mistyped."</p> }
    });
    let filtered = (failure == AppError::Failed(Failure::CrossSite)).then(|| {
        view! {
            <p>
                "If you sent it from this site, a filter, a browser extension or a proxy has removed the headers Origin and Sec-Fetch-Site. Turn it off for this site, then try again."
            </p>
            <p>"You can still " <a href=Page::Logout.path()>"sign out"</a> "."</p>
        }
    });
    // Its start page may be one of those that are not permitted.
    let not_permitted = (failure == AppError::Failed(Failure::NotPermitted)).then(|| {
        view! { <p>"You can " <a href=Page::Logout.path()>"sign out"</a> " and sign in with a password."</p> }
    });
    (mistyped, filtered, not_permitted)
}

const fn heading(failure: AppError) -> &'static str {
    match failure {
        AppError::Failed(Failure::Throttled { .. }) => "Too many attempts",
        AppError::Failed(Failure::NotFound) => "There is no page here",
        AppError::Failed(Failure::PasswordNeeded) => "Confirm your password",
        AppError::Failed(Failure::NotPermitted) => "Not with this access key",
        AppError::Failed(Failure::CrossSite) => "Refused",
        AppError::Failed(Failure::TooLarge | Failure::HeaderTooLarge) => "Request too large",
        AppError::Refused(Refusal::SignIn) | AppError::Failed(Failure::NotSignedIn) => {
            "Not signed in"
        }
        AppError::Failed(Failure::Busy | Failure::Unavailable | Failure::Timeout) => {
            "Not right now"
        }
        AppError::Failed(Failure::UnknownHost) => "Not this address",
        AppError::Failed(Failure::Internal) => "Something went wrong",
        _ => "This did not work",
    }
}
