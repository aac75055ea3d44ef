use super::*;

const SMALL: &str = "
currency: EUR
billedSeconds: 3600
types:
  - name: small
    architecture: amd64
    cpus: 2
    memoryGib: 4
    diskGb: 40
    locations:
      - {name: fsn1, hourly: 8206, available: true}
";

fn error(text: &str) -> String {
    PriceList::parse(text).unwrap_err().to_string()
}

/// The error when `from` is `to` in a list that is right.
fn wrong(from: &str, to: &str) -> String {
    assert!(SMALL.contains(from), "{from}");
    error(&SMALL.replace(from, to))
}

#[test]
fn the_built_in_list_has_an_hour_as_a_730th_of_a_month() {
    let list = PriceList::named("hetzner").unwrap();
    let cpx32 = list.types.iter().find(|of| of.name == "cpx32").unwrap();
    assert_eq!((cpx32.cpus, cpx32.dedicated), (4, false));
    assert_eq!(cpx32.locations[0].hourly, Price(49_302), "35.99 / 730");
    assert_eq!(list.billed_seconds, 3600);
}

#[test]
fn six_smaller_machines_can_cost_less_than_a_large_one() {
    let list = PriceList::named("hetzner").unwrap();
    let hourly = |name: &str| {
        let of = list.types.iter().find(|of| of.name == name).unwrap();
        of.locations[0].hourly.0
    };
    assert!(6 * hourly("ccx33") < hourly("ccx63"));
}

#[test]
fn a_list_that_is_not_there_names_those_that_are() {
    let error = PriceList::named("aws").unwrap_err().to_string();
    assert!(
        error.contains("`aws`") && error.contains("hetzner"),
        "{error}"
    );
}

#[test]
fn what_the_kubelet_leaves_is_no_more_than_what_nodes_were_seen_to_have() {
    let list = PriceList::parse(SMALL).unwrap();
    let allocatable = list.types[0].allocatable();
    assert_eq!(allocatable["cpu"], 2000);
    assert_eq!(allocatable["pods"], 110);
    let seen_mib = 3814 - 100;
    let mib = allocatable["memory"] / (1 << 20);
    assert!((seen_mib - 20..=seen_mib).contains(&mib), "{mib}");
    assert!(allocatable["ephemeral-storage"] < 36_000_000_000);
}

#[test]
fn a_machine_smaller_than_what_is_kept_has_no_memory_to_give() {
    let list = PriceList::parse(&SMALL.replace("memoryGib: 4", "memoryGib: 0.1")).unwrap();
    assert_eq!(list.types[0].allocatable()["memory"], 0);
}

#[test]
fn prices_that_are_none_are_refused_with_their_place() {
    let zero = wrong("hourly: 8206", "hourly: 0");
    assert!(
        zero.starts_with("types[0] (small).locations[0].hourly: is 0"),
        "{zero}"
    );
    let negative = wrong("hourly: 8206", "hourly: -3");
    assert!(negative.contains("line 11"), "{negative}");
    let absurd = wrong("hourly: 8206", "hourly: 18446744073709551615");
    assert!(absurd.contains("locations[0].hourly"), "{absurd}");
}

#[test]
fn sizes_that_are_none_are_refused_with_their_place() {
    let without = wrong("    memoryGib: 4\n", "");
    assert!(without.contains("memoryGib"), "{without}");
    for memory in ["0", "-4", ".nan", ".inf"] {
        let error = wrong("memoryGib: 4", &format!("memoryGib: {memory}"));
        assert!(error.starts_with("types[0] (small).memoryGib"), "{error}");
    }
    let cpus = wrong("cpus: 2", "cpus: 0");
    assert!(cpus.starts_with("types[0] (small).cpus: is 0"), "{cpus}");
    let disk = wrong("diskGb: 40", "diskGb: 0");
    assert!(disk.starts_with("types[0] (small).diskGb"), "{disk}");
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    let again = SMALL.split_once("types:").unwrap().1;
    let error = error(&format!("{SMALL}{}", again.trim_start_matches('\n')));
    assert_eq!(error, "types[1].name: `small` is there twice");
}

#[test]
fn a_field_that_nobody_knows_is_refused_with_its_line() {
    let error = wrong("    cpus: 2", "    cpus: 2\n    price: 3");
    assert!(
        error.contains("price") && error.contains("line 8"),
        "{error}"
    );
}

#[test]
fn a_list_of_nothing_is_refused() {
    let error = error("{currency: EUR, billedSeconds: 3600, types: []}");
    assert!(error.starts_with("types: is empty"), "{error}");
}

#[test]
fn json_is_read_too() {
    let list = PriceList::parse(SMALL).unwrap();
    let json = serde_json::to_string(&list).unwrap();
    assert_eq!(PriceList::parse(&json).unwrap(), list);
}
