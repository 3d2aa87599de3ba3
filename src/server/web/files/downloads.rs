//! The audit log as a file: JSON lines for programs, CSV for spreadsheets.
//!
//! A file is streamed, so its length is not limited. Before each chunk the reader is authorised again: when the session
//! ends the connection is aborted, so a partial file is not taken for a whole one.

use crate::{
    domain::{
        audit::{Entry, Event, Record},
        page::Download,
    },
    error::{AppError, Failure},
    server::{
        clock::day,
        core::{
            Core,
            accounts::administration,
            actor::{self, Actor},
            audit::{AuditRow, Batches},
        },
        db::StoreError,
        json_line::json_line,
        token::TokenDigest,
        web::{
            context::{self, Caller},
            cookies,
            layers::{forwarded::Client, guard},
            pages::audit::AuditQuery,
            state::AppState,
        },
    },
};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, Method, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use futures_util::stream;
use std::io;

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    JsonLines,
    Csv,
}

impl Format {
    const fn of(file: Download) -> Self {
        match file {
            Download::AuditJsonLines => Self::JsonLines,
            Download::AuditCsv => Self::Csv,
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::JsonLines => "application/jsonl; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// The beginning of the file. Without a byte order mark Excel on Windows reads CSV in the code page
    /// of the machine, and `zoë` is shown as `zoÃ«`.
    fn head(self) -> String {
        match self {
            Self::JsonLines => String::new(),
            Self::Csv => format!("\u{feff}{}", csv_line(&AuditRow::NAMES)),
        }
    }

    fn lines(self, records: Vec<Record>) -> Result<String, serde_json::Error> {
        let mut lines = String::new();
        for row in records.into_iter().map(AuditRow::of) {
            match self {
                Self::JsonLines => {
                    lines.push_str(&json_line(&row)?);
                    lines.push('\n');
                }
                Self::Csv => lines.push_str(&csv_line(&row.values())),
            }
        }
        Ok(lines)
    }
}

/// A line of RFC 4180. Every cell is quoted, so that no other separator that a spreadsheet may detect splits it.
fn csv_line(cells: &[impl AsRef<str>]) -> String {
    let cells = cells.iter().map(|cell| {
        let cell = cell.as_ref();
        let guard = if is_formula(cell) { "'" } else { "" };
        format!("\"{guard}{}\"", cell.replace('"', "\"\""))
    });
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

/// Whether a spreadsheet would evaluate it instead of showing it: clients choose their user agents
/// (OWASP, "CSV Injection"; the wide signs count in East Asian editions).
fn is_formula(cell: &str) -> bool {
    const SIGNS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    cell.starts_with(SIGNS)
}

/// Sends the file. The guard admits only administrators.
pub async fn download(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    Extension(caller): Extension<Caller>,
    Extension(file): Extension<Download>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Caller::SignedIn(current) = caller else {
        return Failure::NotSignedIn.into_response();
    };
    // A link on another site must not start the download of a file with users' addresses.
    if let Err(refusal) = state.site.demand_own_reader(&headers) {
        return refusal.into_response();
    }
    if !actor::is_fresh(&state.core, &current) {
        return Redirect::to(&guard::return_path_of_download(file, &uri).confirm_page())
            .into_response();
    }
    let browser = context::browser_of(&client, &headers);
    let actor = Actor::signed_in(current.clone(), browser);
    let entry = actor.entry(
        state.core.clock.now(),
        Event::AuditDownloaded,
        Some(&current.user.id),
        Some(&current.session.id),
    );
    let parts = (&method, &uri, &headers);
    let response = send(&state.core, Format::of(file), entry, parts).await;
    response.unwrap_or_else(AppError::into_response)
}

async fn send(
    core: &Core,
    format: Format,
    entry: Entry,
    (method, uri, headers): (&Method, &Uri, &HeaderMap),
) -> Result<Response, AppError> {
    let token = cookies::session::session_token(headers).ok_or(Failure::NotSignedIn)?;
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let query = AuditQuery::of(core, uri).await?;
        let batches = Batches::begin(core, query.filter, entry).await?;
        body_of(Writer {
            core: core.clone(),
            reader: token.digest(),
            batches,
            format,
        })
    };
    let (day, extension) = (day(core.clock.now()), format.extension());
    let headers: [(HeaderName, String); 2] = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"audit-log-{day}.{extension}\""),
        ),
    ];
    Ok((headers, body).into_response())
}

/// The state of one download.
struct Writer {
    core: Core,
    /// Of the cookie of the request.
    reader: TokenDigest,
    batches: Batches,
    format: Format,
}

/// The progress of a download.
enum Progress {
    Head(Writer),
    Entries(Writer),
    Done,
}

fn body_of(writer: Writer) -> Body {
    Body::from_stream(stream::unfold(Progress::Head(writer), next))
}

/// The next chunk; `None` at the end. Nothing follows a failure.
async fn next(progress: Progress) -> Option<(io::Result<String>, Progress)> {
    let mut writer = match progress {
        Progress::Head(writer) => {
            return Some((Ok(writer.format.head()), Progress::Entries(writer)));
        }
        Progress::Entries(writer) => writer,
        Progress::Done => return None,
    };
    match writer.chunk().await {
        Ok(chunk) if chunk.is_empty() => None,
        Ok(chunk) => Some((Ok(chunk), Progress::Entries(writer))),
        Err(cut) => {
            tracing::warn!(%cut, "a download of the audit log was cut off");
            Some((Err(io::Error::other(cut)), Progress::Done))
        }
    }
}

/// Why a file is incomplete.
#[derive(Debug, thiserror::Error)]
enum DownloadError {
    #[error("who asked for it may not read it any more: {0}")]
    Reader(AppError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Writer {
    async fn chunk(&mut self) -> Result<String, DownloadError> {
        let authorised = administration::verify_reader(&self.core, &self.reader).await;
        authorised.map_err(DownloadError::Reader)?;
        let records = self.batches.next(&self.core).await?;
        Ok(self.format.lines(records)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_cells_are_quoted() {
        let line = csv_line(&["plain", "", "a \"quoted\" word", "a, b; c\td\r\ne", "מ 🐎"]);
        let expected = "\"plain\",\"\",\"a \"\"quoted\"\" word\",\"a, b; c\td\r\ne\",\"מ 🐎\"\r\n";
        assert_eq!(line, expected);
    }

    #[test]
    fn csv_formulas_are_escaped() {
        for cell in [
            "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1",
        ] {
            assert_eq!(csv_line(&[cell]), format!("\"'{cell}\"\r\n"));
        }
        for cell in ["'=1", " =1", "a=1", "1-1", "2001:db8::1"] {
            assert_eq!(csv_line(&[cell]), format!("\"{cell}\"\r\n"));
        }
    }
}
