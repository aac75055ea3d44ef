use super::{Guard, Server, State, holder};
use crate::home::Home;
use crate::substrate::local::preflight::Severity;

#[test]
fn a_state_directory_is_held_by_one_process_and_free_when_that_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("bex/sim");
    assert_eq!(holder(&state).unwrap(), None);
    let guard = Guard::take(&state).unwrap();
    assert_eq!(holder(&state).unwrap(), Some(std::process::id()));
    let refused = Guard::take(&state).unwrap_err().to_string();
    assert!(refused.contains("another process serves"), "{refused}");
    drop(guard);
    assert_eq!(holder(&state).unwrap(), None);
    drop(Guard::take(&state).unwrap());
}

#[test]
fn a_server_is_absent_running_or_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path(), "bex");
    let server = Server::of(&home);
    assert_eq!(server.state().unwrap(), State::Absent);
    let guard = Guard::take(&home.dir().join("sim")).unwrap();
    let pid = std::process::id();
    assert_eq!(server.state().unwrap(), State::Running { pid });
    drop(guard);
    assert_eq!(server.state().unwrap(), State::Stopped);
}

#[test]
fn a_usual_machine_has_all_that_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let findings = super::preflight::check(&Home::at(dir.path(), "bex"));
    assert!(findings.iter().all(|found| found.severity == Severity::Ok));
}
