//! Tables as kubectl prints them: columns, no borders.

use comfy_table::{ContentArrangement, Table, presets};

/// Where sentences are broken; also the widest that help gets.
const WIDTH: u16 = 100;

/// Lines up `rows` under `header`. An empty header prints rows only.
pub fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    arranged(ContentArrangement::Disabled, header, rows)
}

/// Lines up `rows` of sentences, which are broken where they would be too wide to read.
pub fn sentences<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> String {
    arranged(ContentArrangement::Dynamic, [""; N], rows)
}

fn arranged<const N: usize>(
    arrangement: ContentArrangement,
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(arrangement)
        .set_width(WIDTH);
    if header.iter().any(|name| !name.is_empty()) {
        table.set_header(header);
    }
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_broken_before_the_edge_of_the_screen() {
        let long = "word ".repeat(30);
        let text = sentences([["step".to_owned(), long.clone()], ["next".to_owned(), long]]);
        assert!(
            text.lines()
                .all(|line| line.chars().count() <= usize::from(WIDTH)),
            "{text}"
        );
        assert_eq!(text.matches("word").count(), 60);
    }

    #[test]
    fn columns_line_up_without_borders_or_trailing_blanks() {
        let rows = [
            ["a".to_owned(), "1".to_owned()],
            ["longer".to_owned(), String::new()],
        ];
        assert_eq!(
            table(["NAME", "READY"], rows),
            "NAME    READY\na       1\nlonger"
        );
    }
}
