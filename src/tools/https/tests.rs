use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use reqwest::{Certificate, Client};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::*;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Answers with the path; `/forever` never ends.
#[derive(Clone)]
struct Echo;

impl Service<Request<Incoming>> for Echo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let path = request.uri().path().to_owned();
        Box::pin(async move {
            if path == "/forever" {
                std::future::pending::<()>().await;
            }
            Ok(Response::new(Full::new(Bytes::from(path)).boxed_unsync()))
        })
    }
}

struct Running {
    url: String,
    ca: String,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

async fn start() -> Running {
    drop(rustls::crypto::ring::default_provider().install_default());
    let identity = Identity::generate().unwrap();
    let server = Server::bind(0, &identity).await.unwrap();
    let address = server.address().unwrap();
    assert!(address.ip().is_loopback());
    let cancel = CancellationToken::new();
    Running {
        url: format!("https://{address}"),
        ca: identity.ca.clone(),
        task: tokio::spawn(server.serve(Echo, cancel.clone())),
        cancel,
    }
}

impl Running {
    fn client(&self) -> Client {
        let ca = Certificate::from_pem(self.ca.as_bytes()).unwrap();
        Client::builder().tls_certs_only([ca]).build().unwrap()
    }

    async fn get(&self, client: &Client, path: &str) -> reqwest::Result<String> {
        client
            .get(format!("{}{path}", self.url))
            .send()
            .await?
            .text()
            .await
    }
}

#[tokio::test]
async fn a_client_that_trusts_the_ca_is_answered() {
    let server = start().await;
    assert_eq!(
        server.get(&server.client(), "/hello").await.unwrap(),
        "/hello"
    );
}

#[tokio::test]
async fn a_client_that_trusts_another_ca_turns_away() {
    let server = start().await;
    let other = Certificate::from_pem(Identity::generate().unwrap().ca.as_bytes()).unwrap();
    let client = Client::builder().tls_certs_only([other]).build().unwrap();
    assert!(server.get(&client, "/").await.unwrap_err().is_connect());
}

#[tokio::test]
async fn broken_and_silent_clients_harm_nobody() {
    let server = start().await;
    let address = server.url.strip_prefix("https://").unwrap();
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let mut broken = TcpStream::connect(address).await.unwrap();
    broken.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // The server hangs up on what is no TLS, with an alert or without.
    drop(broken.read_to_end(&mut answer).await);
    assert!(!answer.starts_with(b"HTTP"));
    assert_eq!(
        server.get(&server.client(), "/still").await.unwrap(),
        "/still"
    );
}

#[tokio::test]
async fn a_request_that_does_not_end_does_not_keep_the_server() {
    let server = start().await;
    let client = server.client();
    let forever = {
        let (client, url) = (client.clone(), format!("{}/forever", server.url));
        tokio::spawn(async move { client.get(url).send().await })
    };
    server.get(&client, "/").await.unwrap();
    server.cancel.cancel();
    server.task.await.unwrap();
    assert!(forever.await.unwrap().is_err());
    assert!(
        TcpStream::connect(server.url.strip_prefix("https://").unwrap())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn an_identity_survives_being_written_down() {
    let identity = Identity::generate().unwrap();
    let text = serde_json::to_string(&identity).unwrap();
    let read: Identity = serde_json::from_str(&text).unwrap();
    assert_eq!(read.ca, identity.ca);
    assert!(Server::bind(0, &read).await.is_ok());
}

#[test]
fn secrets_are_long_and_never_the_same() {
    let (one, other) = (Identity::secret().unwrap(), Identity::secret().unwrap());
    assert_eq!((one.len(), one == other), (64, false));
}
