//! The audit log for administrators: the query, and the page of its entries.

use super::{
    activity::{cursor_of, kind_view, older, origin_view, page_of, text_value},
    visit::{Visit, query_value},
};
use crate::{
    domain::{
        audit::{Event, Kind, Part, Record},
        page::Page,
        user::UserId,
        views::{AuditEntryView, AuditFilter, AuditView, KindGroupView},
    },
    error::AppError,
    server::{
        clock::{TimeZone, parse_day_in, precise_moment},
        core::{Core, accounts::users, audit::OwnedFilter},
        db::StoreError,
    },
};
use axum::http::Uri;
use std::collections::HashSet;
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
        let event = Event::kinds().into_iter().find(|kind| *kind == event);
        // The reader's own, which the script sends.
        let zone = text_value(uri, "zone").unwrap_or_default();
        let (zone, known) = match TimeZone::named(&zone) {
            Some(known) => (zone, known),
            None => (String::new(), TimeZone::UTC),
        };
        let day = |name| {
            let text = text_value(uri, name).unwrap_or_default();
            let day = parse_day_in(&text, &known);
            (if day.is_some() { text } else { String::new() }, day)
        };
        let ((since, first), (until, last)) = (day("since"), day("until"));
        // A name that no account has or had before matches nothing.
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
                zone,
            },
        })
    }

    /// The filter as names and values.
    fn pairs(&self) -> [(&'static str, &str); 5] {
        let AuditFilter {
            user,
            event,
            since,
            until,
            zone,
        } = &self.input;
        // Without a day it has no effect.
        let has_day = !(since.is_empty() && until.is_empty());
        let zone = if has_day { zone } else { "" };
        [
            ("user", user),
            ("event", event),
            ("since", since),
            ("until", until),
            ("zone", zone),
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
    let found = users::id_of_any_name(core, input).await?;
    Ok(found.unwrap_or_else(|| UserId(String::new())))
}

/// Gathers the page. The second value: it shows new entries as they happen.
pub async fn page(visit: &Visit<'_>) -> Result<(AuditView, bool), AppError> {
    visit.administrator()?;
    let (core, uri) = (&visit.state.core, visit.uri);
    let query = AuditQuery::of(core, uri).await?;
    let before = cursor_of(uri).filter(|_| !query.follows);
    let (entries, last) = page_of(core, &query.filter.as_filter(), before.as_ref()).await?;
    let view = AuditView {
        query: query.to_query_string(),
        kinds: Event::KINDS.iter().map(kind_group_view).collect(),
        entries: audit_entry_views(core, entries).await?,
        older: last.map(|last| older(Page::Audit, &query.pairs(), &last)),
        is_newest: before.is_none(),
        narrowed: query.input,
    };
    Ok((view, query.follows))
}

fn kind_group_view((title, kinds): &(&str, &[Kind])) -> KindGroupView {
    KindGroupView {
        title: (*title).to_owned(),
        kinds: kinds.iter().map(kind_view).collect(),
    }
}

/// Entries as pages show them. A name leads to its account, unless that was deleted.
///
/// # Errors
/// If the database does not answer.
pub async fn audit_entry_views(
    core: &Core,
    records: Vec<Record>,
) -> Result<Vec<AuditEntryView>, StoreError> {
    let named = records
        .iter()
        .flat_map(|record| [&record.entry.user, &record.entry.actor]);
    let named: HashSet<_> = named.flatten().cloned().collect();
    let known = users::existing(core, named.into_iter().collect()).await?;
    let views = records
        .into_iter()
        .map(|record| audit_entry_view(record, &known));
    Ok(views.collect())
}

fn audit_entry_view(record: Record, accounts: &HashSet<UserId>) -> AuditEntryView {
    let link = |part| match part {
        Part::Account { name, id } if !accounts.contains(&id) => Part::Name(name),
        part => part,
    };
    AuditEntryView {
        what: record.description().into_iter().map(link).collect(),
        at: precise_moment(record.entry.at),
        times: record.times,
        origin: origin_view(&record),
        id: record.id,
        is_new: false,
    }
}
