use super::*;

fn error(text: &str) -> String {
    Selector::parse(text).expect_err(text)
}

fn selects(text: &str, labels: &[(&str, &'static str)]) -> bool {
    let selector = Selector::parse(text).expect(text);
    let value = |key: &str| {
        labels
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, v)| *v)
    };
    selector
        .0
        .iter()
        .all(|requirement| requirement.test.holds(value(&requirement.key)))
}

#[test]
fn every_operator_selects_as_documented() {
    let labels = [("a", "1"), ("b", "x"), ("e", "")];
    for yes in [
        "",
        "a",
        "a=1",
        "a==1",
        "a!=2",
        "c!=2",
        "!c",
        "a in (1,2)",
        "c notin (x)",
        "a>0",
        "a<2",
        "e=",
        "e",
        "a,b=x",
        "e in ()",
        "e in (,z)",
        "in!=x",
        " a = 1 , b ",
    ] {
        assert!(selects(yes, &labels), "{yes}");
    }
    for no in [
        "c",
        "a=2",
        "a!=1",
        "!a",
        "a in (2,3)",
        "a notin (1)",
        "a>1",
        "a<1",
        "b>0",
        "c>0",
        "c=",
        "a=",
        "a,c",
        "b=in",
    ] {
        assert!(!selects(no, &labels), "{no}");
    }
}

#[test]
fn errors_are_the_real_servers_own() {
    for (text, expected) in [
        (
            "a in (",
            "unable to parse requirement: found '', expected: ',', ')' or identifier",
        ),
        (
            "a in b",
            "unable to parse requirement: found 'b' expected: '('",
        ),
        (
            "=b",
            "found '=', expected: !, identifier, or 'end of string'",
        ),
        ("a=b,", "found '', expected: identifier after ','"),
        (
            ",",
            "found ',', expected: !, identifier, or 'end of string'",
        ),
        (
            "(a)",
            "found '(', expected: !, identifier, or 'end of string'",
        ),
        (
            "a>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
        ),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        (
            "a b",
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
        ),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn impossible_keys_and_values_are_named() {
    assert!(error("A_#=b").starts_with(
        "unable to parse requirement: <nil>: Invalid value: \"A_#\": name part must consist of alphanumeric"
    ));
    assert!(error("x/y/z=1").starts_with(
        "unable to parse requirement: <nil>: Invalid value: \"x/y/z\": a qualified name must consist of"
    ));
    assert!(error("a=#").starts_with(
        "unable to parse requirement: values[0][a]: Invalid value: \"#\": a valid label must be an empty string"
    ));
    assert!(error(&format!("a={}", "x".repeat(64))).contains("must be no more than 63 characters"));
    assert!(Selector::parse("example.com/a_B.c-d=E").is_ok());
}
