//! One HTML page of a log: nodes, pods that wait, what it costs, and every decision on the time line. The page needs
//! nothing but itself.

use std::io::BufRead;

use anyhow::Result;

mod chart;
mod page;
mod series;
mod story;

/// Reads a log and draws it.
pub fn report(log: impl BufRead) -> Result<String> {
    Ok(page::of(&story::Story::of(log)?))
}

#[cfg(test)]
mod tests;
