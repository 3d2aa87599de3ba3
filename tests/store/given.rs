//! The fixtures of the tests, and direct access to the tables.

pub use crate::support::database::{everything_written, texts};

use sqlx::{Connection as _, Postgres, SqliteConnection, pool::PoolConnection};
use vestibule::{
    domain::{
        audit::{Entry, Event},
        moment::Timestamp,
        session::{CurrentUser, Ended, Session},
        user::{Email, LookupKey, User, UserId, Username},
    },
    server::{
        core::{
            Core,
            actor::{Actor, Browser, Owner},
            sessions::{self, Presented, Proven, Renewed, Verified},
        },
        db::{Db, Pool, StoreError},
        store::{
            self,
            evidence::Evidence,
            users::{Credentials, NewUser},
        },
        token::{self, SessionToken},
    },
};

/// An account; its password hash is a placeholder, which takes no time.
pub async fn account(core: &Core, name: &str) -> Credentials {
    insert(core, name, Some(&format!("{name}@example.org")))
        .await
        .expect("a new account");
    credentials(core, name).await
}

pub async fn insert(core: &Core, name: &str, email: Option<&str>) -> Result<(), StoreError> {
    let username = Username::parse(name).expect("a name");
    let email = email.map(|email| Email::parse(email).expect("an address"));
    let user = NewUser {
        id: token::new_user_id(),
        username: &username,
        email: email.as_ref(),
        display_name: "Somebody",
        description: "",
        is_admin: false,
        password_hash: "the first hash",
        created_at: core.clock.now(),
    };
    store::users::insert(&core.db, &user, &Actor::command()).await
}

/// The actor and origin of a person's own actions.
pub fn entry(core: &Core, event: Event, user: &UserId) -> Entry {
    Actor::visitor(Browser::default()).entry(core.clock.now(), event, Some(user), None)
}

/// The proof of an entered password: that it belongs to `verified`.
pub fn evidence(verified: &str, kept: &str) -> Evidence {
    Evidence::Password {
        verified: verified.to_owned(),
        kept: kept.to_owned(),
    }
}

/// The browser with `token` confirms the password in `session`.
pub async fn confirm(
    core: &Core,
    session: &Session,
    token: &SessionToken,
    hash: &str,
) -> Option<SessionToken> {
    let proven = Proven {
        presented: &token.digest(),
        evidence: &evidence(hash, hash),
    };
    let actor = signed_in(&person_in(session));
    let renewed = sessions::renew(core, Owner::of(&actor).unwrap(), proven).await;
    renewed.expect("an answer")
}

/// The browser with `token` changes the password in `session`, from one stored hash to another.
pub async fn change_password(
    core: &Core,
    session: &Session,
    token: &SessionToken,
    [verified, kept]: [&str; 2],
) -> Option<Renewed> {
    let proven = Proven {
        presented: &token.digest(),
        evidence: &evidence(verified, kept),
    };
    let browser = Browser::new("198.51.100.4".to_owned(), "Another browser");
    let actor = Actor::signed_in(Box::new(person_in(session)), browser);
    let owner = Owner::of(&actor).unwrap();
    let renewed = sessions::renew_with_password(core, owner, None, proven, false).await;
    renewed.expect("an answer")
}

/// The account as it is now.
pub async fn credentials(core: &Core, name: &str) -> Credentials {
    store::users::find_credentials(&core.db, &LookupKey::of(name))
        .await
        .expect("an answer")
        .expect("an account")
}

/// The result of verifying the right password.
pub fn verified(account: &Credentials) -> Verified {
    Verified {
        user: account.user.clone(),
        evidence: evidence(&account.password_hash, &account.password_hash),
        known_device: None,
    }
}

/// Somebody in a browser.
pub fn visitor() -> Actor {
    Actor::visitor(browser())
}

/// A person with this session; the rest of the account is empty.
pub fn person_in(session: &Session) -> CurrentUser {
    CurrentUser {
        user: User {
            id: session.user_id.clone(),
            username: String::new(),
            email: None,
            display_name: String::new(),
            description: String::new(),
            is_admin: false,
            disabled: false,
            has_password: true,
            created_at: session.created_at,
            last_sign_in_at: None,
        },
        session: session.clone(),
        sign_ins: None,
    }
}

/// The same with a session.
pub fn signed_in(current: &CurrentUser) -> Actor {
    Actor::signed_in(Box::new(current.clone()), browser())
}

fn browser() -> Browser {
    Browser::new("192.0.2.7".to_owned(), "A browser of the tests")
}

/// What a browser presents that has a session's cookie, or none.
pub fn presented(session: Option<&SessionToken>) -> Presented {
    let cookie = session.map(SessionToken::cookie_value);
    Presented {
        session: cookie.and_then(|value| SessionToken::parse(value.as_bytes())),
        device: None,
    }
}

pub async fn session(core: &Core, account: &Credentials) -> SessionToken {
    session_that_replaces(core, account, None).await
}

/// A session that was started at another time than now.
pub async fn session_at(core: &Core, account: &Credentials, start: Timestamp) -> SessionToken {
    let now = core.clock.now();
    core.clock.set(start);
    let token = session(core, account).await;
    core.clock.set(now);
    token
}

pub async fn session_that_replaces(
    core: &Core,
    account: &Credentials,
    previous: Option<&SessionToken>,
) -> SessionToken {
    sessions::start(
        core,
        &visitor(),
        presented(previous),
        &verified(account),
        false,
    )
    .await
    .expect("an answer")
    .expect("a session")
    .session
}

/// The stored session of a token.
pub async fn stored(core: &Core, token: &SessionToken) -> CurrentUser {
    store::sessions::find_by_digest(&core.db, &token.digest())
        .await
        .expect("an answer")
        .expect("a session")
}

/// The end of a token's session, if it has ended.
pub async fn end_of(core: &Core, token: &SessionToken) -> Option<Ended> {
    stored(core, token).await.session.ended
}

/// Runs SQL that the store itself never runs.
pub async fn execute(db: &Db, sql: &str) -> u64 {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    match &db.writer {
        Pool::Sqlite(pool) => sqlx::raw_sql(sql)
            .execute(pool)
            .await
            .expect("SQL of the test")
            .rows_affected(),
        Pool::Postgres(link) => sqlx::raw_sql(sql)
            .execute(&**link)
            .await
            .expect("SQL of the test")
            .rows_affected(),
    }
}

/// Another program in the middle of a transaction.
pub enum Writer {
    Sqlite(SqliteConnection),
    Postgres(PoolConnection<Postgres>),
}

impl Writer {
    pub async fn begin(db: &Db, begin: &'static str, sql: &str) -> Self {
        let mut writer = match &db.writer {
            Pool::Sqlite(pool) => {
                let beside = SqliteConnection::connect_with(&pool.connect_options()).await;
                Self::Sqlite(beside.expect("a connection"))
            }
            Pool::Postgres(pool) => Self::Postgres(pool.acquire().await.expect("a connection")),
        };
        writer.execute(begin).await;
        writer.execute(sql).await;
        writer
    }

    pub async fn commit(mut self) {
        self.execute("COMMIT").await;
    }

    async fn execute(&mut self, sql: &str) {
        let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()));
        let outcome = match self {
            Self::Sqlite(connection) => sql.execute(connection).await.map(drop),
            Self::Postgres(connection) => sql.execute(&mut **connection).await.map(drop),
        };
        outcome.expect("SQL of the test");
    }
}
