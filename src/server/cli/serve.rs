//! `vestibule serve`.

use super::{
    CliError, core_on,
    output::{MIGRATIONS, with_progress},
    sealing_key,
};
use crate::{
    domain::setup::SetupCode,
    server::{
        config::{Config, Environment, is_watched},
        core::{
            Core,
            accounts::setup,
            background::{Background, heartbeat::Heartbeat},
            tokens::Tokens,
        },
        db::{self, HeartbeatFile},
        telemetry::{self, Log},
        web::{files::embedded_site::EmbeddedSite, router, state::AppState},
    },
};
use leptos::config::LeptosOptions;
use std::{io, path::Path};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

/// The file name of the script, the style and the WebAssembly in the build.
const OUTPUT_NAME: &str = "vestibule";

/// `site` is the one embedded in this program, which a folder in the configuration replaces.
pub async fn run(config: Config, site: Option<&'static EmbeddedSite>) -> Result<(), CliError> {
    let log = telemetry::start(&config.log)?;
    let opening = db::open_to_serve(&config.database_url);
    let (db, integrity_check) = with_progress(MIGRATIONS, opening).await?;
    let core = Core {
        tokens: Tokens::new(config.tokens.lifetime, sealing_key::to_serve(&config)),
        ..core_on(db, &config).await?
    };
    let heartbeat = match HeartbeatFile::of(&config.database_url) {
        Some(file) => Some(Heartbeat::begin(&core, file).await?),
        None => None,
    };
    let listener = TcpListener::bind(config.site_addr)
        .await
        .map_err(|error| cannot_listen(&config, &error))?;
    let address = listener.local_addr()?;
    let environment = Environment::of_process();
    let options = leptos_options(&config, &environment);
    let mut state = AppState::new(
        core,
        &config,
        options,
        is_watched(&environment),
        address.port(),
    );
    match site.filter(|_| !config.site_root_is_set) {
        Some(site) => state = state.with_embedded_site(site),
        None => warn_without_site(&config),
    }
    let core = state.core.clone();
    let stop = stop_signal()?;
    announce_start(&log, &config, &state, setup::new_code(&core).await?);
    log.announce(&format!("It listens on {address}"));
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let (background, damage) = Background::start(&core, heartbeat, integrity_check);
    let mut outcome = Ok(());
    let end = async {
        tokio::select! {
            () = stop => {}
            Ok(damage) = damage => outcome = Err(damage.into()),
        }
    };
    let served = router::serve(state, listener, end).await;
    background.stop().await;
    core.db.close().await;
    served?;
    log.announce("Stopped.");
    outcome
}

fn cannot_listen(config: &Config, error: &io::Error) -> CliError {
    CliError::Refused(format!(
        "cannot listen on {}: {error}. Set `site_addr` to another port, or stop what listens there.",
        config.site_addr
    ))
}

/// Prints instructions for the operator to standard error, beside the log.
///
/// The code for the first account is printed there and never logged: other people may read the log.
fn announce_start(log: &Log, config: &Config, state: &AppState, setup_code: Option<SetupCode>) {
    let origin = state.site.public_url.origin();
    log.announce(&format!("Vestibule answers on {origin}"));
    log.announce(&format!("Its database is {}", config.database_url.shown()));
    if let Some(code) = setup_code {
        let program = std::env::current_exe()
            .map_or("vestibule".to_owned(), |path| path.display().to_string());
        log.announce(
            "There are no accounts yet. Create the first one in a browser, within an hour:",
        );
        log.announce(&format!("  {origin}/setup"));
        log.announce(&format!("  with the one-time code {}", code.reveal()));
        log.announce("or in another terminal:");
        log.announce(&format!("  {program} user create USERNAME --admin"));
    }
}

fn warn_without_site(config: &Config) {
    if !config.site_root.join("pkg").is_dir() {
        tracing::warn!(
            site_root = %config.site_root.display(),
            "the site's folder has no scripts and styles; build them with `make build`, or set `site_root`"
        );
    }
}

/// Leptos's own options. File names have digests if the build has left a list of them beside the program; under
/// cargo-leptos its variable decides.
fn leptos_options(config: &Config, environment: &Environment) -> LeptosOptions {
    let has_digests =
        std::env::current_exe().is_ok_and(|program| program.with_file_name("hash.txt").exists());
    let hash_files = environment
        .get("LEPTOS_HASH_FILES")
        .map_or(has_digests, |flag| flag == "true");
    let reload_port = environment
        .get("LEPTOS_RELOAD_PORT")
        .and_then(|port| port.parse().ok())
        .unwrap_or(3001);
    LeptosOptions::builder()
        .output_name(environment.get("LEPTOS_OUTPUT_NAME").unwrap_or(OUTPUT_NAME))
        .site_root(path_text(&config.site_root))
        .site_pkg_dir(environment.get("LEPTOS_SITE_PKG_DIR").unwrap_or("pkg"))
        .site_addr(config.site_addr)
        .reload_port(reload_port)
        .hash_files(hash_files)
        .build()
}

fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Resolves on SIGTERM (a service manager), SIGINT (Ctrl-C), SIGHUP (the terminal is closed) or SIGQUIT. By default the
/// last two kill a process in the middle of its work. Under `nohup` SIGHUP stays ignored.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    let is_ignored = ignores(SignalKind::hangup());
    let mut hang_up = (!is_ignored)
        .then(|| signal(SignalKind::hangup()))
        .transpose()?;
    let hung_up = async move {
        match &mut hang_up {
            Some(hang_up) => drop(hang_up.recv().await),
            None => std::future::pending().await,
        }
    };
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = quit.recv() => {}
            () = hung_up => {}
        }
        tracing::info!("asked to stop; requests in flight are finished");
    })
}

/// Whether the process was started with `signal` ignored (`SigIgn` of proc(5), a bit each from signal 1). `false` if
/// that cannot be read.
fn ignores(signal: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (signal.as_raw_value() - 1) & 1 == 1)
}
