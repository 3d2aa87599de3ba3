//! The findings: a table for people, one JSON object a line for programs.

use serde::Serialize;
use std::io::{self, Write};
use zeroize::Zeroizing;

/// A promise that can be checked from outside.
pub struct Check {
    /// Its name for programs.
    pub name: &'static str,
    /// The id in `docs/controls.md`.
    pub control: &'static str,
    /// The promise, in one sentence.
    pub promise: &'static str,
    /// The remedy if it does not hold.
    pub remedy: &'static str,
}

/// One row of a table of checks.
pub const fn check(
    name: &'static str,
    control: &'static str,
    promise: &'static str,
    remedy: &'static str,
) -> Check {
    Check {
        name,
        control,
        promise,
        remedy,
    }
}

/// The outcome of a check: `Err` describes what was seen instead.
pub type Verdict = Result<(), String>;

/// `Ok` if it holds, else what was seen.
pub fn expect(holds: bool, seen: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(seen()) }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Holds,
    Fails {
        seen: String,
    },
    /// Worth a change, but it breaks no promise.
    Noted {
        seen: String,
    },
    Skipped {
        why: String,
    },
}

pub struct Finding {
    check: &'static Check,
    outcome: Outcome,
}

/// All findings of one examination, in order.
#[derive(Default)]
pub struct Report {
    findings: Vec<Finding>,
    /// Printed above the table: the probable cause of other findings.
    headline: Option<String>,
    /// Passwords and tokens. They are never printed, even if a server sends them.
    secrets: Vec<Zeroizing<String>>,
}

/// Text of a server is cut to this length: a server may send any amount.
const MAX_SHOWN_CHARS: usize = 300;

impl Report {
    pub fn redact(&mut self, secret: &str) {
        if !secret.is_empty() {
            self.secrets.push(Zeroizing::new(secret.to_owned()));
        }
    }

    /// The first verdict on a check counts.
    pub fn record(&mut self, check: &'static Check, verdict: Verdict) {
        let outcome = verdict.map_or_else(|seen| Outcome::Fails { seen }, |()| Outcome::Holds);
        self.add(check, outcome);
    }

    /// The same for an observation that breaks no promise.
    pub fn note(&mut self, check: &'static Check, verdict: Verdict) {
        let outcome = verdict.map_or_else(|seen| Outcome::Noted { seen }, |()| Outcome::Holds);
        self.add(check, outcome);
    }

    /// A failure that explains others: it is the first finding, and the headline of the table.
    pub fn lead_with(&mut self, check: &'static Check, seen: String) {
        self.headline = Some(format!(
            "{seen}. Mend this first: much below may come of it"
        ));
        self.record(check, Err(seen));
        let found = self
            .findings
            .iter()
            .position(|one| one.check.name == check.name);
        if let Some(position) = found {
            let finding = self.findings.remove(position);
            self.findings.insert(0, finding);
        }
    }

    pub fn skip(&mut self, check: &'static Check, why: &str) {
        let why = why.to_owned();
        self.add(check, Outcome::Skipped { why });
    }

    /// Reports the checks that a subject has left open as not checked.
    pub fn skip_rest(&mut self, checks: &'static [&'static Check], why: &str) {
        for check in checks {
            self.skip(check, why);
        }
    }

    fn add(&mut self, check: &'static Check, outcome: Outcome) {
        let is_new = |finding: &Finding| finding.check.name != check.name;
        if self.findings.iter().all(is_new) {
            self.findings.push(Finding { check, outcome });
        }
    }

    pub fn failures(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Fails { .. }))
    }

    pub fn skipped(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Skipped { .. }))
    }

    pub fn holding(&self) -> usize {
        self.count(|outcome| *outcome == Outcome::Holds)
    }

    fn count(&self, is_one: impl Fn(&Outcome) -> bool) -> usize {
        let outcomes = self.findings.iter().map(|finding| &finding.outcome);
        outcomes.filter(|outcome| is_one(outcome)).count()
    }

    /// Writes all findings.
    pub fn write(&self, out: &mut impl Write, json: bool) -> io::Result<()> {
        if !json {
            if let Some(headline) = &self.headline {
                writeln!(out, "{}\n", self.sanitised(headline))?;
            }
            writeln!(out, "  CONTROL  PROMISE")?;
        }
        for finding in &self.findings {
            let row = self.row(finding);
            if json {
                writeln!(out, "{}", serde_json::to_string(&row)?)?;
            } else {
                row.write(out)?;
            }
        }
        out.flush()
    }

    fn row(&self, finding: &Finding) -> Row {
        let Finding { check, outcome } = finding;
        let (word, seen, why) = match outcome {
            Outcome::Holds => ("holds", None, None),
            Outcome::Fails { seen } => ("fails", Some(self.sanitised(seen)), None),
            Outcome::Noted { seen } => ("noted", Some(self.sanitised(seen)), None),
            Outcome::Skipped { why } => ("skipped", None, Some(self.sanitised(why))),
        };
        Row {
            check: check.name,
            control: check.control,
            outcome: word,
            promise: check.promise,
            remedy: seen.is_some().then_some(check.remedy),
            seen,
            why,
        }
    }

    /// A server's text, for a terminal: without secrets and control characters, and cut to length.
    fn sanitised(&self, text: &str) -> String {
        let hidden = self.secrets.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret.as_str(), "…")
        });
        let mut sanitised: String = hidden
            .chars()
            .map(|c| if is_printable(c) { c } else { '\u{fffd}' })
            .take(MAX_SHOWN_CHARS)
            .collect();
        if hidden.chars().nth(MAX_SHOWN_CHARS).is_some() {
            sanitised.push('…');
        }
        sanitised
    }
}

/// Neither a control character nor one that changes the direction of the text after it.
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A finding in its printed form.
#[derive(Serialize)]
struct Row {
    check: &'static str,
    control: &'static str,
    outcome: &'static str,
    promise: &'static str,
    seen: Option<String>,
    remedy: Option<&'static str>,
    why: Option<String>,
}

impl Row {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let sign = match self.outcome {
            "holds" => '✓',
            "fails" => '✗',
            "noted" => '!',
            _ => '–',
        };
        writeln!(out, "{sign} {:7}  {}", self.control, self.promise)?;
        let details = [
            ("seen", self.seen.as_deref()),
            ("to mend it", self.remedy),
            ("skipped", self.why.as_deref()),
        ];
        for (word, text) in details {
            if let Some(text) = text {
                writeln!(out, "           {word}: {text}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
