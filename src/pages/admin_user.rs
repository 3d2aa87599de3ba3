//! `/admin/users/{id}`: one account, and the actions on it.

use crate::{
    api::admin::{ChangeUser, ChangeUserKey, DeleteUser, EndUserSession},
    components::{
        access_keys::AccessKeyFacts,
        administration::{Badges, Done, Entries},
        form::{ErrorSummary, TextField},
        layout::Layout,
        relative_time::RelativeTime,
        submission::FormState,
        time::Time,
    },
    domain::{
        access_key::{KeyChange, KeyState},
        moment::Moment,
        page::Page,
        user::AccountChange,
        views::{AccessKeyView, AccountView, LiveSessionView, UserState, UserView},
    },
};
use leptos::prelude::*;

#[component]
pub fn AccountPage(view: AccountView) -> impl IntoView {
    let user = view.user;
    let change = FormState::of::<ChangeUser>(view.refusal, |_| &["changes"], []);
    let (is_admin, state) = (user.is_admin, user.state);
    let title = user.display_name.clone();
    let log = format!("{}?user={}", Page::Audit.path(), user.username);
    view! {
        <Layout title=Signal::derive(|| "Account".to_owned()) wide=true>
            <h1><bdi>{title}</bdi> <Badges is_admin state /></h1>
            {view.notice.map(|notice| view! { <Done notice /> })}
            <ErrorSummary form=change />
            <div class="rooms">
                <Facts user=user.clone() description=view.description link_until=view.link_until />
                <Changes user=user.clone() is_own=view.is_own form=change />
                <Sessions user=user.clone() sessions=view.sessions form=change />
                <Keys user=user.clone() keys=view.keys />
                <section class="card room-wide" aria-labelledby="activity">
                    <h2 id="activity">"Lately"</h2>
                    <Entries entries=view.activity />
                    <p><a href=log>"All of it in the audit log"</a></p>
                </section>
                {(!view.is_own).then(|| view! { <Delete user /> })}
            </div>
        </Layout>
    }
}

#[component]
fn Facts(user: UserView, description: String, link_until: Option<Moment>) -> impl IntoView {
    let email = user.email.unwrap_or_else(|| "None".to_owned());
    let link = link_until.map(|until| {
        view! {
            <div>
                <dt>"Link for a password"</dt>
                <dd>"good until " <Time moment=until /></dd>
            </div>
        }
    });
    view! {
        <section class="card" aria-labelledby="facts">
            <h2 id="facts">"The account"</h2>
            <dl class="facts">
                <div>
                    <dt>"Name"</dt>
                    <dd><bdi>{user.username}</bdi></dd>
                </div>
                <div>
                    <dt>"E-mail"</dt>
                    <dd><bdi>{email}</bdi></dd>
                </div>
                {(!description.is_empty())
                    .then(|| {
                        view! {
                            <div>
                                <dt>"Description"</dt>
                                <dd><bdi>{description}</bdi></dd>
                            </div>
                        }
                    })}
                {link}
            </dl>
        </section>
    }
}

/// One small form for each button, so that it works without the script.
#[component]
fn Change(
    id: String,
    change: AccountChange,
    label: &'static str,
    form: FormState,
) -> impl IntoView {
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <input type="hidden" name="id" value=id />
            <input type="hidden" name="change" value=change.as_str() />
            <button class="button button-quiet button-small" type="submit">{label}</button>
        </form>
    }
}

