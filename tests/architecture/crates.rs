//! Crates, clocks and other external items that only a few files may name.

const EDGE: &[&str] = &["src/server/web/", "src/server/telemetry.rs"];

/// A path that only a few files may name. The longest path that fits a reference counts.
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
const PASSWORDS: &str = "passwords are hashed in one module";
const RANDOM: &str = "randomness is a parameter, so that tests control it";
const TIME: &str = "time is a parameter, so that tests control it";
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
        "permission comes from a check, or from access to the machine",
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
        "every route has the guard, so routes are added in one place",
    ),
    only_in(
        "utoipa",
        &["src/server/web/json/"],
        "the document describes the operations of the JSON API",
    ),
    only_in(
        "utoipa_axum",
        &["src/server/web/json/mod.rs"],
        "every operation has the guard, so operations are added in one place",
    ),
    only_in(
        "utoipa_swagger_ui",
        &["src/server/web/json/viewer.rs"],
        "only files of it are served, on a page of ours",
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
            "src/server/web/layers/cors.rs",
            "src/server/web/layers/too_large.rs",
        ],
        HTTP,
    ),
    only_in(
        "tower_http",
        &[
            "src/server/web/router.rs",
            "src/server/web/layers/cors.rs",
            "src/server/web/state.rs",
            "src/server/web/files/embedded_site.rs",
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
        "code that depends on the version of Leptos is in few files",
    ),
    only_in(
        "leptos",
        &[
            "src/app.rs",
            "src/pages/",
            "src/components/",
            "src/api/",
            // The trait that converts Leptos's failures into ours.
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
        "only pages create documents",
    ),
    only_in("web_sys", SHARED, "only pages know a browser"),
    only_in("js_sys", SHARED, "only pages know a browser"),
    only_in("wasm_bindgen", SHARED, "only pages know a browser"),
    only_in("argon2", &["src/server/hashing/"], PASSWORDS),
    only_in("flume", &["src/server/hashing.rs"], PASSWORDS),
    only_in(
        "subtle",
        &["src/server/hashing/workspace.rs", "src/server/token/key.rs"],
        "secrets are compared where they are hashed",
    ),
    only_in(
        "sha2",
        &[
            "src/server/web/layers/headers.rs",
            "src/server/token.rs",
            "src/server/token/",
        ],
        "tokens are hashed in one module; a page's digest is computed in one place",
    ),
    only_in(
        "hmac",
        &["src/server/token.rs"],
        "keyed names are computed in one module",
    ),
    only_in(
        "base64",
        &[
            "src/server/web/cookies/flash.rs",
            "src/server/web/layers/headers.rs",
            // Positions in lists, which are no secrets.
            "src/server/web/json/cursor.rs",
            "src/server/token.rs",
            "src/server/sealing.rs",
            "src/server/core/tokens/format.rs",
            "src/server/core/tokens/format/",
            "src/server/core/tokens/signing.rs",
        ],
        "a token has one spelling, written and parsed in one file",
    ),
    only_in(
        "ring",
        &[
            "src/server/core/tokens/signing.rs",
            // Forges tokens.
            "src/server/core/tokens/format/tests/header.rs",
        ],
        "tokens are signed and verified in one file",
    ),
    only_in(
        "chacha20poly1305",
        &["src/server/sealing.rs", "src/server/sealing/"],
        "secrets are sealed in one module",
    ),
    only_in(
        "rand",
        &["src/server/token.rs", "src/server/hashing/stored.rs"],
        RANDOM,
    ),
    // Request ids are not secret.
    only_in(
        "uuid",
        &[
            "src/server/token.rs",
            "src/server/token/",
            "src/server/telemetry.rs",
        ],
        RANDOM,
    ),
    only_in("jiff", &["src/server/clock.rs", "src/server/clock/"], TIME),
    // The build time of the files inside the program: a recorded date, from no clock.
    only_in(
        "std::time::SystemTime",
        &[
            "src/server/clock.rs",
            "src/server/web/files/embedded_site.rs",
        ],
        TIME,
    ),
    // The time of an answer, for the log; the age of a connection, beside a file's replacement; the
    // time since a write failed.
    only_in(
        "std::time::Instant",
        &[
            "src/server/telemetry.rs",
            "src/server/db/postgres/invalidation.rs",
            "src/server/db/sqlite.rs",
            "src/server/db/writes.rs",
        ],
        TIME,
    ),
    // The speed of a body, and the waiting time of a connection.
    only_in(
        "tokio::time::Instant",
        &[
            "src/server/web/layers/forms.rs",
            "src/server/web/connection_slots.rs",
        ],
        TIME,
    ),
    only_in(
        "std::env",
        &["src/server/config/environment.rs"],
        "settings are read once, in one place",
    ),
    // The path of the program, for the first message to a new administrator.
    only_in(
        "std::env::current_exe",
        &["src/server/cli/serve.rs"],
        "only the program's own name is read here",
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
        "the program chooses its allocator; a library leaves that to its host",
    ),
    only_in(
        "rpassword",
        &["src/server/cli/password.rs"],
        "one place asks for passwords",
    ),
    only_in(
        "rustix",
        &[],
        "the system is called through the standard library",
    ),
    only_in(
        "rustix::process",
        &["src/server/db/sqlite/file.rs", "src/server/hashing.rs"],
        "only for the owner of a file, and the priority of hashing threads",
    ),
    only_in(
        "rustix::time",
        &["src/server/clock.rs", "src/server/hashing/workspace.rs"],
        "only for the time of hashing threads, and for the clock to detect that it was set",
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
        &[
            "src/server/config/trusted_proxies.rs",
            "src/server/networks.rs",
        ],
        "trusted proxies are checked in one place, and the networks of access keys in another",
    ),
    only_in(
        "url",
        &[
            "src/server/web/layers/forms.rs",
            "src/server/web/json/form.rs",
            "src/server/web/json/query.rs",
            "src/server/public_url.rs",
            "src/server/web/pages.rs",
            "src/server/web/pages/",
        ],
        "addresses and forms are parsed at the edge",
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
        "its timing leaks, and will not be fixed (RUSTSEC-2023-0071)",
    ),
];
