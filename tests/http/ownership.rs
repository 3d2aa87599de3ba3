//! Ownership: every route of the application, and its answer to every caller.
//!
//! All requests are for ada's things: her account, her sessions, her sign-in, her link. The table
//! gives the answer. Two rules hold in every cell: a GET changes nothing, and a caller without
//! access to her things has neither changed nor seen any of them.

use crate::{
    app::{TestApp, WRONG, function_paths, page_paths},
    on_both_engines,
    support::{
        self, PASSWORD,
        database::{TestDatabase, everything_written_but, texts},
        http::{ACCEPT_PAGE, Answer, Browser, Request, SESSION_COOKIE, credentials, encode_form},
    },
};
use Caller::{Ada, AdaLate, Eve, EveLate, Nobody, Root, RootLate};
use Verdict::{Asks, Hers, Login, On, Open, Refused, S401, S404};
use std::{collections::BTreeSet, fs, time::Duration};
use vestibule::{
    domain::{
        access_key::AccessKeyId,
        page::{Download, Page, Stream},
        user::UserId,
    },
    server::core::{
        accounts::{password_links, users},
        actor,
    },
};

/// The caller. The late ones confirmed their password more than ten minutes ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    /// Without a session.
    Nobody,
    /// Another person.
    Eve,
    EveLate,
    /// An administrator.
    Root,
    RootLate,
    /// The owner.
    Ada,
    AdaLate,
}

/// The expected answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Access to ada's things: a page shows them, a form changes them.
    Hers,
    /// Access, but not to ada's things: to one's own, or to things without an owner.
    Open,
    /// Redirected to another page.
    On,
    /// Redirected to the sign-in page and back.
    Login,
    /// Asked for the password again.
    Asks,
    /// The input is wrong.
    Refused,
    S401,
    /// It does not exist.
    S404,
}

impl Caller {
    const fn is_ada(self) -> bool {
        matches!(self, Ada | AdaLate)
    }
}

struct Row {
    method: &'static str,
    path: &'static str,
    /// The query of a page, the fields of a form: `{user}` and `{session}` are the ids of ada and
    /// of a sign-in of hers, `{key}` and `{suspended}` are the ids of access keys of hers, `{name}`
    /// is her name, `{caller}` is the caller's, `{own}` is the caller's password; `{password}`,
    /// `{secret}` and `{text}` are ada's password, link and access key as far as the caller knows.
    sent: &'static str,
    verdicts: [Verdict; 7],
}

const COLUMNS: [Caller; 7] = [Nobody, Eve, EveLate, Root, RootLate, Ada, AdaLate];

/// One line a row.
macro_rules! matrix {
    ($($method:ident $path:literal $sent:literal => $($verdict:ident)*;)*) => {
        &[$(Row { method: stringify!($method), path: $path, sent: $sent, verdicts: [$($verdict),*] }),*]
    };
}

