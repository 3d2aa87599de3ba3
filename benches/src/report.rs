//! The results: a table and a graph in `docs/`.

use crate::Failure;
use std::{fmt::Write, fs, path::Path, process::Command, time::Duration};

const BEGIN: &str = "<!-- written by make bench: begin -->\n";
const END: &str = "<!-- written by make bench: end -->";

pub struct Figure {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    pub goal: Goal,
    pub remark: String,
}

#[derive(Clone, Copy)]
pub enum Goal {
    AtLeast(f64),
    AtMost(f64),
    None,
}

impl Figure {
    fn shown(&self, value: f64) -> String {
        match self.unit {
            "" => format!("{value:.2}"),
            unit => format!("{value:.0} {unit}"),
        }
    }

    fn goal(&self) -> String {
        match self.goal {
            Goal::AtLeast(least) => format!("at least {}", self.shown(least)),
            Goal::AtMost(most) => format!("at most {}", self.shown(most)),
            Goal::None => "–".to_owned(),
        }
    }

    /// The reached part of the goal: 1 or more is all of it.
    fn reached(&self) -> Option<f64> {
        match self.goal {
            Goal::AtLeast(least) => Some(self.value / least),
            Goal::AtMost(most) => Some(most / self.value),
            Goal::None => None,
        }
    }

    fn verdict(&self) -> &'static str {
        match self.reached() {
            Some(reached) if reached >= 1.0 => "reached",
            Some(_) => "**missed**",
            None => "–",
        }
    }
}

/// The size of a page.
pub struct Weight {
    pub page: String,
    /// The content of the measured page.
    pub scene: String,
    /// The size of its HTML, uncompressed as it is sent.
    pub bytes: usize,
}

/// A file that all pages share, and that a browser caches.
pub struct Common {
    pub name: &'static str,
    /// In brotli, as it is sent.
    pub bytes: usize,
    /// As the browser unpacks it.
    pub raw: usize,
}

/// The results.
#[derive(Default)]
pub struct Report {
    pub figures: Vec<Figure>,
    pub common: Vec<Common>,
    pub weights: Vec<Weight>,
}

/// Prints the tables of a partial run; the document is not changed.
#[expect(clippy::print_stdout, reason = "the tables are the output")]
pub fn print(report: &Report, taken: Duration) -> Result<(), Failure> {
    println!("{}", tables(report, taken)?);
    Ok(())
}

/// Prints the tables, and puts them and the graph into the document.
pub fn write(report: &Report, taken: Duration) -> Result<(), Failure> {
    print(report, taken)?;
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"));
    let table = tables(report, taken)?;
    let document = docs.join("performance.md");
    let text = fs::read_to_string(&document)?;
    let (before, rest) = text
        .split_once(BEGIN)
        .ok_or("performance.md has no begin mark")?;
    let (_, after) = rest
        .split_once(END)
        .ok_or("performance.md has no end mark")?;
    fs::write(&document, format!("{before}{BEGIN}{table}{END}{after}"))?;
    Ok(fs::write(
        docs.join("pictures/performance.svg"),
        graph(&report.figures)?,
    )?)
}

fn tables(report: &Report, taken: Duration) -> Result<String, Failure> {
    let mut tables = table(&report.figures, taken)?;
    if !report.weights.is_empty() {
        tables += &weights(report)?;
    }
    Ok(tables)
}

/// The size of each page, and of the shared files.
fn weights(report: &Report) -> Result<String, Failure> {
    let once: usize = report.common.iter().map(|common| common.bytes).sum();
    let mut text = "\n## The size of each page\n\nShared by all pages, in brotli: ".to_owned();
    let common = report.common.iter();
    let common = common.map(|Common { name, bytes, raw }| {
        format!(
            "{name} {} kB ({} kB unpacked)",
            kilobytes(*bytes),
            kilobytes(*raw)
        )
    });
    text += &common.collect::<Vec<_>>().join(", ");
    writeln!(text, "; together {} kB.\n", kilobytes(once))?;
    text += "| page | HTML | first visit | with |\n|---|---|---|---|\n";
    for Weight { page, scene, bytes } in &report.weights {
        let first = kilobytes(bytes + once);
        writeln!(
            text,
            "| `{page}` | {} kB | {first} kB | {scene} |",
            kilobytes(*bytes)
        )?;
    }
    Ok(text)
}

