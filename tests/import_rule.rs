//! Holds the import rule of `src/lib.rs` over the source tree.
//!
//! The tree is read as text: comments, strings and test code are blanked, then paths are looked for. That is enough
//! to find what a person would write, in `use` lists as well as inline.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// What files may not contain, and which files that is about.
struct Rule {
    name: &'static str,
    forbidden: &'static [&'static str],
    applies: fn(&str) -> bool,
}

const RULES: [Rule; 4] = [
    Rule {
        name: "pure rooms know neither the runtime nor the outside",
        forbidden: &[
            "tokio",
            "kube",
            "bollard",
            "reqwest",
            "std::process",
            "std::fs",
            "std::env",
        ],
        applies: |file| {
            in_room(
                file,
                &[
                    "spec",
                    "names",
                    "plan",
                    "render",
                    "quantity",
                    "scheduling",
                    "resize",
                    "catalog/manifest",
                    "catalog/support",
                ],
            ) && !in_room(file, &["resize/live"])
        },
    },
    Rule {
        name: "only tools and substrate open sockets or start processes",
        forbidden: &[
            // Addresses are data.
            "std::net::TcpListener",
            "std::net::TcpStream",
            "std::net::UdpSocket",
            "std::os::unix::net",
            "std::process::Command",
            "tokio::net",
            "tokio::process",
            "bollard",
            "reqwest",
        ],
        applies: |file| !in_room(file, &["tools", "substrate"]),
    },
    Rule {
        name: "only cli and ui print",
        forbidden: &[
            "println!",
            "eprintln!",
            "print!",
            "eprint!",
            "dbg!",
            "std::io::stdout",
            "std::io::stderr",
        ],
        applies: |file| !in_room(file, &["cli", "ui"]),
    },
    Rule {
        name: "observe never writes",
        forbidden: &[
            "tools::kube::apply",
            "PostParams",
            "PatchParams",
            "DeleteParams",
        ],
        applies: |file| in_room(file, &["observe"]),
    },
];

#[test]
fn the_source_tree_keeps_the_import_rule() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut violations = Vec::new();
    for file in rust_files(&src) {
        let name = file
            .strip_prefix(&src)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        violations.extend(check(&name, &fs::read_to_string(&file).unwrap()));
    }
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn planted_violations_are_found_in_every_way_of_writing() {
    let planted = [
        ("plan.rs", "use tokio::time;"),
        ("plan/up.rs", "fn f() { ::tokio::spawn(x); }"),
        ("render.rs", "use std::{fmt, process::Command};"),
        (
            "render/tera.rs",
            "use std::process;\nfn f() { process::exit(1) }",
        ),
        ("spec.rs", "use kube as k;"),
        ("names.rs", "use {serde::Serialize, bollard::Docker};"),
        ("catalog/manifest.rs", "type C = kube::Client;"),
        ("resize/history/report.rs", "use std::fs::File;"),
        ("home.rs", "use std::os::{unix::{net::UnixStream, fs}};"),
        ("run.rs", "fn f() { std::process::Command::new(\"sh\"); }"),
        (
            "execute.rs",
            "use tokio::{\n    net::TcpStream,\n    time,\n};",
        ),
        ("home.rs", "use std::io;\nfn f() { io::stdout(); }"),
        ("home.rs", "use std::net::*;"),
        (
            "home.rs",
            "use std::net;\nfn f() { net::TcpStream::connect(x); }",
        ),
        ("home.rs", "fn f() { println!(\"x\") }"),
    ];
    for (file, text) in planted {
        assert!(!check(file, text).is_empty(), "not found: {file}: {text}");
    }
}

#[test]
fn what_only_looks_like_a_violation_is_let_through() {
    let innocent = [
        (
            "plan.rs",
            "// use tokio::time;\n/* kube::Client */\n/// println!\nuse crate::failure::Failure;",
        ),
        (
            "plan.rs",
            "const TEXT: &str = \"use tokio::net\"; const RAW: &str = r#\"kube::\"Client\"#;",
        ),
        (
            "plan.rs",
            "#[cfg(test)]\nmod tests {\n    use tokio::time;\n    fn f() { println!(\"{}\", '}') }\n}",
        ),
        ("plan/tests.rs", "use tokio::time;"),
        ("plan/tests/choice.rs", "use tokio::time;"),
        (
            "plan.rs",
            "use crate::kubeconfig::Kubeconfig; fn kube_proxy() {} struct Tokio;",
        ),
        (
            "tools/docker.rs",
            "use bollard::Docker; use std::net::TcpStream;",
        ),
        ("ui.rs", "fn f() { std::io::stdout(); }"),
        ("resize/live/log.rs", "use std::fs; use tokio::time;"),
        ("spec.rs", "use std::net::Ipv4Addr; use super::*;"),
        (
            "home.rs",
            "use std::process; fn f<'a>(x: &'a str) { process::id(); }",
        ),
    ];
    for (file, text) in innocent {
        assert_eq!(check(file, text), [""; 0], "{file}: {text}");
    }
}

/// Violations of all rules in one file, as `file: rule: path`.
fn check(file: &str, text: &str) -> Vec<String> {
    if is_test(file) {
        return Vec::new();
    }
    let paths = paths(&without_test_modules(&code(text)));
    let mut violations = Vec::new();
    for rule in RULES.iter().filter(|rule| (rule.applies)(file)) {
        for forbidden in rule.forbidden {
            if let Some(path) = paths.iter().find(|path| reaches(path, forbidden)) {
                violations.push(format!("{file}: {}: {path}", rule.name));
            }
        }
    }
    violations
}

fn is_test(file: &str) -> bool {
    Path::new(file)
        .with_extension("")
        .iter()
        .any(|part| part == "tests")
}

/// `file` is the module of that name or lies in its folder.
fn in_room(file: &str, rooms: &[&str]) -> bool {
    let module = file.trim_end_matches(".rs");
    rooms
        .iter()
        .any(|room| module == *room || module.starts_with(&format!("{room}/")))
}

/// The path is the forbidden one, leads below it, or takes in all that lies above it.
fn reaches(path: &str, forbidden: &str) -> bool {
    if let Some(all) = path.strip_suffix("::*") {
        return reaches(all, forbidden) || reaches(forbidden, all);
    }
    path == forbidden
        || path
            .strip_prefix(forbidden)
            .is_some_and(|rest| rest.starts_with("::"))
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (dirs, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let files = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files
        .chain(dirs.iter().flat_map(|dir| rust_files(dir)))
        .collect()
}

/// The text without comments and with empty strings and characters.
fn code(text: &str) -> String {
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
fn without_test_modules(code: &str) -> String {
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
fn paths(code: &str) -> Vec<String> {
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
