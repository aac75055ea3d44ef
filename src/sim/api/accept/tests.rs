use super::*;

fn form(header: &str) -> Result<Form, u16> {
    Accept::parse(header)
        .map(|accept| accept.form)
        .map_err(|status| status.code)
}

#[test]
fn the_first_form_that_is_known_is_taken() {
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let old = "application/json;as=Table;v=v1beta1;g=meta.k8s.io";
    for (header, expected) in [
        ("", Ok(Form::Object)),
        ("*/*", Ok(Form::Object)),
        ("text/html, */*;q=0.5", Ok(Form::Object)),
        (
            "application/vnd.kubernetes.protobuf,application/json",
            Ok(Form::Object),
        ),
        (&format!("{table},{old},application/json"), Ok(Form::Table)),
        (&format!("{old},application/json"), Ok(Form::Object)),
        (&format!("application/json;q=0.1, {table}"), Ok(Form::Table)),
        (
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
            Ok(Form::Metadata),
        ),
        (old, Err(406)),
        ("text/plain", Err(406)),
        ("application/vnd.kubernetes.protobuf", Err(406)),
    ] {
        assert_eq!(form(header), expected, "{header}");
    }
}
