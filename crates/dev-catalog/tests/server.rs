//! The shell: where it binds, how it ends, and that no client can hold it up.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use dev_catalog::DevCatalog;
use tokio::{
    runtime::Builder,
    sync::oneshot,
    task::{LocalSet, spawn, spawn_local},
};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Serves in a thread while `test` runs.
fn with_catalog(test: impl FnOnce(SocketAddr)) {
    let catalog = DevCatalog::bind(LOOPBACK).expect("a free port");
    let addr = catalog.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime
                .block_on(catalog.serve(async { drop(stopped.await) }))
                .expect("it serves");
        });
        test(addr);
        drop(stop);
    });
}

fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).expect("it listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("a timeout can be set");
    stream
}

fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut bytes = [0; 4096];
    let read = stream.read(&mut bytes).expect("it answers");
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

const LEADER: &str = "GET /v1/status/leader HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn others_are_let_in_only_on_request() {
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let refused = DevCatalog::bind(everywhere).expect_err("not on loopback");
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    assert!(DevCatalog::bind_exposed(everywhere).is_ok());
}

#[test]
fn serves_as_a_task_of_either_kind() {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let catalog = DevCatalog::bind(LOOPBACK).expect("a free port");
        let served = spawn(catalog.serve(std::future::ready(())));
        served.await.expect("it does not panic").expect("it serves");
    });
    LocalSet::new().block_on(&runtime, async {
        let catalog = DevCatalog::bind(LOOPBACK).expect("a free port");
        let served = spawn_local(catalog.serve(std::future::ready(())));
        served.await.expect("it does not panic").expect("it serves");
    });
}

#[test]
fn connections_are_kept_and_ended_at_shutdown() {
    let mut kept = None;
    with_catalog(|addr| {
        let mut stream = connect(addr);
        for _ in 0..3 {
            assert!(ask(&mut stream, LEADER).starts_with("HTTP/1.1 200 OK"));
        }
        kept = Some(stream);
    });
    let ended = kept.expect("it was connected").read(&mut [0; 16]);
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
}

#[test]
fn a_client_too_many_is_told_and_the_rest_are_served() {
    with_catalog(|addr| {
        let mut first = connect(addr);
        assert!(ask(&mut first, LEADER).contains("8300"));
        let mut crowd: Vec<_> = (0..511).map(|_| connect(addr)).collect();
        let mut late = connect(addr);
        let mut said = String::new();
        let _ = late.read_to_string(&mut said);
        assert!(said.starts_with("HTTP/1.1 429"), "{said}");
        assert!(ask(&mut first, LEADER).contains("8300"));
        assert!(ask(&mut crowd[510], LEADER).contains("8300"));
    });
}

#[test]
fn half_a_request_holds_up_nobody() {
    with_catalog(|addr| {
        let mut slow = connect(addr);
        slow.write_all(b"PUT /v1/kv/slow HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")
            .expect("room");
        assert!(ask(&mut connect(addr), LEADER).contains("8300"));
        assert!(ask(&mut slow, " more").contains("true"));
    });
}

#[test]
fn a_body_without_end_is_refused() {
    with_catalog(|addr| {
        let mut stream = connect(addr);
        let head = "PUT /v1/kv/endless HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).expect("it reads");
        let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
        let sent = (0..1000)
            .take_while(|_| stream.write_all(chunk.as_bytes()).is_ok())
            .count();
        assert!(sent < 1000, "it reads for ever");
        assert!(ask(&mut connect(addr), LEADER).contains("8300"));
    });
}

#[test]
fn a_head_without_end_is_refused() {
    with_catalog(|addr| {
        let mut stream = connect(addr);
        let _ = stream.write_all(format!("GET /{} HTTP/1.1\r\n", "x".repeat(1 << 17)).as_bytes());
        let mut said = String::new();
        let _ = stream.read_to_string(&mut said);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
        assert!(ask(&mut connect(addr), LEADER).contains("8300"));
    });
}
