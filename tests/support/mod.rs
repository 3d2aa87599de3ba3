//! Shared by the test binaries: temporary databases, and a core whose clock moves only by hand.
#![allow(
    dead_code,
    unused_imports,
    reason = "every test binary uses its own part"
)]

pub mod captured;
pub mod database;
pub mod http;

use database::TestDatabase;
use std::time::Duration;
use tokio::sync::OnceCell;
use vestibule::{
    domain::{
        moment::Timestamp,
        password::Password,
        user::{User, UserSearch},
    },
    server::{
        clock::Clock,
        core::{
            Core,
            accounts::{
                access_keys::KeyLimits,
                users::{self, UserDraft},
            },
            actor,
            audit::Tallies,
            sessions::Lifetimes,
            sign_in::throttle::{Limits, Throttle},
            tokens::{DEFAULT_LIFETIME, Tokens},
        },
        db::{self, IfMissing},
        hashing::{Capacity, Hasher},
        password_rules::PasswordRules,
        sealing::SealingKey,
        store,
    },
};

pub const PASSWORD: &str = "correct horse battery staple";

/// 21 September 2026, 14:13:20 UTC.
pub const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// That of all servers in the tests.
pub const SEALING_KEY: &str = "5ea1ed5ea1ed5ea1ed5ea1ed5ea1ed5ea1ed5ea1ed5ea1ed5ea1ed5ea1ed5ea1";

pub const LIFETIMES: Lifetimes = Lifetimes {
    idle: Duration::from_secs(2 * 3_600),
    absolute: Duration::from_secs(24 * 3_600),
    remember_idle: Duration::from_secs(14 * 86_400),
    remember_absolute: Duration::from_secs(90 * 86_400),
};

pub const LIMITS: Limits = Limits {
    account_failures: 10,
    address_failures: 100,
    window: Duration::from_secs(15 * 60),
    pause: Duration::from_secs(30),
};

pub const KEY_LIMITS: KeyLimits = KeyLimits {
    max_lifetime: Duration::from_secs(365 * 86_400),
    max_per_person: 20,
    sign_in: true,
};

/// The real core on a real database; only the clock is a test's.
pub async fn core(database: &TestDatabase) -> Core {
    core_with_clock(database, Clock::manual(START)).await
}

pub async fn core_with_clock(database: &TestDatabase, clock: Clock) -> Core {
    captured::keep_log();
    let db = db::open(&database.url(), IfMissing::Create)
        .await
        .expect("the test database opens");
    Core {
        throttle: Throttle::load(&db, LIMITS).await.expect("a key"),
        db,
        tokens: Tokens::new(DEFAULT_LIFETIME, SealingKey::parse(SEALING_KEY)),
        tallies: Tallies::default(),
        keep_activity: Duration::from_secs(180 * 86_400),
        clock,
        hasher: Hasher::start(Capacity {
            threads: 2,
            queue: 64,
        })
        .expect("hashing threads"),
        lifetimes: LIFETIMES,
        max_sessions: 50,
        confirm_after: Duration::from_secs(600),
        keys: KEY_LIMITS,
        password_rules: PasswordRules {
            min_chars: 15,
            site_names: vec!["vestibule".to_owned()],
        },
    }
}

/// Waits for the writes beside answered requests: the times of last use.
pub async fn settled(core: &Core) {
    let settled =
        tokio::time::timeout(Duration::from_secs(60), core.db.background_writes.settled());
    settled.await.expect("it is written");
}

/// That of [`PASSWORD`], made once: nearly every test has an account.
static HASH: OnceCell<String> = OnceCell::const_new();

/// Creates an account with [`PASSWORD`].
pub async fn create_user(core: &Core, name: &str) {
    let draft = UserDraft {
        username: name.to_owned(),
        email: Some(format!("{name}@example.org")),
        display_name: Some(format!("{name} of Example")),
        description: "An account of the tests".to_owned(),
        is_admin: false,
    };
    let draft = draft.check().expect("a valid draft");
    let hash =
        HASH.get_or_init(|| async { core.hasher.hash(&password(PASSWORD)).await.expect("a hash") });
    let user = draft.with_hash(core, hash.await);
    let actor = actor::on_this_machine();
    let inserted = store::users::insert(&core.db, &user, actor.actor()).await;
    inserted.expect("the account is created");
}

/// The names of all accounts.
pub async fn users(core: &Core) -> Vec<User> {
    let all = UserSearch::default();
    let found = store::users::page(&core.db, &all, None, 1_000).await;
    found.expect("an answer").users
}

pub fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}
