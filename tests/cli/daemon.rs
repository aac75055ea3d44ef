//! No Docker daemon: only a person can go on, and is told how.

use crate::sandbox::Sandbox;

const VERBS: &[&[&str]] = &[
    &["up", "local"],
    &["down", "local"],
    &["plan", "local"],
    &["status"],
    &["scale", "workers", "2"],
    &["scale", "workers", "-1", "--dry-run"],
    &["kubeconfig"],
    &["doctor"],
    &["smoke", "local"],
    &["gc"],
    &["bundle", "create", "bundle"],
];

#[test]
fn without_a_daemon_every_verb_says_what_to_do() {
    for args in VERBS {
        let sandbox = Sandbox::new();
        let done = sandbox.run(args);
        assert_eq!(done.code, Some(4), "{args:?}: {}", done.stderr);
        let said = format!("{}{}", done.stdout, done.stderr);
        assert!(
            said.contains("unix:///nonexistent.sock"),
            "{args:?}: {said}"
        );
        assert!(
            done.stderr.contains("\nhint: "),
            "{args:?}: {}",
            done.stderr
        );
        sandbox.assert_untouched();
    }
}

#[test]
fn the_daemons_address_and_the_way_out_are_named() {
    insta::assert_snapshot!(Sandbox::new().run(&["up", "local"]).stderr, @"
    error: no Docker daemon answers at unix:///nonexistent.sock
    caused by: Socket not found: /nonexistent.sock
    hint: start Docker (`sudo systemctl start docker`, or Docker Desktop) and check with `docker version`
    hint: if the socket refuses you, join its group: `sudo usermod -aG docker $USER`, then log in again
    hint: a daemon elsewhere is named by DOCKER_HOST (unix:///path or tcp://host:port)
    ");
}

#[test]
fn doctor_lists_what_it_could_look_at() {
    let done = Sandbox::new().run(&["doctor"]);
    let docker = done.stdout.lines().next().unwrap();
    assert!(docker.starts_with("✗  docker"), "{}", done.stdout);
    assert!(done.stdout.contains("kubectl"), "{}", done.stdout);
}

#[test]
fn a_bundle_that_is_gone_keeps_nobody_from_taking_a_platform_down() {
    for args in [
        ["down", "local"],
        ["scale", "workers"],
        ["status", "local"],
        ["kubeconfig", "local"],
    ] {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command(&args);
        if args[0] == "scale" {
            command.arg("2");
        }
        let done = command.env("BEX_BUNDLE", "gone").output().unwrap();
        assert_eq!(done.status.code(), Some(4), "{args:?}");
    }
}
