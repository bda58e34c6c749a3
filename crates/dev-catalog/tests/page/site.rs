//! The catalog that the page belongs to.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    thread::{self, JoinHandle},
    time::Duration,
};

use dev_catalog::DevCatalog;
use tokio::{runtime::Builder, sync::oneshot};

/// A running catalog, ended when dropped.
pub(super) struct Site {
    addr: SocketAddr,
    end: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Site {
    pub(super) fn start() -> Self {
        // Where it may be started again, while a page asks for it.
        Self::start_at((Ipv4Addr::LOCALHOST, test_ports::free_port()).into())
    }

    pub(super) fn start_at(addr: SocketAddr) -> Self {
        let catalog = DevCatalog::bind(addr).expect("the port is free");
        let addr = catalog.local_addr();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            let stopped = async { drop(stopped.await) };
            runtime.block_on(catalog.serve(stopped)).expect("it serves");
        });
        Self {
            addr,
            end: Some((stop, thread)),
        }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) fn page(&self) -> String {
        format!("http://{}/ui/", self.addr)
    }

    pub(super) fn put(&self, path: &str, body: impl AsRef<[u8]>) {
        let answer = exchange(self.addr, path, "", body.as_ref());
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
}

/// Sends one `PUT` and takes its answer.
pub(super) fn exchange(addr: SocketAddr, path: &str, headers: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(addr).expect("it listens");
    let patience = Some(Duration::from_secs(20));
    stream
        .set_read_timeout(patience)
        .expect("a timeout can be set");
    let length = body.len();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    stream.write_all(body).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.end.take() {
            let _ = stop.send(());
            thread.join().expect("the catalog ends in peace");
        }
    }
}
