use super::*;

fn field<'a>(schema: &'a Schema, path: &[&str]) -> &'a Field {
    let mut of = schema.root();
    let mut found = None;
    for name in path {
        while let Type::List { item, .. } = of {
            of = schema.schemas.get(*item);
        }
        let Type::Object(object) = of else {
            panic!("{name} is not in an object: {of:?}");
        };
        let field = &object.fields[*name];
        of = schema.schemas.get(field.of);
        found = Some(field);
    }
    found.unwrap()
}

#[test]
fn a_pod_knows_how_its_containers_merge() {
    let pod = schema("v1", "Pod").unwrap();
    let containers = field(&pod, &["spec", "containers"]);
    assert!(containers.required);
    assert_eq!(
        containers.strategy.as_ref().unwrap().key.as_deref(),
        Some("name")
    );
    let Type::List { list, .. } = pod.schemas.get(containers.of) else {
        panic!("not a list");
    };
    assert_eq!(*list, List::Map(vec!["name".to_owned()]));
    let protocol = field(&pod, &["spec", "containers", "ports", "protocol"]);
    assert_eq!(protocol.default, Some("TCP".into()));
}

#[test]
fn every_name_in_the_table_is_a_type() {
    for (name, id) in &built_in().names {
        let known = built_in().get(*id);
        assert!(*known != Type::Any || name == "any", "{name} was not read");
    }
}
