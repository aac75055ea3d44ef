use super::*;

fn path(text: &str) -> Vec<String> {
    text.split('/').map(str::to_owned).collect()
}

#[test]
fn scalars_are_found_at_any_depth_and_others_are_not() {
    let json = br#"{"a":{"b":{"c":"x","d":[{"c":"no"}],"q\"":1}},"t":true,"n":-5,"z":null,"big":7.5,"l":[1]}"#;
    let paths: Vec<Vec<String>> = [
        "a/b/c", "a/b/d", "t", "n", "z", "a/b", "a/x", "big", "a/b/q\"", "l",
    ]
    .map(path)
    .into();
    let paths: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
    let found = scalars(json, &paths);
    let expected = [
        Some("x"),
        None,
        Some("true"),
        Some("-5"),
        None,
        None,
        None,
        Some("7.5"),
        Some("1"),
        None,
    ];
    assert_eq!(
        found.iter().map(Option::as_deref).collect::<Vec<_>>(),
        expected
    );
}
