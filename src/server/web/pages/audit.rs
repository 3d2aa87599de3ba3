//! The audit log for administrators: the query, and the page of its entries.

use super::{
    activity::{cursor_of, older, page_of, text_value},
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
        core::{Core, accounts::users, audit::OwnedFilter},
        db::StoreError,
    },
};
use axum::http::Uri;
use url::form_urlencoded;

/// The query of a URL. Values that cannot be parsed do not filter.
pub struct AuditQuery {
    /// As entered, for the form and for links.
    pub input: AuditFilter,
    pub filter: OwnedFilter,
    /// The page shows new entries as they happen.
    pub follows: bool,
}

impl AuditQuery {
    /// Parses the query, and finds the account that it names.
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
        // A name that no account has, or no longer has, matches nothing.
        let id = match user.trim() {
            "" => None,
            input => Some(id_of(core, input).await?),
        };
        Ok(Self {
            filter: OwnedFilter {
                user: id,
                event,
                since: first.map(|(begin, _)| begin),
                until: last.map(|(_, end)| end),
            },
            // New entries are later than a last day.
            follows: last.is_none() && query_value(uri, "follow").is_some(),
            input: AuditFilter {
                user,
                event: event.unwrap_or_default().to_owned(),
                since,
                until,
            },
        })
    }

    /// The filter as names and values.
    fn pairs(&self) -> [(&'static str, &str); 4] {
        let AuditFilter {
            user,
            event,
            since,
            until,
        } = &self.input;
        [
            ("user", user),
            ("event", event),
            ("since", since),
            ("until", until),
        ]
    }

    /// The filter as the query of a URL, without `follow`.
    pub fn to_query_string(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let pairs = self.pairs().into_iter();
        query.extend_pairs(pairs.filter(|(_, value)| !value.is_empty()));
        query.finish()
    }
}

async fn id_of(core: &Core, input: &str) -> Result<UserId, StoreError> {
    let found = users::with_name(core, input).await?;
    Ok(found.map_or_else(|| UserId(String::new()), |found| found.id))
}

/// Gathers the page.
pub async fn page(visit: &Visit<'_>) -> Result<AuditView, AppError> {
    visit.administrator()?;
    let (core, uri) = (&visit.state.core, visit.uri);
    let query = AuditQuery::of(core, uri).await?;
    let before = cursor_of(uri).filter(|_| !query.follows);
    let (entries, last) = page_of(core, &query.filter.as_filter(), before.as_ref()).await?;
    let owned = |(kind, name): (&str, &str)| (kind.to_owned(), name.to_owned());
    Ok(AuditView {
        query: query.to_query_string(),
        kinds: Event::KINDS.iter().copied().map(owned).collect(),
        entries: entries.into_iter().map(audit_entry_view).collect(),
        older: last.map(|last| older(Page::Audit, &query.pairs(), &last)),
        is_newest: before.is_none(),
        is_followed: query.follows,
        narrowed: query.input,
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
