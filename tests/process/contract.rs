//! The JSON API against its own document, by schemathesis: requests that the document permits and requests that it does
//! not, made from the document that the server answers.

use crate::{
    program::{Home, Server, note},
    support::{
        captured,
        http::{Request, SESSION_COOKIE, send},
    },
};
use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
    time::Instant,
};

const DOCUMENT: &str = "/api/v1/openapi.json";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
const ADMINISTRATOR: &str = "root";

/// By which credential a run acts.
struct Run {
    name: &'static str,
    /// Lines of the configuration.
    credential: &'static str,
    /// Operations that the credential cannot use, or with which it would end itself.
    without: &'static [&'static str],
}

/// Keys have no cookie, none of the operations on keys, and make no link for a password.
const WITH_KEY: Run = Run {
    name: "with a key",
    credential: "[auth.openapi.key]\nbearer = \"${CREDENTIAL}\"\n",
    without: &[
        "followSession",
        "listKeys",
        "makeKey",
        "makePasswordLink",
        "readKey",
        "refreshToken",
        "revokeKey",
    ],
};

/// The ids of sessions that the server answers are used in further requests, so these would end the session of the run.
/// (`signOut` needs no credential, so it gets none.)
const WITH_SESSION: Run = Run {
    name: "with a session",
    credential: "[auth.openapi.session]\napi_key = \"${CREDENTIAL}\"\n",
    without: &[
        "endSession",
        "endUserSession",
        "endUserSessions",
        "introspectToken",
    ],
};

const WITHOUT_CREDENTIAL: Run = Run {
    name: "without a credential",
    credential: "",
    without: &[],
};

/// A server that publishes its document, with an administrator who cannot be removed: the others have no password yet, so
/// none of them can become the one who remains.
async fn published() -> (Home, Server) {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_API__PUBLIC_DOCS", "true");
    home.create_user(ADMINISTRATOR);
    home.run(&["user", "promote", ADMINISTRATOR]).succeeds();
    for name in ["ada", "eve"] {
        home.run(&["user", "invite", name]).succeeds();
    }
    let server = home.serve();
    (home, server)
}

/// Runs schemathesis. It has to test each operation that the run does not leave out, and to find nothing.
async fn assert_as_documented(home: &Home, server: &Server, run: &Run, credential: &str) {
    let document = send(server.address, Request::get(DOCUMENT)).await;
    let document: serde_json::Value = serde_json::from_slice(&document.body).expect("JSON");
    let items = document["paths"].as_object().expect("paths").values();
    let methods =
        items.flat_map(|item| METHODS.iter().filter(|method| item.get(**method).is_some()));
    // The address of the document is that from which schemathesis has it, and not tested.
    let expected = methods.count() - 1 - run.without.len();
    let began = Instant::now();
    let output = schemathesis(home, server, run, credential);
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    captured::keep(&text);
    let name = run.name;
    let is_shown = !credential.is_empty() && text.contains(credential);
    assert!(!is_shown, "{name}: the credential is in the output");
    assert!(output.status.success(), "{name}: {text}");
    let summary = format!("Tested: {expected}\n");
    assert!(text.contains(&summary), "{name}, {summary}: {text}");
    let seconds = began.elapsed().as_secs_f32();
    note(&format!(
        "schemathesis {name}: {expected} operations in {seconds:.1} s"
    ));
}

fn schemathesis(home: &Home, server: &Server, run: &Run, credential: &str) -> Output {
    let python = env::var_os("TEST_SCHEMATHESIS");
    let python = python.expect("TEST_SCHEMATHESIS is set: tools/with-schemathesis cargo test …");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process/contract");
    let common = fs::read_to_string(folder.join("schemathesis.toml")).expect("the configuration");
    // An operation whose every request was refused for its credential was not tested.
    let demanded = if run.credential.is_empty() {
        ""
    } else {
        "[warnings]\nfail-on = [\"missing_auth\"]\n"
    };
    let file = home.folder.join("schemathesis.toml");
    fs::write(&file, [&common, run.credential, demanded].join("\n")).expect("a file");
    let origin = format!("http://{}", server.address);
    let mut command = Command::new(python);
    command
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(&file);
    command.args(["run", &format!("{origin}{DOCUMENT}"), "--no-color"]);
    // The cookie is of a browser, which names the origin of its requests.
    command.args(["--header", &format!("Origin:{origin}")]);
    for id in run.without {
        command.args(["--exclude-operation-id", id]);
    }
    command
        .current_dir(&home.folder)
        .env_clear()
        .env("CREDENTIAL", credential)
        .env("SCHEMATHESIS_HOOKS", folder.join("checks.py"))
        // A proxy of this machine is not used for this machine.
        .env("NO_PROXY", "127.0.0.1")
        // Sets are walked in the same order each time.
        .env("PYTHONHASHSEED", "0")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONIOENCODING", "utf-8");
    command.output().expect("schemathesis starts")
}

/// The credential has outlived its run: otherwise most of the run has tested nothing.
async fn assert_lives(server: &Server, header: (&str, &str)) {
    let request = Request::get("/api/v1/users").header(header.0, header.1);
    let answer = send(server.address, request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_the_api_is_as_documented() {
    let (home, server) = published().await;
    let mut arguments = vec!["key", "create", ADMINISTRATOR, "--name", "Contract"];
    for scope in vestibule::domain::scope::Scope::ALL {
        arguments.extend(["--scope", scope.as_str()]);
    }
    let made = home.run(&arguments).succeeds();
    let key = made.stdout.trim();
    assert_as_documented(&home, &server, &WITH_KEY, key).await;
    assert_lives(&server, ("authorization", &format!("Bearer {key}"))).await;
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_session_the_api_is_as_documented() {
    let (home, server) = published().await;
    let root = server.signed_in(ADMINISTRATOR).await;
    let session = root.session().expect("a session");
    assert_as_documented(&home, &server, &WITH_SESSION, session).await;
    assert_lives(&server, ("cookie", &format!("{SESSION_COOKIE}={session}"))).await;
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_credential_the_api_is_as_documented() {
    let (home, server) = published().await;
    assert_as_documented(&home, &server, &WITHOUT_CREDENTIAL, "").await;
    server.stop();
}
