//! The frame around every page.

use crate::{
    components::{
        frame::FrameHtml, new_sign_ins::NewSignIns, sign_out::SignOutButton,
        time_out::TimeOutDialogues,
    },
    domain::{
        frame::{BrandFiles, Frame},
        plain_script::PlainScript,
        theme::Theme,
        views::{FrameView, RenderedFor},
    },
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

/// Scripts run in document order, after the document was parsed. `nonce` is that of the policy.
pub fn plain_script(script: PlainScript, nonce: String) -> impl IntoView {
    view! { <script defer src=script.address() nonce=nonce></script> }
}

/// The person for whom a document was rendered, for [`FOLLOW`](crate::domain::plain_script::FOLLOW).
pub fn person_meta(RenderedFor(person): RenderedFor) -> impl IntoView {
    view! { <meta name="person" content=person /> }
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
pub fn Around<C: IntoView + 'static>(
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

/// Whether the navigation stands beside the page.
pub fn body_class(frame: &Frame) -> Option<&'static str> {
    frame.person.as_ref().map(|_| "has-menu")
}