fn kilobytes(bytes: usize) -> String {
    format!("{:.1}", bytes as f64 / 1e3)
}

fn table(figures: &[Figure], taken: Duration) -> Result<String, Failure> {
    let mut table = format!(
        "{} · {} · commit {} · {:.0} minutes.\n\n| | measured | goal | | |\n|---|---|---|---|---|\n",
        jiff::Timestamp::now().strftime("%F"),
        machine(),
        commit(),
        taken.as_secs_f64() / 60.0,
    );
    for figure in figures {
        writeln!(
            table,
            "| {} | {} | {} | {} | {} |",
            figure.name,
            figure.shown(figure.value),
            figure.goal(),
            figure.verdict(),
            figure.remark
        )?;
    }
    Ok(table)
}

fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let of = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(": "));
        value.map_or("?", |(_, value)| value).to_owned()
    };
    let processors = std::thread::available_parallelism().map_or(1, Into::into);
    format!(
        "{} (family {}, model {}), {processors} processors, {}",
        of("model name"),
        of("cpu family"),
        of("model\t"),
        std::env::consts::OS
    )
}

fn commit() -> String {
    let output = Command::new("git")
        .args(["describe", "--always", "--dirty"])
        .output();
    match output {
        Ok(answer) if answer.status.success() => {
            String::from_utf8_lossy(&answer.stdout).trim().to_owned()
        }
        _ => "unknown".to_owned(),
    }
}

/// A bar for each figure with a goal: its length is the reached part of the goal.
fn graph(figures: &[Figure]) -> Result<String, Failure> {
    const ROW: usize = 46;
    const WIDTH: f64 = 720.0;
    /// Bars of twice the goal or more end at the edge.
    const MOST: f64 = 2.0;
    let bars: Vec<_> = figures
        .iter()
        .filter_map(|figure| Some((figure, figure.reached()?)))
        .collect();
    let height = bars.len() * ROW + 30;
    let goal = WIDTH / MOST;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="How much of each goal is reached; the table has the figures">
<style>
text {{ font: 13px system-ui, sans-serif; fill: #1f2328; }}
.bar {{ fill: #2f6f5e; }} .missed {{ fill: #b5523b; }} .goal {{ stroke: #1f2328; stroke-dasharray: 3 3; }}
@media (prefers-color-scheme: dark) {{
  text {{ fill: #e6edf3; }} .bar {{ fill: #58a68f; }} .missed {{ fill: #e08a72; }} .goal {{ stroke: #e6edf3; }}
}}
</style>
"#
    );
    for (row, (figure, reached)) in bars.iter().enumerate() {
        let top = row * ROW;
        let class = if *reached < 1.0 { "missed" } else { "bar" };
        let length = reached.min(MOST) * goal;
        writeln!(
            svg,
            r#"<text x="0" y="{}">{}: {} (goal: {})</text>
<rect class="{class}" x="0" y="{}" width="{length:.0}" height="16" rx="3"/>"#,
            top + 16,
            figure.name.replace('`', ""),
            figure.shown(figure.value),
            figure.goal(),
            top + 22,
        )?;
    }
    let bottom = bars.len() * ROW;
    writeln!(
        svg,
        r#"<line class="goal" x1="{goal}" x2="{goal}" y1="0" y2="{bottom}"/>
<text x="{}" y="{}">the goal</text>
</svg>"#,
        goal + 6.0,
        bottom + 16,
    )?;
    Ok(svg)
}
