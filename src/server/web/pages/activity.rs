//! Events in pages: the newest first, each page beginning where the previous one ended.

use super::visit::{Visit, query_value};
use crate::{
    domain::{
        audit::{Event, Kind, Record, Source},
        device,
        moment::Timestamp,
        page::Page,
        views::{KindView, OriginView, OwnActivityView, OwnEventView},
    },
    error::AppError,
    server::{
        clock::moment,
        core::{
            Core,
            audit::{self, Cursor, Filter},
        },
        db::StoreError,
    },
};
use axum::http::Uri;
use url::form_urlencoded;

/// As many as people read before they filter the list.
pub const ENTRIES_PER_PAGE: u32 = 50;

/// The page on which users see the events of their own account.
pub async fn own(visit: &Visit<'_>) -> Result<OwnActivityView, AppError> {
    let (state, current, uri) = (visit.state, visit.current_user()?, visit.uri);
    let event = query_value(uri, "event").unwrap_or_default();
    let kinds = Event::OWN_KINDS;
    let kind = kinds.iter().find(|(kind, _)| *kind == event);
    let kind = kind.map(|(kind, _)| *kind);
    let before = cursor_of(uri);
    let filter = Filter {
        user: Some(&current.user.id),
        event: kind,
        ..Filter::default()
    };
    let (entries, last) = page_of(&state.core, &filter, before.as_ref()).await?;
    Ok(OwnActivityView {
        event: kind.unwrap_or_default().to_owned(),
        kinds: kinds.iter().map(kind_view).collect(),
        events: entries.into_iter().map(own_event).collect(),
        older: last.map(|last| {
            older(
                Page::OwnActivity,
                &[("event", kind.unwrap_or_default())],
                &last,
            )
        }),
        is_newest: before.is_none(),
    })
}

pub fn kind_view((word, title): &Kind) -> KindView {
    KindView {
        word: (*word).to_owned(),
        title: (*title).to_owned(),
    }
}

/// If an administrator caused the event, device and address are the administrator's, and not shown.
fn own_event(record: Record) -> OwnEventView {
    let is_own = record.entry.actor.is_none() && !record.entry.user_agent.is_empty();
    OwnEventView {
        at: moment(record.entry.at),
        what: record.description_for_owner(),
        key: record.key_for_owner().map(str::to_owned),
        origin: if is_own {
            origin_view(&record)
        } else {
            OriginView::default()
        },
        times: record.times,
    }
}

/// Where an event came from.
pub fn origin_view(record: &Record) -> OriginView {
    let Record { entry, .. } = record;
    let device = match &*entry.user_agent {
        "" => String::new(),
        user_agent => device::in_words(user_agent),
    };
    let is_by_key = matches!(entry.source, Source::AccessKey | Source::AccessToken);
    OriginView {
        device: match &record.device_name {
            Some(name) => format!("{name} ({device})"),
            None => device,
        },
        address: entry.address.clone(),
        key: record.key_name.clone().filter(|_| is_by_key),
    }
}

/// The entries of a page, and the last of them if there are more.
pub async fn page_of(
    core: &Core,
    filter: &Filter<'_>,
    before: Option<&Cursor>,
) -> Result<(Vec<Record>, Option<Cursor>), StoreError> {
    let mut entries = audit::page(core, filter, before, ENTRIES_PER_PAGE + 1).await?;
    let has_more = entries.len() > ENTRIES_PER_PAGE as usize;
    entries.truncate(ENTRIES_PER_PAGE as usize);
    let last = entries.last().filter(|_| has_more).map(Cursor::of);
    Ok((entries, last))
}

pub fn cursor_of(uri: &Uri) -> Option<Cursor> {
    Some(Cursor {
        at: Timestamp::from_millis(query_value(uri, "before")?.parse().ok()?),
        id: text_value(uri, "id")?,
    })
}

/// A value that may be sent to a database: PostgreSQL accepts no NUL in a text.
pub fn text_value(uri: &Uri, wanted: &str) -> Option<String> {
    query_value(uri, wanted).filter(|value| !value.contains('\0'))
}

/// The URL of the page after `last`, with the same filter.
pub fn older(page: Page, filter: &[(&str, &str)], last: &Cursor) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in filter.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    query.append_pair("before", &last.at.as_millis().to_string());
    query.append_pair("id", &last.id);
    format!("{}?{}", page.path(), query.finish())
}
