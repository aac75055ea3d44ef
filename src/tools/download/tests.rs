use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::failure::report;

const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

const QUICK: Limits = Limits {
    connect: Duration::from_millis(500),
    silence: Duration::from_millis(200),
    total: Duration::from_secs(5),
    bytes: 1000,
    pause: Duration::from_millis(1),
};

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(tokio::spawn(
        async move { axum::serve(listener, router).await },
    ));
    format!("http://{address}")
}

async fn refusal(url: &str, sha256: Option<&str>) -> String {
    let error = fetch_within(url, sha256, QUICK).await.unwrap_err();
    format!("{error:#}")
}

#[tokio::test]
async fn a_body_with_the_right_checksum_arrives() {
    let url = serve(Router::new().route("/x", get(|| async { "hello" }))).await;
    let bytes = fetch_within(&format!("{url}/x"), Some(HELLO), QUICK)
        .await
        .unwrap();
    assert_eq!(bytes, b"hello");
}

#[tokio::test]
async fn a_wrong_checksum_names_the_address_and_both_sums() {
    let url = serve(Router::new().route("/x", get(|| async { "hallo" }))).await;
    let message = refusal(&format!("{url}/x"), Some(HELLO)).await;
    for part in [&url, HELLO, &hash::sha256(b"hallo")] {
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn a_missing_file_is_final_and_hints_at_the_catalogue() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let not_found = move || async move {
        count.fetch_add(1, Ordering::SeqCst);
        StatusCode::NOT_FOUND
    };
    let url = serve(Router::new().route("/x", get(not_found))).await;
    let error = fetch_within(&format!("{url}/x"), None, QUICK)
        .await
        .unwrap_err();
    let report = report(&error);
    assert_eq!(report.causes, ["the server answered 404 Not Found"]);
    assert!(report.hints.iter().any(|hint| hint.contains("catalogue")));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_server_error_is_tried_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let second_time = move || async move {
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => (StatusCode::SERVICE_UNAVAILABLE, ""),
            _ => (StatusCode::OK, "hello"),
        }
    };
    let url = serve(Router::new().route("/x", get(second_time))).await;
    let bytes = fetch_within(&format!("{url}/x"), None, QUICK)
        .await
        .unwrap();
    assert_eq!(bytes, b"hello");
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_at_the_size_limit() {
    let endless = || async {
        let chunk = || {
            Some((
                Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 100])),
                (),
            ))
        };
        Body::from_stream(futures::stream::unfold(
            (),
            move |()| async move { chunk() },
        ))
    };
    let url = serve(Router::new().route("/x", get(endless))).await;
    let message = refusal(&format!("{url}/x"), None).await;
    assert!(message.contains("larger than 1000 bytes"), "{message}");
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up() {
    let silent = || async {
        let stream = futures::stream::pending::<Result<Bytes, std::io::Error>>();
        Body::from_stream(stream)
    };
    let url = serve(Router::new().route("/x", get(silent))).await;
    let message = refusal(&format!("{url}/x"), None).await;
    assert!(message.contains("operation timed out"), "{message}");
}

#[tokio::test]
async fn the_total_deadline_holds_whatever_the_server_does() {
    let silent = || async { futures::future::pending::<&'static str>().await };
    let url = serve(Router::new().route("/x", get(silent))).await;
    let total = Duration::from_millis(50);
    let limits = Limits {
        total,
        silence: Duration::from_mins(1),
        ..QUICK
    };
    let error = fetch_within(&format!("{url}/x"), None, limits)
        .await
        .unwrap_err();
    assert!(
        format!("{error:#}").contains("it took more than"),
        "{error:#}"
    );
}

/// Answers every connection with these bytes and closes it.
async fn answer_raw(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 1024];
            drop(socket.read(&mut request).await);
            drop(socket.write_all(answer.as_bytes()).await);
        }
    };
    drop(tokio::spawn(serve));
    address
}

#[tokio::test]
async fn a_truncated_body_is_an_error_even_without_a_checksum() {
    let address = answer_raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello").await;
    let message = refusal(&format!("http://{address}/x"), None).await;
    assert!(
        message.contains("end of file before message length"),
        "{message}"
    );
}

#[tokio::test]
async fn redirects_are_followed() {
    let router = Router::new()
        .route("/old", get(|| async { Redirect::temporary("/x") }))
        .route("/x", get(|| async { "hello" }));
    let url = serve(router).await;
    let bytes = fetch_within(&format!("{url}/old"), Some(HELLO), QUICK)
        .await
        .unwrap();
    assert_eq!(bytes, b"hello");
}

#[tokio::test]
async fn a_redirect_in_circles_ends() {
    let router = Router::new().route("/x", get(|| async { Redirect::temporary("/x") }));
    let url = serve(router).await;
    let message = refusal(&format!("{url}/x"), None).await;
    assert!(message.contains("too many redirects"), "{message}");
}

#[tokio::test]
async fn files_are_read_by_path_and_by_address() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a b.yaml");
    std::fs::write(&path, "hello").unwrap();
    let address = Url::from_file_path(&path).unwrap();
    for location in [path.display().to_string(), address.to_string()] {
        assert_eq!(fetch(&location, Some(HELLO)).await.unwrap(), b"hello");
    }
}

#[tokio::test]
async fn a_file_larger_than_the_limit_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large");
    std::fs::write(&path, [b'x'; 1001]).unwrap();
    let message = refusal(&path.display().to_string(), None).await;
    assert!(message.contains("larger than 1000 bytes"), "{message}");
}

#[tokio::test]
async fn passwords_in_an_address_stay_out_of_the_error() {
    let message = refusal("http://user:hunter2@127.0.0.1:1/x?token=s3cret", None).await;
    assert!(message.contains("http://127.0.0.1:1/x"), "{message}");
    assert!(
        !message.contains("hunter2") && !message.contains("s3cret"),
        "{message}"
    );
}

#[tokio::test]
async fn other_schemes_are_refused_by_name() {
    let message = refusal("ftp://example.com/x", None).await;
    assert!(message.contains("`ftp://` is not supported"), "{message}");
}
