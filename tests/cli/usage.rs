//! Wrong command lines: exit code 2, what is wrong, and nothing touched.

use crate::sandbox::{Done, Sandbox};

/// Each command line and a part of what is said about it.
const WRONG: &[(&[&str], &str)] = &[
    (&["raise"], "unrecognized subcommand 'raise'"),
    (&["up"], "<SUBSTRATE>"),
    (&["up", "hetzner"], "invalid value 'hetzner'"),
    (
        &["up", "local", "--workers", "many"],
        "invalid value 'many'",
    ),
    (
        &["up", "local", "--workers", "501"],
        "--workers: must be 0 to 500, found 501",
    ),
    (
        &["up", "local", "-f", "platform.yaml"],
        "cannot be used with",
    ),
    (
        &["up", "-f", "platform.yaml", "--name", "ci"],
        "cannot be used with",
    ),
    (&["up", "-f", "absent.yaml"], "cannot read absent.yaml"),
    (
        &["up", "local", "--name", "Bex"],
        "--name: `Bex` is not a name",
    ),
    (
        &["up", "local", "--name", "../bex"],
        "--name: `../bex` is not a name",
    ),
    (
        &["status", "--name", "bex-mgmt"],
        "--name: `bex-mgmt` must not end in -mgmt",
    ),
    (
        &["up", "local", "--timeout", "5"],
        "write a duration with its unit",
    ),
    (
        &["up", "local", "--timeout", "0s"],
        "write a duration with its unit",
    ),
    (
        &["up", "local", "--ttl", "soon"],
        "write a duration with its unit",
    ),
    (
        &["down", "local", "--timeout", "-1m"],
        "unexpected argument '-1'",
    ),
    (&["scale", "workers"], "<N>"),
    (
        &["scale", "workers", "abc"],
        "write a number of workers, like 3, or a change, like +1 or -2",
    ),
    (&["scale", "workers", "1.5"], "write a number of workers"),
    (&["scale", "masters", "3"], "invalid value 'masters'"),
    (
        &["scale", "workers", "2", "--max-hourly-cost", "3"],
        "cannot be used with",
    ),
    (
        &["scale", "workers", "--explain", "--pool", "web"],
        "cannot be used with",
    ),
    (
        &[
            "resize",
            "simulate",
            "--workload",
            "day.yaml",
            "--hours",
            "0",
        ],
        "--hours: is 0; expected more than 0 and at most a year",
    ),
    (&["status", "--quiet", "--verbose"], "cannot be used with"),
    (&["status", "-o", "xml"], "invalid value 'xml'"),
    (&["kubeconfig", "--force"], "--merge"),
    (&["completions", "cmd"], "invalid value 'cmd'"),
    (
        &["up", "local", "--bundle", "absent"],
        "absent is not a bundle",
    ),
];

#[test]
fn a_wrong_command_line_exits_with_two_and_touches_nothing() {
    for (args, part) in WRONG {
        let sandbox = Sandbox::new();
        let done = sandbox.run(args);
        assert_eq!(done.code, Some(2), "{args:?}: {}", done.stderr);
        assert!(done.stderr.contains(part), "{args:?}: {}", done.stderr);
        assert_eq!(done.stdout, "", "{args:?}");
        sandbox.assert_untouched();
    }
}

