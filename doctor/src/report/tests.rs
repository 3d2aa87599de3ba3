//! The printed form of findings.

use super::*;

const ONE: Check = check("one", "A1", "One holds", "Mend one");
const TWO: Check = check("two", "A2", "Two holds", "Mend two");
const NOTE: Check = check("note", "A4", "No note", "Mend it");
const LEAD: Check = check("lead", "A5", "No failure", "Mend it");
const THREE: Check = check("three", "A3", "Three holds", "Mend three");

fn report() -> Report {
    let mut report = Report::default();
    report.redact("sesame");
    report.record(&ONE, Ok(()));
    report.record(&TWO, Err("a sesame\u{1b}[2J\r\nb".to_owned()));
    report.skip_rest(&[&ONE, &THREE], "nobody asked");
    report
}

fn written(json: bool) -> String {
    let mut out = Vec::new();
    report().write(&mut out, json).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_report_for_people_is_a_table() {
    let expected = "  CONTROL  PROMISE\n\
        ✓ A1       One holds\n\
        ✗ A2       Two holds\n           seen: a …\u{fffd}[2J\u{fffd}\u{fffd}b\n           to mend it: Mend two\n\
        – A3       Three holds\n           skipped: nobody asked\n";
    assert_eq!(written(false), expected);
}

#[test]
fn the_report_for_programs_is_json_lines() {
    let text = written(true);
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1]["check"], "two");
    assert_eq!(lines[1]["control"], "A2");
    assert_eq!(lines[1]["outcome"], "fails");
    assert_eq!(lines[1]["remedy"], "Mend two");
    assert_eq!(lines[2]["why"], "nobody asked");
    assert!(!text.contains("sesame"), "{text}");
}

#[test]
fn the_leading_failure_comes_first() {
    let mut report = report();
    report.note(&NOTE, Err("a version".to_owned()));
    report.lead_with(&LEAD, "it answered 502".to_owned());
    let mut out = Vec::new();
    report.write(&mut out, false).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].starts_with("it answered 502. Mend this first"),
        "{text}"
    );
    assert_eq!(lines[3], "✗ A5       No failure");
    assert!(
        text.contains("! A4       No note\n           seen: a version"),
        "{text}"
    );
    assert_eq!((report.holding(), report.failures()), (1, 2));
}

#[test]
fn outcomes_are_counted() {
    let report = report();
    assert_eq!(
        (report.holding(), report.failures(), report.skipped()),
        (1, 1, 1)
    );
}

#[test]
fn long_findings_are_truncated() {
    let mut report = Report::default();
    report.record(&ONE, Err("é".repeat(1_000)));
    let row = report.row(&report.findings[0]);
    let seen = row.seen.unwrap();
    assert_eq!(seen.chars().count(), MAX_SHOWN_CHARS + 1);
    assert!(seen.ends_with('…'));
}