const MATRIX: &[Row] = matrix! {
    //                                                                               nobody  eve     eve     root    root    ada     ada
    //                                                                                               late            late            late
    GET  "/"                            ""                                        => On      On      On      On      On      On      On;
    GET  "/login"                       ""                                        => Open    On      On      On      On      On      On;
    GET  "/login/key"                   ""                                        => Open    On      On      On      On      On      On;
    GET  "/help"                        ""                                        => Open    Open    Open    Open    Open    Hers    Hers;
    GET  "/logout"                      ""                                        => Open    Open    Open    Open    Open    Hers    Hers;
    GET  "/signed-out"                  ""                                        => Open    On      On      On      On      On      On;
    GET  "/setup"                       ""                                        => S404    S404    S404    S404    S404    S404    S404;
    GET  "/password-link"               ""                                        => Open    Open    Open    Open    Open    Hers    Hers;
    GET  "/.well-known/change-password" ""                                        => On      On      On      On      On      On      On;
    GET  "/healthz"                     ""                                        => Open    Open    Open    Open    Open    Open    Open;
    GET  "/readyz"                      ""                                        => Open    Open    Open    Open    Open    Open    Open;
    GET  "/api/{*unknown}"              ""                                        => S404    S404    S404    S404    S404    S404    S404;
    GET  "/dashboard"                   "id={session}"                            => Login   Open    Open    Open    Open    Hers    Hers;
    GET  "/account/password"            "id={user}"                               => Login   Open    Open    Open    Open    Hers    Hers;
    GET  "/account/profile"             "id={user}"                               => Login   Open    Open    Open    Open    Hers    Hers;
    GET  "/account/sessions"            "id={session}&user={user}"                => Login   Open    Open    Open    Open    Hers    Hers;
    GET  "/account/activity"            "user={user}&before=9999999999999&id=z"   => Login   Open    Open    Open    Open    Hers    Hers;
    GET  "/account/keys"                "id={key}&user={user}"                    => Login   Open    Open    Open    Open    Hers    Hers;
    GET  "/account/confirm"             "user={user}"                             => Login   On      Open    On      Open    On      Hers;
    GET  "/admin/users"                 "search={NAME}"                           => Login   S404    S404    Hers    Hers    S404    S404;
    GET  "/admin/users/invite"          "id={user}"                               => Login   S404    S404    Open    Open    S404    S404;
    GET  "/admin/users/{id}"            ""                                        => Login   S404    S404    Hers    Asks    S404    S404;
    GET  "/admin/activity"              "user={NAME}"                             => Login   S404    S404    Hers    Asks    S404    S404;
    GET  "/admin/system"                "user={NAME}"                             => Login   S404    S404    Open    Open    S404    S404;
    GET  "/admin/activity.jsonl"        "user={NAME}"                             => Login   S404    S404    Hers    Asks    S404    S404;
    GET  "/admin/activity.csv"          "user={NAME}"                             => Login   S404    S404    Hers    Asks    S404    S404;
    // The stream sends nothing before an event.
    GET  "/admin/activity/events"       "user={NAME}"                             => S401    S404    S404    Open    Asks    S404    S404;
    GET  "/session/events"              "id={session}"                            => S401    Open    Open    Open    Open    Hers    Hers;

    POST "/api/login"                   "username={name}&password={password}"     => Refused Refused Refused Refused Refused Hers    Hers;
    POST "/api/login_with_key"          "key={text}"                              => Refused Refused Refused Refused Refused Hers    Hers;
    POST "/api/logout"                  "id={session}"                            => Open    Open    Open    Open    Open    Hers    Hers;
    POST "/api/set_up"                  "code=0&username={name}&password={own}"   => S404    S404    S404    S404    S404    S404    S404;
    // It is not used by this, so nothing of hers changes.
    POST "/api/open_password_link"      "secret={secret}"                         => Refused Refused Refused Refused Refused Open    Open;
    POST "/api/theme"                   "theme=dark&id={user}"                    => Open    Open    Open    Open    Open    Open    Open;
    POST "/api/use_password_link"       "secret={secret}&new_password={new}"      => Refused Refused Refused Refused Refused Hers    Hers;
    POST "/api/confirm_password"        "password={own}&id={session}"             => S401    Open    Open    Open    Open    Hers    Hers;
    POST "/api/change_password"         "current_password={own}&new_password={new}&id={user}"
                                                                                  => S401    Open    Open    Open    Open    Hers    Hers;
    POST "/api/update_profile"          "display_name=X&email={caller}@example.net&description=&id={user}"
                                                                                  => S401    Open    Asks    Open    Asks    Hers    Asks;
    POST "/api/make_access_key"         "name=x&profile_read=on&id={user}"        => S401    Open    Asks    Open    Asks    Hers    Asks;
    POST "/api/revoke_access_key"       "id={key}&user={user}"                    => S401    S404    S404    S404    S404    Hers    Hers;
    POST "/api/confirm_access_key"      "id={suspended}&user={user}"              => S401    S404    Asks    S404    Asks    Hers    Asks;
    POST "/api/stay_signed_in"          "id={session}"                            => S401    Open    Open    Open    Open    Hers    Hers;
    POST "/api/end_session"             "id={session}"                            => S401    S404    S404    S404    S404    Hers    Hers;
    POST "/api/end_other_sessions"      "id={session}&user={user}"                => S401    Open    Open    Open    Open    Hers    Hers;
    POST "/api/end_all_sessions"        "id={session}&user={user}"                => S401    Open    Open    Open    Open    Hers    Hers;
    // The late one is in the browser of the first sign-in, which is known; the other is in a new
    // one.
    POST "/api/recognise_sign_in"       "id={session}"                            => S401    S404    S404    S404    S404    S404    Hers;
    POST "/api/disown_sign_in"          "id={session}"                            => S401    S404    S404    S404    S404    Hers    Hers;
    POST "/api/name_device"             "id={session}&name=Kitchen"               => S401    S404    S404    S404    S404    S404    Hers;
    POST "/api/invite_user"             "username=guest.of.{caller}"              => S401    S404    S404    Open    Asks    S404    S404;
    POST "/api/edit_user"               "id={user}&username={name}.x&email=x@{name}.net"
                                                                                  => S401    S404    S404    Hers    Asks    S404    S404;
    POST "/api/change_user"             "id={user}&change=disable"                => S401    S404    S404    Hers    Asks    S404    S404;
    POST "/api/change_user"             "id={user}&change=promote"                => S401    S404    S404    Hers    Asks    S404    S404;
    POST "/api/change_user"             "id={user}&change=end_sessions"           => S401    S404    S404    Hers    Asks    S404    S404;
    POST "/api/change_user"             "id={user}&change=make_link"              => S401    S404    S404    Hers    Asks    S404    S404;
    POST "/api/end_user_session"        "id={user}&session={session}"             => S401    S404    S404    Hers    Asks    S404    S404;
    POST "/api/change_user_key"         "id={user}&key={key}&change=revoke"       => S401    S404    S404    Hers    Asks    S404    S404;
    POST "/api/change_user_key"         "id={user}&key={suspended}&change=confirm"
                                                                                  => S401    S404    S404    Hers    Asks    S404    S404;
    POST "/api/delete_user"             "id={user}&name={name}"                   => S401    S404    S404    Hers    Asks    S404    S404;
};

