//! Normalised answers of the real server, one line a call.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::script::Script;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub status: u16,
    /// Content type.
    pub kind: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// JSON, a text, or the events of a watch.
    pub body: Value,
}

#[derive(Serialize, Deserialize)]
struct Line {
    call: String,
    #[serde(flatten)]
    answer: Answer,
}

fn file(script: &Script) -> PathBuf {
    let home = &script.home;
    home.join("answers").join(format!("{}.jsonl", script.name))
}

/// By the label of the call.
pub(crate) fn kept(script: &Script) -> Vec<Answer> {
    let file = file(script);
    let text = fs::read_to_string(&file).unwrap_or_default();
    let lines: Vec<Line> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let calls: Vec<&str> = lines.iter().map(|line| &*line.call).collect();
    let expected: Vec<&str> = script.calls.iter().map(|call| &*call.label).collect();
    assert_eq!(
        calls,
        expected,
        "{} is not of these calls: play them against a real server and keep the answers",
        file.display()
    );
    lines.into_iter().map(|line| line.answer).collect()
}

pub(crate) fn keep(script: &Script, answers: &[Answer]) {
    let mut text = String::new();
    for (call, answer) in script.calls.iter().zip(answers) {
        let line = Line {
            call: call.label.clone(),
            answer: answer.clone(),
        };
        text += &serde_json::to_string(&line).unwrap();
        text.push('\n');
    }
    let file = file(script);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}
