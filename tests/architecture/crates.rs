//! Crates, clocks and other things of the outside that may be named in a few files only.

const EDGE: &[&str] = &["src/server/web/", "src/server/telemetry.rs"];

/// What may be named in a few files only. The longest path that fits a reference counts.
pub struct OnlyIn {
    pub path: &'static str,
    pub files: &'static [&'static str],
    pub why: &'static str,
}

const fn only_in(path: &'static str, files: &'static [&'static str], why: &'static str) -> OnlyIn {
    OnlyIn { path, files, why }
}

/// The server's end of a connection.
const CONNECTIONS: &[&str] = &[
    "src/server/web/listener.rs",
    "src/server/web/layers/too_large.rs",
];

const HTTP: &str = "HTTP belongs to the edge; use cases take plain values";
const PASSWORDS: &str = "passwords are hashed behind one door";
const RANDOM: &str = "randomness is handed in, so that tests own it";
const TIME: &str = "time is handed in, so that tests own it";
const SHARED: &[&str] = &["src/pages/", "src/components/"];

pub const ONLY: &[OnlyIn] = &[
    only_in(
        "sqlx",
        &["src/server/db.rs", "src/server/db/", "src/server/store/"],
        "all SQL is in the store",
    ),
    only_in(
        "crate::server::core::actor::on_this_machine",
        &["src/server/cli/"],
        "permission comes from a check, or from being on the machine",
    ),
    only_in(
        "vestibule_doctor",
        &["src/server/cli/doctor.rs"],
        "the doctor is a package of its own, and is called in one place",
    ),
    only_in("axum", EDGE, HTTP),
    only_in(
        "axum::routing",
        &["src/server/web/routes.rs"],
        "every route has the guard around it, and there is one place where routes are added",
    ),
    only_in("axum_extra", &["src/server/web/cookies/session.rs"], HTTP),
    only_in("http", EDGE, HTTP),
    only_in("hyper", CONNECTIONS, HTTP),
    only_in("hyper_util", CONNECTIONS, HTTP),
    only_in(
        "http_body_util",
        &["src/server/web/layers/forms.rs", "src/server/web/router.rs"],
        HTTP,
    ),
    only_in(
        "tower",
        &[
            "src/server/web/router.rs",
            "src/server/web/listener.rs",
            "src/server/web/layers/too_large.rs",
        ],
        HTTP,
    ),
    only_in(
        "tower_http",
        &[
            "src/server/web/router.rs",
            "src/server/web/files/site_inside.rs",
            "src/server/web/files/site.rs",
        ],
        HTTP,
    ),
    only_in(
        "leptos_axum",
        &[
            "src/server/web/context.rs",
            "src/server/web/reply.rs",
            "src/server/web/pages.rs",
            "src/server/web/routes.rs",
        ],
        "what differs between versions of Leptos stands in few places",
    ),
    only_in(
        "leptos",
        &[
            "src/app.rs",
            "src/pages/",
            "src/components/",
            "src/api/",
            // The trait that turns Leptos's failures into ours.
            "src/error.rs",
            "src/server/web/context.rs",
            "src/server/web/reply.rs",
            "src/server/web/layers/failures.rs",
            "src/server/web/layers/forms.rs",
            "src/server/web/routes.rs",
            "src/server/web/pages.rs",
            "src/server/web/state.rs",
            // Leptos's own options.
            "src/server/cli/serve.rs",
        ],
        "the core of signing in does not know Leptos",
    ),
    only_in(
        "leptos_meta",
        &["src/app.rs", "src/components/", "src/pages/"],
        "documents are made by pages",
    ),
    only_in("web_sys", SHARED, "only pages know a browser"),
    only_in("js_sys", SHARED, "only pages know a browser"),
    only_in("wasm_bindgen", SHARED, "only pages know a browser"),
    only_in("argon2", &["src/server/hashing/"], PASSWORDS),
    only_in("flume", &["src/server/hashing.rs"], PASSWORDS),
    only_in("subtle", &["src/server/hashing/workspace.rs"], PASSWORDS),
    only_in(
        "sha2",
        &["src/server/web/layers/headers.rs", "src/server/token.rs"],
        "tokens are hashed behind one door; a page's digest is made in one place",
    ),
    only_in(
        "hmac",
        &["src/server/token.rs"],
        "what is named by a key is named behind one door",
    ),
    only_in(
        "base64",
        &[
            "src/server/web/cookies/flash.rs",
            "src/server/web/layers/headers.rs",
            "src/server/token.rs",
        ],
        "a token has one spelling, made and read in one file",
    ),
    only_in(
        "rand",
        &["src/server/token.rs", "src/server/hashing/stored.rs"],
        RANDOM,
    ),
    // Request ids are no secrets.
    only_in(
        "uuid",
        &["src/server/token.rs", "src/server/telemetry.rs"],
        RANDOM,
    ),
    only_in("jiff", &["src/server/clock.rs", "src/server/clock/"], TIME),
    // When the files inside the program were built: a recorded date, from no clock.
    only_in(
        "std::time::SystemTime",
        &["src/server/clock.rs", "src/server/web/files/site_inside.rs"],
        TIME,
    ),
    // How long an answer took, for the log; how old a connection is, beside a file's replacement; how long ago a
    // write failed.
    only_in(
        "std::time::Instant",
        &[
            "src/server/telemetry.rs",
            "src/server/db/postgres/doubt.rs",
            "src/server/db/sqlite.rs",
            "src/server/db/writes.rs",
        ],
        TIME,
    ),
    // How fast a body comes, and how long a connection keeps us waiting.
    only_in(
        "tokio::time::Instant",
        &["src/server/web/layers/forms.rs", "src/server/web/seats.rs"],
        TIME,
    ),
    only_in(
        "std::env",
        &["src/server/config/environment.rs"],
        "settings are read once, in one place",
    ),
    // How the program is called, for the first words to a new administrator.
    only_in(
        "std::env::current_exe",
        &["src/server/cli/serve.rs"],
        "only the program's own name is asked for here",
    ),
    only_in("std::process::Command", &[], "no other program is started"),
    only_in(
        "std::process",
        &["src/main.rs", "src/with_site.rs", "src/server/cli/mod.rs"],
        "only the command line has an exit status",
    ),
    only_in(
        "clap",
        &["src/server/cli/"],
        "arguments belong to the command line",
    ),
    only_in(
        "clap_complete",
        &["src/server/cli/completions.rs"],
        "arguments belong to the command line",
    ),
    only_in(
        "clap_mangen",
        &["src/server/cli/man.rs"],
        "arguments belong to the command line",
    ),
    only_in(
        "tikv_jemallocator",
        &["src/main.rs", "src/with_site.rs"],
        "the program chooses its allocator; the library leaves that to its host",
    ),
    only_in(
        "rpassword",
        &["src/server/cli/password.rs"],
        "one place asks for passwords",
    ),
    only_in(
        "rustix",
        &[],
        "the system is asked through the standard library",
    ),
    only_in(
        "rustix::process",
        &["src/server/db/sqlite/file.rs", "src/server/hashing.rs"],
        "only the owner of a file is asked for, and hashing threads give way",
    ),
    only_in(
        "rustix::time",
        &["src/server/clock.rs", "src/server/hashing/workspace.rs"],
        "only hashing threads ask how long they have worked, and the clock whether it was set",
    ),
    only_in(
        "rustix::net",
        &["src/server/web/listener.rs"],
        "connections are set up in one place",
    ),
    only_in(
        "toml",
        &["src/server/config/reader.rs"],
        "settings are read in one place",
    ),
    only_in(
        "tracing_subscriber",
        &["src/server/config/sections.rs", "src/server/telemetry.rs"],
        "the log is set up in one place",
    ),
    only_in(
        "ipnet",
        &["src/server/config/trusted_proxies.rs"],
        "who is trusted is decided in one place",
    ),
    only_in(
        "url",
        &[
            "src/server/web/layers/forms.rs",
            "src/server/public_url.rs",
            "src/server/web/pages.rs",
            "src/server/web/pages/",
        ],
        "addresses and forms are taken apart at the edge",
    ),
];

/// Crates that are not linked, directly or by another crate.
pub const BANNED_CRATES: &[(&str, &str)] = &[
    ("openssl", "one TLS is enough: rustls"),
    ("openssl-sys", "one TLS is enough: rustls"),
    ("native-tls", "one TLS is enough: rustls"),
    ("aws-lc-rs", "ring is there already"),
    ("aws-lc-sys", "ring is there already"),
    (
        "rsa",
        "its timing leaks, and will not be mended (RUSTSEC-2023-0071)",
    ),
];
