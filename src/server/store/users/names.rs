//! The names of an account, as administrators change them, and the table `given_up_names`.

use super::{UserRow, user_columns, words};
use crate::{
    domain::{
        actor::Actor,
        audit::Event,
        moment::Timestamp,
        user::{Email, LookupKey, User, UserId, Username, search_key},
    },
    server::{
        db::{
            Db,
            Outcome::{Commit, RollBack},
            StoreError, Transaction, execute, exists, exists_within, fetch_all, fetch_optional,
            fetch_optional_within, transact,
        },
        store::{administration, audit},
    },
};

/// Other names for an account, with every value validated. What is absent is not changed.
pub struct NewNames {
    pub username: Option<Username>,
    /// `Some(None)` removes it.
    pub email: Option<Option<Email>>,
    /// If empty, it is the username.
    pub display_name: Option<String>,
}

/// The names of an account, before or after a change.
#[derive(Clone, sqlx::FromRow)]
struct Identity {
    username: String,
    username_key: String,
    email: Option<String>,
    email_key: Option<String>,
    display_name: String,
}

impl Identity {
    fn changed_by(&self, new: &NewNames) -> Self {
        let mut after = self.clone();
        if let Some(username) = &new.username {
            after.username = username.as_str().to_owned();
            after.username_key = username.key().as_str().to_owned();
        }
        if let Some(email) = &new.email {
            after.email = email.as_ref().map(|email| email.as_str().to_owned());
            after.email_key = email.as_ref().map(|email| email.key().as_str().to_owned());
        }
        match new.display_name.as_deref() {
            None => {}
            Some("") => after.display_name.clone_from(&after.username),
            Some(name) => name.clone_into(&mut after.display_name),
        }
        after
    }
}

/// Changes those names of an account that are given, in one transaction. `false` if there is no such account. The rest
/// is read when the account is locked, so no change of its owner is undone.
///
/// A username that is given up stays reserved to the account. The account is written before the reservations are read:
/// while another account gives up a name, the unique key makes this wait for it, and then its reservation is seen.
///
/// # Errors
/// [`StoreError::NotUnique`] if a name or the email address is another account's, or the name is reserved to one;
/// [`StoreError::NotAdministrator`].
pub async fn update_names(
    db: &Db,
    id: &UserId,
    new: &NewNames,
    now: Timestamp,
    actor: &Actor,
) -> Result<bool, StoreError> {
    const LOCK: &str = "UPDATE users SET username = username WHERE id = $1 \
        RETURNING username, username_key, email, email_key, display_name";
    const SQL: &str = "UPDATE users SET username = $2, username_key = $3, email = $4, email_key = $5, \
        display_name = $6, display_name_key = $7 WHERE id = $1";
    transact!(db, transaction => {
        administration::lock_within(transaction, actor).await?;
        let earlier: Option<Identity> = fetch_optional_within!(transaction, LOCK, &id.0);
        let Some(earlier) = earlier else {
            return Ok(RollBack(false));
        };
        let after = earlier.changed_by(new);
        execute!(
            transaction,
            SQL,
            &id.0,
            &after.username,
            &after.username_key,
            &after.email,
            &after.email_key,
            &after.display_name,
            search_key(&after.display_name)
        );
        if let Some(username) = &new.username
            && after.username_key != earlier.username_key
        {
            give_up_within(transaction, id, &earlier, now).await?;
            take_within(transaction, id, username).await?;
        }
        words::write_within(transaction, id).await?;
        log_within(transaction, id, &after, earlier, now, actor).await?;
        Ok(Commit(true))
    })
}

/// One entry for a new username, and one for the rest.
async fn log_within(
    transaction: &mut Transaction,
    id: &UserId,
    after: &Identity,
    earlier: Identity,
    now: Timestamp,
    actor: &Actor,
) -> Result<(), StoreError> {
    let entry = |event| actor.entry(now, event, Some(id), None);
    let has_other_names =
        earlier.email != after.email || earlier.display_name != after.display_name;
    if earlier.username != after.username {
        let renamed = entry(Event::UserRenamed).renamed_from(earlier.username);
        audit::insert_within(transaction, renamed).await?;
    }
    if has_other_names {
        audit::insert_within(transaction, entry(Event::UserEdited)).await?;
    }
    Ok(())
}

/// Reserves the name that an account had. A server of the version before may have given it to two: the first keeps it.
async fn give_up_within(
    transaction: &mut Transaction,
    id: &UserId,
    earlier: &Identity,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO given_up_names (username_key, user_id, username, given_up_at) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (username_key) DO NOTHING";
    let Identity {
        username,
        username_key,
        ..
    } = earlier;
    execute!(
        transaction,
        SQL,
        username_key,
        &id.0,
        username,
        now.as_millis()
    );
    Ok(())
}

/// Takes a name that no other account has reserved. The account can take back a name that it had before.
async fn take_within(
    transaction: &mut Transaction,
    id: &UserId,
    username: &Username,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM given_up_names WHERE username_key = $1 AND user_id = $2";
    execute!(transaction, SQL, username.key().as_str().to_owned(), &id.0);
    demand_not_reserved_within(transaction, username, id).await
}

/// # Errors
/// [`StoreError::NotUnique`] if another account has given up this name.
pub(super) async fn demand_not_reserved_within(
    transaction: &mut Transaction,
    username: &Username,
    id: &UserId,
) -> Result<(), StoreError> {
    const SQL: &str = "SELECT 1 FROM given_up_names WHERE username_key = $1 AND user_id <> $2";
    let is_reserved = exists_within!(transaction, SQL, username.key().as_str().to_owned(), &id.0);
    if is_reserved {
        return Err(StoreError::NotUnique);
    }
    Ok(())
}

/// Whether an account other than `own` has this username, or had it before.
pub async fn is_username_taken(
    db: &Db,
    username: &Username,
    own: &UserId,
) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT 1 FROM users WHERE username_key = $1 AND id <> $2 \
        UNION ALL SELECT 1 FROM given_up_names WHERE username_key = $1 AND user_id <> $2";
    Ok(exists!(db, SQL, username.key().as_str(), &own.0))
}

/// Whether an account other than `own` has this email address.
pub async fn is_email_taken(db: &Db, email: &Email, own: &UserId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT 1 FROM users WHERE email_key = $1 AND id <> $2";
    Ok(exists!(db, SQL, email.key().as_str(), &own.0))
}

/// The names that the account had before and that are reserved to it, in the order of their loss.
pub async fn given_up_names(db: &Db, id: &UserId) -> Result<Vec<String>, StoreError> {
    const SQL: &str =
        "SELECT username FROM given_up_names WHERE user_id = $1 ORDER BY given_up_at, username";
    Ok(fetch_all!(scalar db, SQL, &id.0))
}

/// The account that had this username before, and to which it is reserved.
pub async fn find_by_given_up_name(db: &Db, key: &LookupKey) -> Result<Option<User>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        user_columns!(),
        " FROM given_up_names g JOIN users u ON u.id = g.user_id WHERE g.username_key = $1"
    );
    let row: Option<UserRow> = fetch_optional!(db, SQL, key.as_str());
    Ok(row.map(User::from))
}
