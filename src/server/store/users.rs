//! The table `users`.

mod by_link;
mod changes;
mod locks;
mod names;
mod search;
mod sign_ins;
mod texts;
mod words;

pub(super) use by_link::redeem_within;
pub use by_link::{Link, Redemption, find_by_link, redeem_link};
use changes::end_everything_within;
pub use changes::{delete, demote, disable, enable, promote, set_password};
pub(super) use locks::{lock_enabled_within, lock_within};
pub use names::{
    NewNames, find_by_given_up_name, given_up_names, is_email_taken, is_username_taken,
    update_names,
};
pub use search::{Cursor, Found, last_page, page, page_before};
pub(super) use sign_ins::record_sign_in_within;
pub use sign_ins::{record_missed, reset_some_future_sign_ins};
pub use texts::{
    ALL, ALL_BACKWARDS, ANY_WITHOUT, BY_NAME, BY_NAME_BACKWARDS, BY_WORD, BY_WORD_BACKWARDS, COUNT,
    COUNT_OF_WORD, ENDS, ENDS_BACKWARDS, IN_WINDOW, IN_WINDOW_BACKWARDS, OF_WORD,
};
pub(super) use words::write_within as write_words_within;
pub use words::{ACCOUNTS_A_STEP, fill_some_words, fold_some_display_names};

use super::password_links::{self, NewLink};
use crate::{
    domain::{
        actor::Actor,
        audit::{Entry, Event},
        moment::Timestamp,
        password_link::LinkPurpose,
        user::{Email, LookupKey, User, UserId, Username, search_key},
    },
    server::{
        db::{
            Db,
            Outcome::{Commit, RollBack},
            StoreError, execute, exists, fetch_optional, in_transaction, transact,
        },
        store::among::{IDS_PER_STATEMENT, fetch_among},
    },
};
use std::collections::HashSet;

/// The `password_hash` of an account without a password. It is no valid hash, so no password is compared with it.
pub const NO_PASSWORD: &str = "";

/// A new account, with every value validated.
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

/// The data of an account for a sign-in: the only type with the password hash in it.
pub struct Credentials {
    pub user: User,
    /// [`NO_PASSWORD`] if there is none.
    pub password_hash: String,
}

impl Credentials {
    /// The hash to compare with, if the account has a password.
    pub fn hash(&self) -> Option<&str> {
        self.user.has_password.then_some(&*self.password_hash)
    }
}

/// The columns of an account in every query, here and in `sessions`.
#[derive(sqlx::FromRow)]
pub(super) struct UserRow {
    user_id: String,
    username: String,
    email: Option<String>,
    display_name: String,
    description: String,
    is_admin: bool,
    disabled_at: Option<i64>,
    has_password: bool,
    user_created_at: i64,
    last_sign_in_at: Option<i64>,
}

/// The columns of [`UserRow`], from `users u`.
macro_rules! user_columns {
    () => {
        "u.id AS user_id, u.username, u.email, u.display_name, u.description, u.is_admin, u.disabled_at, \
         u.password_hash <> '' AS has_password, u.created_at AS user_created_at, u.last_sign_in_at"
    };
}
pub(super) use user_columns;

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
            has_password: row.has_password,
            created_at: Timestamp::from_millis(row.user_created_at),
            last_sign_in_at: row.last_sign_in_at.map(Timestamp::from_millis),
        }
    }
}

#[derive(sqlx::FromRow)]
struct CredentialsRow {
    #[sqlx(flatten)]
    user: UserRow,
    password_hash: String,
}

/// The columns of a new account, with the values of [`bind_user`].
macro_rules! insert_user {
    ($values:literal) => {
        concat!(
            "INSERT INTO users (id, username, username_key, email, email_key, display_name, description, ",
            "is_admin, password_hash, created_at, display_name_key) ",
            $values
        )
    };
}
pub(super) use insert_user;

/// The values of a [`NewUser`], from `$1` to `$11`.
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
            .bind($crate::domain::user::search_key($user.display_name))
    };
}
pub(super) use bind_user;