#[component]
fn Changes(user: UserView, is_own: bool, form: FormState) -> impl IntoView {
    let link = match user.state {
        UserState::Disabled => None,
        UserState::Invited => Some("Make a new invitation link"),
        UserState::Enabled => Some("Make a link for a new password"),
    };
    let mut changes: Vec<(AccountChange, &'static str)> = Vec::new();
    changes.extend(link.map(|label| (AccountChange::MakeLink, label)));
    if !is_own {
        changes.push(if user.is_admin {
            (AccountChange::Demote, "Make it no administrator")
        } else {
            (AccountChange::Promote, "Make it an administrator")
        });
        changes.push(match user.state {
            UserState::Disabled => (AccountChange::Enable, "Enable"),
            UserState::Enabled | UserState::Invited => (AccountChange::Disable, "Disable"),
        });
    }
    let forms = changes.into_iter().map(|(change, label)| {
        view! { <Change id=user.id.clone() change label form /> }
    });
    let forms = forms.collect::<Vec<_>>();
    let hint = if is_own {
        "This is your own account. Another administrator can disable or delete it."
    } else {
        "A link leaves the password as it is until it is used. Disabling ends all sessions now."
    };
    view! {
        <section class="card" aria-labelledby="changes">
            <h2 id="changes" tabindex="-1">"Changes"</h2>
            <p class="quiet-text">{hint}</p>
            <div class="buttons">{forms}</div>
        </section>
    }
}

#[component]
fn Sessions(user: UserView, sessions: Vec<LiveSessionView>, form: FormState) -> impl IntoView {
    let end_one = FormState::of::<EndUserSession>(None, |_| &["sessions"], []);
    let number = sessions.len();
    let rows = sessions.into_iter();
    let rows = rows.map(|session| view! { <Session id=user.id.clone() session form=end_one /> });
    let rows = rows.collect::<Vec<_>>();
    let heading = match number {
        0 => "Signed in nowhere".to_owned(),
        1 => "1 session".to_owned(),
        _ => format!("{number} sessions"),
    };
    view! {
        <section class="card room-wide sessions-of" aria-labelledby="sessions">
            <div class="card-head">
                <h2 id="sessions" tabindex="-1">{heading}</h2>
                {(number > 0)
                    .then(|| {
                        view! { <Change id=user.id change=AccountChange::EndSessions label="End all sessions" form /> }
                    })}
            </div>
            <ErrorSummary form=end_one />
            {(number > 0).then(|| view! { <ul>{rows}</ul> })}
        </section>
    }
}

#[component]
fn Session(id: String, session: LiveSessionView, form: FormState) -> impl IntoView {
    let whose = format!(" the session of {}", session.session.device);
    view! {
        <li class="session-row">
            <div class="session">
                <h3>
                    {session.session.device}
                    {session.session.has_key.then(|| view! { " " <span class="badge badge-quiet">"Access key"</span> })}
                </h3>
                <p class="quiet-text">
                    <span class="address">{session.session.address}</span> " · last active "
                    <RelativeTime moment=session.last_seen /> " · since " <Time moment=session.session.signed_in_at />
                </p>
            </div>
            <form method="post" action=form.action on:submit=form.on_submit()>
                <input type="hidden" name="id" value=id />
                <input type="hidden" name="session" value=session.id />
                <button class="button button-quiet button-small" type="submit">
                    "End" <span class="visually-hidden">{whose}</span>
                </button>
            </form>
        </li>
    }
}

#[component]
fn Keys(user: UserView, keys: Vec<AccessKeyView>) -> impl IntoView {
    let form = FormState::of::<ChangeUserKey>(None, |_| &["keys"], []);
    let has_keys = !keys.is_empty();
    let rows = keys.into_iter().map(|key| {
        let (id, is_suspended) = (key.id.clone(), key.state == KeyState::Suspended);
        let changes = [is_suspended.then_some((KeyChange::Confirm, "Confirm")), Some((KeyChange::Revoke, "Revoke"))];
        let buttons = changes.into_iter().flatten().map(|(change, label)| {
            view! { <ChangeKey form user=user.id.clone() key=id.clone() change label name=key.name.clone() /> }
        });
        let buttons = buttons.collect::<Vec<_>>();
        view! {
            <li class="session-row">
                <AccessKeyFacts key />
                <div class="buttons">{buttons}</div>
            </li>
        }
    });
    let rows = rows.collect::<Vec<_>>();
    has_keys.then(|| {
        view! {
            <section class="card room-wide sessions-of" aria-labelledby="keys">
                <h2 id="keys" tabindex="-1">"Access keys"</h2>
                <ErrorSummary form />
                <ul>{rows}</ul>
            </section>
        }
    })
}

#[component]
fn ChangeKey(
    form: FormState,
    user: String,
    key: String,
    change: KeyChange,
    label: &'static str,
    name: String,
) -> impl IntoView {
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <input type="hidden" name="id" value=user />
            <input type="hidden" name="key" value=key />
            <input type="hidden" name="change" value=change.as_str() />
            <button class="button button-quiet button-small" type="submit">
                {label} <span class="visually-hidden">" the key " <bdi>{name}</bdi></span>
            </button>
        </form>
    }
}

#[component]
fn Delete(user: UserView) -> impl IntoView {
    let form = FormState::of::<DeleteUser>(None, |_| &["name"], []);
    view! {
        <section class="card room-wide" aria-labelledby="delete">
            <h2 id="delete">"Delete the account"</h2>
            <p class="quiet-text">
                "Its sessions end now, and nothing of it comes back. The audit log keeps its name."
            </p>
            <ErrorSummary form />
            <form class="form form-narrow" method="post" action=form.action on:submit=form.on_submit()>
                <input type="hidden" name="id" value=user.id />
                <p>"To delete it, type its name: " <strong><bdi>{user.username}</bdi></strong></p>
                <TextField
                    id="name"
                    label="Name of the account"
                    value=String::new()
                    autocomplete="off"
                    required=true
                    form
                />
                <div>
                    <button class="button button-danger" type="submit">"Delete the account"</button>
                </div>
            </form>
        </section>
    }
}
