//! `/admin/system`: how the server is reached.

use crate::{components::facts::Fact, domain::views::ProxyDiagnosis};
use leptos::prelude::*;

#[component]
pub fn SystemPage(view: ProxyDiagnosis) -> impl IntoView {
    let reported = if view.findings.is_empty() {
        "No problem was found with the way from your browser to this server."
    } else {
        "Requests do not reach this server as its settings expect."
    };
    let findings = view.findings.into_iter();
    let findings =
        findings.map(|finding| view! { <p data-finding=finding.about>{finding.text}</p> });
    let findings = findings.collect::<Vec<_>>();
    view! {
        <h1>"System"</h1>
        <p class="quiet-text">{reported}</p>
        <div class="sessions">
            <section class="card" aria-labelledby="reach">
                <h2 id="reach">"How this server is reached"</h2>
                <dl class="facts">
                    <Fact term="Your address">{view.address}</Fact>
                    <Fact term="Connected from">{view.peer}</Fact>
                    {view.scheme.map(|scheme| view! { <Fact term="Reported scheme">{scheme}</Fact> })}
                    {view.host.map(|host| view! { <Fact term="Reported host">{host}</Fact> })}
                    <Fact term="Forwarded headers">{view.forwarded}</Fact>
                </dl>
                {(!findings.is_empty()).then(|| view! { <div class="notice notice-warning">{findings}</div> })}
            </section>
        </div>
    }
}
