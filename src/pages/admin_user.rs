//! `/admin/users/{id}`: one account, and the actions on it.

mod danger;
mod edit;
mod keys;
mod sessions;

use crate::{
    api::admin::ChangeUser,
    components::{
        administration::{Badges, Done, Entries},
        form::ErrorSummary,
        layout::{Layout, server_html},
        submission::FormState,
        time::Time,
    },
    domain::{
        moment::Moment,
        page::Page,
        user::AccountChange,
        views::{AccountView, AuditEntryView, UserState, UserView},
    },
    error::{AccountRefusal, Refusals},
};
use danger::DangerZone;
use edit::Edit;
use keys::Keys;
use leptos::prelude::*;
use sessions::Sessions;

#[component]
pub fn AccountPage(view: AccountView) -> impl IntoView {
    let user = view.user;
    let (deletion, other) = match view.refusal {
        Some(refused) if refused == Refusals::from(AccountRefusal::NameNotRepeated) => {
            (Some(refused), None)
        }
        other => (None, other),
    };
    let change = FormState::of::<ChangeUser>(other, |_| &["changes"], []);
    let edit = edit::form_of(&view.edit);
    let (is_admin, state) = (user.is_admin, user.state);
    let name = user.display_name.clone();
    let (description, link_until) = (view.description, view.link_until);
    let facts = server_html(|| view! { <Facts user=user.clone() description link_until /> });
    let (entries, username) = (view.activity, user.username.clone());
    let activity = server_html(|| view! { <Activity entries username /> });
    let danger = (!view.is_own).then(|| {
        let user = user.clone();
        view! { <DangerZone user refusal=deletion form=change /> }
    });
    view! {
        <Layout title=title(name.clone(), [change, edit]) wide=true>
            <h1><bdi>{name.clone()}</bdi> <Badges is_admin state /></h1>
            {view.notice.map(|notice| view! { <Done notice name /> })}
            <div class="rooms">
                <div class="stack">
                    <section class="card" aria-labelledby="facts" inner_html=facts></section>
                    <Manage user=user.clone() is_own=view.is_own form=change />
                </div>
                <Edit user=user.clone() edit=view.edit form=edit />
                <Sessions user=user.clone() sessions=view.sessions own_session=view.own_session form=change />
                <Keys user=user.clone() keys=view.keys />
                <section class="card room-wide" aria-labelledby="activity" inner_html=activity></section>
                {danger}
            </div>
        </Layout>
    }
}

/// The name of the person, and whether there is a problem.
fn title(name: String, forms: [FormState; 2]) -> Signal<String> {
    Signal::derive(move || {
        let is_refused = forms.iter().any(|form| form.problem.get().is_some());
        if is_refused {
            format!("Error: {name}")
        } else {
            name.clone()
        }
    })
}

#[component]
fn Facts(user: UserView, description: String, link_until: Option<Moment>) -> impl IntoView {
    let email = user.email.unwrap_or_else(|| "None".to_owned());
    let description = (!description.is_empty()).then(|| {
        view! {
            <div>
                <dt>"Description"</dt>
                <dd><bdi>{description}</bdi></dd>
            </div>
        }
    });
    let link_name = match user.state {
        UserState::Invited => "Invitation link",
        _ => "Password reset link",
    };
    let link = link_until.map(|until| {
        view! {
            <div>
                <dt>{link_name}</dt>
                <dd>"Valid until " <Time moment=until /></dd>
            </div>
        }
    });
    let never = user.last_sign_in.is_none().then_some("Never");
    view! {
        <h2 id="facts">"Account"</h2>
            <dl class="facts">
                <div>
                    <dt>"Username"</dt>
                    <dd><bdi>{user.username}</bdi></dd>
                </div>
                <div>
                    <dt>"Email"</dt>
                    <dd><bdi>{email}</bdi></dd>
                </div>
                {description}
                <div>
                    <dt>"Last sign-in"</dt>
                    <dd>{user.last_sign_in.map(|moment| view! { <Time moment /> })} {never}</dd>
                </div>
                <div>
                    <dt>"Created"</dt>
                    <dd><Time moment=user.created /></dd>
                </div>
                {link}
            </dl>
    }
}

