//! The frame around every page.

use crate::{
    components::{
        frame::FrameHtml, new_sign_ins::NewSignIns, sign_out::SignOutButton,
        time_out::TimeOutDialogues,
    },
    domain::{
        frame::{BrandFiles, Frame},
        page::Page,
        theme::Theme,
        views::FrameView,
    },
    error::{AppError, Failure},
};
use leptos::{
    config::LeptosOptions,
    either::{Either, EitherOf3},
    html,
    prelude::*,
};
use leptos_meta::{HashedStylesheet, Title};

/// The contents of every document's head.
#[component]
pub fn Head(options: LeptosOptions, frame: Frame) -> impl IntoView {
    let BrandFiles { logo, accent } = frame.files;
    let icon = match logo {
        Some(logo) => {
            Either::Left(view! { <link rel="icon" href=logo.address type=logo.content_type /> })
        }
        None => Either::Right(view! {
            <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
            <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
        }),
    };
    view! {
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="description" content=format!("Sign in to {}.", frame.site.name) />
        <ColourScheme theme=frame.theme />
        // Phones would turn numbers into links before hydration, which then fails.
        <meta name="format-detection" content="telephone=no, date=no, address=no, email=no" />
        <meta name="robots" content="noindex" />
        {icon}
        <HashedStylesheet options id="style" />
        {accent.map(|address| view! { <link rel="stylesheet" href=address /> })}
    }
}

/// For the browser's own parts: form controls, scroll bars, and the frame around the page, which has the colour
/// `--page` of `style/tokens.css`.
#[component]
fn ColourScheme(theme: Theme) -> impl IntoView {
    const LIGHT: &str = "#f2f4f2";
    const DARK: &str = "#0c1210";
    let scheme = theme.fixed().unwrap_or("light dark");
    let colours = match theme {
        Theme::Light => EitherOf3::A(view! { <meta name="theme-color" content=LIGHT /> }),
        Theme::Dark => EitherOf3::B(view! { <meta name="theme-color" content=DARK /> }),
        Theme::System => EitherOf3::C((
            theme_colour(LIGHT, "(prefers-color-scheme: light)"),
            theme_colour(DARK, "(prefers-color-scheme: dark)"),
        )),
    };
    view! { <meta name="color-scheme" content=scheme /> {colours} }
}

/// Built by hand because the macro does not know `media` on `<meta>`.
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
    /// More than one form or answer: as wide as the frame.
    #[prop(optional)]
    wide: bool,
    children: TypedChildren<C>,
) -> impl IntoView {
    let site = expect_context::<FrameView>().site;
    view! {
        <DocumentTitle title site />
        <PageFrame width=if wide { "wide" } else { "narrow" }>{children.into_inner()()}</PageFrame>
    }
}

/// A page that only the server renders.
#[derive(Clone, Debug, Default)]
pub struct StaticHtml {
    pub title: &'static str,
    /// As wide as the frame, or narrow.
    pub width: &'static str,
    pub html: String,
}

/// A static page: hydration keeps its HTML, its width and its title as they are.
#[component]
pub fn StaticPage() -> impl IntoView {
    let StaticHtml { width, html, .. } = use_context().unwrap_or_default();
    view! {
        <PageFrame width>
            <div class="static" inner_html=html></div>
        </PageFrame>
    }
}

#[component]
fn PageFrame<C: IntoView + 'static>(
    width: &'static str,
    children: TypedChildren<C>,
) -> impl IntoView {
    let is_signed_in = expect_context::<FrameView>().is_signed_in;
    let news = is_signed_in.then(|| view! { <NewSignIns /> });
    view! {
        <Around is_signed_in width>{news} {children.into_inner()()}</Around>
        {is_signed_in.then(|| view! { <TimeOutDialogues /> })}
    }
}

/// The HTML of a part that nothing changes in the browser, for `inner_html`. Hydration keeps it, so the part is no part
/// of the client.
pub fn server_html<V: IntoView>(part: impl FnOnce() -> V) -> String {
    if is_server() {
        part().into_view().to_html()
    } else {
        String::new()
    }
}

#[component]
fn DocumentTitle(title: Signal<String>, site: String) -> impl IntoView {
    // Leptos reads the title outside the page's own arena, where the page's signals do not exist.
    let text = ArcRwSignal::new(title.get_untracked());
    Effect::new({
        let text = text.clone();
        move || text.set(title.get())
    });
    view! { <Title text=move || title_text(&full_title(&text.get(), &site)) /> }
}

