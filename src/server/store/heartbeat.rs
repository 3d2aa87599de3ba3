//! The table `heartbeat`: one row, by which a restored file is detected.

use crate::{
    domain::moment::Timestamp,
    server::db::{Db, StoreError, fetch_one},
};

/// How often the number was raised, and a time that had certainly come by then; `None` if none is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    pub number: i64,
    pub known_at: Option<Timestamp>,
}

pub async fn find(db: &Db) -> Result<Beat, StoreError> {
    const SQL: &str = "SELECT beats, known_at FROM heartbeat WHERE id = 1";
    let (number, known_at): (i64, i64) = fetch_one!(db, SQL);
    Ok(Beat {
        number,
        known_at: (known_at > 0).then_some(Timestamp::from_millis(known_at)),
    })
}

/// Raises the number. The time is unchanged if none is certain.
pub async fn raise(db: &Db, known_at: Option<Timestamp>) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE heartbeat SET beats = beats + 1, \
        known_at = CASE WHEN $1 > 0 THEN $1 ELSE known_at END WHERE id = 1";
    let known_at = known_at.map_or(0, Timestamp::as_millis);
    super::execute(db, SQL, &[known_at], None).await?;
    Ok(())
}

/// Raises it to at least this number, so that the file beside the database is no longer ahead.
pub async fn catch_up(db: &Db, number: i64) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE heartbeat SET beats = $1 WHERE id = 1 AND beats < $1";
    super::execute(db, SQL, &[number], None).await?;
    Ok(())
}

/// Voids the links and codes of a restored file.
pub async fn void_links_and_codes(db: &Db) -> Result<(), StoreError> {
    super::execute(db, "DELETE FROM password_links", &[], None).await?;
    super::execute(db, "DELETE FROM setup_codes", &[], None).await?;
    Ok(())
}
