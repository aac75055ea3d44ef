use super::*;

fn address(path: &str) -> [String; 6] {
    match Path::parse(path) {
        Path::Resource(a) => [
            a.group,
            a.version,
            a.namespace,
            a.plural,
            a.name,
            a.subresource,
        ],
        other => panic!("{path}: {other:?}"),
    }
}

#[test]
fn paths_address_collections_objects_and_parts() {
    for (path, expected) in [
        ("/api/v1/pods", ["", "v1", "", "pods", "", ""]),
        ("/api/v1/nodes/n", ["", "v1", "", "nodes", "n", ""]),
        (
            "/api/v1/nodes/n/status",
            ["", "v1", "", "nodes", "n", "status"],
        ),
        ("/api/v1/namespaces", ["", "v1", "", "namespaces", "", ""]),
        (
            "/api/v1/namespaces/n",
            ["", "v1", "", "namespaces", "n", ""],
        ),
        (
            "/api/v1/namespaces/n/finalize",
            ["", "v1", "", "namespaces", "n", "finalize"],
        ),
        ("/api/v1/namespaces/n/pods", ["", "v1", "n", "pods", "", ""]),
        (
            "/api/v1/namespaces/n/pods/p/",
            ["", "v1", "n", "pods", "p", ""],
        ),
        (
            "/api/v1/namespaces/n/pods/p/eviction",
            ["", "v1", "n", "pods", "p", "eviction"],
        ),
        (
            "/apis/apps/v1/namespaces/n/deployments/a%2Fb",
            ["apps", "v1", "n", "deployments", "a/b", ""],
        ),
    ] {
        assert_eq!(address(path), expected, "{path}");
    }
}

#[test]
fn other_paths_are_documents_checks_or_nothing() {
    for (path, expected) in [
        ("/healthz", Path::Health),
        ("/readyz", Path::Health),
        ("/livez/ping", Path::Health),
        ("/healthz/", Path::Unknown),
        ("/version", Path::Version),
        ("/api", Path::Discovery),
        ("/apis/", Path::Discovery),
        ("/apis/apps/v1", Path::Discovery),
        ("/openapi/v3/api/v1", Path::OpenApi),
        ("/", Path::Unknown),
        ("/metrics", Path::Unknown),
    ] {
        assert_eq!(Path::parse(path), expected, "{path}");
    }
}
