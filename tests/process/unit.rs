//! The systemd unit: it is valid, it is restrictive, and it agrees with the settings.

use crate::program::{Home, note};
use std::{fs, path::Path, process::Command, time::Duration};
use vestibule::server::config;

const UNIT: &str = include_str!("../../docs/systemd/vestibule.service");

/// The required exposure score of systemd: 10 is everything, 0 is nothing.
const MOST_EXPOSURE: &str = "15";

fn value(key: &str) -> &'static str {
    let mut values = UNIT
        .lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let value = values.next().unwrap_or_else(|| panic!("{key} is set"));
    assert_eq!(values.next(), None, "{key} is set once");
    value
}

#[test]
fn it_agrees_with_the_settings() {
    let config = config::read("", None, &config::Environment::default()).unwrap();
    let stop_timeout = Duration::from_secs(value("TimeoutStopSec").parse().unwrap());
    let needed = config.http.shutdown_timeout + Duration::from_secs(5);
    assert!(
        stop_timeout >= needed,
        "requests in progress are finished, not killed"
    );
    let files: usize = value("LimitNOFILE").parse().unwrap();
    assert!(
        files >= config.http.max_connections + 1024,
        "each connection is a file"
    );
    // With as many hashing threads as fit in hashing.memory_mib, on a machine with many processors.
    let mut large = config;
    large.hashing.threads = 6;
    let memory: u64 = value("MemoryMax").trim_end_matches('M').parse().unwrap();
    let most = large.max_memory() / (1024 * 1024);
    assert!(most <= memory, "{most} MiB may be taken");
    assert_eq!(value("StateDirectory"), "vestibule");
    assert_eq!(value("Type"), "exec");
}

/// `systemd-analyze` needs no running systemd.
#[tokio::test]
async fn systemd_accepts_it_and_rates_it_as_restricted() {
    let home = Home::on_sqlite().await;
    let unit = home.folder.join("vestibule.service");
    let here = UNIT.replace("/usr/local/bin/vestibule", env!("CARGO_BIN_EXE_vestibule"));
    fs::write(&unit, here).unwrap();
    let Some(output) = analyze(&["verify", "--man=no"], &unit) else {
        note("not checked: there is no systemd-analyze here");
        return;
    };
    assert_eq!(
        output,
        (true, String::new()),
        "it is understood without a word"
    );
    let threshold = format!("--threshold={MOST_EXPOSURE}");
    let output = analyze(
        &["security", "--offline=true", "--no-pager", &threshold],
        &unit,
    );
    let (narrow, table) = output.unwrap();
    assert!(
        narrow && table.contains("Overall exposure level"),
        "{table}"
    );

    // And a misspelt word would be reported.
    fs::write(&unit, UNIT.replace("NoNewPrivileges", "NoNewPriviledges")).unwrap();
    let (_, complaint) = analyze(&["verify", "--man=no"], &unit).unwrap();
    assert!(complaint.contains("NoNewPriviledges"), "{complaint}");
}

/// Whether it succeeds, and its output; `None` if it is not installed.
fn analyze(arguments: &[&str], unit: &Path) -> Option<(bool, String)> {
    let mut command = Command::new("systemd-analyze");
    let output = command.args(arguments).arg(unit).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    Some((
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    ))
}
