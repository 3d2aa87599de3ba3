//! What is known of something: a term and its value.

use leptos::prelude::*;

/// A row of `<dl class="facts">`.
#[component]
pub fn Fact<C: IntoView + 'static>(
    term: &'static str,
    children: TypedChildren<C>,
) -> impl IntoView {
    view! {
        <div>
            <dt>{term}</dt>
            <dd>{children.into_inner()()}</dd>
        </div>
    }
}
