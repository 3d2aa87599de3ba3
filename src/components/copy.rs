//! A button that copies a text.

use leptos::{prelude::*, task::spawn_local};

/// Copies a text of the page. It does nothing without the script, so it is rendered by the script only; the text itself
/// can be selected by one click.
#[component]
pub fn CopyButton(label: &'static str, text: String) -> impl IntoView {
    let has_script = RwSignal::new(false);
    let outcome = RwSignal::new("");
    Effect::new(move || has_script.set(true));
    let copy = move |_| {
        let copying = window().navigator().clipboard().write_text(&text);
        spawn_local(async move {
            outcome.set(match copying.await {
                Ok(_) => "Copied",
                Err(_) => "Your browser did not allow it. Select the text and copy it.",
            });
        });
    };
    view! {
        <div class="copy" hidden=move || !has_script.get()>
            <button class="button button-quiet button-small" type="button" on:click=copy>{label}</button>
            <span class="quiet-text" role="status">{outcome}</span>
        </div>
    }
}
