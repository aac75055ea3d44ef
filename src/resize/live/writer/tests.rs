use super::*;

#[test]
fn the_resource_of_a_path_is_its_plural() {
    for (path, wanted) in [
        ("/api/v1/nodes/w-0", "nodes"),
        ("/api/v1/namespaces/default/pods/web/eviction", "pods"),
        (
            "/apis/cluster.x-k8s.io/v1beta2/namespaces/default/machines/w-0?fieldManager=x",
            "machines",
        ),
    ] {
        assert_eq!(resource(path), wanted);
    }
}
