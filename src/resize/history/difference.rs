//! Where two decisions differ, line by line.

use anyhow::{Context, Result};

use crate::resize::decision::Decision;

/// Equal lines that are shown around a difference.
const AROUND: usize = 3;

/// Differing parts longer than this are shown one after the other, without looking for what they share.
const COMPARED: usize = 1000;

/// The lines of both as JSON: `-` only in the first, `+` only in the second.
pub(super) fn of(before: &Decision, after: &Decision) -> Result<String> {
    let json = |decision| serde_json::to_string_pretty(decision).context("writing JSON");
    Ok(lines(&json(before)?, &json(after)?))
}

fn lines(before: &str, after: &str) -> String {
    let before: Vec<&str> = before.lines().collect();
    let after: Vec<&str> = after.lines().collect();
    let pairs = before.iter().zip(&after);
    let head = pairs.take_while(|(a, b)| a == b).count();
    let pairs = before[head..].iter().rev().zip(after[head..].iter().rev());
    let tail = pairs.take_while(|(a, b)| a == b).count();
    let (gone, come) = (
        &before[head..before.len() - tail],
        &after[head..after.len() - tail],
    );
    let mut text = marked(' ', &before[head.saturating_sub(AROUND)..head]);
    if gone.len().max(come.len()) > COMPARED {
        text.extend(marked('-', gone));
        text.extend(marked('+', come));
    } else {
        text.extend(middle(gone, come));
    }
    let end = before.len() - tail;
    text.extend(marked(' ', &before[end..before.len().min(end + AROUND)]));
    text.join("\n")
}

/// By the longest common subsequence: `lengths[i][j]` is its length from line i of the one and j of the other.
fn middle(gone: &[&str], come: &[&str]) -> Vec<String> {
    let mut lengths = vec![vec![0_usize; come.len() + 1]; gone.len() + 1];
    for i in (0..gone.len()).rev() {
        for j in (0..come.len()).rev() {
            lengths[i][j] = if gone[i] == come[j] {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut text) = (0, 0, Vec::new());
    while i < gone.len() || j < come.len() {
        if i < gone.len() && j < come.len() && gone[i] == come[j] {
            text.push(format!("  {}", gone[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < gone.len() && (j == come.len() || lengths[i + 1][j] >= lengths[i][j + 1]) {
            text.push(format!("- {}", gone[i]));
            i += 1;
        } else {
            text.push(format!("+ {}", come[j]));
            j += 1;
        }
    }
    text
}

fn marked(mark: char, lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| format!("{mark} {line}")).collect()
}

#[cfg(test)]
mod tests;
