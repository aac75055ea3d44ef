//! Help, to the letter: a change of the interface is seen as one.

use crate::sandbox::stdout;

#[test]
fn the_help_of_the_program_names_every_verb() {
    insta::assert_snapshot!("help", stdout(&["--help"]));
}

#[test]
fn every_verb_explains_itself() {
    for verb in verbs() {
        insta::assert_snapshot!(format!("help-{verb}"), stdout(&[&verb, "--help"]));
    }
}

#[test]
fn every_verb_of_bundle_explains_itself() {
    for verb in ["create", "verify"] {
        insta::assert_snapshot!(
            format!("help-bundle-{verb}"),
            stdout(&["bundle", verb, "--help"])
        );
    }
}

#[test]
fn every_verb_of_resize_explains_itself() {
    for verb in ["run", "replay", "report", "simulate"] {
        insta::assert_snapshot!(
            format!("help-resize-{verb}"),
            stdout(&["resize", verb, "--help"])
        );
    }
}

#[test]
fn every_help_has_an_example_that_names_the_verb() {
    for verb in verbs() {
        let help = stdout(&[&verb, "--help"]);
        let (_, example) = help.split_once("Example:\n").unwrap_or_default();
        assert!(example.contains(&format!("bex-infra {verb}")), "{help}");
    }
}

/// As the program lists them, so that none is forgotten here.
fn verbs() -> Vec<String> {
    let help = stdout(&["--help"]);
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    let names = commands
        .lines()
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}
