//! The table `users`.

use crate::{
    domain::{
        moment::Timestamp,
        session::EndReason,
        user::{Email, LookupKey, User, UserId, Username},
    },
    server::db::{Db, StoreError, on_pool},
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
pub async fn insert(db: &Db, user: &NewUser<'_>) -> Result<(), StoreError> {
    // Any account makes the setup code void. It is taken first: at the same moment as `redeem`, one of
    // the two waits for the other.
    const VOID_CODE: &str = "DELETE FROM setup_codes";
    const SQL: &str = "INSERT INTO users (id, username, username_key, email, email_key, display_name, \
        description, is_admin, password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    on_pool!(db, pool => {
        let mut transaction = pool.begin().await?;
        sqlx::query(VOID_CODE).execute(&mut *transaction).await?;
        bind_user!(sqlx::query(SQL), user).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    })
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
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE users SET display_name = $2, email = $3, email_key = $4, description = $5 \
        WHERE id = $1 AND disabled_at IS NULL";
    let updated = on_pool!(db, pool => sqlx::query(SQL)
        .bind(&id.0)
        .bind(profile.display_name)
        .bind(profile.email.map(Email::as_str))
        .bind(profile.email.map(|email| email.key().as_str().to_owned()))
        .bind(profile.description)
        .execute(pool)
        .await?
        .rows_affected());
    Ok(updated == 1)
}

/// Disables the account and ends all its sessions, in one transaction. Returns how many ended.
///
/// The account is written first: a sign-in under way either sees the account disabled, or has its
/// new session ended by the second statement.
pub async fn disable(db: &Db, id: &UserId, now: Timestamp) -> Result<u64, StoreError> {
    const DISABLE: &str = "UPDATE users SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
    on_pool!(db, pool => {
        let mut transaction = pool.begin().await?;
        sqlx::query(DISABLE).bind(&id.0).bind(now.as_millis()).execute(&mut *transaction).await?;
        let reasons: Vec<String> = sqlx::query_scalar(super::sessions::END_ALL_OF_USER)
            .bind(&id.0)
            .bind(now.as_millis())
            .bind(EndReason::UserDisabled.as_str())
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(super::sessions::count_ended(&reasons, EndReason::UserDisabled))
    })
}

/// Lets a disabled account sign in again. Its ended sessions stay ended.
pub async fn enable(db: &Db, id: &UserId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE users SET disabled_at = NULL WHERE id = $1";
    on_pool!(db, pool => sqlx::query(SQL).bind(&id.0).execute(pool).await.map(|_| ())?);
    Ok(())
}

/// Sets a new password and ends all sessions, in one transaction. Returns how many ended.
pub async fn set_password(
    db: &Db,
    id: &UserId,
    password_hash: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    const SET: &str = "UPDATE users SET password_hash = $2 WHERE id = $1";
    on_pool!(db, pool => {
        let mut transaction = pool.begin().await?;
        sqlx::query(SET).bind(&id.0).bind(password_hash).execute(&mut *transaction).await?;
        let reasons: Vec<String> = sqlx::query_scalar(super::sessions::END_ALL_OF_USER)
            .bind(&id.0)
            .bind(now.as_millis())
            .bind(EndReason::PasswordChanged.as_str())
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(super::sessions::count_ended(&reasons, EndReason::PasswordChanged))
    })
}