const NEW: &str = "a new password, long enough";

/// Unique to ada: on pages without names it reveals whose things they show.
const PHONE: &str = "Mozilla/5.0 (iPhone) Version/19.0";

/// After this time the confirmation has expired.
const LATER: Duration = Duration::from_secs(11 * 60);

/// Ada with her things, and the other callers, created on demand.
struct Fixture<'a> {
    app: &'a TestApp,
    /// The number of accounts so far, which is part of every name.
    people: usize,
    ada: String,
    user: UserId,
    /// All of her sessions.
    sessions: Vec<String>,
    /// A sign-in from a new device.
    session: String,
    secret: String,
    /// The id and the text of an access key.
    key: (AccessKeyId, String),
    suspended: AccessKeyId,
    browsers: Vec<(Caller, String, Browser)>,
}

impl<'a> Fixture<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let mut fixture = Self {
            app,
            people: 0,
            ada: String::new(),
            user: UserId(String::new()),
            sessions: Vec::new(),
            session: String::new(),
            secret: String::new(),
            key: (AccessKeyId(String::new()), String::new()),
            suspended: AccessKeyId(String::new()),
            browsers: Vec::new(),
        };
        fixture.reset().await;
        fixture
    }

    /// A new ada. The other callers have changed nothing of their own, and stay.
    async fn reset(&mut self) {
        let app = self.app;
        self.browsers.retain(|(caller, ..)| !caller.is_ada());
        let ada = self.account("ada").await;
        app.set_clock(Duration::ZERO);
        let late = app.signed_in(&ada).await;
        app.set_clock(Duration::from_secs(1));
        let phone = Request::form("/api/login", &credentials(&ada, PASSWORD));
        app.browser().send(phone.header("user-agent", PHONE)).await;
        let user = app.user(&ada).await;
        (self.ada, self.user) = (ada.clone(), user.id.clone());
        self.session = self.sessions_of_ada().await.remove(0);
        let link = password_links::make(&app.core, &actor::on_this_machine(), &user).await;
        self.secret = link.expect("a link").secret.reveal().to_owned();
        self.key = app.access_key(&ada, "profile:read").await;
        self.suspended = app.access_key(&ada, "profile:read").await.0;
        let id = &self.suspended;
        let suspend =
            format!("UPDATE access_keys SET suspended_at = 1 WHERE id = '{id}' RETURNING id");
        assert_eq!(texts(&app.core.db, &suspend).await.len(), 1);
        self.browsers.push((AdaLate, ada, late));
    }

    async fn account(&mut self, word: &str) -> String {
        self.people += 1;
        let name = format!("{word}.{:03}", self.people);
        self.app.create_user(&name).await;
        name
    }

    /// The newest first.
    async fn sessions_of_ada(&self) -> Vec<String> {
        let all = self.app.sessions().await.into_iter();
        let own = all.filter(|session| session.user_id == self.user);
        own.map(|session| session.id.0).collect()
    }

    /// The name and the browser of `caller`, at a time when no "last seen" is due.
    async fn browser(&mut self, caller: Caller) -> (String, Browser) {
        let known = self.browsers.iter().find(|(one, ..)| *one == caller);
        let (name, mut browser) = match known {
            Some((_, name, browser)) => (name.clone(), browser.clone()),
            None => self.sign_in_as(caller).await,
        };
        self.app.set_clock(LATER);
        browser.get("/dashboard").await;
        support::settled(&self.app.core).await;
        self.app.set_clock(LATER + Duration::from_secs(30));
        self.sessions = self.sessions_of_ada().await;
        (name, browser)
    }

    async fn sign_in_as(&mut self, caller: Caller) -> (String, Browser) {
        let app = self.app;
        let is_late = matches!(caller, EveLate | RootLate);
        app.set_clock(if is_late { Duration::ZERO } else { LATER });
        let name = match caller {
            Nobody => return ("nobody".to_owned(), app.browser()),
            Ada | AdaLate => self.ada.clone(),
            Eve | EveLate => self.account("eve").await,
            Root | RootLate => self.account("root").await,
        };
        if matches!(caller, Root | RootLate) {
            promote(app, &name).await;
        }
        let browser = app.signed_in(&name).await;
        self.browsers.push((caller, name.clone(), browser.clone()));
        (name, browser)
    }

    fn fill(&self, template: &str, caller: &str) -> String {
        let (name, is_ada) = (&self.ada, caller == self.ada);
        let invalid = "00000-00000-00000-00000-00000-00000";
        let (key, text) = &self.key;
        let fields = template
            .split('&')
            .filter_map(|field| field.split_once('='));
        let fields = fields.map(|(field, value)| {
            let value = value
                .replace("{user}", &self.user.0)
                .replace("{session}", &self.session)
                .replace("{key}", &key.0)
                .replace("{suspended}", &self.suspended.0)
                .replace("{text}", if is_ada { text } else { "vst_unknown" })
                .replace("{NAME}", &name.to_uppercase())
                .replace("{name}", name)
                .replace("{caller}", caller)
                .replace("{own}", PASSWORD)
                .replace("{new}", NEW)
                .replace("{password}", if is_ada { PASSWORD } else { WRONG })
                .replace("{secret}", if is_ada { &self.secret } else { invalid });
            (field, value)
        });
        let fields: Vec<_> = fields.collect();
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        encode_form(&fields)
    }

    /// All rows of ada's, of all tables.
    async fn rows(&self) -> String {
        let left_out = ["activity", "throttle"];
        let rows = everything_written_but(&self.app.core.db, &left_out).await;
        let own = rows.lines().filter(|row| row.contains(&self.user.0));
        own.collect::<Vec<_>>().join("\n")
    }

    /// Whether an answer contains any of ada's data.
    fn shows(&self, answer: &Answer) -> bool {
        let text = format!("{:?} {}", answer.header("x-session"), answer.text());
        let mut own = self.sessions.iter().map(String::as_str);
        own.any(|id| text.contains(id))
            || text.contains(&self.key.0.0)
            || text.contains(&self.suspended.0)
            || text.contains("Safari on iPhone")
            || text.contains(&self.ada)
            || text.contains(self.user.short())
    }

    async fn open(&self, row: &Row, browser: &mut Browser, caller: &str) -> Answer {
        let path = row
            .path
            .replace("{id}", &self.user.0)
            .replace("{*unknown}", "x");
        let target = format!("{path}?{}", self.fill(row.sent, caller));
        if !row.path.ends_with("/events") {
            return browser.get(target.trim_end_matches('?')).await;
        }
        // It does not end by itself.
        let mut events = browser.listen(&target).await;
        if events.answer.status == 200 && row.path == "/session/events" {
            events.answer.body = events.lives().await.to_string().into_bytes();
        }
        events.answer
    }

    async fn send(&self, row: &Row, browser: &mut Browser, caller: &str, accept: &str) -> Answer {
        let body = self.fill(row.sent, caller);
        let request = Request::post(row.path, body.as_bytes());
        let request = request.header("content-type", support::http::FORM);
        browser.send(request.header("accept", accept)).await
    }

    /// Runs one cell. Returns a description of the failure.
    async fn cell(&mut self, row: &Row, caller: Caller, expected: Verdict) -> Option<String> {
        let (name, mut browser) = self.browser(caller).await;
        let before = self.rows().await;
        let (is_form, mut found) = (row.method == "POST", String::new());
        let answer = if is_form {
            // What is refused is refused to a script as well, which may ask first.
            if !matches!(expected, Hers | Open) {
                let answer = self
                    .send(row, &mut browser, &name, "application/json")
                    .await;
                if message_for_script(&answer) != Some(expected) {
                    found += &format!(" to a script {} {}", answer.status, answer.text());
                }
            }
            self.send(row, &mut browser, &name, ACCEPT_PAGE).await
        } else {
            self.open(row, &mut browser, &name).await
        };
        let got = self.verdict(&answer, caller, is_form, self.rows().await != before);
        if got != Some(expected) {
            let (status, location) = (answer.status, answer.location());
            found += &format!(" {got:?}: {status} {location}");
        }
        (!found.is_empty()).then(|| {
            let (method, path, sent) = (row.method, row.path, row.sent);
            format!("{method} {path} {sent}: {caller:?} should get {expected:?}, got{found}")
        })
    }

    fn verdict(
        &self,
        answer: &Answer,
        caller: Caller,
        is_form: bool,
        changed: bool,
    ) -> Option<Verdict> {
        let to = answer.location();
        let is_asked = to.starts_with("/account/confirm?next=");
        let is_refused = answer.session_token().is_none()
            && matches!(
                to,
                "/login" | "/login/key?next=/dashboard" | "/password-link"
            );
        let verdict = match (answer.status, is_form) {
            (401, _) => S401,
            (403, _) => Asks,
            (404, _) => S404,
            (303, _) if to.starts_with("/login?next=") => Login,
            (303, _) if is_asked && !changed => return Some(Asks),
            (303, true) if changed => return Some(Hers),
            (303, true) if is_refused => Refused,
            (303, true) => Open,
            (303, false) => On,
            (200, false) if !changed && self.shows(answer) => return Some(Hers),
            (200, false) => Open,
            _ => return None,
        };
        // Every page shows its reader who is signed in.
        let shows_to_others = !caller.is_ada() && self.shows(answer);
        (!changed && !shows_to_others).then_some(verdict)
    }
}

