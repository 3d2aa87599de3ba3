//! What the subjects share: the account, the report, and every session that was started.

use super::{
    api::issued,
    browser::{Browser, SessionCookie, SetCookie, session_lines},
    client::{Answer, Client, NoAnswer, Request, to_the_second},
    deployment::Account,
    report::{Check, Report, Verdict, expect},
};
use jiff::Timestamp;
use std::rc::Rc;

/// A page that shows the signed-in user and changes nothing: used to check whether a session lives.
pub const PROBE: &str = "/account/profile";
/// The page for replays.
pub const HOME: &str = "/dashboard";

pub const NOT_SIGNED_IN: &str = "the account could not be signed in";

/// One examination of one deployment.
pub struct Examination {
    pub client: Rc<Client>,
    pub account: Account,
    pub report: Report,
    /// The browser that most subjects share, signed in or not.
    browser: Browser,
    /// Whether its session was alive at the last check, so that it need not be checked again.
    has_live_session: bool,
    /// Why sign-in is impossible. A refused password is not tried again: that would throttle the account.
    refusal: Option<String>,
    /// Sessions that were refused after their end: the page, and the time of the refusal.
    pub ended_sessions: Vec<(SessionCookie, &'static str, Timestamp)>,
    /// Access tokens and keys that were refused after their end.
    pub ended_credentials: Vec<String>,
    /// The name of the access key that this run makes, until the key was seen to be refused.
    pub unrevoked_key: Option<String>,
}

impl Examination {
    pub fn new(client: Rc<Client>, account: Account) -> Self {
        let mut report = Report::default();
        report.redact(account.password.reveal());
        Self {
            client,
            account,
            report,
            browser: Browser::default(),
            has_live_session: false,
            refusal: None,
            ended_sessions: Vec::new(),
            ended_credentials: Vec::new(),
            unrevoked_key: None,
        }
    }

    pub fn record(&mut self, check: &'static Check, verdict: Verdict) {
        self.report.record(check, verdict);
    }

    /// Signs in with this browser. On failure it returns `None`, and [`Self::refusal`] has the reason.
    pub async fn sign_in(&mut self, browser: &mut Browser) -> Result<Option<Rc<Answer>>, NoAnswer> {
        self.sign_in_by(browser, Request::form("/api/login", &[]), &[])
            .await
    }

    /// The same with additional headers (those of `request`) and fields.
    pub async fn sign_in_by(
        &mut self,
        browser: &mut Browser,
        request: Request,
        more: &[(&str, &str)],
    ) -> Result<Option<Rc<Answer>>, NoAnswer> {
        if self.refusal.is_some() {
            return Ok(None);
        }
        let mut fields = self.credentials().to_vec();
        fields.extend(more);
        let body = super::target::encode_form(&fields).into_bytes();
        let origin = self.client.target.origin();
        let request = request.header("origin", &origin).body(body);
        let answer = browser.send(&self.client, request).await?;
        let begins = session_lines(&answer).iter().any(|line| !line.clears());
        if !begins {
            let with_session = "and set no session cookie";
            self.refusal = Some(format!("{} {with_session}", answer.describe()));
            return Ok(None);
        }
        Ok(Some(answer))
    }

    pub fn credentials(&self) -> [(&str, &str); 2] {
        [
            ("username", self.account.name.as_str()),
            ("password", self.account.password.reveal()),
        ]
    }

    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// The shared browser, signed in. It signs in again if an earlier check has ended its session.
    pub async fn signed_in(&mut self) -> Result<Option<Browser>, NoAnswer> {
        if self.has_live_session {
            return Ok(Some(self.browser.clone()));
        }
        let mut browser = self.browser.without_session();
        if self.sign_in(&mut browser).await?.is_none() {
            return Ok(None);
        }
        self.browser = browser.clone();
        self.has_live_session = true;
        Ok(Some(browser))
    }

