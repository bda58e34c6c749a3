//! The development catalog for the length of the suite.

use std::{
    net::{Ipv4Addr, SocketAddr},
    thread::{self, JoinHandle},
};

use dev_catalog::DevCatalog;
use tokio::{runtime::Builder, sync::oneshot};

/// A running development catalog, ended when dropped.
pub(super) struct Dev {
    addr: SocketAddr,
    end: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Dev {
    pub(super) fn start() -> Self {
        let catalog = DevCatalog::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let addr = catalog.local_addr();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            let stopped = async { drop(stopped.await) };
            runtime
                .block_on(catalog.serve(stopped))
                .expect("the catalog serves");
        });
        Self {
            addr,
            end: Some((stop, thread)),
        }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.end.take() {
            let _ = stop.send(());
            thread.join().expect("the catalog ends in peace");
        }
    }
}
