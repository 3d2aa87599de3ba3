//! Other users of the machine.

use super::{mode, sidecar};
use crate::program::Home;
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_file_that_others_can_reach_is_closed_and_reported() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let file = home.database_file();
    let folder = file.parent().unwrap();
    home.run(&["config", "check"]).succeeds();
    set_mode(&file, 0o666);
    set_mode(folder, 0o777);
    let check = home.run(&["config", "check"]).succeeds();
    let check = check.reports("has the mode 0666").reports("chmod go=");
    check.reports("has the mode 0777").reports("chmod go-w");
    assert_eq!(mode(&file), 0o666, "a check changes nothing");
    let server = home.serve();
    let log = server.log_with("it is 0600 now");
    assert!(log.contains("has the mode 0777"), "{log}");
    assert_eq!(
        (mode(&file), mode(folder)),
        (0o600, 0o777),
        "the folder is not ours alone"
    );
    for ending in ["-wal", "-shm"] {
        assert_eq!(mode(&sidecar(&file, ending)), 0o600, "{ending}");
    }
    server.stop();
    set_mode(folder, 0o700);
    let log = home.serve().stop();
    assert!(!log.contains("mode"), "{log}");
    assert!(
        !home
            .run(&["config", "check"])
            .succeeds()
            .stderr
            .contains("mode")
    );
}