    /// Whether the session of the shared browser has survived the attack that was just tried on it.
    pub async fn recheck_session(&mut self, session: &SessionCookie) -> Result<bool, NoAnswer> {
        self.has_live_session = self.is_live(session).await?;
        Ok(self.has_live_session)
    }

    /// From now on the shared browser has the device cookies of this one, and is signed out. The account is notified of
    /// a new device once, and not for each subject.
    pub fn adopt_device(&mut self, browser: &Browser) {
        self.browser = browser.without_session();
        self.has_live_session = false;
    }

    /// A copy of the shared browser without its session: a known device that is signed out.
    pub fn known_browser(&self) -> Browser {
        self.browser.without_session()
    }

    /// Whether this cookie alone opens a private page.
    pub async fn is_live(&self, session: &SessionCookie) -> Result<bool, NoAnswer> {
        let answer = self.open_with(session, PROBE).await?;
        Ok(answer.status == 200)
    }

    /// Requests a page with only this cookie.
    pub async fn open_with(
        &self,
        session: &SessionCookie,
        path: &str,
    ) -> Result<Rc<Answer>, NoAnswer> {
        self.client
            .send(Request::get(path).header("cookie", &session.pair()))
            .await
    }

    /// Records a session that was just refused.
    pub fn record_ended(&mut self, session: &SessionCookie, on: &'static str) {
        self.ended_sessions
            .push((session.clone(), on, Client::now()));
    }

    /// Every session cookie that was set since the beginning.
    pub fn started_sessions(&self) -> Vec<SessionCookie> {
        let mut started: Vec<SessionCookie> = Vec::new();
        for answer in self.client.answers() {
            for line in session_lines(&answer).iter().filter(|line| !line.clears()) {
                let session = SessionCookie {
                    name: line.name.to_owned(),
                    token: line.value.to_owned(),
                };
                if !started.contains(&session) {
                    started.push(session);
                }
            }
        }
        started
    }

    /// Whether any session cookie was Secure. If none is, forged headers cannot remove the attribute.
    pub fn sets_secure_cookies(&self) -> bool {
        let answers = self.client.answers();
        let mut answers = answers.iter();
        answers.any(|answer| {
            let lines = session_lines(answer);
            lines
                .iter()
                .any(|line| !line.clears() && line.has("secure"))
        })
    }

    /// Every cookie value that must not occur anywhere else: tokens of sessions and devices.
    pub fn tokens(&self) -> Vec<String> {
        const SHORTEST_TOKEN: usize = 16;
        let mut tokens = Vec::new();
        for answer in self.client.answers() {
            for line in answer.all("set-cookie") {
                let cookie = SetCookie::parse(line);
                let is_message = cookie.name.contains("flash");
                if !is_message && cookie.value.len() >= SHORTEST_TOKEN {
                    tokens.push(cookie.value.to_owned());
                }
            }
        }
        tokens
    }

    /// Ends every session that was started, and checks that they are refused.
    pub async fn end_all_sessions(&mut self) -> Verdict {
        let now = to_the_second(Client::now());
        let mut remaining = 0;
        for session in self.started_sessions() {
            self.report.redact(&session.token);
            let mut browser = Browser::with(&session);
            let ended = match self.is_live(&session).await {
                Ok(false) => true,
                Ok(true) | Err(_) => {
                    let signed_out = browser.submit(&self.client, "/api/logout", &[]).await;
                    signed_out.is_ok() && matches!(self.is_live(&session).await, Ok(false))
                }
            };
            remaining += usize::from(!ended);
        }
        for token in self.tokens() {
            self.report.redact(&token);
        }
        issued::redact(&mut self.report, &self.client.answers());
        let name = &self.account.name;
        expect(remaining == 0, || {
            format!(
                "{remaining} sessions of {name} may still live: begun until {now} by the device {}",
                super::client::USER_AGENT
            )
        })
    }
}