fn message_for_script(answer: &Answer) -> Option<Verdict> {
    match (answer.status, answer.text().as_str()) {
        (401, r#"{"failed":"not_signed_in"}"#) => Some(S401),
        (404, r#"{"failed":"not_found"}"#) => Some(S404),
        (403, r#"{"failed":"password_needed"}"#) => Some(Asks),
        (401 | 422, _) if answer.set_cookies(SESSION_COOKIE).is_empty() => Some(Refused),
        _ => None,
    }
}

/// All routes that the router and the tables of the application name.
fn named_routes() -> BTreeSet<String> {
    let named = |file: &str, mark: &str| {
        let source = fs::read_to_string(file).expect("a source");
        let named = source.split(mark).skip(1);
        let paths = named.filter_map(|rest| rest.split('"').next());
        paths.map(str::to_owned).collect::<Vec<_>>()
    };
    let mut routes: BTreeSet<_> = named("src/server/web/routes.rs", ".route(\"")
        .into_iter()
        .collect();
    routes.extend(Page::ALL.iter().map(|page| page.path().to_owned()));
    routes.extend(Download::ALL.map(|file| file.path().to_owned()));
    routes.extend(Stream::ALL.map(|stream| stream.path().to_owned()));
    routes
}

#[test]
fn every_route_is_in_the_matrix() {
    let mut routes = named_routes();
    assert!(
        routes.contains("/session/events") && routes.contains("/healthz"),
        "{routes:?}"
    );
    routes.extend(
        page_paths()
            .into_iter()
            .chain(function_paths())
            .map(str::to_owned),
    );
    let listed: BTreeSet<_> = MATRIX.iter().map(|row| row.path.to_owned()).collect();
    let missing: Vec<_> = routes.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&routes).collect();
    assert!(missing.is_empty(), "add a row for {missing:?}");
    assert!(stale.is_empty(), "no route has the path {stale:?}");
    for row in MATRIX {
        let is_function = function_paths().contains(&row.path);
        assert_eq!(row.method == "POST", is_function, "{}", row.path);
    }
}

/// A throttle that lets everything through: there are more refusals here than people bring about.
async fn patient(database: TestDatabase) -> TestApp {
    let mut core = support::core(&database).await;
    core.throttle.limits.account_failures = u32::MAX;
    core.throttle.limits.address_failures = u32::MAX;
    let app = TestApp::start(database, core, |_| ()).await;
    // The last administrator is nobody of the table.
    app.create_user("first").await;
    promote(&app, "first").await;
    app
}

async fn promote(app: &TestApp, name: &str) {
    let user = app.user(name).await;
    let promoted = users::promote(&app.core, &actor::on_this_machine(), &user).await;
    promoted.expect("an administrator");
}

on_both_engines! {
    async fn nobody_reaches_the_things_of_another_person(database: TestDatabase) {
        let app = patient(database).await;
        let (mut fixture, mut wrong) = (Fixture::new(&app).await, Vec::new());
        for row in MATRIX {
            for (caller, expected) in COLUMNS.into_iter().zip(row.verdicts) {
                let found = fixture.cell(row, caller, expected).await;
                // What has been changed is no longer as the next cell expects it.
                if found.is_some() || row.method == "POST" && matches!(expected, Open | Hers) {
                    fixture.browsers.retain(|(one, ..)| *one != caller);
                    fixture.reset().await;
                }
                wrong.extend(found);
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}
