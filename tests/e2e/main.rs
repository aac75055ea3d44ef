//! End to end, on real components, with the tools that people use as judges. `tests/e2e/run` runs these tests.
//!
//! Times are printed and never asserted. `BEX_E2E=full` takes the long way where there is one; `quick` is the default.

#![expect(clippy::print_stderr, reason = "the tests tell their story as it goes")]

mod bex;
mod diagnosis;
mod echo;
mod interruption;
mod judge;
mod remains;
mod resize;
mod story;

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Which of the two ways is taken.
fn full() -> bool {
    std::env::var("BEX_E2E").is_ok_and(|way| way == "full")
}

/// Tells one chapter of a test and how long it took.
fn chapter<T>(title: &str, tell: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("\n-- {title}");
    let begun = Instant::now();
    let told = tell().with_context(|| title.to_owned());
    let verdict = if told.is_ok() { "ok" } else { "FAILED" };
    eprintln!(
        "-- {verdict}, {:.1} s: {title}",
        begun.elapsed().as_secs_f64()
    );
    told
}

/// Asks again and again until there is an answer; the error is what the last question brought.
fn until<T>(deadline: Duration, ask: impl Fn() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        match ask() {
            Err(error) if begun.elapsed() > deadline => {
                return Err(error.context(format!("still so after {} s", deadline.as_secs())));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(200)),
            answer => return answer,
        }
    }
}

#[test]
#[ignore = "needs the testbed: tests/e2e/run"]
fn a_platform_lives_from_up_to_down_and_leaves_nothing() -> Result<()> {
    bex::on_platform("e2e", story::life)
}

#[test]
#[ignore = "needs the testbed: tests/e2e/run"]
fn up_finishes_however_often_it_was_killed() -> Result<()> {
    if full() {
        for point in 0..interruption::POINTS {
            bex::on_platform("e2e-kill", |bex| interruption::killed_once(bex, point))?;
        }
        Ok(())
    } else {
        bex::on_platform("e2e-kill", interruption::killed_again_and_again)
    }
}

#[test]
#[ignore = "needs the testbed: tests/e2e/run"]
fn a_signal_and_a_rival_leave_a_platform_that_up_finishes_and_down_removes() -> Result<()> {
    bex::on_platform("e2e-stop", interruption::stopped)
}

#[test]
#[ignore = "needs the testbed: tests/e2e/run"]
fn a_smoke_test_passes_and_cleans_up() -> Result<()> {
    bex::on_platform("e2e-smoke", story::smoke)
}

#[test]
#[ignore = "needs the testbed: tests/e2e/run"]
fn a_platform_keeps_itself_the_right_size() -> Result<()> {
    bex::on_platform("e2e-resize", resize::life)
}
