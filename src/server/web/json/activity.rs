//! The audit log, for administrators.

use super::{
    body::Json,
    caller::Administrator,
    cursor::Cursor,
    limit, query,
    rejection::Rejection,
    words::{EventWord, SourceWord},
};
use crate::{
    domain::{
        audit::{Event, Record},
        moment::Timestamp,
        user::UserId,
    },
    error::AppError,
    server::{
        clock::{parse_rfc3339, rfc3339},
        core::{
            Core,
            audit::{self, OwnedFilter},
        },
        web::state::AppState,
    },
};
use axum::{
    extract::State,
    http::Uri,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// An entry of the audit log.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventBody {
    id: String,
    #[schema(format = DateTime)]
    at: String,
    /// A server of a newer version may have written another word than those of the filter.
    event: String,
    /// A second word, for events that have one.
    #[schema(required)]
    reason: Option<String>,
    #[schema(value_type = SourceWord)]
    source: &'static str,
    /// The account it concerns, if known. The account may be deleted.
    #[schema(required)]
    user: Option<NamedBody>,
    /// Its username before it was changed, in the entry of that.
    #[schema(required)]
    previous_name: Option<String>,
    /// The administrator who did it, if it was one with an account.
    #[schema(required)]
    actor: Option<NamedBody>,
    #[schema(required)]
    session: Option<String>,
    /// The access key that it concerns, or with which it was done. It may be deleted.
    #[schema(required)]
    key: Option<NamedKeyBody>,
    /// Empty for commands and for the server itself.
    address: String,
    user_agent: String,
    /// How often it happened, for events that are counted.
    times: u64,
}

/// An account in an entry, with its name at that time.
#[derive(Serialize, ToSchema)]
#[schema(as = NamedAccount)]
struct NamedBody {
    id: String,
    #[schema(required)]
    username: Option<String>,
}

/// An access key in an entry, with its name at that time.
#[derive(Serialize, ToSchema)]
#[schema(as = NamedAccessKey)]
struct NamedKeyBody {
    id: String,
    #[schema(required)]
    name: Option<String>,
}

/// One page of the audit log.
#[derive(Serialize, ToSchema)]
#[schema(as = Activity)]
pub struct ActivityBody {
    items: Vec<EventBody>,
    /// The `cursor` of the page after this one; null on the last page.
    #[schema(required)]
    next: Option<String>,
    /// The `cursor` of the page before this one; null on the first page.
    #[schema(required)]
    previous: Option<String>,
}

impl From<Record> for EventBody {
    fn from(record: Record) -> Self {
        let (event, reason) = record.words();
        let (event, reason) = (event.to_owned(), reason.map(str::to_owned));
        let entry = record.entry;
        let named = |id: Option<UserId>, username| id.map(|id| NamedBody { id: id.0, username });
        Self {
            id: record.id,
            at: rfc3339(entry.at),
            event,
            reason,
            source: entry.source.as_str(),
            user: named(entry.user, record.username),
            previous_name: entry.previous_name,
            actor: named(entry.actor, record.actor_name),
            session: entry.session.map(|id| id.0),
            key: entry.key.map(|id| NamedKeyBody {
                id: id.0,
                name: record.key_name,
            }),
            address: entry.address,
            user_agent: entry.user_agent,
            times: record.times,
        }
    }
}

/// The time in milliseconds and the id of the entry at the end of a page.
type Position = (i64, String);

/// Read the audit log
///
/// The newest entries first, or with `sort=at` the oldest. A page costs the same in a log of any length, so there are no totals and no page numbers.
#[utoipa::path(
    get,
    path = "/api/v1/activity",
    operation_id = "listActivity",
    tag = "activity",
    params(
        ("user" = Option<String>, Query, description = "The id of the account that it concerns", pattern = "^[!-~]*$"),
        ("event" = inline(Option<EventWord>), Query, description = "A kind of event"),
        ("since" = Option<String>, Query, description = "From this instant on (RFC 3339)", format = DateTime),
        ("until" = Option<String>, Query, description = "Before this instant (RFC 3339)", format = DateTime),
        ("sort" = inline(Option<ActivitySort>), Query, description = "`-at` without it"),
        ("limit" = Option<u32>, Query, description = "Entries on a page", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "`next` or `previous` of an answer with the same filter and sort", pattern = "^[A-Za-z0-9_-]+$"),
    ),
    responses((status = 200, description = "One page", body = ActivityBody))
)]
pub async fn list(
    State(state): State<AppState>,
    Administrator(admin): Administrator,
    uri: Uri,
) -> Result<Json<ActivityBody>, Response> {
    admin.demand_fresh().map_err(AppError::into_response)?;
    let question = Question::parse(&uri).map_err(Rejection::into_response)?;
    let page = page(&state.core, question).await;
    page.map(Json).map_err(AppError::into_response)
}

