//! `store::setup_codes`, and the first account.

use crate::{
    given, on_both_engines,
    support::{self, PASSWORD, START, database::Engine},
};
use std::time::Duration;
use vestibule::{
    domain::{
        audit::Event,
        setup::{SetupCode, SetupDraft},
        user::Username,
    },
    error::{Failure, Refusal},
    server::{
        core::{Core, accounts::setup},
        db::StoreError,
        store::{self, users::NewUser},
        token,
    },
};

const HOUR: Duration = Duration::from_secs(3_600);

/// Creates the first account without hashing, which would spread the attempts in time.
async fn redeem(core: &Core, code: &SetupCode, name: &str) -> Result<bool, StoreError> {
    let username = Username::parse(name).expect("a name");
    let user = NewUser {
        id: token::new_user_id(),
        username: &username,
        email: None,
        display_name: name,
        description: "",
        is_admin: true,
        password_hash: "the first hash",
        created_at: core.clock.now(),
    };
    let entry = given::entry(core, Event::SetUp, &user.id);
    store::setup_codes::redeem(&core.db, &token::setup_code_digest(code), &user, entry).await
}

async fn new_code(core: &Core) -> SetupCode {
    let code = setup::new_code(core).await.expect("an answer");
    code.expect("there is no account yet")
}

async fn is_live(core: &Core, code: &SetupCode) -> bool {
    let digest = token::setup_code_digest(code);
    store::setup_codes::is_live(&core.db, &digest, core.clock.now())
        .await
        .unwrap()
}

/// Begins a writing transaction, invisible to others before its commit.
fn begin(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "BEGIN IMMEDIATE",
        Engine::Postgres => "BEGIN",
    }
}

