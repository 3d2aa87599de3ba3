//! Tables for people, one JSON object on each line for programs.

use crate::server::json_line::json_line;
use serde::Serialize;
use std::{
    borrow::Cow,
    io::{self, Write},
    pin::pin,
    time::Duration,
};
use tokio::time::timeout;

/// Prints a line for people to standard error, so that pipes carry data alone.
pub fn to_stderr(line: &str) {
    // Without a standard error there is nowhere to report it.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Awaits work without a deadline, and regularly prints what it waits for.
pub async fn with_progress<T>(what: &str, work: impl Future<Output = T>) -> T {
    const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);
    let mut work = pin!(work);
    loop {
        if let Ok(done) = timeout(PROGRESS_INTERVAL, work.as_mut()).await {
            return done;
        }
        to_stderr(&format!("vestibule: still waiting for {what}"));
    }
}

/// For [`with_progress`]: why opening the database may take long.
pub const MIGRATIONS: &str = "the migration of the tables. Another server may be migrating them, a lock may be held, \
    or a synchronous standby may be gone: see pg_stat_activity";

/// A number with its noun: `1 session`, `2 sessions`.
pub fn counted(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// A row that is printed in a table or as JSON.
pub trait Row: Serialize {
    const HEADINGS: &'static [&'static str];
    fn cells(&self) -> Vec<Cow<'_, str>>;
}

/// Writes one line to standard output.
pub fn write_line(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// Writes rows that arrive one by one. The widths of later rows are unknown, so each column has at least the width in
/// `min_widths`.
pub fn append_rows<R: Row>(rows: &[R], min_widths: &[usize], json: bool) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for row in rows {
        let line = if json {
            json_line(row)?
        } else {
            format_row(&row.cells(), min_widths)
        };
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// The number of rows in memory at once: there may be millions.
pub const ROWS_PER_PAGE: u32 = 500;

/// A table that is written page by page. If all rows fit into one page, its columns are as narrow as the cells;
/// otherwise they have the widths that most rows need.
pub struct PagedTable {
    widths: &'static [usize],
    json: bool,
    has_begun: bool,
}

impl PagedTable {
    pub const fn new(widths: &'static [usize], json: bool) -> Self {
        Self {
            widths,
            json,
            has_begun: false,
        }
    }

    /// Writes the next page.
    pub fn write<R: Row>(&mut self, page: &[R], is_last: bool) -> io::Result<()> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if is_first && is_last {
            return write_rows(page, self.json);
        }
        if is_first && !self.json {
            write_line(&format_row(&texts(R::HEADINGS), self.widths))?;
        }
        append_rows(page, self.widths, self.json)
    }
}

fn format_row(cells: &[Cow<'_, str>], widths: &[usize]) -> String {
    let cells = cells.iter().zip(widths);
    let cells = cells.map(|(cell, &width)| format!("{cell:width$}"));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn texts(headings: &[&'static str]) -> Vec<Cow<'static, str>> {
    headings.iter().copied().map(Cow::from).collect()
}

/// Writes all rows to standard output.
pub fn write_rows<R: Row>(rows: &[R], json: bool) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    if json {
        for row in rows {
            writeln!(out, "{}", json_line(row)?)?;
        }
    } else {
        write_table(
            &mut out,
            R::HEADINGS,
            &rows.iter().map(Row::cells).collect::<Vec<_>>(),
        )?;
    }
    out.flush()
}

fn write_table(
    out: &mut impl Write,
    headings: &[&'static str],
    rows: &[Vec<Cow<'_, str>>],
) -> io::Result<()> {
    let headings = texts(headings);
    let width_of = |column: usize| {
        let cells = rows
            .iter()
            .chain([&headings])
            .filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width_of).collect();
    for row in [&headings].into_iter().chain(rows) {
        writeln!(out, "{}", format_row(row, &widths))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut out = Vec::new();
        let rows = [texts(&["ada", "yes"]), texts(&["grace.hopper", ""])];
        write_table(&mut out, &["NAME", "ADMIN"], &rows).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "NAME          ADMIN\nada           yes\ngrace.hopper\n"
        );
    }
}
