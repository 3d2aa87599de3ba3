//! The table `keys`: the server's own secrets.

use crate::server::{
    db::{Db, Outcome::Commit, StoreError, execute, fetch_optional, transact},
    token::ServerKey,
};

/// The key of this name, created at the first call. Servers that start concurrently on one database get the same one.
pub async fn find_or_insert(db: &Db, name: &'static str) -> Result<ServerKey, StoreError> {
    const INSERT: &str =
        "INSERT INTO keys (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    if let Some(key) = find(db, name).await? {
        return Ok(key);
    }
    let value = ServerKey::random().to_text();
    transact!(db, transaction => {
        execute!(transaction, INSERT, name, &value);
        Ok(Commit(()))
    })?;
    find(db, name).await?.ok_or_else(|| corrupt(name))
}

async fn find(db: &Db, name: &'static str) -> Result<Option<ServerKey>, StoreError> {
    const SQL: &str = "SELECT value FROM keys WHERE name = $1";
    let value: Option<String> = fetch_optional!(scalar db, SQL, name);
    value
        .map(|text| ServerKey::parse(&text).ok_or_else(|| corrupt(name)))
        .transpose()
}

fn corrupt(name: &str) -> StoreError {
    StoreError::Corrupt {
        table: "keys",
        id: name.to_owned(),
    }
}