on_both_engines! {
    async fn a_code_makes_one_account_and_is_deleted(database: TestDatabase) {
        let core = support::core(&database).await;
        let code = new_code(&core).await;
        assert!(is_live(&core, &code).await);
        assert!(redeem(&core, &code, "ada").await.unwrap());
        let ada = given::credentials(&core, "ada").await.user;
        assert!(ada.is_admin && !ada.disabled);
        assert!(!is_live(&core, &code).await);
        assert!(!redeem(&core, &code, "eve").await.unwrap());
        assert_eq!(support::users(&core).await, [ada]);
        assert!(setup::new_code(&core).await.unwrap().is_none(), "there is an account");
    }

    async fn a_code_lives_for_an_hour(database: TestDatabase) {
        let core = support::core(&database).await;
        let code = new_code(&core).await;
        core.clock.set(START.after(HOUR - Duration::from_millis(1)));
        assert!(is_live(&core, &code).await);
        core.clock.set(START.after(HOUR));
        assert!(!is_live(&core, &code).await);
        assert!(!redeem(&core, &code, "ada").await.unwrap());
        assert!(support::users(&core).await.is_empty());
        assert!(redeem(&core, &new_code(&core).await, "ada").await.unwrap());
    }

    async fn a_newer_code_makes_the_older_one_void(database: TestDatabase) {
        let core = support::core(&database).await;
        let (older, newer) = (new_code(&core).await, new_code(&core).await);
        assert!(!is_live(&core, &older).await && is_live(&core, &newer).await);
        assert!(!redeem(&core, &older, "eve").await.unwrap());
        assert_eq!(given::texts(&core.db, "SELECT purpose FROM setup_codes").await.len(), 1);
        assert!(redeem(&core, &newer, "ada").await.unwrap());
    }

    /// After the first account is created in any way, no code is valid.
    async fn an_account_from_the_command_line_voids_the_code(database: TestDatabase) {
        let core = support::core(&database).await;
        let code = new_code(&core).await;
        given::account(&core, "ada").await;
        assert!(!is_live(&core, &code).await);
        assert!(!redeem(&core, &code, "eve").await.unwrap());
        let digest = token::setup_code_digest(&code);
        assert!(!store::setup_codes::replace(&core.db, &digest, START, START.after(HOUR)).await.unwrap());
        assert_eq!(support::users(&core).await.len(), 1);
    }

    /// Even a code that is still stored creates no second account.
    async fn the_database_asks_for_accounts_once_more(database: TestDatabase) {
        let core = support::core(&database).await;
        let code = new_code(&core).await;
        let row = "SELECT purpose || ',' || code_digest FROM setup_codes";
        let kept = given::texts(&core.db, row).await.remove(0);
        given::account(&core, "ada").await;
        let (purpose, digest) = kept.split_once(',').unwrap();
        given::execute(&core.db, &format!(
            "INSERT INTO setup_codes VALUES ('{purpose}', '{digest}', 0, {})", i64::MAX
        )).await;
        assert!(is_live(&core, &code).await);
        assert!(!redeem(&core, &code, "eve").await.unwrap());
        assert_eq!(support::users(&core).await.len(), 1);
    }

    async fn only_a_digest_is_written(database: TestDatabase) {
        let core = support::core(&database).await;
        let code = new_code(&core).await;
        let written = given::everything_written(&core.db).await;
        for shape in [code.reveal().to_owned(), code.canonical().to_string(), code.reveal().to_lowercase()] {
            assert!(!written.contains(&shape), "{written}");
        }
        assert!(written.contains(token::setup_code_digest(&code).as_str()), "the search finds what is there");
    }

    /// Many concurrent uses of one code: one account.
    async fn of_many_at_once_one_gets_the_account(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..20 {
            let code = new_code(&core).await;
            let tasks: Vec<_> = (0..6).map(|number| {
                let (core, code) = (core.clone(), code.clone());
                tokio::spawn(async move { redeem(&core, &code, &format!("ada{number}")).await.unwrap() })
            }).collect();
            let mut winners = 0;
            for task in tasks {
                winners += usize::from(task.await.unwrap());
            }
            assert_eq!(winners, 1, "round {round}");
            assert_eq!(support::users(&core).await.len(), 1, "round {round}");
            given::execute(&core.db, "DELETE FROM users").await;
        }
    }

    /// An account of the command line is not yet committed: the page waits for it, and then finds
    /// its code deleted.
    async fn the_page_waits_for_the_command_line(database: TestDatabase) {
        let core = support::core(&database).await;
        let code = new_code(&core).await;
        let command = "DELETE FROM setup_codes; INSERT INTO users (id, username, username_key, display_name, \
            description, is_admin, password_hash, created_at) VALUES ('1', 'ada', 'ada', '', '', true, '', 0)";
        let command = given::Writer::begin(&core.db, begin(database.engine), command).await;
        let by_page = core.clone();
        let page = tokio::spawn(async move { redeem(&by_page, &code, "eve").await.unwrap() });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!page.is_finished());
        command.commit().await;
        assert!(!page.await.unwrap());
        assert_eq!(support::users(&core).await.len(), 1);
    }

    /// The reverse: the page has taken the code, and the command line waits for its account.
    async fn the_command_line_waits_for_the_page(database: TestDatabase) {
        let core = support::core(&database).await;
        new_code(&core).await;
        let page = given::Writer::begin(&core.db, begin(database.engine), "DELETE FROM setup_codes").await;
        let by_command = core.clone();
        let command = tokio::spawn(async move { given::insert(&by_command, "ada", None).await.unwrap() });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!command.is_finished());
        page.commit().await;
        command.await.unwrap();
    }

    /// The same through the whole use case, with its hashing.
    async fn of_two_people_at_once_one_is_signed_in(database: TestDatabase) {
        let core = support::core(&database).await;
        let code = new_code(&core).await;
        let tasks = ["ada", "eve"].map(|name| {
            let (core, code) = (core.clone(), code.clone());
            tokio::spawn(async move {
                let draft = SetupDraft { username: name.to_owned(), ..SetupDraft::default() };
                let password = support::password(PASSWORD);
                setup::create_first_admin(&core, &given::visitor(), given::presented(None), &code, &draft, &password).await
            })
        });
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let refused = outcomes.into_iter().find_map(Result::err).unwrap();
        assert!(refused == Refusal::SetupCode.into() || refused == Failure::NotFound.into(), "{refused:?}");
        assert_eq!(support::users(&core).await.len(), 1);
        assert_eq!(store::sessions::list(&core.db, None, None, 100).await.unwrap().len(), 1);
    }
}
