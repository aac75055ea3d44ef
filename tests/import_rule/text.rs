//! Rust read as text: what is code in it, and which paths that names.

/// The text without comments and with empty strings and characters.
pub(super) fn code(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest, code.chars().next_back());
        if length > 0 {
            code.push(' ');
            rest = &rest[length..];
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    code
}

/// Length of the comment, string or character that `rest` begins with; 0 if it begins with code.
fn skipped(rest: &str, before: Option<char>) -> usize {
    let to = |end: Option<usize>, close: usize| end.map_or(rest.len(), |end| end + close);
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        return to(rest.find('\n'), 0);
    }
    if rest.starts_with("/*") {
        return to(rest.find("*/"), 2);
    }
    if let Some(string) = rest.strip_prefix('"') {
        return to(end_of_string(string).map(|end| end + 1), 1);
    }
    if !in_word && (rest.starts_with("r\"") || rest.starts_with("r#")) {
        let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
        if rest[1 + hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let begin = hashes + 2;
            return to(
                rest[begin..].find(&close).map(|end| end + begin),
                close.len(),
            );
        }
    }
    length_of_character(rest)
}

fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(index, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(index)
    })
}

/// Of `'x'` and `'\n'`, but not of a lifetime.
fn length_of_character(rest: &str) -> usize {
    let Some(inner) = rest.strip_prefix('\'') else {
        return 0;
    };
    let mut characters = inner.char_indices();
    let first = characters.next().map(|(_, c)| c);
    let close = if first == Some('\\') {
        inner[2..].find('\'').map(|end| end + 2)
    } else {
        characters
            .next()
            .filter(|(_, c)| *c == '\'')
            .map(|(index, _)| index)
    };
    close.map_or(0, |close| close + 2)
}

/// Blanks `#[cfg(test)] mod name { ... }`.
pub(super) fn without_test_modules(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(begin) = rest.find("#[cfg(test)]") {
        kept.push_str(&rest[..begin]);
        rest = &rest[begin..];
        let open = rest.find(['{', ';']).unwrap_or(rest.len() - 1);
        rest = if rest[open..].starts_with('{') {
            &rest[block(&rest[open..]) + open..]
        } else {
            &rest[open + 1..]
        };
    }
    kept + rest
}

/// Length of the block that `code` begins with.
fn block(code: &str) -> usize {
    let mut depth = 0;
    for (index, c) in code.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            return index + 1;
        }
    }
    code.len()
}

/// Every path in the code. Those of `use` are spelt out, and inline paths are completed by what was imported:
/// `use std::io; io::stdout()` gives `std::io::stdout`.
pub(super) fn paths(code: &str) -> Vec<String> {
    let mut imported = Vec::new();
    let mut inline = String::new();
    for (index, part) in code.split(';').enumerate() {
        let separator = if index == 0 { "" } else { ";" };
        inline.push_str(separator);
        match part
            .split_once("use ")
            .filter(|(before, _)| is_item_start(before))
        {
            Some((before, tree)) => {
                inline.push_str(before);
                expand("", tree, &mut imported);
            }
            None => inline.push_str(part),
        }
    }
    let plain = inline_paths(&inline);
    let completed = plain.iter().filter_map(|path| {
        let (first, rest) = path.split_once("::")?;
        let from = imported
            .iter()
            .find(|import| import.rsplit("::").next() == Some(first))?;
        Some(format!("{from}::{rest}"))
    });
    let completed: Vec<String> = completed.collect();
    imported.into_iter().chain(plain).chain(completed).collect()
}

/// Whether `use` after this text begins an item: nothing, a visibility, or the end of another item.
fn is_item_start(before: &str) -> bool {
    let before = before.trim_end();
    before.is_empty() || before.ends_with(['}', '{', ']', ')']) || before.ends_with("pub")
}

/// Spells out a `use` tree.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.trim().trim_start_matches("::");
    if let Some(open) = tree.find('{') {
        let prefix = format!("{prefix}{}", &tree[..open]);
        let inner = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
        for branch in branches(inner) {
            expand(&prefix, branch, paths);
        }
    } else if !tree.is_empty() {
        let path = tree.split_whitespace().next().unwrap_or_default();
        let path = format!("{prefix}{path}");
        paths.push(path.trim_end_matches("::self").to_owned());
    }
}

/// Splits at the commas that are not inside braces.
fn branches(text: &str) -> Vec<&str> {
    let mut depth = 0;
    text.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    })
    .collect()
}

/// Words joined by `::`, and macro names with their `!`.
fn inline_paths(code: &str) -> Vec<String> {
    code.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':' | '!')))
        .map(|word| word.trim_start_matches(':').trim_end_matches(':'))
        .filter(|word| word.contains("::") || word.ends_with('!'))
        .map(str::to_owned)
        .collect()
}
