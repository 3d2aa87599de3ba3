//! The audit log as administrators see it: which entries are asked for, and the page of them.

use super::{
    activity::{older, page_of, position_of, text_value},
    visit::{Visit, query_value},
};
use crate::{
    domain::{
        audit::{Event, Record},
        device,
        page::Page,
        user::UserId,
        views::{AuditEntryView, AuditFilter, AuditView},
    },
    error::AppError,
    server::{
        clock::{moment, parse_day},
        core::{Core, accounts::users, audit::Wanted},
        db::StoreError,
    },
};
use axum::http::Uri;
use url::form_urlencoded;

/// What the query of an address asks for. What makes no sense in it narrows nothing.
pub struct AuditQuery {
    pub narrowed: AuditFilter,
    pub wanted: Wanted,
    /// The page is to show what happens from now on.
    pub follows: bool,
}

impl AuditQuery {
    /// # Errors
    /// [`StoreError`].
    pub async fn of(core: &Core, uri: &Uri) -> Result<Self, StoreError> {
        let user = query_value(uri, "user").unwrap_or_default();
        let event = query_value(uri, "event").unwrap_or_default();
        let mut kinds = Event::KINDS.iter().map(|(kind, _)| *kind);
        let event = kinds.find(|kind| *kind == event);
        let day = |name| {
            let text = text_value(uri, name).unwrap_or_default();
            let day = parse_day(&text);
            (if day.is_some() { text } else { String::new() }, day)
        };
        let ((since, first), (until, last)) = (day("since"), day("until"));
        // A name that nobody has, or no longer has, narrows the list to nothing.
        let id = match user.trim() {
            "" => None,
            typed => Some(id_of(core, typed).await?),
        };
        Ok(Self {
            wanted: Wanted {
                user: id,
                event,
                since: first.map(|(begin, _)| begin),
                until: last.map(|(_, end)| end),
            },
            // What happens from now on is behind a last day.
            follows: last.is_none() && query_value(uri, "follow").is_some(),
            narrowed: AuditFilter {
                user,
                event: event.unwrap_or_default().to_owned(),
                since,
                until,
            },
        })
    }

    /// What is asked for as names and values.
    fn pairs(&self) -> [(&'static str, &str); 4] {
        let AuditFilter {
            user,
            event,
            since,
            until,
        } = &self.narrowed;
        [
            ("user", user),
            ("event", event),
            ("since", since),
            ("until", until),
        ]
    }

    /// The same as the query of an address, without `follow`.
    pub fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let pairs = self.pairs().into_iter();
        query.extend_pairs(pairs.filter(|(_, value)| !value.is_empty()));
        query.finish()
    }
}

async fn id_of(core: &Core, typed: &str) -> Result<UserId, StoreError> {
    let found = users::with_name(core, typed).await?;
    Ok(found.map_or_else(|| UserId(String::new()), |found| found.id))
}

/// Gathers the page.
///
/// # Errors
/// `Failure::Unavailable`.
pub async fn page(visit: &Visit<'_>) -> Result<AuditView, AppError> {
    let (core, current, uri) = (&visit.state.core, visit.administrator()?, visit.uri);
    let asked = AuditQuery::of(core, uri).await?;
    let before = position_of(uri).filter(|_| !asked.follows);
    let (entries, last) = page_of(core, &asked.wanted.filter(), before.as_ref()).await?;
    let named = |(kind, name): (&str, &str)| (kind.to_owned(), name.to_owned());
    Ok(AuditView {
        display_name: current.user.display_name.clone(),
        query: asked.query(),
        kinds: Event::KINDS.iter().copied().map(named).collect(),
        entries: entries.into_iter().map(audit_entry_view).collect(),
        older: last.map(|last| older(Page::Audit, &asked.pairs(), &last)),
        is_newest: before.is_none(),
        is_followed: asked.follows,
        narrowed: asked.narrowed,
    })
}

/// An entry as pages show it.
pub fn audit_entry_view(record: Record) -> AuditEntryView {
    let what = record.description();
    let Record {
        id, entry, times, ..
    } = record;
    let device = &entry.user_agent;
    AuditEntryView {
        id,
        at: moment(entry.at),
        what,
        device: if device.is_empty() {
            String::new()
        } else {
            device::in_words(device)
        },
        address: entry.address,
        times,
    }
}
