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
        .set_read_timeout(Some(Duration::from_secs(40)))
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

/// What nobody should send, and what is then still answered.
#[test]
fn garbage_holds_up_nobody() {
    let deep = format!(
        "PUT /v1/agent/service/register HTTP/1.1\r\nContent-Length: 200000\r\n\r\n{}",
        "[".repeat(200_000)
    );
    let filter = format!(
        "GET /v1/health/service/x?filter={} HTTP/1.1\r\n\r\n",
        "(".repeat(60_000)
    );
    let steps = vec![r#"{"KV":{"Verb":"get-tree","Key":"/"}}"#; 64].join(",");
    let garbage: [&[u8]; 14] = [
        b"\0\0\0\0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"GET /v1/kv/%ff%fe%00?keys&separator=%ff HTTP/1.1\r\n\r\n",
        b"GET /v1/kv/a?index=99999999999999999999&wait=9999999999999h HTTP/1.1\r\n\r\n",
        b"GET /v1/kv/a?wait=1e400s HTTP/1.1\r\n\r\n",
        b"PUT /v1/kv/a HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"PUT /v1/kv/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        b"PUT /v1/session/create HTTP/1.1\r\nContent-Length: 28\r\n\r\n{\"LockDelay\":-9e300,\"TTL\":1}",
        b"GET /ui/ HTTP/1.1\r\nHost: \xff\xfe\r\nOrigin: \xff\r\n\r\n",
        deep.as_bytes(),
        filter.as_bytes(),
    ];
    with_catalog(|addr| {
        for bytes in garbage {
            let mut stream = connect(addr);
            let _ = stream.write_all(bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut said = Vec::new();
            let _ = stream.read_to_end(&mut said);
            let said = String::from_utf8_lossy(&said);
            let head = said.get(..12).unwrap_or("");
            let calm = said.is_empty() || head.starts_with("HTTP/1.1 ");
            assert!(calm && !said.contains("shutting down"), "{said}");
            assert!(ask(&mut connect(addr), LEADER).contains("8300"));
        }
        let body = format!("[{steps}]");
        let length = body.len();
        let request = format!("PUT /v1/txn HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}");
        assert!(ask(&mut connect(addr), &request).starts_with("HTTP/1.1 200"));
    });
}

/// Bytes of every kind after the start of a request, the same in every run.
#[test]
fn random_requests_hold_up_nobody() {
    let starts: [&[u8]; 6] = [
        b"GET /v1/health/service/x?filter=",
        b"PUT /v1/txn HTTP/1.1\r\nHost: localhost\r\nContent-Length: 64\r\n\r\n[{\"KV\":",
        b"PUT /v1/catalog/register HTTP/1.1\r\nContent-Length: 64\r\n\r\n{\"Node\":",
        b"PUT /v1/agent/service/register HTTP/1.1\r\nContent-Length: 64\r\n\r\n{\"Name\":",
        b"DELETE /v1/kv/",
        b"",
    ];
    with_catalog(|addr| {
        let mut seed = 11_u64;
        let mut byte = || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            u8::try_from(seed >> 56).expect("eight bits")
        };
        for n in 0..600 {
            let mut bytes = starts[n % starts.len()].to_vec();
            let tail = usize::from(byte()) % 80;
            // Half of them from what requests are made of.
            bytes.extend((0..tail).map(|_| match byte() {
                kind if kind % 2 == 0 => b"{}[]\":,0 %&=/\r\n.()azAZ"[usize::from(byte()) % 22],
                other => other,
            }));
            let mut stream = connect(addr);
            let _ = stream.write_all(&bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        }
        assert!(ask(&mut connect(addr), LEADER).contains("8300"));
    });
}

/// Somebody asks for much and reads nothing; others are answered meanwhile, and it is let go.
#[test]
fn an_answer_that_nobody_reads_holds_up_nobody() {
    with_catalog(|addr| {
        let value = "x".repeat(500 << 10);
        for n in 0..16 {
            let length = value.len();
            let mut stream = connect(addr);
            let request =
                format!("PUT /v1/kv/big/{n} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{value}");
            assert!(ask(&mut stream, &request).contains("true"));
        }
        let mut lazy: Vec<_> = (0..3).map(|_| connect(addr)).collect();
        for stream in &mut lazy {
            let request = b"GET /v1/kv/big/?recurse HTTP/1.1\r\nHost: localhost\r\n\r\n";
            stream.write_all(request).expect("it reads");
        }
        for _ in 0..20 {
            assert!(ask(&mut connect(addr), LEADER).contains("8300"));
        }
    });
}

#[test]
fn a_page_of_another_site_is_refused() {
    with_catalog(|addr| {
        let put = "PUT /v1/kv/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n";
        for (more, status) in [
            ("Origin: http://evil.example\r\n", "403"),
            ("Sec-Fetch-Site: cross-site\r\n", "403"),
            ("", "200"),
        ] {
            let said = ask(&mut connect(addr), &format!("{put}{more}\r\nx"));
            assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{said}");
        }
        let rebound = "GET /v1/kv/a?raw HTTP/1.1\r\nHost: rebound.example:8500\r\n\r\n";
        assert!(ask(&mut connect(addr), rebound).starts_with("HTTP/1.1 403"));
    });
}
