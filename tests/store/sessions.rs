//! `store::sessions`.

use crate::{
    given, on_both_engines,
    support::{self, LIFETIMES, START},
};
use std::{sync::LazyLock, time::Duration};
use vestibule::{
    domain::{
        activity::Source,
        moment::Timestamp,
        session::{CurrentUser, EndReason, Ended, Session, SessionId},
        user::UserId,
    },
    server::{
        Core,
        db::{Db, Pool, StoreError},
        sessions::{self, Resumed, resume},
        store::{
            self,
            devices::KnownDevice,
            sessions::{Hashes, NewSession, Proof},
            users::Credentials,
        },
        token::{self, DeviceDigest, DeviceToken, SessionToken, TokenDigest},
    },
};

/// More sessions than any story has.
const MANY: u32 = 1_000;

pub fn after_minutes(minutes: u64) -> Timestamp {
    START.after(Duration::from_secs(60 * minutes))
}

fn new_session<'a>(account: &'a Credentials, digest: &'a TokenDigest) -> NewSession<'a> {
    NewSession {
        id: token::new_session_id(),
        token_digest: digest,
        user_id: &account.user.id,
        created_at: START,
        idle_ends_at: after_minutes(10),
        absolute_ends_at: after_minutes(60),
        remember: true,
        address: "2001:db8::1",
        user_agent: "Mozilla/5.0 (quoted ' and \")",
    }
}

fn proof(account: &Credentials) -> Proof<'_> {
    Proof {
        max_sessions: 50,
        hashes: hashes(account, &account.password_hash),
        replaced: None,
        device: KnownDevice {
            digest: &DEVICE,
            known_as: None,
        },
    }
}

fn hashes<'a>(account: &'a Credentials, kept: &'a str) -> Hashes<'a> {
    Hashes {
        verified: &account.password_hash,
        kept,
    }
}

static DEVICE: LazyLock<DeviceDigest> = LazyLock::new(|| DeviceToken::random().digest());

/// Idle end after 10 minutes, absolute end after 60.
async fn started(core: &Core, account: &Credentials) -> SessionId {
    let digest = SessionToken::random().digest();
    let session = new_session(account, &digest);
    let id = session.id.clone();
    assert!(
        store::sessions::start(&core.db, &session, &proof(account))
            .await
            .unwrap()
    );
    id
}

async fn found(core: &Core, id: &SessionId) -> Session {
    store::sessions::find(&core.db, id)
        .await
        .unwrap()
        .expect("a session")
        .session
}

async fn number_of_sessions(core: &Core) -> usize {
    store::sessions::list(&core.db, None, None, MANY)
        .await
        .unwrap()
        .len()
}

fn ended(at: Timestamp, reason: EndReason) -> Ended {
    Ended { at, reason }
}

