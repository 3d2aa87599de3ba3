//! What pages show of access keys.

use crate::{
    components::{
        copy::CopyButton,
        submission::FormState,
        time::{RelativeTime, Time},
    },
    domain::{
        access_key::{KeyState, RevokeReason},
        views::{AccessKeyView, KeyUseView, NewAccessKeyView},
    },
};
use leptos::{either::Either, prelude::*};

/// The box to keep the access keys, in forms that revoke them otherwise. Nothing without a key.
#[component]
pub fn KeepKeys(
    /// The number of live keys.
    keys: u64,
) -> impl IntoView {
    let hint = match keys {
        1 => "Your access key is revoked otherwise.".to_owned(),
        _ => format!("Your {keys} access keys are revoked otherwise."),
    };
    (keys > 0).then(|| {
        view! {
            <div class="check">
                <input id="keep_keys" name="keep_keys" type="checkbox" value="on" aria-describedby="keep_keys-hint" />
                <label for="keep_keys">"Keep my access keys"</label>
                <p class="field-hint" id="keep_keys-hint">{hint}</p>
            </div>
        }
    })
}

/// How many keys were revoked, if any.
pub fn revoked(keys: u64) -> Option<String> {
    match keys {
        0 => None,
        1 => Some("1 access key was revoked.".to_owned()),
        _ => Some(format!("{keys} access keys were revoked.")),
    }
}

/// The fields that say which key it is, and what is to be done with it.
pub type KeyFields = Vec<(&'static str, String)>;

fn hidden(fields: KeyFields) -> Vec<impl IntoView> {
    let fields = fields.into_iter();
    let fields =
        fields.map(|(name, value)| view! { <input type="hidden" name=name value=value /> });
    fields.collect()
}

/// Revoking a key is asked about first, also without the script: it cannot be undone.
#[component]
pub fn AskToRevoke(form: FormState, fields: KeyFields, name: String) -> impl IntoView {
    view! {
        <details class="ask">
            <summary class="button button-quiet button-small">
                "Revoke" <span class="visually-hidden">" the key " <bdi>{name}</bdi></span>
            </summary>
            <form class="form ask-body" method="post" action=form.action on:submit=form.on_submit()>
                {hidden(fields)}
                <p>"Programs that use it are refused from now on. This cannot be undone."</p>
                <div>
                    <button class="button button-danger button-small" type="submit">"Yes, revoke this key"</button>
                </div>
            </form>
        </details>
    }
}

#[component]
pub fn ConfirmKey(form: FormState, fields: KeyFields, name: String) -> impl IntoView {
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            {hidden(fields)}
            <button class="button button-quiet button-small" type="submit">
                "Confirm" <span class="visually-hidden">" the key " <bdi>{name}</bdi></span>
            </button>
        </form>
    }
}

/// A key that was just made: the only time that it is shown.
#[component]
pub fn NewAccessKey(made: NewAccessKeyView) -> impl IntoView {
    let text = made.text.reveal().to_owned();
    view! {
        <div class="notice once" role="status">
            <h2>"Copy the key now"</h2>
            <p>
                "This is the access key " <strong><bdi>{made.name}</bdi></strong>
                ". It is not shown again, and whoever has it can use it."
            </p>
            <code class="command" data-secret="access-key">{text.clone()}</code>
            <CopyButton label="Copy key" text />
        </div>
    }
}

/// Name, state, permissions and times of a key.
#[component]
pub fn AccessKeyFacts(key: AccessKeyView) -> impl IntoView {
    let badge = state_badge(key.state);
    let scopes = key.scopes.iter().map(|scope| scope.as_str());
    let scopes = scopes.collect::<Vec<_>>().join(", ");
    let networks =
        (!key.networks.is_empty()).then(|| format!(" · from {}", key.networks.join(", ")));
    let ends = match key.state {
        KeyState::Expired => "expired ",
        _ => "expires ",
    };
    let last_use = match key.last_use {
        Some(last) => Either::Left(view! { "Last used " <LastUse last /> }),
        None => Either::Right("Never used"),
    };
    view! {
        <div class="session">
            <h3>
                <bdi>{key.name}</bdi>
                {badge.map(|badge| view! { " " <span class="badge badge-quiet">{badge}</span> })}
            </h3>
            <p class="quiet-text">{scopes} {networks}</p>
            <p class="quiet-text">{last_use} "."</p>
            <p class="quiet-text">
                "Created " <Time moment=key.created_at /> ", " {ends} <Time moment=key.expires_at /> "."
            </p>
            <p class="quiet-text"><code>{format!("vst_{}_…", key.id)}</code></p>
        </div>
    }
}

#[component]
fn LastUse(last: KeyUseView) -> impl IntoView {
    let from = [last.address, last.program].join(" · ");
    view! {
        <RelativeTime moment=last.at /> " from " <bdi>{from}</bdi>
    }
}

const fn state_badge(state: KeyState) -> Option<&'static str> {
    match state {
        KeyState::Live => None,
        KeyState::Suspended => Some("Suspended"),
        KeyState::Expired => Some("Expired"),
        KeyState::Revoked(RevokeReason::ByOwner) => Some("Revoked"),
        KeyState::Revoked(RevokeReason::ByAdmin) => Some("Revoked by an administrator"),
        KeyState::Revoked(RevokeReason::PasswordChanged) => Some("Revoked by a new password"),
        KeyState::Revoked(RevokeReason::SignedOutEverywhere) => {
            Some("Revoked by signing out everywhere")
        }
        KeyState::Revoked(RevokeReason::UserDisabled) => Some("Revoked with the account"),
    }
}
