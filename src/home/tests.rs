use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::failure::{Exit, report};

fn home() -> (tempfile::TempDir, Home) {
    let root = tempfile::tempdir().unwrap();
    let home = Home::at(root.path().join("bex-home"), "bex");
    (root, home)
}

#[test]
fn a_second_lock_is_refused_and_names_the_holder() {
    let (_root, home) = home();
    let _held = home.lock("up").unwrap();
    let refused = report(&home.lock("down").unwrap_err());
    assert_eq!(refused.exit, Exit::Refused);
    let pid = format!("`bex-infra up` (pid {}, since 20", std::process::id());
    assert!(refused.message.contains(&pid), "{}", refused.message);
}

#[test]
fn two_platforms_do_not_disturb_each_other() {
    let (root, home) = home();
    let other = Home::at(root.path().join("bex-home"), "other");
    let _held = home.lock("up").unwrap();
    other.lock("up").unwrap();
}

#[test]
fn what_a_crashed_holder_left_in_the_file_does_not_count() {
    let (_root, home) = home();
    drop(home.lock("up").unwrap());
    let left = home.dir().join("lock");
    fs::write(&left, r#"{"pid":1,"doing":"up, with a much longer text than the next holder's","since":"2020-01-01T00:00:00Z"}"#).unwrap();
    let _held = home.lock("down").unwrap();
    let signed: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(left).unwrap()).unwrap();
    assert_eq!(signed["doing"], "down");
}

#[test]
fn a_lock_on_a_removed_file_is_taken_again_on_the_new_one() {
    let (_root, home) = home();
    let first = home.lock("down").unwrap();
    home.remove(first).unwrap();
    let _held = home.lock("up").unwrap();
    assert!(home.dir().join("lock").exists());
    assert!(home.lock("up").is_err());
}

#[test]
fn removal_leaves_nothing_but_other_platforms() {
    let (root, home) = home();
    let lock = home.lock("down").unwrap();
    fs::write(home.kubeconfig(), "x").unwrap();
    home.remove(lock).unwrap();
    assert!(!root.path().join("bex-home").exists());

    let lock = home.lock("down").unwrap();
    drop(
        Home::at(root.path().join("bex-home"), "other")
            .lock("up")
            .unwrap(),
    );
    home.remove(lock).unwrap();
    assert!(!home.exists());
    assert!(root.path().join("bex-home/other").exists());
}

#[test]
fn the_directory_is_private_even_if_it_was_not() {
    let (_root, home) = home();
    fs::create_dir_all(home.dir()).unwrap();
    fs::set_permissions(home.dir(), fs::Permissions::from_mode(0o777)).unwrap();
    let _held = home.lock("up").unwrap();
    assert_eq!(
        fs::metadata(home.dir()).unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(
        fs::metadata(home.dir().join("lock"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
}
