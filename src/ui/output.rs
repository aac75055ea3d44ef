//! Data on stdout, in the format that was asked for.

use std::io::{self, Write};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::Serialize;

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// One JSON document; errors become a JSON object on stderr
    Json,
    /// One YAML document
    Yaml,
}

/// `data` as text in `format`; `table` makes what people read.
pub fn render<T: Serialize>(
    data: &T,
    format: Format,
    table: impl FnOnce(&T) -> String,
) -> Result<String> {
    match format {
        Format::Table => Ok(table(data)),
        Format::Json => serde_json::to_string_pretty(data).context("writing JSON"),
        Format::Yaml => serde_saphyr::to_string(data).context("writing YAML"),
    }
}

/// Writes `text` and a line end to stdout. A reader that has seen enough (`| head`) is not an error.
pub fn print(text: &str) -> Result<()> {
    let text = text.trim_end();
    if text.is_empty() {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("writing to stdout"),
    }
}
