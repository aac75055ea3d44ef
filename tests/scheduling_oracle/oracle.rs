//! The real plugins, asked through a pipe.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

pub(crate) struct Oracle {
    program: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What is said about one pod; see the program's own description.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Verdict {
    pub gated: String,
    pub refused: String,
    pub nodes: Vec<Vec<String>>,
    pub message: String,
    pub failed: String,
}

impl Oracle {
    pub(crate) fn start() -> Self {
        let program = std::env::var("BEX_TEST_ORACLE").expect("BEX_TEST_ORACLE names the oracle");
        let mut program = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the oracle starts");
        Self {
            questions: program.stdin.take().expect("a pipe"),
            answers: BufReader::new(program.stdout.take().expect("a pipe")),
            program,
        }
    }

    pub(crate) fn ask(&mut self, cluster: &Value) -> Vec<Verdict> {
        writeln!(self.questions, "{cluster}").expect("the oracle listens");
        let mut line = String::new();
        self.answers
            .read_line(&mut line)
            .expect("the oracle answers");
        let mut verdicts: Vec<Verdict> = serde_json::from_str(&line).expect("verdicts");
        // Of several resources the plugin tells the shortages in any order.
        for reasons in verdicts.iter_mut().flat_map(|verdict| &mut verdict.nodes) {
            reasons.sort();
        }
        verdicts
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        drop(self.program.kill());
        drop(self.program.wait());
    }
}
