//! A daemon for tests that gives the answers it was told to give, one after the other.

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// A status line's end and a body: `200 OK`, `{}`.
pub(crate) type Answer = (&'static str, &'static str);

/// What every client asks first.
pub(crate) const VERSION: Answer = ("200 OK", r#"{"Version": "26.1.5", "ApiVersion": "1.45"}"#);

/// A socket in a directory of its own, and its address as `DOCKER_HOST` would have it.
pub(crate) fn socket() -> (TempDir, UnixListener, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("docker.sock");
    let listener = UnixListener::bind(&path).unwrap();
    (directory, listener, format!("unix://{}", path.display()))
}

/// Gives one answer per connection, and returns the first line of each request.
pub(crate) fn answer(listener: UnixListener, answers: Vec<Answer>) -> JoinHandle<Vec<String>> {
    tokio::spawn(async move {
        let mut requests = Vec::new();
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            requests.push(request_line(&mut stream).await);
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length");
            let response = format!("{head}: {}\r\n\r\n{body}", body.len());
            stream.write_all(response.as_bytes()).await.unwrap();
        }
        requests
    })
}

/// Reads a whole request: a socket that is closed before loses the answer too.
async fn request_line(stream: &mut UnixStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.unwrap();
    head.lines().next().unwrap().to_owned()
}
