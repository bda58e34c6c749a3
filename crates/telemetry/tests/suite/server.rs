//! The server, over loopback.

use std::{io, net::SocketAddr, time::Duration};

use telemetry::{Ask, Format, Kind, Page, Server, status_json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{NOW, metric, registry};

const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

struct Running {
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
}

impl Running {
    /// Serves what an owner like the supervisor answers.
    fn start(addr: SocketAddr) -> Self {
        let (source, mut asks) = mpsc::channel(4);
        tokio::spawn(async move {
            let registry = registry(&[metric("m", Kind::Gauge)]);
            while let Some(Ask { page, answer }) = asks.recv().await {
                let _ = answer.send(match page {
                    Page::Metrics(format) => registry.encode(NOW, format),
                    Page::Status => status_json("v", &[], &[], &[]),
                });
            }
        });
        Self::with(addr, source)
    }

    fn with(addr: SocketAddr, source: mpsc::Sender<Ask>) -> Self {
        let server = Server::bind(addr).expect("the port is free");
        let addr = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { stopped.await.unwrap_or_default() };
        let served = tokio::spawn(server.serve(source, shutdown));
        Self { addr, stop, served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr)
            .await
            .expect("someone listens")
    }

    /// Sends what is to be sent, and reads until the server closes.
    async fn tell(&self, text: &str) -> String {
        let mut stream = self.connect().await;
        stream
            .write_all(text.as_bytes())
            .await
            .expect("an answer comes");
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .await
            .expect("an answer comes");
        answer
    }

    async fn ask(&self, method: &str, path: &str) -> (u16, String) {
        let text = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = self.tell(&text).await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer comes");
        let status = head.split(' ').nth(1).expect("an answer comes");
        (status.parse().expect("an answer comes"), body.to_owned())
    }

    async fn stop(self) {
        self.stop.send(()).expect("it is there to be stopped");
        let served = self.served.await.expect("it does not panic");
        served.expect("it served");
    }
}

#[tokio::test]
async fn shows_its_two_pages_and_nothing_else() {
    let server = Running::start(LOOPBACK);
    let status = "{\"Version\":\"v\",\"Jobs\":null,\"Services\":null,\"Watches\":null}\n";
    let refused = "Method Not Allowed\n";
    let unknown = "404 page not found\n";
    for (method, path, code, body) in [
        ("GET", "/status", 200, status),
        ("GET", "/status?pretty", 200, status),
        ("POST", "/status", 405, refused),
        ("HEAD", "/status", 405, ""),
        ("HEAD", "/metrics", 200, ""),
        ("POST", "/metrics", 405, refused),
        ("GET", "/", 404, unknown),
        ("GET", "/status/", 404, unknown),
        ("POST", "/metricsx", 404, unknown),
        ("GET", "//metrics", 404, unknown),
    ] {
        let answered = server.ask(method, path).await;
        assert_eq!(answered, (code, body.to_owned()), "{method} {path}");
    }
    let (code, page) = server.ask("GET", "/metrics").await;
    assert_eq!(code, 200);
    assert!(page.contains("\n# TYPE m gauge\nm 0\n"));
    server.stop().await;
}

#[tokio::test]
async fn says_what_it_sends() {
    let server = Running::start(LOOPBACK);
    let close = "Connection: close\r\n\r\n";
    for (request, header) in [
        (
            "GET /status HTTP/1.1\r\nHost: x\r\n",
            "content-type: application/json\r\n",
        ),
        ("POST /status HTTP/1.1\r\nHost: x\r\n", "allow: GET\r\n"),
        (
            "GET /metrics HTTP/1.1\r\nHost: x\r\n",
            "content-type: text/plain; version=0.0.4; charset=utf-8\r\n",
        ),
        (
            "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\n",
            "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n",
        ),
    ] {
        let answer = server.tell(&format!("{request}{close}")).await;
        assert!(answer.contains(header), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn keeps_a_connection() {
    let server = Running::start(LOOPBACK);
    let request = "GET /status HTTP/1.1\r\nHost: x\r\n\r\n";
    let body = "POST /status HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
    let last = "GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = server.tell(&[request, body, request, last].concat()).await;
    let codes = answer.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]);
    assert_eq!(codes.collect::<Vec<_>>(), ["200", "405", "200", "404"]);
    server.stop().await;
}

#[tokio::test]
async fn a_body_is_read_up_to_a_point() {
    let server = Running::start(LOOPBACK);
    let body = |length: usize| {
        let head = format!("POST /status HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        head + &"x".repeat(length)
    };
    let answer = server.tell(&body(80_000)).await;
    assert!(answer.starts_with("HTTP/1.1 405 "));
    assert!(answer.contains("connection: close\r\n"));
    server.stop().await;
}

#[tokio::test]
async fn a_head_has_an_end() {
    let server = Running::start(LOOPBACK);
    let long = format!(
        "GET /status HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "x".repeat(20_000)
    );
    let answer = server.tell(&long).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    server.stop().await;
}

// Acceptance 174: telemetry/telemetry_test.go
#[tokio::test]
async fn starts_again_on_the_same_port() {
    let addr = SocketAddr::from((LOOPBACK.ip(), test_ports::free_port()));
    for _ in 0..3 {
        let server = Running::start(addr);
        // One connection is used up, the other stays open and is closed from this side.
        assert_eq!(server.ask("GET", "/status").await.0, 200);
        let mut idle = server.connect().await;
        idle.write_all(b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        idle.read_u8().await.unwrap();
        server.stop().await;
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let server = Running::start(LOOPBACK);
    let error = Server::bind(server.addr).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    server.stop().await;
}

#[tokio::test]
async fn a_client_too_many_is_told_so() {
    let server = Running::start(LOOPBACK);
    let mut clients = Vec::new();
    for _ in 0..64 {
        let mut client = server.connect().await;
        client
            .write_all(b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        client.read_u8().await.unwrap();
        clients.push(client);
    }
    let mut answer = String::new();
    server
        .connect()
        .await
        .read_to_string(&mut answer)
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    drop(clients);
    // The server learns of that in its own time, and until then may reset what it turns away.
    let request = b"GET /status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    loop {
        let mut client = server.connect().await;
        let mut answer = String::new();
        if client.write_all(request).await.is_ok()
            && client.read_to_string(&mut answer).await.is_ok()
            && answer.starts_with("HTTP/1.1 200 ")
        {
            break;
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn an_owner_that_is_gone_is_told_of() {
    let (source, asks) = mpsc::channel(1);
    drop(asks);
    let server = Running::with(LOOPBACK, source);
    assert_eq!(server.ask("GET", "/metrics").await.0, 503);
    assert_eq!(server.ask("GET", "/none").await.0, 404);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_is_busy_is_not_waited_for_long() {
    let (source, asks) = mpsc::channel(1);
    let server = Running::with(LOOPBACK, source);
    for _ in 0..3 {
        assert_eq!(server.ask("GET", "/metrics").await.0, 503);
    }
    drop(asks);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_slow_is_let_go() {
    let server = Running::start(LOOPBACK);
    for begin in [
        "",
        "GET /sta",
        "GET /status HTTP/1.1\r\nHost: x\r\n",
        "POST /status HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel",
    ] {
        let answer = server.tell(begin).await;
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_let_go() {
    let (source, mut asks) = mpsc::channel::<Ask>(1);
    let page = "x".repeat(32 << 20);
    let length = page.len();
    tokio::spawn(async move {
        while let Some(ask) = asks.recv().await {
            assert_eq!(ask.page, Page::Metrics(Format::Text));
            let _ = ask.answer.send(page.clone());
        }
    });
    let server = Running::with(LOOPBACK, source);
    let mut client = server.connect().await;
    client
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let mut answer = Vec::new();
    // The connection may end with a reset, as not everything could be sent.
    let _ = client.read_to_end(&mut answer).await;
    assert!(answer.len() < length);
    server.stop().await;
}