#[component]
fn Activity(entries: Vec<AuditEntryView>, username: String) -> impl IntoView {
    let log = format!("{}?user={username}", Page::Audit.path());
    view! {
        <h2 id="activity">"Recent activity"</h2>
        <Entries entries />
        <p><a href=log>"See all in the audit log"</a></p>
    }
}

/// A change of an account by one button.
#[derive(Clone)]
struct Action {
    /// Of the account.
    id: String,
    change: AccountChange,
    /// The words of the button, around the name of the person.
    before: &'static str,
    name: String,
    after: &'static str,
    class: &'static str,
}

impl Action {
    /// Without a question, so without the name.
    fn plain(user: &UserView, change: AccountChange, label: &'static str) -> Self {
        Self {
            id: user.id.clone(),
            change,
            before: label,
            name: String::new(),
            after: "",
            class: "button button-small button-quiet",
        }
    }

    fn named(user: &UserView, change: AccountChange, words: [&'static str; 2]) -> Self {
        let [before, after] = words;
        Self {
            name: user.display_name.clone(),
            after,
            ..Self::plain(user, change, before)
        }
    }

    fn dangerous(self) -> Self {
        Self {
            class: "button button-small button-danger",
            ..self
        }
    }
}

/// One small form for each button, so that it works without the script.
#[component]
fn Change(action: Action, form: FormState) -> impl IntoView {
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <input type="hidden" name="id" value=action.id />
            <input type="hidden" name="change" value=action.change.as_str() />
            <button class=action.class type="submit">
                <span>{action.before} <bdi>{action.name}</bdi> {action.after}</span>
            </button>
        </form>
    }
}

/// A change that is asked about first: a disclosure with a button of its own, so that it works without the script.
#[component]
fn Ask(
    label: &'static str,
    /// The consequence, after the name of the person.
    question: &'static str,
    action: Action,
    form: FormState,
) -> impl IntoView {
    view! {
        <details class="ask">
            <summary class="button button-quiet button-small">{label}</summary>
            <div class="ask-body">
                <p><bdi>{action.name.clone()}</bdi> {question}</p>
                <Change action form />
            </div>
        </details>
    }
}

#[component]
fn Manage(user: UserView, is_own: bool, form: FormState) -> impl IntoView {
    let link = match user.state {
        UserState::Disabled => None,
        UserState::Invited => Some("Create new invitation link"),
        UserState::Enabled => Some("Create password reset link"),
    };
    let link = link.map(|label| Action::plain(&user, AccountChange::MakeLink, label));
    let enable = (user.state == UserState::Disabled)
        .then(|| Action::plain(&user, AccountChange::Enable, "Enable account"));
    let plain = [link, enable].into_iter().flatten();
    let plain = plain.map(|action| view! { <Change action form /> });
    let plain = plain.collect::<Vec<_>>();
    let hint = match user.state {
        _ if is_own => {
            "This is your own account. Another administrator can change its role, disable or delete it."
        }
        UserState::Enabled => {
            "A password reset link leaves the password as it is until the link is used."
        }
        UserState::Invited => "A new invitation link replaces the earlier one.",
        UserState::Disabled => "Enable the account before you create a link.",
    };
    let role = (!is_own).then(|| view! { <Role user form /> });
    view! {
        <section class="card" aria-labelledby="changes">
            <h2 id="changes" tabindex="-1">"Manage account"</h2>
            <p class="quiet-text">{hint}</p>
            <ErrorSummary form />
            <div class="buttons">{plain} {role}</div>
        </section>
    }
}

#[component]
fn Role(user: UserView, form: FormState) -> impl IntoView {
    let (label, question, change, words) = if user.is_admin {
        (
            "Remove administrator role",
            " can no longer manage users or read the audit log.",
            AccountChange::Demote,
            ["Remove the role from ", ""],
        )
    } else {
        (
            "Make administrator",
            " can then manage all users, you among them, and read the audit log.",
            AccountChange::Promote,
            ["Make ", " an administrator"],
        )
    };
    let action = Action::named(&user, change, words);
    view! { <Ask label question action form /> }
}
