//! Colours: on a terminal, unless they are unwanted.

use std::fs::{File, OpenOptions};
use std::io::Read;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::sandbox::Sandbox;

/// What a run prints on a terminal as its stderr.
fn seen(args: &[&str], environment: &[(&str, &str)]) -> String {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .open(name)
        .unwrap();
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(args);
    command
        .env("TERM", "xterm")
        .envs(environment.iter().copied());
    let status = command.stderr(terminal).status().unwrap();
    assert!(!status.success());
    // The command holds the other end; reading ends with an error when that is gone.
    drop(command);
    let mut bytes = Vec::new();
    drop(File::from(master).read_to_end(&mut bytes));
    String::from_utf8(bytes).unwrap()
}

const ESCAPE: char = '\x1b';

#[test]
fn errors_are_coloured_on_a_terminal() {
    assert!(seen(&["status"], &[]).starts_with("\x1b[31merror:\x1b[0m "));
}

#[test]
fn unwanted_colours_are_left_out() {
    for text in [
        seen(&["status", "--no-color"], &[]),
        seen(&["status"], &[("NO_COLOR", "1")]),
        seen(&["status"], &[("TERM", "dumb")]),
    ] {
        assert!(text.starts_with("error: "), "{text}");
        assert!(!text.contains(ESCAPE), "{text}");
    }
}

#[test]
fn usage_errors_obey_the_environment_too() {
    assert!(seen(&["raise"], &[]).contains(ESCAPE));
    let text = seen(&["raise"], &[("NO_COLOR", "1")]);
    assert!(text.contains("unrecognized subcommand"), "{text}");
    assert!(!text.contains(ESCAPE), "{text}");
}
