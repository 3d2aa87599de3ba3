//! The table `users`.

use crate::{
    domain::{
        activity::{Entry, Event, Source},
        moment::Timestamp,
        session::{EndReason, Ended},
        user::{Email, LookupKey, User, UserId, Username},
    },
    server::db::{Db, StoreError, in_transaction, on_pool},
};

/// A new account, with every value checked.
pub struct NewUser<'a> {
    pub id: UserId,
    pub username: &'a Username,
    pub email: Option<&'a Email>,
    pub display_name: &'a str,
    pub description: &'a str,
    pub is_admin: bool,
    pub password_hash: &'a str,
    pub created_at: Timestamp,
}

/// What signing in needs of an account: the only value with the password hash in it.
pub struct Credentials {
    pub user: User,
    pub password_hash: String,
}

/// The columns of an account that every query of it selects, here and in `sessions`.
#[derive(sqlx::FromRow)]
pub(super) struct UserRow {
    user_id: String,
    username: String,
    email: Option<String>,
    display_name: String,
    description: String,
    is_admin: bool,
    disabled_at: Option<i64>,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: UserId(row.user_id),
            username: row.username,
            email: row.email,
            display_name: row.display_name,
            description: row.description,
            is_admin: row.is_admin,
            disabled: row.disabled_at.is_some(),
        }
    }
}

#[derive(sqlx::FromRow)]
struct CredentialsRow {
    #[sqlx(flatten)]
    user: UserRow,
    password_hash: String,
}

/// The values of a [`NewUser`], from `$1` to `$10`.
macro_rules! bind_user {
    ($query:expr, $user:expr) => {
        $query
            .bind(&$user.id.0)
            .bind($user.username.as_str())
            .bind($user.username.key().as_str().to_owned())
            .bind($user.email.map(|email| email.as_str()))
            .bind($user.email.map(|email| email.key().as_str().to_owned()))
            .bind($user.display_name)
            .bind($user.description)
            .bind($user.is_admin)
            .bind($user.password_hash)
            .bind($user.created_at.as_millis())
    };
}
pub(super) use bind_user;

/// # Errors
/// [`StoreError::NotUnique`] where the name or the e-mail address is taken: the database decides,
/// so two at once cannot both win.
pub async fn insert(db: &Db, user: &NewUser<'_>, source: Source) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO users (id, username, username_key, email, email_key, display_name, \
        description, is_admin, password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let mut transaction = db.begin().await?;
    // Any account makes the setup code void. It is taken first: at the same moment as `redeem`, one of
    // the two waits for the other.
    super::setup_codes::void_within(&mut transaction).await?;
    in_transaction!(transaction, connection => bind_user!(sqlx::query(SQL), user)
        .execute(connection)
        .await
        .map(|_| ())?);
    let entry = entry(&user.id, Event::UserCreated, source, user.created_at);
    super::activity::insert_within(&mut transaction, entry).await?;
    transaction.commit().await
}

/// The account with this name or e-mail address. A name has no `@` and an address always has one,
/// so at most one account answers to a key.
pub async fn find_credentials(db: &Db, key: &LookupKey) -> Result<Option<Credentials>, StoreError> {
    const SQL: &str = "SELECT id AS user_id, username, email, display_name, description, is_admin, \
        disabled_at, password_hash FROM users WHERE username_key = $1 OR email_key = $1";
    let row: Option<CredentialsRow> =
        on_pool!(db, pool => sqlx::query_as(SQL).bind(key.as_str()).fetch_optional(pool).await?);
    Ok(row.map(|row| Credentials {
        user: row.user.into(),
        password_hash: row.password_hash,
    }))
}

pub async fn list(db: &Db) -> Result<Vec<User>, StoreError> {
    const SQL: &str = "SELECT id AS user_id, username, email, display_name, description, is_admin, \
        disabled_at FROM users ORDER BY username_key";
    let rows: Vec<UserRow> = on_pool!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await?);
    Ok(rows.into_iter().map(User::from).collect())
}

