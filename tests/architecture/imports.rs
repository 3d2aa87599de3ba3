//! The tables: import rules, the order of the modules, and the limits of files.
//!
//! Change a rule here and in `docs/architecture.md` together.

/// The modules that files may import. The first rule that fits a file counts.
pub struct Rule {
    /// A file, or a folder with `/` at its end.
    pub files: &'static [&'static str],
    pub may: &'static [&'static str],
    pub but_not: &'static [&'static str],
    pub why: &'static str,
}

const USE_CASES: &str = "a use case takes and returns plain values: no HTTP, no cookies, no Leptos; it imports lower ones only";

/// A rule for use cases: the imports of all of them, and additional ones of these.
macro_rules! use_cases {
    ([$($file:literal),+], [$($besides:literal),*], [$($but_not:literal),*]) => {
        Rule {
            files: &[$($file),+],
            may: &[
                "domain",
                "error",
                "server::clock",
                "server::core::Core",
                "server::db",
                "server::hashing",
                "server::networks",
                "server::password_rules",
                "server::store",
                "server::token",
                "server::watchers",
                $($besides),*
            ],
            but_not: &[$($but_not),*],
            why: USE_CASES,
        }
    };
}

pub const RULES: &[Rule] = &[
    Rule {
        files: &["src/main.rs"],
        may: &["server::cli"],
        but_not: &[],
        why: "the program only calls the command line",
    },
    Rule {
        files: &["src/with_site.rs"],
        may: &["server::cli", "server::web::files::embedded_site"],
        but_not: &[],
        why: "the program with its site inside only passes it to the command line",
    },
    Rule {
        files: &["src/lib.rs"],
        may: &[],
        but_not: &[],
        why: "the library only lists its modules",
    },
    Rule {
        files: &["src/app.rs"],
        may: &["pages", "components", "domain", "error"],
        but_not: &[],
        why: "the application is shared with the browser, so it cannot import the server",
    },
    Rule {
        files: &["src/pages/", "src/components/"],
        may: &["pages", "components", "api", "domain", "error"],
        but_not: &[],
        why: "pages are shared with the browser: they import server functions, never the server",
    },
    Rule {
        files: &["src/api/"],
        may: &[
            "api",
            "domain",
            "error",
            "server::core",
            "server::web::context",
            "server::web::cookies",
            "server::web::reply",
        ],
        but_not: &[],
        why: "a server function reads the context, calls one use case and answers",
    },
    Rule {
        files: &["src/error.rs", "src/error/"],
        may: &["domain", "error"],
        but_not: &["domain::views"],
        why: "a failure as a browser sees it depends only on the broken rules",
    },
    Rule {
        files: &["src/domain/views.rs", "src/domain/views/"],
        may: &["domain", "error"],
        but_not: &[],
        why: "views are values; a page may show a failure",
    },
    Rule {
        files: &["src/domain/"],
        may: &["domain"],
        but_not: &[],
        why: "the rules of the domain depend on no other module of ours",
    },
    Rule {
        files: &["src/server/db.rs", "src/server/db/"],
        may: &["error", "server::db", "server::watchers::Watchers"],
        but_not: &[],
        why: "the database knows no tables, no use cases and no HTTP; it carries the watchers, which are notified of ends",
    },
    Rule {
        files: &["src/server/watchers.rs", "src/server/watchers/"],
        may: &["domain", "server::watchers"],
        but_not: &[],
        why: "watchers need no database and no HTTP",
    },
    Rule {
        files: &["src/server/store/"],
        may: &["domain", "server::db", "server::store", "server::token"],
        but_not: &[],
        why: "SQL turns rows into domain types; it decides nothing",
    },
    Rule {
        files: &["src/server/token/"],
        may: &["domain", "server::token"],
        but_not: &[],
        why: "secrets need no database and no HTTP",
    },
    Rule {
        files: &[
            "src/server/public_url.rs",
            "src/server/token.rs",
            "src/server/networks.rs",
            "src/server/clock.rs",
            "src/server/clock/",
        ],
        may: &["domain", "server::clock"],
        but_not: &[],
        why: "randomness and time are parameters of everything else",
    },
    Rule {
        files: &["src/server/sealing.rs", "src/server/sealing/"],
        may: &["server::sealing", "server::token"],
        but_not: &[],
        why: "sealing knows keys and texts, not what is sealed",
    },
    Rule {
        files: &["src/server/json_line.rs"],
        may: &["domain"],
        but_not: &[],
        why: "a format does not depend on the value",
    },
    Rule {
        files: &["src/server/password_rules.rs"],
        may: &["domain", "server::hashing"],
        but_not: &["server::hashing::Hasher"],
        why: "a new password is checked in the form in which it is hashed",
    },
    Rule {
        files: &["src/server/hashing.rs", "src/server/hashing/"],
        may: &["domain", "error", "server::hashing"],
        but_not: &[],
        why: "hashing knows passwords, not people",
    },
    Rule {
        files: &["src/server/core/mod.rs"],
        may: &["domain", "server"],
        but_not: &[
            "server::cli",
            "server::config",
            "server::store",
            "server::web",
        ],
        why: "`Core` is composed of the parts of the use cases",
    },
    use_cases!(["src/server/core/actor.rs"], [], []),
    use_cases!(
        ["src/server/core/audit.rs", "src/server/core/audit/"],
        ["server::core::actor", "server::core::audit"],
        []
    ),
    use_cases!(
        ["src/server/core/sessions.rs", "src/server/core/sessions/"],
        [
            "server::core::actor",
            "server::core::audit",
            "server::core::sessions"
        ],
        []
    ),
    use_cases!(
        ["src/server/core/tokens/"],
        ["server::core::tokens", "server::sealing"],
        []
    ),
    use_cases!(
        ["src/server/core/sign_in/"],
        [
            "server::core::actor",
            "server::core::audit",
            "server::core::sessions",
            "server::core::sign_in",
            "server::core::tokens"
        ],
        []
    ),
    use_cases!(["src/server/core/background/"], ["server::core"], []),
    use_cases!(
        ["src/server/core/"],
        ["server::core"],
        ["server::core::background"]
    ),
    Rule {
        files: &["src/server/config.rs", "src/server/config/"],
        may: &[
            "domain",
            "server::config",
            "server::db",
            "server::watchers::WatchLimits",
            "server::hashing",
            "server::public_url",
            "server::password_rules",
            "server::sealing",
            "server::core::sessions",
            "server::core::sign_in::throttle",
            "server::core::accounts::access_keys::KeyLimits",
            "server::core::tokens",
        ],
        but_not: &["server::db::open", "server::db::Db"],
        why: "settings are read, never acted on",
    },
    Rule {
        files: &["src/server/mod.rs"],
        may: &["server", "domain"],
        but_not: &[],
        why: "the server lists its modules",
    },
    Rule {
        files: &[
            "src/server/web/layers/failures.rs",
            "src/server/web/pages.rs",
            "src/server/web/pages/",
        ],
        may: &["app", "components", "error", "domain", "server"],
        but_not: &["server::store", "server::cli"],
        why: "the edge calls use cases, not tables",
    },
    Rule {
        files: &[
            "src/server/web/",
            "src/server/telemetry.rs",
            "src/server/telemetry/",
        ],
        may: &["error", "domain", "server"],
        but_not: &["server::store", "server::cli", "server::web::router"],
        why: "the edge calls use cases, not tables, and has no pages of its own",
    },
    Rule {
        files: &["src/server/cli/doctor.rs"],
        may: &[
            "app::head_scripts",
            "domain",
            "server::cli",
            "server::public_url::PublicUrl",
        ],
        but_not: &["server::cli::open_core", "server::cli::core_on"],
        why: "the doctor tests from outside: it gets the list of pages, and no configuration and no database",
    },
    Rule {
        files: &["src/server/cli/"],
        may: &["domain", "server"],
        but_not: &[
            "server::web::context",
            "server::web::cookies::session",
            "server::web::cookies::flash",
            "server::web::layers::guard",
            "server::store",
        ],
        why: "the command line has no browser in front of it",
    },
];

/// The modules of the server, from the highest to the lowest: each imports only itself and lower
/// ones, so there are no cycles. `server::core` itself (`Core`) is the parameter of all use cases.
pub const ORDER: &[&str] = &[
    "server::cli",
    "server::web",
    "server::telemetry",
    "server::config",
    "server::core::background",
    "server::core::accounts",
    "server::core::sign_in",
    "server::core::tokens",
    "server::core::sessions",
    "server::core::audit",
    "server::core::actor",
    "server::store",
    "server::db",
    "server::watchers",
    "server::password_rules",
    "server::hashing",
    "server::sealing",
    "server::token",
    "server::networks",
    "server::clock",
    "server::public_url",
    "server::json_line",
];

/// The traits of the session token: none that copies, formats or sends it.
pub const TRAITS_OF_THE_TOKEN: &[&str] = &["Debug", "Drop", "Zeroize", "ZeroizeOnDrop"];

/// Lines.
pub const LONGEST_FILE: usize = 300;
pub const LONGEST_FILE_OF_TESTS: usize = 600;
pub const LONGEST_FUNCTION: usize = 60;