on_both_engines! {
    async fn a_session_comes_back_as_it_was_started(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        given::account(&core, "grace").await;
        let digest = SessionToken::random().digest();
        let new = new_session(&ada, &digest);
        assert!(store::sessions::start(&core.db, &new, &proof(&ada)).await.unwrap());

        let by_digest = store::sessions::find_by_digest(&core.db, &digest).await.unwrap().unwrap();
        assert_eq!(by_digest.user, ada.user);
        assert_eq!(by_digest.session, Session {
            id: new.id.clone(),
            user_id: ada.user.id.clone(),
            created_at: START,
            last_seen_at: START,
            authenticated_at: START,
            idle_ends_at: after_minutes(10),
            absolute_ends_at: after_minutes(60),
            remember: true,
            address: "2001:db8::1".to_owned(),
            user_agent: "Mozilla/5.0 (quoted ' and \")".to_owned(),
            ended: None,
            idle_end_if_used: None,
        });
        assert_eq!(store::sessions::find(&core.db, &new.id).await.unwrap(), Some(by_digest));
    }

    async fn unknown_sessions_are_absent_and_no_error(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        started(&core, &ada).await;
        let other = SessionToken::random().digest();
        assert_eq!(store::sessions::find_by_digest(&core.db, &other).await.unwrap(), None);
        assert_eq!(store::sessions::find(&core.db, &SessionId("other".to_owned())).await.unwrap(), None);
    }

    async fn a_disabled_account_starts_nothing(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        store::users::disable(&core.db, &ada.user.id, START, Source::Command).await.unwrap();
        let digest = SessionToken::random().digest();
        assert!(!store::sessions::start(&core.db, &new_session(&ada, &digest), &proof(&ada)).await.unwrap());
        assert_eq!(number_of_sessions(&core).await, 0);
    }

    /// Nor does the refusal end the session that the browser brought.
    async fn a_password_changed_in_between_starts_nothing(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        store::users::set_password(&core.db, &ada.user.id, "a new hash", START, Source::Command).await.unwrap();
        let brought = given::session(&core, &grace).await;
        let digest = SessionToken::random().digest();
        let stale = Proof { replaced: Some(&brought.digest()), ..proof(&ada) };
        assert!(!store::sessions::start(&core.db, &new_session(&ada, &digest), &stale).await.unwrap());
        assert_eq!(number_of_sessions(&core).await, 1);
        assert_eq!(given::end_of(&core, &brought).await, None);
        assert_eq!(given::credentials(&core, "ada").await.password_hash, "a new hash");
    }

    async fn an_unknown_account_starts_nothing(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let (digest, nobody) = (SessionToken::random().digest(), UserId("nobody".to_owned()));
        let session = NewSession { user_id: &nobody, ..new_session(&ada, &digest) };
        assert!(!store::sessions::start(&core.db, &session, &proof(&ada)).await.unwrap());
        assert_eq!(number_of_sessions(&core).await, 0);
    }

    async fn the_kept_hash_takes_the_place_of_the_verified_one(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        given::account(&core, "grace").await;
        let digest = SessionToken::random().digest();
        let upgrade = Proof { hashes: hashes(&ada, "a stronger hash"), ..proof(&ada) };
        assert!(store::sessions::start(&core.db, &new_session(&ada, &digest), &upgrade).await.unwrap());
        assert_eq!(given::credentials(&core, "ada").await.password_hash, "a stronger hash");
        assert_eq!(given::credentials(&core, "grace").await.password_hash, "the first hash");
    }

    /// Whoever it belonged to: a browser has one session.
    async fn the_session_that_the_browser_brought_ends(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let (brought, elsewhere) = (given::session(&core, &grace).await, given::session(&core, &grace).await);
        core.clock.set(after_minutes(1));
        let token = given::session_that_replaces(&core, &ada, Some(&brought)).await;
        let replaced = ended(after_minutes(1), EndReason::Replaced);
        assert_eq!(given::end_of(&core, &brought).await, Some(replaced));
        assert_eq!(given::end_of(&core, &elsewhere).await, None);
        assert_eq!(given::end_of(&core, &token).await, None);

        core.clock.set(after_minutes(2));
        given::session_that_replaces(&core, &ada, Some(&brought)).await;
        assert_eq!(given::end_of(&core, &brought).await, Some(replaced), "the first end stays");
        given::session_that_replaces(&core, &ada, Some(&SessionToken::random())).await;
    }

    /// Creating is an INSERT that fails, never a save (tower-sessions PR 188).
    async fn a_digest_or_an_id_in_use_is_not_used_again(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let token = given::session(&core, &ada).await;
        let before = given::stored(&core, &token).await;
        let brought = given::session(&core, &ada).await;
        let (taken, free) = (token.digest(), SessionToken::random().digest());
        let same_digest = new_session(&grace, &taken);
        let same_id = NewSession { id: before.session.id.clone(), ..new_session(&grace, &free) };
        for session in [same_digest, same_id] {
            let proof = Proof { hashes: hashes(&grace, "rolled back"), replaced: Some(&brought.digest()), ..proof(&grace) };
            let refused = store::sessions::start(&core.db, &session, &proof).await;
            assert!(matches!(refused, Err(StoreError::NotUnique)), "{refused:?}");
        }
        assert_eq!(given::stored(&core, &token).await, before);
        assert_eq!(given::end_of(&core, &brought).await, None, "all or nothing");
        assert_eq!(given::credentials(&core, "grace").await.password_hash, "the first hash");
    }

    async fn sessions_are_listed_the_newest_first(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let mut of_ada = Vec::new();
        for minute in [3, 1, 2, 2] {
            core.clock.set(after_minutes(minute));
            let token = given::session(&core, &ada).await;
            of_ada.push(given::stored(&core, &token).await);
        }
        core.clock.set(after_minutes(4));
        let of_grace = given::session(&core, &grace).await;
        let of_grace = given::stored(&core, &of_grace).await;

        of_ada.sort_by_key(|found| (found.session.created_at, found.session.id.0.clone()));
        of_ada.reverse();
        assert_eq!(store::sessions::list(&core.db, Some(&ada.user.id), None, MANY).await.unwrap(), of_ada);
        let mut everybody: Vec<_> = [of_grace].into_iter().chain(of_ada).collect();
        // Ids tell when they were made, whatever the clock was set to.
        everybody.sort_by_key(|found| found.session.id.0.clone());
        everybody.reverse();
        assert_eq!(store::sessions::list(&core.db, None, None, MANY).await.unwrap(), everybody);
        let nobody = UserId("nobody".to_owned());
        assert!(store::sessions::list(&core.db, Some(&nobody), None, MANY).await.unwrap().is_empty());
    }

    async fn the_list_comes_in_pages(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        for minute in [1, 2, 2, 2, 3] {
            core.clock.set(after_minutes(minute));
            for account in [&ada, &grace] {
                given::session(&core, account).await;
            }
        }
        for user in [None, Some(&ada.user.id)] {
            let all = store::sessions::list(&core.db, user, None, MANY).await.unwrap();
            assert_eq!(all.len(), if user.is_some() { 5 } else { 10 });
            for size in [1_u32, 2, 5, 10] {
                let mut found = Vec::new();
                loop {
                    let last = found.last().map(|last: &CurrentUser| last.session.clone());
                    let page = store::sessions::list(&core.db, user, last.as_ref(), size).await.unwrap();
                    assert!(page.len() <= size as usize);
                    if page.is_empty() {
                        break;
                    }
                    found.extend(page);
                }
                assert_eq!(found, all, "in pages of {size}");
            }
        }
    }

    async fn ended_sessions_stay_in_the_list(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let id = started(&core, &ada).await;
        let end = ended(START, EndReason::SignedOut);
        store::sessions::end(&core.db, &id, end, Source::Command).await.unwrap();
        let listed = store::sessions::list(&core.db, None, None, MANY).await.unwrap();
        assert_eq!(listed[0].session.ended, Some(end));
    }

    async fn live_sessions_are_listed_the_last_used_first(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let (used, unused) = (started(&core, &ada).await, started(&core, &ada).await);
        let over = started(&core, &ada).await;
        let end = ended(after_minutes(1), EndReason::SignedOut);
        store::sessions::end(&core.db, &over, end, Source::Browser).await.unwrap();
        started(&core, &grace).await;
        store::sessions::touch(&core.db, &used, after_minutes(5), after_minutes(15)).await.unwrap();
        let live_at = async |minutes: u64| {
            let live = store::sessions::live_of_user(&core.db, &ada.user.id, after_minutes(minutes)).await;
            live.unwrap().into_iter().map(|session| session.id).collect::<Vec<_>>()
        };
        assert_eq!(live_at(9).await, [used.clone(), unused]);
        assert_eq!(live_at(10).await, [used]);
        assert_eq!(live_at(15).await, []);
    }

    /// Ended is for ever: a password that is typed again revives nothing, and moves no end.
    async fn only_a_live_session_gets_a_new_token(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let (live, over) = (started(&core, &ada).await, started(&core, &ada).await);
        let end = ended(after_minutes(1), EndReason::SignedOut);
        store::sessions::end(&core.db, &over, end, Source::Browser).await.unwrap();
        let renew = async |session: &SessionId, minutes: u64, verified: &str| {
            let sql = format!("SELECT token_digest FROM sessions WHERE id = '{session}'");
            let brought = TokenDigest::stored(given::texts(&core.db, &sql).await.remove(0));
            core.clock.set(after_minutes(minutes));
            let session = found(&core, session).await;
            let proven = given::proven(&brought, verified, verified);
            let renewed = sessions::renew(&core, &session, &given::visitor(None).browser, proven).await.unwrap();
            if let Some(token) = &renewed {
                let by_digest = store::sessions::find_by_digest(&core.db, &token.digest()).await.unwrap();
                assert_eq!(by_digest.map(|found| found.session.id), Some(session.id));
            }
            renewed.is_some()
        };
        let before = found(&core, &live).await;
        assert!(!renew(&over, 2, &ada.password_hash).await);
        assert!(!renew(&live, 2, "another hash").await);
        assert!(!renew(&live, 10, &ada.password_hash).await, "it has timed out");
        assert_eq!(found(&core, &live).await, before);
        assert!(renew(&live, 9, &ada.password_hash).await);
        let expected = Session {
            authenticated_at: after_minutes(9),
            idle_end_if_used: Some(before.idle_ends_at),
            ..before
        };
        assert_eq!(found(&core, &live).await, expected);
        store::users::disable(&core.db, &ada.user.id, after_minutes(9), Source::Command).await.unwrap();
        assert!(!renew(&live, 9, &ada.password_hash).await);
    }

    async fn a_touch_moves_the_idle_end_and_nothing_else(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let (used, unused) = (started(&core, &ada).await, started(&core, &ada).await);
        let (before, beside) = (found(&core, &used).await, found(&core, &unused).await);
        assert!(store::sessions::touch(&core.db, &used, after_minutes(5), after_minutes(15)).await.unwrap());
        let expected = Session { last_seen_at: after_minutes(5), idle_ends_at: after_minutes(15), ..before };
        assert_eq!(found(&core, &used).await, expected);
        assert_eq!(found(&core, &unused).await, beside);
    }

    async fn an_ended_session_is_not_touched(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        for reason in EndReason::ALL {
            let id = started(&core, &ada).await;
            store::sessions::end(&core.db, &id, ended(after_minutes(1), reason), Source::Command).await.unwrap();
            let before = found(&core, &id).await;
            for now in [START, after_minutes(1), after_minutes(2)] {
                assert!(!store::sessions::touch(&core.db, &id, now, after_minutes(20)).await.unwrap());
            }
            assert_eq!(found(&core, &id).await, before);
        }
    }

    /// The instant of the end is the end: a session of ten minutes is dead at minute ten.
    async fn a_touch_at_or_after_the_idle_end_comes_too_late(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let id = started(&core, &ada).await;
        let last_moment = Timestamp::from_millis(after_minutes(10).as_millis() - 1);
        for late in [after_minutes(10), after_minutes(11), after_minutes(600)] {
            assert!(!store::sessions::touch(&core.db, &id, late, after_minutes(20)).await.unwrap());
        }
        assert_eq!(found(&core, &id).await.idle_ends_at, after_minutes(10));
        assert!(store::sessions::touch(&core.db, &id, last_moment, after_minutes(20)).await.unwrap());
    }

    async fn no_touch_reaches_past_the_absolute_end(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let id = started(&core, &ada).await;
        // An idle end that lies behind the absolute one, as no use case would ask for.
        assert!(store::sessions::touch(&core.db, &id, after_minutes(5), after_minutes(1_000)).await.unwrap());
        for late in [after_minutes(60), after_minutes(61)] {
            assert!(!store::sessions::touch(&core.db, &id, late, after_minutes(2_000)).await.unwrap());
        }
        assert_eq!(found(&core, &id).await.absolute_ends_at, after_minutes(60));
    }

    async fn an_unknown_session_is_not_touched(database: TestDatabase) {
        let core = support::core(&database).await;
        let unknown = SessionId("unknown".to_owned());
        assert!(!store::sessions::touch(&core.db, &unknown, START, after_minutes(1)).await.unwrap());
    }

    /// Whatever comes later.
    async fn the_first_reason_to_end_stays(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        for first in EndReason::ALL {
            let id = started(&core, &ada).await;
            let end = ended(after_minutes(1), first);
            assert!(store::sessions::end(&core.db, &id, end, Source::Command).await.unwrap());
            for second in EndReason::ALL {
                assert!(!store::sessions::end(&core.db, &id, ended(after_minutes(2), second), Source::Command).await.unwrap());
            }
            store::sessions::end_all_of_user(&core.db, &ada.user.id, ended(after_minutes(3), EndReason::EndedByAdmin), Source::Command)
                .await
                .unwrap();
            assert_eq!(found(&core, &id).await.ended, Some(end), "read back as it was written");
        }
        let unknown = SessionId("unknown".to_owned());
        assert!(!store::sessions::end(&core.db, &unknown, ended(START, EndReason::Idle), Source::Command).await.unwrap());
    }

    async fn ending_one_session_leaves_the_others(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let (one, other) = (started(&core, &ada).await, started(&core, &ada).await);
        let before = found(&core, &one).await;
        let end = ended(after_minutes(1), EndReason::SignedOut);
        assert!(store::sessions::end(&core.db, &one, end, Source::Command).await.unwrap());
        assert_eq!(found(&core, &one).await, Session { ended: Some(end), ..before });
        assert_eq!(found(&core, &other).await.ended, None);
    }

    async fn all_live_sessions_of_one_person_end_together(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let (first, second, of_grace) =
            (started(&core, &ada).await, started(&core, &ada).await, started(&core, &grace).await);
        let end = ended(after_minutes(1), EndReason::EndedByAdmin);
        assert_eq!(store::sessions::end_all_of_user(&core.db, &ada.user.id, end, Source::Command).await.unwrap(), 2);
        assert_eq!(store::sessions::end_all_of_user(&core.db, &ada.user.id, end, Source::Command).await.unwrap(), 0);
        assert_eq!(found(&core, &first).await.ended, Some(end));
        assert_eq!(found(&core, &second).await.ended, Some(end));
        assert_eq!(found(&core, &of_grace).await.ended, None);
    }

    /// Broken is an error that names the row, never a guess; a session in doubt is not live.
    async fn a_corrupt_session_is_named_and_not_guessed_at(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        let corrupt = given::stored(&core, &token).await.session.id;
        for columns in [
            "ended_at = 5, end_reason = 'revived'",
            "ended_at = 5, end_reason = ''",
            "ended_at = 5, end_reason = NULL",
            "ended_at = NULL, end_reason = 'idle'",
        ] {
            without_checks(&core.db, &format!("UPDATE sessions SET {columns} WHERE id = '{corrupt}'")).await;
            let outcomes = [
                store::sessions::find(&core.db, &corrupt).await.err(),
                store::sessions::find_by_digest(&core.db, &token.digest()).await.err(),
                store::sessions::list(&core.db, None, None, MANY).await.err(),
                store::sessions::list(&core.db, Some(&ada.user.id), None, MANY).await.err(),
            ];
            for outcome in outcomes {
                assert!(
                    matches!(&outcome, Some(StoreError::Corrupt { table: "sessions", id }) if *id == corrupt.0),
                    "{columns}: {outcome:?}"
                );
            }
            let said = store::sessions::find(&core.db, &corrupt).await.unwrap_err().to_string();
            assert_eq!(said, format!("corrupt row {corrupt} in sessions"));
            assert!(resume(&core, &token).await.is_err());
        }
    }

    /// The database itself refuses what the code would call corrupt.
    async fn the_tables_refuse_half_an_end(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        started(&core, &ada).await;
        for columns in ["ended_at = 5", "end_reason = 'idle'"] {
            let sql = sqlx::AssertSqlSafe(format!("UPDATE sessions SET {columns}"));
            let refused = match &core.db.writer {
                Pool::Sqlite(pool) => sqlx::raw_sql(sql).execute(pool).await.err(),
                Pool::Postgres(link) => sqlx::raw_sql(sql).execute(&**link).await.err(),
            };
            let refused = refused.expect(columns);
            assert!(refused.as_database_error().unwrap().is_check_violation(), "{refused}");
        }
    }

    async fn sessions_go_with_their_account(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        started(&core, &ada).await;
        let left = started(&core, &grace).await;
        given::execute(&core.db, "DELETE FROM users WHERE username = 'ada'").await;
        let listed = store::sessions::list(&core.db, None, None, MANY).await.unwrap();
        assert_eq!(listed.iter().map(|found| &found.session.id).collect::<Vec<_>>(), [&left]);
    }

    /// Whoever steals a copy of the database cannot sign in with anything in it (CVE-2019-16782).
    async fn no_column_holds_a_token(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        let next = given::session_that_replaces(&core, &ada, Some(&token)).await;
        let written = given::everything_written(&core.db).await;
        for token in [&token, &next] {
            assert!(written.contains(token.digest().as_str()), "the search finds what is there");
            assert!(!written.contains(&token.cookie_value()));
            assert_ne!(token.digest().as_str(), token.cookie_value());
            assert!(SessionToken::parse(token.digest().as_str().as_bytes())
                .is_some_and(|stolen| stolen.digest() != token.digest()), "a digest as a cookie is another token");
        }
        if let Pool::Sqlite(_) = &core.db.pool {
            let address = database.address.trim_start_matches("sqlite:");
            let files = ["", "-wal"].map(|suffix| std::fs::read(format!("{address}{suffix}")).unwrap()).concat();
            let holds = |text: &str| files.windows(text.len()).any(|bytes| bytes == text.as_bytes());
            assert!(holds(token.digest().as_str()), "the search finds what is there");
            assert!(!holds(&token.cookie_value()) && !holds(&next.cookie_value()), "nor does a file");
        }
    }

    /// By the use case as by the store: not a millisecond longer, and for ever.
    async fn the_instant_of_the_end_is_the_end(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let just_before = |end: Timestamp| Timestamp::from_millis(end.as_millis() - 1);
        let idle_end = START.after(LIFETIMES.idle);
        let token = given::session(&core, &ada).await;
        core.clock.set(just_before(idle_end));
        assert!(matches!(resume(&core, &token).await.unwrap(), Resumed::Live(_)));
        support::settled(&core).await;
        let unused = given::session_at(&core, &ada, START).await;
        core.clock.set(idle_end);
        assert_eq!(resume(&core, &unused).await.unwrap(), Resumed::Ended(EndReason::Idle));
        core.clock.set(START);
        assert_eq!(resume(&core, &unused).await.unwrap(), Resumed::Ended(EndReason::Idle));

        // Used all day long, it still reaches its absolute end.
        let used = given::session_at(&core, &ada, START).await;
        let absolute_end = START.after(LIFETIMES.absolute);
        for hour in 1..24 {
            core.clock.set(after_minutes(60 * hour));
            assert!(matches!(resume(&core, &used).await.unwrap(), Resumed::Live(_)), "hour {hour}");
            support::settled(&core).await;
        }
        core.clock.set(just_before(absolute_end));
        assert!(matches!(resume(&core, &used).await.unwrap(), Resumed::Live(_)));
        support::settled(&core).await;
        let idle_end = given::stored(&core, &used).await.session.idle_ends_at;
        assert_eq!(idle_end, absolute_end, "activity does not reach past the absolute end");
        core.clock.set(absolute_end);
        assert_eq!(resume(&core, &used).await.unwrap(), Resumed::Ended(EndReason::Expired));
        assert_eq!(given::end_of(&core, &used).await, Some(ended(absolute_end, EndReason::Expired)));
    }

    /// A page view is normally one read: "last seen" is written at most once a minute.
    async fn last_seen_moves_once_a_minute(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        for (seconds, seen) in [(59, 0), (60, 60), (119, 60), (120, 120)] {
            core.clock.set(START.after(Duration::from_secs(seconds)));
            resume(&core, &token).await.unwrap();
            support::settled(&core).await;
            let session = given::stored(&core, &token).await.session;
            assert_eq!(session.last_seen_at, START.after(Duration::from_secs(seen)), "{seconds} s");
        }
    }

    /// The use case starts sessions with the configured lifetimes, remembered or not.
    async fn lifetimes_are_those_of_the_configuration(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        for remember in [false, true] {
            let started = sessions::start(&core, &given::verified(&ada), given::visitor(None), remember)
                .await
                .unwrap()
                .unwrap();
            let session = given::stored(&core, &started.session).await.session;
            assert_eq!(session.remember, remember);
            assert_eq!(session.idle_ends_at, START.after(LIFETIMES.idle_for(remember)));
            assert_eq!(session.absolute_ends_at, START.after(LIFETIMES.absolute_for(remember)));
        }
    }
}

/// Writes what the tables' CHECKs would refuse, as a broken disk or a hand with a shell might.
pub async fn without_checks(db: &Db, sql: &str) {
    match &db.pool {
        Pool::Sqlite(_) => {
            let sql = format!(
                "PRAGMA ignore_check_constraints = ON; {sql}; PRAGMA ignore_check_constraints = OFF"
            );
            given::execute(db, &sql).await;
        }
        Pool::Postgres(_) => {
            let sql =
                format!("ALTER TABLE sessions DROP CONSTRAINT IF EXISTS new_sessions_check; {sql}");
            given::execute(db, &sql).await;
        }
    }
}
