use http_body_util::Full;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::service_fn;

use super::*;

#[tokio::test]
async fn a_plain_request_is_answered_and_the_server_ends_when_told() {
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = server.address().unwrap();
    let service = service_fn(|request: Request<_>| {
        let path = request.uri().path().to_owned();
        std::future::ready(Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(
            path,
        )))))
    });
    let cancel = CancellationToken::new();
    let serving = tokio::spawn(server.serve(service, cancel.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("/metrics"),
        "{answer}"
    );
    cancel.cancel();
    serving.await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let first = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = first.address().unwrap();
    let error = Server::bind(address).await.err().unwrap().to_string();
    assert_eq!(error, format!("listening on {address}"));
}
