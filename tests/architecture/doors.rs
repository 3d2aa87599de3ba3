//! The tables of the house: rooms, their doors and their order, and how long files may be.
//!
//! A change of plan is made here and in `docs/architecture.md` together.

/// Which of our modules the files of a room may name. The first room that fits a file counts.
pub struct Room {
    /// A file, or a folder with `/` behind it.
    pub files: &'static [&'static str],
    pub may: &'static [&'static str],
    pub but_not: &'static [&'static str],
    pub why: &'static str,
}

const USE_CASES: &str = "a use case takes plain values and gives plain values: no HTTP, no cookies, no Leptos; it knows those below it";

/// A room of use cases: what all of them may name, and what these may besides.
macro_rules! use_cases {
    ([$($file:literal),+], [$($besides:literal),*], [$($but_not:literal),*]) => {
        Room {
            files: &[$($file),+],
            may: &[
                "domain",
                "error",
                "server::clock",
                "server::core::Core",
                "server::db",
                "server::hashing",
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

pub const ROOMS: &[Room] = &[
    Room {
        files: &["src/main.rs"],
        may: &["server::cli"],
        but_not: &[],
        why: "the program only calls the command line",
    },
    Room {
        files: &["src/with_site.rs"],
        may: &["server::cli", "server::web::files::site_inside"],
        but_not: &[],
        why: "the program with its site inside hands it to the command line and does nothing else",
    },
    Room {
        files: &["src/lib.rs"],
        may: &[],
        but_not: &[],
        why: "the library only lists its modules",
    },
    Room {
        files: &["src/app.rs"],
        may: &["pages", "components", "domain", "error"],
        but_not: &[],
        why: "the application is shared with the browser, so it cannot know the server",
    },
    Room {
        files: &["src/pages/", "src/components/"],
        may: &["pages", "components", "api", "domain", "error"],
        but_not: &[],
        why: "pages are shared with the browser: they know server functions, never the server",
    },
    Room {
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
        why: "a server function asks the context, calls one use case and answers",
    },
    Room {
        files: &["src/error.rs"],
        may: &["domain"],
        but_not: &["domain::views"],
        why: "what a browser may see of a failure depends on nothing but the rules that were broken",
    },
    Room {
        files: &["src/domain/views.rs", "src/domain/views/"],
        may: &["domain", "error"],
        but_not: &[],
        why: "views are values; a page may show a failure",
    },
    Room {
        files: &["src/domain/"],
        may: &["domain"],
        but_not: &[],
        why: "the rules of the domain depend on nothing else of ours",
    },
    Room {
        files: &["src/server/db.rs", "src/server/db/"],
        may: &["error", "server::db", "server::watchers::Watchers"],
        but_not: &[],
        why: "the database knows no tables, no use cases and no HTTP; it carries who wants to hear of ends",
    },
    Room {
        files: &["src/server/watchers.rs", "src/server/watchers/"],
        may: &["domain", "server::watchers"],
        but_not: &[],
        why: "who watches which session is known without a database and without HTTP",
    },
    Room {
        files: &["src/server/store/"],
        may: &["domain", "server::db", "server::store", "server::token"],
        but_not: &[],
        why: "SQL turns rows into domain types; it decides nothing",
    },
    Room {
        files: &[
            "src/server/public_url.rs",
            "src/server/token.rs",
            "src/server/clock.rs",
            "src/server/clock/",
        ],
        may: &["domain", "server::clock"],
        but_not: &[],
        why: "randomness and time are handed in from below",
    },
    Room {
        files: &["src/server/json_line.rs"],
        may: &["domain"],
        but_not: &[],
        why: "how a value is written knows nothing of the value",
    },
    Room {
        files: &["src/server/password_rules.rs"],
        may: &["domain", "server::hashing"],
        but_not: &["server::hashing::Hasher"],
        why: "a new password is judged in the form in which it is hashed, by nothing else",
    },
    Room {
        files: &["src/server/hashing.rs", "src/server/hashing/"],
        may: &["domain", "error", "server::hashing"],
        but_not: &[],
        why: "hashing knows passwords, not people",
    },
    Room {
        files: &["src/server/core/mod.rs"],
        may: &["domain", "server"],
        but_not: &[
            "server::cli",
            "server::config",
            "server::store",
            "server::web",
        ],
        why: "what the use cases work with is made of their parts",
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
        ["src/server/core/sign_in/"],
        [
            "server::core::actor",
            "server::core::audit",
            "server::core::sessions",
            "server::core::sign_in"
        ],
        []
    ),
    use_cases!(["src/server/core/background/"], ["server::core"], []),
    use_cases!(
        ["src/server/core/"],
        ["server::core"],
        ["server::core::background"]
    ),
    Room {
        files: &["src/server/config.rs", "src/server/config/"],
        may: &[
            "domain",
            "server::config",
            "server::db",
            "server::watchers::WatchLimits",
            "server::hashing",
            "server::public_url",
            "server::password_rules",
            "server::core::sessions",
            "server::core::sign_in::throttle",
        ],
        but_not: &["server::db::open", "server::db::Db"],
        why: "settings are read, never acted on",
    },
    Room {
        files: &["src/server/mod.rs"],
        may: &["server", "domain"],
        but_not: &[],
        why: "the server lists its modules",
    },
    Room {
        files: &[
            "src/server/web/layers/failures.rs",
            "src/server/web/pages.rs",
            "src/server/web/pages/",
        ],
        may: &["app", "components", "error", "domain", "server"],
        but_not: &["server::store", "server::cli"],
        why: "the edge asks use cases, not tables",
    },
    Room {
        files: &[
            "src/server/web/",
            "src/server/telemetry.rs",
            "src/server/telemetry/",
        ],
        may: &["error", "domain", "server"],
        but_not: &["server::store", "server::cli", "server::web::router"],
        why: "the edge asks use cases, not tables, and has no pages of its own",
    },
    Room {
        files: &["src/server/cli/doctor.rs"],
        may: &[
            "app::head_scripts",
            "domain",
            "server::cli",
            "server::public_url::PublicUrl",
        ],
        but_not: &["server::cli::open_core", "server::cli::core_on"],
        why: "the doctor looks from outside: it gets the list of pages, and no configuration and no database",
    },
    Room {
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

/// The rooms of the server, from the highest to the lowest: each imports only itself and what is below it, so there is
/// no circle among them. `server::core` itself (`Core`) is what all use cases are given.
pub const FLOORS: &[&str] = &[
    "server::cli",
    "server::web",
    "server::telemetry",
    "server::config",
    "server::core::background",
    "server::core::accounts",
    "server::core::sign_in",
    "server::core::sessions",
    "server::core::audit",
    "server::core::actor",
    "server::store",
    "server::db",
    "server::watchers",
    "server::password_rules",
    "server::hashing",
    "server::token",
    "server::clock",
    "server::public_url",
    "server::json_line",
];

/// What the session token may be: nothing that copies it, writes it out or sends it.
pub const TRAITS_OF_THE_TOKEN: &[&str] = &["Debug", "Drop", "Zeroize", "ZeroizeOnDrop"];

/// Lines.
pub const LONGEST_FILE: usize = 300;
pub const LONGEST_FILE_OF_TESTS: usize = 600;
pub const LONGEST_FUNCTION: usize = 60;
