//! The page of a failure.

use crate::{
    components::{
        frame::FrameHtml,
        layout::{
            Around, Door, Head, Threshold, body_class, full_title, person_meta, plain_script,
        },
        new_sign_ins::NewSignIns,
    },
    domain::{
        frame::Frame,
        page::Page,
        plain_script::FOLLOW,
        views::{NewSignInsView, RenderedFor},
    },
    error::{AppError, Failure},
};
use leptos::{config::LeptosOptions, prelude::*};

/// Replaces a page after a failure: a whole document that is not hydrated, so that it works even if other parts have
/// failed.
#[component]
pub fn FailureDocument(
    options: LeptosOptions,
    frame: Frame,
    failure: AppError,
    /// The page shows who is signed in, so it has to leave when their session ends: the person, and the nonce of the
    /// script that follows the session.
    following: Option<(RenderedFor, String)>,
    news: Option<NewSignInsView>,
    /// For a page that cannot load the stylesheet.
    style: Option<&'static str>,
) -> impl IntoView {
    let heading = heading(failure);
    provide_context(FrameHtml::of(&frame));
    let is_signed_in = frame.person.is_some();
    provide_context(news);
    let news = following.is_some().then(|| view! { <NewSignIns /> });
    let following =
        following.map(|(person, nonce)| (person_meta(person), plain_script(FOLLOW, nonce)));
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=frame.theme.fixed()>
            <head>
                {style.map(|style| view! { <style>{style}</style> })}
                <Head options frame=frame.clone() />
                {following}
                <title>{full_title(heading, &frame.site.name)}</title>
            </head>
            <body class=body_class(&frame)>
                <Around is_signed_in width="narrow">
                    {news}
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
