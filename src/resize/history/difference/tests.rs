use super::*;

#[test]
fn equal_lines_frame_what_differs() {
    let before = "a\nb\nc\nd\ne\nold\nf\ng\nh\ni";
    let after = "a\nb\nc\nd\ne\nnew\nf\ng\nh\ni";
    assert_eq!(
        lines(before, after),
        "  c\n  d\n  e\n- old\n+ new\n  f\n  g\n  h"
    );
}

#[test]
fn what_both_share_in_the_middle_is_not_marked() {
    assert_eq!(lines("1\nx\n2", "3\nx\n4"), "- 1\n+ 3\n  x\n- 2\n+ 4");
    assert_eq!(lines("x", "x\ny"), "  x\n+ y");
}

#[test]
fn long_differences_are_shown_without_being_compared() {
    let many = |prefix: &str| {
        let lines: Vec<String> = (0..=COMPARED)
            .map(|number| format!("{prefix}{number}"))
            .collect();
        lines.join("\n")
    };
    let text = lines(&many("a"), &many("b"));
    assert_eq!(text.lines().count(), 2 * (COMPARED + 1));
    assert!(text.starts_with("- a0\n"), "{text}");
}