pub async fn any_exists(db: &Db) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT 1 FROM users LIMIT 1";
    let found = on_pool!(db, pool => sqlx::query(SQL).fetch_optional(pool).await?.is_some());
    Ok(found)
}

/// What people may change of their own account, with every value checked.
pub struct Profile<'a> {
    pub display_name: &'a str,
    pub email: Option<&'a Email>,
    pub description: &'a str,
}

/// Changes what is shown of a person. `false` where the account is disabled or gone.
///
/// # Errors
/// [`StoreError::NotUnique`] where the e-mail address is another account's: the database decides.
pub async fn update_profile(
    db: &Db,
    id: &UserId,
    profile: &Profile<'_>,
    entry: Entry,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE users SET display_name = $2, email = $3, email_key = $4, description = $5 \
        WHERE id = $1 AND disabled_at IS NULL";
    let mut transaction = db.begin().await?;
    let updated = in_transaction!(transaction, connection => sqlx::query(SQL)
        .bind(&id.0)
        .bind(profile.display_name)
        .bind(profile.email.map(Email::as_str))
        .bind(profile.email.map(|email| email.key().as_str().to_owned()))
        .bind(profile.description)
        .execute(connection)
        .await?
        .rows_affected());
    if updated == 0 {
        return Ok(false);
    }
    super::activity::insert_within(&mut transaction, entry).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Disables the account and ends all its sessions, in one transaction. Returns how many ended.
///
/// The account is written first: a sign-in under way either sees the account disabled, or has its
/// new session ended by the second statement.
pub async fn disable(
    db: &Db,
    id: &UserId,
    now: Timestamp,
    source: Source,
) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE users SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
    let mut transaction = db.begin().await?;
    let disabled = in_transaction!(transaction, connection => sqlx::query(SQL)
        .bind(&id.0)
        .bind(now.as_millis())
        .execute(connection)
        .await?
        .rows_affected());
    if disabled == 1 {
        let entry = entry(id, Event::UserDisabled, source, now);
        super::activity::insert_within(&mut transaction, entry).await?;
    }
    let ended = Ended {
        at: now,
        reason: EndReason::UserDisabled,
    };
    let count = super::sessions::end_all_within(&mut transaction, id, ended, source).await?;
    transaction.commit().await?;
    Ok(count)
}

/// Lets a disabled account sign in again. Its ended sessions stay ended.
pub async fn enable(
    db: &Db,
    id: &UserId,
    now: Timestamp,
    source: Source,
) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE users SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
    let mut transaction = db.begin().await?;
    let enabled = in_transaction!(transaction, connection => sqlx::query(SQL)
        .bind(&id.0)
        .execute(connection)
        .await?
        .rows_affected());
    if enabled == 1 {
        let entry = entry(id, Event::UserEnabled, source, now);
        super::activity::insert_within(&mut transaction, entry).await?;
    }
    transaction.commit().await
}

/// Sets a new password for somebody who may have lost the old one: all sessions end, and all
/// devices are strangers again, in one transaction. Returns how many sessions ended.
pub async fn set_password(
    db: &Db,
    id: &UserId,
    password_hash: &str,
    now: Timestamp,
    source: Source,
) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE users SET password_hash = $2 WHERE id = $1";
    let mut transaction = db.begin().await?;
    in_transaction!(transaction, connection => sqlx::query(SQL)
        .bind(&id.0)
        .bind(password_hash)
        .execute(connection)
        .await
        .map(|_| ())?);
    super::devices::forget_all_within(&mut transaction, id).await?;
    let entry = entry(id, Event::PasswordSet, source, now);
    super::activity::insert_within(&mut transaction, entry).await?;
    let ended = Ended {
        at: now,
        reason: EndReason::PasswordChanged,
    };
    let count = super::sessions::end_all_within(&mut transaction, id, ended, source).await?;
    transaction.commit().await?;
    Ok(count)
}

/// What happens to an account, and not in one of its sessions.
fn entry(id: &UserId, event: Event, source: Source, at: Timestamp) -> Entry {
    Entry {
        at,
        event,
        source,
        user: Some(id.clone()),
        session: None,
        address: String::new(),
        user_agent: String::new(),
    }
}
