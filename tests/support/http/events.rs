//! Streams of server-sent events, as an open page reads them.

use super::{Answer, Connection, TIMEOUT};
use tokio::time::timeout;

/// A stream of events, read as they arrive.
pub struct Events {
    pub(super) connection: Connection,
    /// The head of the answer; the stream follows.
    pub answer: Answer,
    /// Whether the stream ended in the middle, for example because the server was killed.
    pub broke_off: bool,
    pub(super) unread: String,
}

impl Events {
    /// The next event: its name and its data. `None` if the stream has ended.
    pub async fn next(&mut self) -> Option<(String, serde_json::Value)> {
        // Keep-alive comments are not events.
        let event = timeout(TIMEOUT, self.next_some_time()).await;
        event.expect("an event in time")
    }

    async fn next_some_time(&mut self) -> Option<(String, serde_json::Value)> {
        loop {
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.unread = rest;
                if let Some(event) = parse_event(&event).filter(|(name, _)| name != "alive") {
                    return Some(event);
                }
            } else {
                let chunk = self.connection.read_chunk().await;
                self.broke_off = chunk.is_none();
                let (chunk, is_last) = chunk?;
                self.unread += std::str::from_utf8(&chunk).expect("UTF-8");
                if is_last {
                    return None;
                }
            }
        }
    }

    /// The rest of a file. [`Self::broke_off`] is true if it is incomplete.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        while let Some((chunk, is_last)) = self.connection.read_chunk().await {
            rest.extend(chunk);
            if is_last {
                return rest;
            }
        }
        self.broke_off = true;
        rest
    }

    /// The event of the end, which has to be the last one. Before it the session may still be reported: each new
    /// sign-in of its owner is.
    pub async fn ended(&mut self) -> serde_json::Value {
        let (name, data) = loop {
            let event = self.next().await.expect("a last event");
            if event.0 != "session" {
                break event;
            }
        };
        assert_eq!(name, "ended", "{data}");
        assert_eq!((self.next().await, self.broke_off), (None, false));
        data["reason"].clone()
    }

    /// The next event, which has to report a live session.
    pub async fn lives(&mut self) -> serde_json::Value {
        let (name, data) = self.next().await.expect("an event");
        assert_eq!(name, "session", "{data}");
        data
    }
}

/// `None` for a comment.
fn parse_event(text: &str) -> Option<(String, serde_json::Value)> {
    let field = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(field, _)| *field == name)
            .map(|(_, value)| value)
    };
    let data = serde_json::from_str(field("data")?).expect("JSON");
    Some((field("event").expect("a name").to_owned(), data))
}