/// # Errors
/// [`StoreError::NotUnique`] if the name or the email address is taken, or the name is reserved: the database decides,
/// so two at once cannot both succeed.
pub async fn insert(db: &Db, user: &NewUser<'_>, actor: &Actor) -> Result<(), StoreError> {
    insert_with_link(db, user, None, actor).await
}

/// The same for an account without a password, with the link to set it.
///
/// # Errors
/// As for [`insert`].
pub async fn insert_invited(
    db: &Db,
    user: &NewUser<'_>,
    link: &NewLink<'_>,
    actor: &Actor,
) -> Result<(), StoreError> {
    insert_with_link(db, user, Some(link), actor).await
}

async fn insert_with_link(
    db: &Db,
    user: &NewUser<'_>,
    link: Option<&NewLink<'_>>,
    actor: &Actor,
) -> Result<(), StoreError> {
    const SQL: &str = insert_user!("VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    transact!(db, transaction => {
        // Any account voids the setup code. It is locked first, so that of this and a concurrent `redeem` one waits for
        // the other.
        super::setup_codes::void_within(transaction).await?;
        in_transaction!(transaction, connection => bind_user!(sqlx::query(SQL), user)
            .execute(connection)
            .await
            .map(|_| ())?);
        names::demand_not_reserved_within(transaction, user.username, &user.id).await?;
        words::write_within(transaction, &user.id).await?;
        let entry = actor.entry(user.created_at, Event::UserCreated, Some(&user.id), None);
        super::audit::insert_within(transaction, entry).await?;
        if let Some(link) = link {
            password_links::insert_within(transaction, LinkPurpose::Invitation, link, actor).await?;
        }
        Ok(Commit(()))
    })
}

/// The account with this name or email address. A name has no `@` and an address always has one,
/// so at most one account matches a key.
pub async fn find_credentials(db: &Db, key: &LookupKey) -> Result<Option<Credentials>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        user_columns!(),
        ", u.password_hash FROM users u WHERE u.username_key = $1 OR u.email_key = $1"
    );
    let row: Option<CredentialsRow> = fetch_optional!(db, SQL, key.as_str());
    Ok(row.map(|row| Credentials {
        user: row.user.into(),
        password_hash: row.password_hash,
    }))
}

/// The account with this id.
pub async fn find(db: &Db, id: &UserId) -> Result<Option<User>, StoreError> {
    const SQL: &str = concat!("SELECT ", user_columns!(), " FROM users u WHERE u.id = $1");
    let row: Option<UserRow> = fetch_optional!(db, SQL, &id.0);
    Ok(row.map(User::from))
}

/// Those of these accounts that exist.
pub async fn existing(db: &Db, ids: &[UserId]) -> Result<HashSet<UserId>, StoreError> {
    const SQL: &str = "SELECT id FROM users WHERE id";
    let mut existing = HashSet::with_capacity(ids.len());
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let found: Vec<String> = fetch_among!(db, SQL, ids, build_query_scalar);
        existing.extend(found.into_iter().map(UserId));
    }
    Ok(existing)
}

pub async fn any_exists(db: &Db) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT 1 FROM users LIMIT 1";
    let found = exists!(db, SQL);
    Ok(found)
}

/// What users may change of their own account, with every value validated.
pub struct Profile<'a> {
    pub display_name: &'a str,
    pub email: Option<&'a Email>,
    pub description: &'a str,
}

/// Changes the profile of a user. `false` if the account is disabled or gone.
///
/// # Errors
/// [`StoreError::NotUnique`] if the email address is another account's: the database decides.
pub async fn update_profile(
    db: &Db,
    id: &UserId,
    profile: &Profile<'_>,
    entry: Entry,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE users SET display_name = $2, email = $3, email_key = $4, description = $5, \
        display_name_key = $6 WHERE id = $1 AND disabled_at IS NULL";
    transact!(db, transaction => {
        let updated = execute!(
            transaction,
            SQL,
            &id.0,
            profile.display_name,
            profile.email.map(Email::as_str),
            profile.email.map(|email| email.key().as_str().to_owned()),
            profile.description,
            search_key(profile.display_name)
        );
        if updated == 0 {
            return Ok(RollBack(false));
        }
        words::write_within(transaction, id).await?;
        super::audit::insert_within(transaction, entry.clone()).await?;
        Ok(Commit(true))
    })
}
