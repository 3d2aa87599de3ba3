//! `/account/keys`: the access keys of a user, making and revoking them.

use crate::{
    api::access_keys::{ConfirmAccessKey, MakeAccessKey, RevokeAccessKey},
    components::{
        access_keys::{AccessKeyFacts, AskToRevoke, ConfirmKey, NewAccessKey},
        form::{DateField, ErrorSummary, FieldProblem, SubmitButton, TextField},
        layout::Layout,
        submission::FormState,
    },
    domain::{
        access_key::{AccessKeyDraft, AccessKeyRefusal, KeyState, Scope},
        views::{AccessKeyNotice, AccessKeyView, AccessKeysView},
    },
    error::Refusal,
};
use leptos::{either::Either, prelude::*};

#[component]
pub fn AccessKeysPage(view: AccessKeysView) -> impl IntoView {
    let make = FormState::of::<MakeAccessKey>(view.refusal, fields_of, []);
    let revoke = FormState::of::<RevokeAccessKey>(None, |_| &["keys"], []);
    let confirm = FormState::of::<ConfirmAccessKey>(None, |_| &["keys"], []);
    let refusals = [revoke, confirm].map(|form| {
        view! { <ErrorSummary form /> }
    });
    let is_suspended = view.keys.iter().any(|key| key.state == KeyState::Suspended);
    let has_ended = !view.ended.is_empty();
    let keys = if view.keys.is_empty() {
        Either::Left(view! { <p class="quiet-text">"You have no access keys."</p> })
    } else {
        let keys = view.keys.into_iter();
        let keys = keys.map(|key| view! { <Key key revoke confirm /> });
        Either::Right(view! { <ul>{keys.collect::<Vec<_>>()}</ul> })
    };
    let ended = view.ended.into_iter();
    let ended = ended.map(|key| view! { <li class="session-row"><AccessKeyFacts key /></li> });
    let ended = ended.collect::<Vec<_>>();
    view! {
        <Layout title=make.title("Access keys") wide=true>
            <h1>"Access keys"</h1>
            <p class="quiet-text">
                "A program with a key acts for you, within the permissions of the key. A revoked key is refused at its next request."
            </p>
            {view.made.map(|made| view! { <NewAccessKey made /> })}
            {view.notice.map(|notice| view! { <Notice notice /> })}
            {is_suspended.then(|| view! { <Suspended /> })}
            {refusals}
            <div class="sessions">
                <section class="card" aria-labelledby="keys">
                    <h2 id="keys" tabindex="-1">"Your keys"</h2>
                    {keys}
                    {has_ended.then(|| view! {
                        <details>
                            <summary>"Revoked and expired keys"</summary>
                            <ul>{ended}</ul>
                        </details>
                    })}
                </section>
                <section class="card" aria-labelledby="make">
                    <h2 id="make">"New access key"</h2>
                    <Make form=make draft=view.draft scopes=view.scopes days=view.days />
                </section>
            </div>
        </Layout>
    }
}

#[component]
fn Notice(notice: AccessKeyNotice) -> impl IntoView {
    let words = match notice {
        AccessKeyNotice::Revoked => {
            "The key is revoked. Programs that use it are refused from now on."
        }
        AccessKeyNotice::Confirmed => "The key is valid again.",
        AccessKeyNotice::NotMadeYet => "The key is not made yet. Check your input, then create it.",
    };
    view! {
        <div class="notice" role="status">
            <p>{words}</p>
        </div>
    }
}

#[component]
fn Suspended() -> impl IntoView {
    view! {
        <div class="notice notice-warning">
            <h2>"Confirm your suspended keys"</h2>
            <p>
                "The server was restored from a backup. A key that was revoked since then would be valid again, so every key is suspended until you confirm it. Confirm the keys that you still use, and revoke the others."
            </p>
        </div>
    }
}

#[component]
fn Key(key: AccessKeyView, revoke: FormState, confirm: FormState) -> impl IntoView {
    let is_suspended = key.state == KeyState::Suspended;
    let (fields, name) = (vec![("id", key.id.clone())], key.name.clone());
    view! {
        <li class="session-row">
            <AccessKeyFacts key />
            {is_suspended.then(|| view! { <ConfirmKey form=confirm fields=fields.clone() name=name.clone() /> })}
            <AskToRevoke form=revoke fields name />
        </li>
    }
}

#[component]
fn Make(
    form: FormState,
    draft: AccessKeyDraft,
    scopes: Vec<Scope>,
    days: (String, String),
) -> impl IntoView {
    let ticked = draft.scopes;
    let boxes = scopes.into_iter().map(|scope| {
        let ticked = ticked.iter().any(|word| word == scope.as_str());
        view! { <ScopeBox scope ticked /> }
    });
    let boxes = boxes.collect::<Vec<_>>();
    view! {
        <ErrorSummary form />
        <form class="form form-narrow" method="post" action=form.action novalidate on:submit=form.on_submit()>
            <TextField
                id="name"
                label="Name"
                value=draft.name
                autocomplete="off"
                required=true
                hint="What uses it, such as “backup on server 2”."
                form
            />
            <DateField
                id="last_day"
                label="Last day"
                hint="The key is valid until the end of this day, UTC. If empty, for at most 90 days."
                value=draft.last_day
                days
                form
            />
            <fieldset class="boxes">
                <legend>"Permissions"</legend>
                <FieldProblem form id="profile_read" />
                {boxes}
            </fieldset>
            <TextField
                id="networks"
                label="Networks (optional)"
                value=draft.networks
                autocomplete="off"
                hint="Addresses or ranges, such as 192.0.2.0/24. Left empty, the key can be used from everywhere."
                form
            />
            <SubmitButton label="Create access key" />
        </form>
    }
}

#[component]
fn ScopeBox(scope: Scope, ticked: bool) -> impl IntoView {
    let id = box_id(scope);
    let hint_id = format!("{id}-hint");
    view! {
        <div class="check">
            <input
                id=id.clone()
                name=id.clone()
                type="checkbox"
                value="on"
                checked=ticked
                aria-describedby=hint_id.clone()
            />
            <label for=id>{scope.title()}</label>
            <p class="field-hint" id=hint_id><code>{scope.as_str()}</code></p>
        </div>
    }
}

/// The name of the box, which is that of the argument of the server function.
fn box_id(scope: Scope) -> String {
    scope.as_str().replace(':', "_")
}

/// The fields that a refusal is about.
const fn fields_of(refusal: Refusal) -> &'static [&'static str] {
    match refusal {
        Refusal::AccessKey(AccessKeyRefusal::LastDay { .. }) => &["last_day"],
        Refusal::AccessKey(AccessKeyRefusal::NoScope | AccessKeyRefusal::Scope) => {
            &["profile_read"]
        }
        Refusal::AccessKey(AccessKeyRefusal::Networks) => &["networks"],
        _ => &["name"],
    }
}