#[test]
fn a_near_miss_of_a_verb_is_answered_with_what_was_meant() {
    let done = Sandbox::new().run(&["staus"]);
    insta::assert_snapshot!(done.stderr, @"
    error: unrecognized subcommand 'staus'

      tip: a similar subcommand exists: 'status'

    Usage: bex-infra [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn a_file_that_is_not_there_is_named_with_the_reason() {
    let done = Sandbox::new().run(&["plan", "-f", "absent.yaml"]);
    insta::assert_snapshot!(done.stderr, @"
    error: cannot read absent.yaml
    caused by: No such file or directory (os error 2)
    ");
}

/// What `resize simulate` says of this workload.
fn simulated(workload: &str, more: &[&str]) -> Done {
    let sandbox = Sandbox::new();
    sandbox.write("day.yaml", workload);
    let args = ["resize", "simulate", "--workload", "day.yaml"];
    sandbox.run(&[&args, more].concat())
}

#[test]
fn a_workload_without_machine_types_is_not_simulated() {
    let done = simulated("{name: a day, types: [], classes: []}", &[]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(done.stderr, @"
    error: day.yaml: there are no machine types
    hint: give --catalog hetzner, or `types` in the file
    ");
}

/// Three pods of 10 TiB.
const GIANTS: &str = "\
name: a day
types: []
classes:
  - metadata: {name: big}
    spec: {containers: [{name: big, resources: {requests: {memory: 10Ti}}}]}
pending: [{class: 0, pods: 3}]
";

#[test]
fn pods_that_fit_on_no_machine_type_are_told_below_the_table() {
    let catalog = ["--catalog", "hetzner", "--hours", "1"];
    let done = simulated(GIANTS, &catalog);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let last = done.stdout.lines().last().unwrap();
    let told =
        "3 pods of class big fit on no machine type: insufficient memory: asks for 10240 GiB";
    assert!(last.starts_with(told), "{}", done.stdout);
    let done = simulated(GIANTS, &[&catalog[..], &["-o", "json"]].concat());
    let report: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(report["unfit"][0]["pods"], 3, "{report}");
}

#[test]
fn what_a_workload_gets_wrong_is_shown_with_its_place_and_field() {
    let wrong = |from: &str, to: &str| {
        let done = simulated(&GIANTS.replace(from, to), &["--catalog", "hetzner"]);
        assert_eq!(done.code, Some(2), "{}", done.stderr);
        done.stderr
    };
    insta::assert_snapshot!(wrong("types: []", "types: [{name: a, hour: 1}]"), @"
    error: day.yaml:2:19: types[0].hour: unknown field; expected name, hourly, allocatable, labels, taints, limit
    hint: `types[0].hour`: did you mean `hourly`?
    ");
    insta::assert_snapshot!(wrong("pods: 3", "pods: -3"), @"error: day.yaml:6:28: pending[0].pods: expected a whole number from 0 to 4294967295, found the number -3");
    insta::assert_snapshot!(wrong(", pods: 3", ""), @"error: day.yaml:6:12: pending[0].pods: is missing");
    insta::assert_snapshot!(wrong("types: []", "types: [{name: a, labels: {b: c}, hourly: 1}]"), @"error: day.yaml:2:35: types[0].allocatable: is missing");
    insta::assert_snapshot!(wrong("types: []\n", ""), @"error: day.yaml:5:1: types: is missing");
    insta::assert_snapshot!(wrong("types: []", "types: {}"), @"error: day.yaml:2:8: types: expected a list, found a mapping");
    insta::assert_snapshot!(wrong("class: 0", "class: 7"), @"error: day.yaml: pending[0].class: is 7, but `classes` has 1, from 0 on");
    insta::assert_snapshot!(wrong("10Ti", "abc"), @"error: day.yaml: classes[0]: reading what pod big asks for: reading the requests of container big: reading memory: reading quantity `abc`: expected up to 19 digits, at most one decimal point and a unit, like 500m or 2Gi");
}

#[test]
fn what_a_price_list_gets_wrong_is_shown_with_its_place_and_field() {
    let sandbox = Sandbox::new();
    let wrong = |size: &str, price: &str| {
        let list = format!(
            "currency: EUR\nbilledSeconds: 3600\ntypes:\n  - {{name: a, architecture: amd64, cpus: {size}, memoryGib: 4, \
             diskGb: 40,\n     locations: [{{name: fsn1, hourly: {price}, available: true}}]}}\n"
        );
        sandbox.write("prices.yaml", &list);
        sandbox.write("day.yaml", GIANTS);
        let args = [
            "resize",
            "simulate",
            "--workload",
            "day.yaml",
            "--catalog",
            "./prices.yaml",
        ];
        let done = sandbox.run(&args);
        assert_eq!(done.code, Some(2), "{}", done.stderr);
        done.stderr
    };
    insta::assert_snapshot!(wrong("2", "-5"), @"error: ./prices.yaml:5:39: types[0].locations[0].hourly: expected a whole number from 0 on, found the number -5");
    insta::assert_snapshot!(wrong("many", "5"), @"error: ./prices.yaml:4:42: types[0].cpus: expected a whole number from 0 to 4294967295, found the string `many`");
    insta::assert_snapshot!(wrong("2", "0"), @"error: ./prices.yaml: types[0] (a).locations[0].hourly: is 0; expected millionths of the currency's unit an hour");
}
