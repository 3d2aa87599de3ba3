//! A browser: keeps cookies, and sends the headers that identify the origin of its requests.

use super::client::{Answer, Client, NoAnswer, Request};
use std::{collections::BTreeMap, rc::Rc};

/// A parsed `Set-Cookie` line.
pub struct SetCookie<'a> {
    pub name: &'a str,
    pub value: &'a str,
    attributes: Vec<(String, &'a str)>,
}

impl<'a> SetCookie<'a> {
    pub fn parse(line: &'a str) -> Self {
        let mut parts = line.split(';');
        let pair = parts.next().unwrap_or_default();
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let attributes = parts.map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (name.trim().to_ascii_lowercase(), value.trim())
        });
        Self {
            name: name.trim(),
            value: value.trim(),
            attributes: attributes.collect(),
        }
    }

    /// The value of an attribute that occurs exactly once.
    pub fn attribute(&self, wanted: &str) -> Option<&'a str> {
        let mut found = self.attributes.iter().filter(|(name, _)| name == wanted);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(*value)
    }

    pub fn has(&self, wanted: &str) -> bool {
        self.attributes.iter().any(|(name, _)| name == wanted)
    }

    pub fn is_session(&self) -> bool {
        is_session(self.name)
    }

    /// Whether it deletes the cookie.
    pub fn clears(&self) -> bool {
        self.value.is_empty() || self.attribute("max-age") == Some("0")
    }

    /// For findings: the line without its value.
    pub fn describe(&self) -> String {
        let attributes = self.attributes.iter().map(|(name, value)| match *value {
            "" => format!("; {name}"),
            value => format!("; {name}={value}"),
        });
        format!("{}=…{}", self.name, attributes.collect::<String>())
    }
}

/// Any name that contains "session": a proxy may have renamed the cookie.
fn is_session(name: &str) -> bool {
    name.to_ascii_lowercase().contains("session")
}

/// The lines of an answer that set or clear the session cookie.
pub fn session_lines(answer: &Answer) -> Vec<SetCookie<'_>> {
    let lines = answer.all("set-cookie").into_iter().map(SetCookie::parse);
    lines.filter(SetCookie::is_session).collect()
}

/// A session cookie: its name, and the token that must not be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionCookie {
    pub name: String,
    pub token: String,
}

impl SessionCookie {
    /// In the form of the `Cookie` header.
    pub fn pair(&self) -> String {
        format!("{}={}", self.name, self.token)
    }
}

/// The state of one browser.
#[derive(Clone, Default)]
pub struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// A browser that has a copy of a session cookie, and nothing else.
    pub fn with(cookie: &SessionCookie) -> Self {
        let mut browser = Self::default();
        browser.put(&cookie.name, &cookie.token);
        browser
    }

    pub fn put(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub fn session(&self) -> Option<SessionCookie> {
        let found = self.cookies.iter().find(|(name, _)| is_session(name));
        found.map(|(name, token)| SessionCookie {
            name: name.clone(),
            token: token.clone(),
        })
    }

    /// The same browser without its session cookie. Its other cookies keep it a known device.
    pub fn without_session(&self) -> Self {
        let mut browser = self.clone();
        browser.cookies.retain(|name, _| !is_session(name));
        browser
    }

    pub fn cookie_header(&self) -> Option<String> {
        let pairs = self.cookies.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    pub fn keep(&mut self, answer: &Answer) {
        for line in answer.all("set-cookie") {
            let cookie = SetCookie::parse(line);
            if cookie.clears() {
                self.cookies.remove(cookie.name);
            } else {
                self.put(cookie.name, cookie.value);
            }
        }
    }

    /// Opens a page.
    pub async fn open(&mut self, client: &Client, path: &str) -> Result<Rc<Answer>, NoAnswer> {
        self.send(client, Request::get(path)).await
    }

    /// Submits a form of this site.
    pub async fn submit(
        &mut self,
        client: &Client,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Rc<Answer>, NoAnswer> {
        let form = Request::form(path, fields).header("origin", &client.target.origin());
        self.send(client, form).await
    }

    /// Sends a request as one of the site's own pages would, with this browser's cookies.
    pub async fn send(
        &mut self,
        client: &Client,
        request: Request,
    ) -> Result<Rc<Answer>, NoAnswer> {
        let request = request.header("sec-fetch-site", "same-origin");
        let answer = client
            .send(request.maybe("cookie", self.cookie_header().as_deref()))
            .await?;
        self.keep(&answer);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_cookie_lines_are_parsed() {
        let line = "__Host-Http-session=abc; HttpOnly; SameSite=Lax;Path=/; MAX-AGE=90";
        let cookie = SetCookie::parse(line);
        assert_eq!((cookie.name, cookie.value), ("__Host-Http-session", "abc"));
        assert!(cookie.is_session() && cookie.has("httponly") && !cookie.has("secure"));
        assert_eq!(cookie.attribute("max-age"), Some("90"));
        assert_eq!(cookie.attribute("path"), Some("/"));
        assert!(!cookie.clears());
        assert!(!cookie.describe().contains("abc"), "{}", cookie.describe());
        let twice = SetCookie::parse("a=b; Path=/; Path=/x");
        assert_eq!(twice.attribute("path"), None);
        assert!(SetCookie::parse("a=; Path=/").clears());
        assert!(SetCookie::parse("a=b; Max-Age=0").clears());
    }
}