/// Leptos writes the text of a title into the document as it is. A name with `</title>` would end it, and its markup
/// would be that of the page.
fn title_text(text: &str) -> String {
    if is_browser() {
        text.to_owned()
    } else {
        text.replace('&', "&amp;").replace('<', "&lt;")
    }
}

pub fn full_title(title: &str, site: &str) -> String {
    format!("{title} – {site}")
}

/// Header, navigation, main part and footer. What only the server knows is not rendered again in the browser: the
/// hydrated elements keep their HTML.
#[component]
fn Around<C: IntoView + 'static>(
    is_signed_in: bool,
    width: &'static str,
    children: TypedChildren<C>,
) -> impl IntoView {
    let html = use_context::<FrameHtml>().unwrap_or_default();
    let person = is_signed_in.then(|| {
        view! {
            <div class="person-menu" id="person-menu" popover="auto">
                <div inner_html=html.person></div>
                <SignOutButton class="button button-quiet button-small button-wide" />
            </div>
        }
    });
    let navigation = is_signed_in.then(|| {
        view! { <nav class="site-menu" id="site-menu" popover="auto" aria-label="Main" inner_html=html.navigation></nav> }
    });
    view! {
        <a class="skip" href="#main">"Skip to content"</a>
        <header class="site-header">
            <div inner_html=html.header></div>
            {person}
        </header>
        {navigation}
        <main id="main" class=width tabindex="-1">
            {children.into_inner()()}
        </main>
        <footer class="site-footer" inner_html=html.footer></footer>
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
    frame: Frame,
    failure: AppError,
    /// For a page that cannot load the stylesheet.
    style: Option<&'static str>,
) -> impl IntoView {
    let heading = heading(failure);
    provide_context(FrameHtml::of(&frame));
    let is_signed_in = frame.person.is_some();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=frame.theme.fixed()>
            <head>
                {style.map(|style| view! { <style>{style}</style> })}
                <Head options frame=frame.clone() />
                <title>{full_title(heading, &frame.site.name)}</title>
            </head>
            <body class=body_class(&frame)>
                <Around is_signed_in width="narrow">
                    <Threshold state="is-closed">
                        <Door />
                        <div class="card">
                            <p class="status">{format!("Error {}", failure.status())}</p>
                            <h1>{heading}</h1>
                            <p>{explanation(failure)}</p>
                            {advice(failure)}
                            {(failure != AppError::Failed(Failure::UnknownHost)).then(|| view! {
                                <p>
                                    <a href=Page::Home.path()>"Go to the start page"</a>
                                </p>
                            })}
                        </div>
                    </Threshold>
                </Around>
            </body>
        </html>
    }
}

/// Whether the navigation stands beside the page.
pub fn body_class(frame: &Frame) -> Option<&'static str> {
    frame.person.as_ref().map(|_| "has-menu")
}

/// The remedy for a failure whose message does not name it.
fn advice(failure: AppError) -> impl IntoView {
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
    (filtered, not_permitted)
}

/// The message, in other words if the failure is about the page itself and not about a form.
fn explanation(failure: AppError) -> String {
    match failure {
        AppError::Failed(Failure::NotFound) => {
            "It may have moved, or the address may be mistyped.".to_owned()
        }
        failure => failure.to_string(),
    }
}

const fn heading(failure: AppError) -> &'static str {
    match failure {
        AppError::Failed(Failure::Throttled { .. }) => "Too many attempts",
        AppError::Failed(Failure::NotFound) => "Page not found",
        AppError::Failed(Failure::PasswordNeeded) => "Confirm your password",
        AppError::Failed(Failure::NotPermitted) => "Not with this access key",
        AppError::Failed(Failure::CrossSite) => "Refused",
        AppError::Failed(Failure::TooLarge | Failure::HeaderTooLarge) => "Request too large",
        _ if failure.status() == 401 => "Not signed in",
        AppError::Failed(Failure::Busy | Failure::Unavailable | Failure::Timeout) => {
            "Not right now"
        }
        AppError::Failed(Failure::UnknownHost) => "Not this address",
        AppError::Failed(Failure::Internal) => "Something went wrong",
        _ => "This did not work",
    }
}
