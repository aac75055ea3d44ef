//! Test results as `JUnit` XML. Pure.

use std::fmt::Write;

use crate::smoke::{Case, Results};

/// One test suite with a test case for each thing that was tried.
pub(super) fn junit(results: &Results) -> String {
    let failures = results
        .cases
        .iter()
        .filter(|case| case.failure.is_some())
        .count();
    let total: f64 = results.cases.iter().map(|case| case.seconds).sum();
    let cases: String = results
        .cases
        .iter()
        .map(|case| test_case(&results.platform, case))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites>\n  <testsuite name=\"bex-infra smoke\" tests=\"{}\" failures=\"{failures}\" time=\"{total:.3}\">\n\
         {cases}  </testsuite>\n</testsuites>\n",
        results.cases.len(),
    )
}

fn test_case(platform: &str, case: &Case) -> String {
    let mut xml = format!(
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
        escaped(platform),
        escaped(&case.name),
        case.seconds
    );
    // Writing to a String cannot fail.
    let written = match &case.failure {
        None => writeln!(xml, "/>"),
        Some(failure) => {
            let first = failure.lines().next().unwrap_or_default();
            writeln!(
                xml,
                ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
                escaped(first),
                escaped(failure)
            )
        }
    };
    debug_assert!(written.is_ok());
    xml
}

/// Control characters are not allowed in XML, not even escaped.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            character if character.is_control() => {}
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_apart_and_escaped() {
        let case = |name: &str, failure: Option<&str>| Case {
            name: name.into(),
            seconds: 1.5,
            failure: failure.map(str::to_owned),
        };
        let results = Results {
            platform: "smoke-1".into(),
            cases: vec![
                case("up", None),
                case("service <answers>", Some("\x1b[31m\"a\" & b\nsecond line")),
            ],
            interrupted: false,
        };
        insta::assert_snapshot!(junit(&results), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites>
          <testsuite name="bex-infra smoke" tests="2" failures="1" time="3.000">
            <testcase classname="smoke-1" name="up" time="1.500"/>
            <testcase classname="smoke-1" name="service &lt;answers&gt;" time="1.500">
              <failure message="[31m&quot;a&quot; &amp; b">[31m&quot;a&quot; &amp; b
        second line</failure>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }
}
