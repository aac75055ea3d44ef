//! Runs that end before their time.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::bex::Bex;
use crate::judge::ready_nodes;
use crate::{chapter, until};

/// A bring-up takes about a minute; the points at which it is killed are spread over that.
pub(crate) const POINTS: u32 = 10;
const SLICE: Duration = Duration::from_secs(5);

const INTERRUPTED: Option<i32> = Some(130);
const REFUSED: Option<i32> = Some(3);

/// Killed at one of the points, then finished by the next run; a `down` is killed too, and finished.
pub(crate) fn killed_once(bex: &Bex, point: u32) -> Result<()> {
    let time = SLICE * point + SLICE / 2;
    let title = format!("up is killed after {:.1} s", time.as_secs_f64());
    chapter(&title, || bex.start(&["up", "local"])?.kill_after(time))?;
    finished(bex)?;
    killed_down(bex, SLICE * point / POINTS)
}

/// Each run goes on where the one before was killed.
pub(crate) fn killed_again_and_again(bex: &Bex) -> Result<()> {
    for point in 1..=POINTS {
        let title = format!(
            "up is killed for the {point}. time, after {} s",
            SLICE.as_secs()
        );
        chapter(&title, || bex.start(&["up", "local"])?.kill_after(SLICE))?;
    }
    finished(bex)?;
    killed_down(bex, SLICE / 2)
}

fn finished(bex: &Bex) -> Result<()> {
    chapter("the next up finishes", || {
        bex.up()?;
        until(Duration::from_mins(1), || ready_nodes(bex, 2)).map(drop)
    })
}

/// The `down` that finishes it is the clean-up of every test.
fn killed_down(bex: &Bex, time: Duration) -> Result<()> {
    let title = format!("down is killed after {:.1} s", time.as_secs_f64());
    chapter(&title, || {
        bex.start(&["down", "local", "--yes"])?.kill_after(time)
    })
}

/// Ctrl-C once is a clean stop with a true message, twice is an end at once; while one `up` runs another is refused.
pub(crate) fn stopped(bex: &Bex) -> Result<()> {
    chapter("Ctrl-C once stops between steps", || ctrl_c_once(bex))?;
    chapter("Ctrl-C twice ends it at once", || ctrl_c_twice(bex))?;
    chapter("a second up at the same time is refused", || rival(bex))?;
    chapter("both nodes are Ready after all", || {
        until(Duration::from_mins(1), || ready_nodes(bex, 2))
    })?;
    Ok(())
}

fn ctrl_c_once(bex: &Bex) -> Result<()> {
    let up = bex.start(&["up", "local"])?;
    std::thread::sleep(2 * SLICE);
    up.signal("INT")?;
    let done = up.finish()?;
    ensure!(done.code == INTERRUPTED, "it ended with {:?}", done.code);
    ensure!(
        done.stderr.contains("stopped after"),
        "it does not say where it stopped:\n{}",
        done.stderr
    );
    ensure!(
        done.stderr.contains("next would be"),
        "it does not say what comes next:\n{}",
        done.stderr
    );
    Ok(())
}

fn ctrl_c_twice(bex: &Bex) -> Result<()> {
    let up = bex.start(&["up", "local"])?;
    std::thread::sleep(SLICE);
    up.signal("INT")?;
    std::thread::sleep(Duration::from_millis(100));
    // The first one may have been enough.
    drop(up.signal("INT"));
    let begun = std::time::Instant::now();
    let done = up.finish()?;
    ensure!(done.code == INTERRUPTED, "it ended with {:?}", done.code);
    ensure!(
        begun.elapsed() < Duration::from_secs(1),
        "it took {:?} to end",
        begun.elapsed()
    );
    Ok(())
}

fn rival(bex: &Bex) -> Result<()> {
    let first = bex.start(&["up", "local"])?;
    std::thread::sleep(Duration::from_secs(1));
    let second = bex.run(&["up", "local"])?;
    let first = first.finish()?;
    ensure!(
        second.code == REFUSED,
        "the second ended with {:?}:\n{}",
        second.code,
        second.stderr
    );
    ensure!(
        second.stderr.contains("bex-infra up"),
        "it does not say who has the platform:\n{}",
        second.stderr
    );
    ensure!(
        first.code == Some(0),
        "the first ended with {:?}:\n{}",
        first.code,
        first.stderr
    );
    Ok(())
}
