//! One process at a time on one platform.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use crate::sandbox::{Done, Sandbox};

const HOLDER: &str = r#"{"pid":4711,"doing":"up","since":"2026-01-02T03:04:05Z"}"#;

/// A platform whose lock file says who has it.
fn locked(sandbox: &Sandbox) -> File {
    let dir = sandbox.bex_home().join("bex");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("lock"), HOLDER).unwrap();
    let file = File::open(dir.join("lock")).unwrap();
    file.lock().unwrap();
    file
}

/// Runs against a daemon that agrees on an API version and then knows nothing.
fn run(sandbox: &Sandbox, args: &[&str]) -> Done {
    let socket = sandbox.path().join("docker.sock");
    drop(fs::remove_file(&socket));
    let listener = UnixListener::bind(&socket).unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(answer));
    let mut command = sandbox.command(args);
    let command = command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    Done::from(command.output().unwrap())
}

fn answer(mut stream: UnixStream) {
    let mut request = [0; 4096];
    let length = stream.read(&mut request).unwrap();
    let (status, body) = if String::from_utf8_lossy(&request[..length]).contains("/version") {
        ("200 OK", r#"{"ApiVersion":"1.45"}"#)
    } else {
        ("500 Internal Server Error", r#"{"message":"planted"}"#)
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
}

#[test]
fn a_second_process_is_refused_and_told_who_is_at_work_since_when() {
    let sandbox = Sandbox::new();
    let _held = locked(&sandbox);
    let done = run(&sandbox, &["up", "local"]);
    assert_eq!(done.code, Some(3), "{}", done.stderr);
    insta::assert_snapshot!(done.stderr, @"
    error: platform bex is in the hands of `bex-infra up` (pid 4711, since 2026-01-02T03:04:05Z)
    hint: wait until it is done, or stop it with Ctrl-C; `bex-infra status` works meanwhile
    ");
}

#[test]
fn every_verb_that_changes_something_respects_the_lock() {
    for args in [
        ["up", "local"].as_slice(),
        &["down", "local"],
        &["scale", "workers", "2"],
    ] {
        let sandbox = Sandbox::new();
        let _held = locked(&sandbox);
        let done = run(&sandbox, args);
        assert_eq!(done.code, Some(3), "{args:?}: {}", done.stderr);
    }
}

#[test]
fn looking_needs_no_lock() {
    for args in [
        ["plan", "local"].as_slice(),
        &["status"],
        &["scale", "workers", "2", "--dry-run"],
    ] {
        let sandbox = Sandbox::new();
        let _held = locked(&sandbox);
        let done = run(&sandbox, args);
        assert_eq!(done.code, Some(1), "{args:?}: {}", done.stderr);
        assert!(done.stderr.contains("planted"), "{args:?}: {}", done.stderr);
    }
}

#[test]
fn scaling_what_is_not_there_leaves_no_directory() {
    let sandbox = Sandbox::new();
    let done = run(&sandbox, &["scale", "workers", "2"]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    assert!(!sandbox.bex_home().exists());
}

#[test]
fn another_platform_is_free() {
    let sandbox = Sandbox::new();
    let _held = locked(&sandbox);
    let done = run(&sandbox, &["up", "local", "--name", "other"]);
    assert!(done.stderr.contains("planted"), "{}", done.stderr);
}

#[test]
fn a_lock_file_that_a_crash_left_is_no_lock() {
    let sandbox = Sandbox::new();
    drop(locked(&sandbox));
    let done = run(&sandbox, &["up", "local"]);
    assert!(done.stderr.contains("planted"), "{}", done.stderr);
}
