use super::*;

/// A field with bytes in it.
fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    assert!(length < 0x80, "one byte holds it");
    [&[number << 3 | 2, length], content].concat()
}

fn integer(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value]
}

fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let type_meta = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
    [PREFIX, &bytes(1, &type_meta), &bytes(2, raw)].concat()
}

#[test]
fn a_deployment_is_read_with_its_lists_maps_and_alternatives() {
    let label = [bytes(1, b"app"), bytes(2, b"web")].concat();
    let created = bytes(8, &[integer(1, 100), integer(2, 0)].concat());
    let metadata = [bytes(1, b"web"), bytes(3, b""), bytes(11, &label), created].concat();
    let unavailable = bytes(
        1,
        &[integer(1, 1), integer(2, 0), bytes(3, b"25%")].concat(),
    );
    let strategy = [bytes(1, b"RollingUpdate"), bytes(2, &unavailable)].concat();
    let spec = [integer(1, 0), bytes(4, &strategy)].concat();
    let raw = [bytes(1, &metadata), bytes(2, &spec)].concat();
    assert_eq!(
        decode(&body("apps/v1", "Deployment", &raw)),
        Ok(json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "labels": {"app": "web"}, "creationTimestamp": "1970-01-01T00:01:40Z"},
            "spec": {"replicas": 0, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%"}}},
        }))
    );
}

#[test]
fn embedded_messages_lend_their_fields_to_the_one_around_them() {
    let source = bytes(2, &bytes(1, b"Memory"));
    let volume = [bytes(1, b"v"), bytes(2, &source)].concat();
    let found = value("core.Volume", Part::Bytes(&volume));
    assert_eq!(
        found,
        Ok(json!({"name": "v", "emptyDir": {"medium": "Memory"}}))
    );
}

#[test]
fn bytes_are_base64_and_zero_times_are_absent() {
    let data = [bytes(1, b"k"), bytes(2, &[0xff, 0])].concat();
    let metadata = [bytes(1, b"s"), bytes(8, b"")].concat();
    let raw = [bytes(1, &metadata), bytes(2, &data)].concat();
    let secret = decode(&body("v1", "Secret", &raw)).unwrap();
    assert_eq!(secret["data"], json!({"k": "/wA="}));
    assert_eq!(secret["metadata"], json!({"name": "s"}));
}

#[test]
fn every_type_that_a_field_names_is_known() {
    let simple = [
        "s",
        "x",
        "i",
        "b",
        "time",
        "quantity",
        "int-or-string",
        "raw",
    ];
    for (name, fields) in MESSAGES.iter() {
        for field in fields.values() {
            let of = field
                .of
                .trim_start_matches("[]")
                .trim_start_matches("{}")
                .trim_start_matches("[]");
            assert!(
                simple.contains(&of) || MESSAGES.contains_key(of),
                "{name}.{}: {of}",
                field.name
            );
        }
    }
}

#[test]
fn broken_bodies_are_errors_and_never_panics() {
    assert!(
        decode(b"xx")
            .unwrap_err()
            .contains("expected prefix [107 56 115 0]")
    );
    let whole = body("v1", "ConfigMap", &bytes(1, &bytes(1, b"a")));
    for end in 4..whole.len() {
        drop(decode(&whole[..end]));
    }
    let unknown = decode(&body("v1", "Nothing", b"")).unwrap_err();
    assert!(
        unknown.starts_with("no kind \"Nothing\" is registered for version \"v1\""),
        "{unknown}"
    );
}
