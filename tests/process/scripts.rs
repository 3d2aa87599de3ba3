//! The example scripts, against the real program.

use crate::{
    program::{Home, Server},
    support::captured,
};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Whether a script succeeds with the address of the server and a key in its environment, and its output.
fn run(program: &Path, server: &Server, key: &str) -> (bool, String) {
    let mut command = Command::new(program);
    // A proxy of this machine is not used for this machine.
    command
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1");
    // As it stands in the address bar of a browser.
    command.env("VESTIBULE_URL", format!("http://{}/", server.address));
    let output = command.env("VESTIBULE_KEY", key).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let both = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(both).expect("UTF-8");
    captured::keep(&text);
    (output.status.success(), text)
}

/// The one in Rust is compiled first: it needs no crate.
fn scripts(folder: &Path) -> [PathBuf; 3] {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/scripts");
    let compiled = folder.join("sessions");
    let rustc = Path::new(env!("CARGO")).with_file_name("rustc");
    let mut compile = Command::new(rustc);
    compile.args(["--edition", "2024", "-D", "warnings", "-o"]);
    let status = compile
        .arg(&compiled)
        .arg(source.join("sessions.rs"))
        .status();
    assert!(status.expect("the compiler starts").success());
    [
        source.join("sessions.sh"),
        source.join("sessions.py"),
        compiled,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_script_lists_the_sessions_of_its_key() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let create = |scope: &str| {
        let arguments = ["key", "create", "ada", "--name", "Script", "--scope", scope];
        let outcome = home.run(&arguments).succeeds();
        let mut words = outcome.stdout.split_whitespace();
        let key = words.find(|word| word.starts_with("vst_"));
        key.expect("a key").to_owned()
    };
    let (key, other) = (create("sessions:read"), create("profile:read"));
    let server = home.serve();
    let ada = server.signed_in("ada").await;
    let scripts = scripts(&home.folder);
    for script in &scripts {
        let shown = script.display();
        let (succeeds, output) = run(script, &server, &key);
        assert!(
            succeeds && output.contains("127.0.0.1"),
            "{shown}: {output}"
        );
        assert!(
            !output.contains(ada.session().expect("a session")),
            "{shown}"
        );
        // A refusal is an error of the script, in the words of the server.
        for (key, words) in [(&other, "sessions:read"), (&format!("{key}0"), "not valid")] {
            let (succeeds, output) = run(script, &server, key);
            assert!(!succeeds && output.contains(words), "{shown}: {output}");
            assert!(!output.contains(key.as_str()), "{shown}");
        }
    }
    let id = key.split('_').nth(1).expect("an id");
    home.run(&["key", "revoke", id]).succeeds();
    for script in &scripts {
        assert!(!run(script, &server, &key).0, "{}", script.display());
    }
    let log = server.stop();
    assert!(!log.contains(&key), "{log}");
}
