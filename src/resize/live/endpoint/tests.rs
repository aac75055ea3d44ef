use http_body_util::BodyExt;

use super::*;
use crate::resize::history::View;

async fn ask(method: Method, path: &str) -> (u16, String) {
    let metrics = Mutex::new(Metrics::new(View::default()));
    let response = answer(&method, path, &metrics);
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn metrics_and_health_are_answered_and_nothing_else() {
    let (status, text) = ask(Method::GET, "/metrics").await;
    assert_eq!(status, 200);
    assert!(text.contains("\nbex_resize_leader 0\n"), "{text}");
    assert_eq!(ask(Method::GET, "/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(ask(Method::GET, "/").await.0, 404);
    assert_eq!(ask(Method::POST, "/metrics").await.0, 405);
}