/// The parameters of a request.
struct Question {
    filter: OwnedFilter,
    sort: ActivitySort,
    cursor: Option<Cursor<audit::Cursor>>,
    limit: u32,
}

/// The orders of the list of entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ToSchema)]
enum ActivitySort {
    #[default]
    #[schema(rename = "-at")]
    NewestFirst,
    #[schema(rename = "at")]
    OldestFirst,
}

impl ActivitySort {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "-at" => Some(Self::NewestFirst),
            "at" => Some(Self::OldestFirst),
            _ => None,
        }
    }
}

impl Question {
    fn parse(uri: &Uri) -> Result<Self, Rejection> {
        let kind = |text: &str| Event::kinds().into_iter().find(|kind| *kind == text);
        let id = |text: &str| UserId::parse(text.to_owned());
        Ok(Self {
            filter: OwnedFilter {
                user: query::value(uri, "user", id)?,
                event: query::value(uri, "event", kind)?,
                since: query::value(uri, "since", parse_rfc3339)?,
                until: query::value(uri, "until", parse_rfc3339)?,
            },
            sort: query::value(uri, "sort", ActivitySort::parse)?.unwrap_or_default(),
            cursor: query::value(uri, "cursor", position_of)?,
            limit: limit::of(uri)?,
        })
    }
}

fn position_of(text: &str) -> Option<Cursor<audit::Cursor>> {
    let position = |(at, id): Position| {
        let at = Timestamp::from_millis(at);
        // The id of a counted row has spaces. PostgreSQL accepts no NUL in a text.
        let is_id = !id.contains(char::is_control);
        is_id.then_some(audit::Cursor { at, id })
    };
    Cursor::decode(text)?.and_then(position)
}

/// Reads one entry more than the page has: whether there is another page. The store's lists have the newest first.
async fn page(core: &Core, question: Question) -> Result<ActivityBody, AppError> {
    let Question {
        filter,
        sort,
        cursor,
        limit,
    } = question;
    let (filter, more) = (&filter.as_filter(), limit.saturating_add(1));
    let is_forwards = !matches!(cursor, Some(Cursor::Before(_)));
    let reads_older = is_forwards == (sort == ActivitySort::NewestFirst);
    let given = cursor.map(Cursor::into_position);
    let mut entries = if reads_older {
        audit::page(core, filter, given.as_ref(), more).await?
    } else {
        let start = given.clone().unwrap_or_else(beginning);
        audit::newer_page(core, filter, &start, more).await?
    };
    let has_more = entries.len() > limit as usize;
    if has_more && reads_older {
        entries.pop();
    } else if has_more {
        entries.remove(0);
    }
    let newest = entries.first().map(end);
    let oldest = entries.last().map(end);
    let (newer, older) = match (reads_older, given) {
        (true, None) => (None, oldest.filter(|_| has_more)),
        (false, None) => (newest.filter(|_| has_more), None),
        // Without any entry, the newer page begins with the given one,
        (true, Some(given)) => (
            newest.or_else(|| Some((given.at.as_millis(), String::new()))),
            oldest.filter(|_| has_more),
        ),
        // and the older page is that of the newest entries.
        (false, Some(_)) => (
            newest.filter(|_| has_more),
            oldest.or_else(|| Some((i64::MAX, String::new()))),
        ),
    };
    let (next, previous) = match sort {
        ActivitySort::NewestFirst => (older, newer),
        ActivitySort::OldestFirst => {
            entries.reverse();
            (newer, older)
        }
    };
    Ok(ActivityBody {
        next: next.map(|position| Cursor::After(position).encode()),
        previous: previous.map(|position| Cursor::Before(position).encode()),
        items: entries.into_iter().map(EventBody::from).collect(),
    })
}

/// Every id follows the empty one.
fn beginning() -> audit::Cursor {
    audit::Cursor {
        at: Timestamp::from_millis(i64::MIN),
        id: String::new(),
    }
}

fn end(record: &Record) -> Position {
    (record.entry.at.as_millis(), record.id.clone())
}
