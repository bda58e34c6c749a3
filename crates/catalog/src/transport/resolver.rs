//! Names to addresses, without waiting longer than we want and without foreign code.
//!
//! The C library knows the machine's resolv.conf and hosts file best, so it does the looking up.
//! It blocks, so each lookup has a thread of its own: unlike a thread of the runtime's pool, it
//! keeps nobody from leaving while a name server is silent. An answer is kept for a minute.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    path::Path,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

/// What names the servers that are asked.
const CONFIGURATION: &str = "/etc/resolv.conf";
const FRESH: Duration = Duration::from_secs(60);
// getaddrinfo keeps its packets on the stack, and musl's is content with far less.
const STACK: usize = 256 * 1024;

#[derive(Default)]
pub(crate) struct Resolver {
    // Only ever held for a copy.
    known: Mutex<Option<(Instant, Vec<SocketAddr>)>>,
}

impl Resolver {
    /// Gives the addresses of a host in the order to try them.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        if let Some(addresses) = self.known() {
            return Ok(addresses);
        }
        let addresses = look_up(host.to_owned(), port).await?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), addresses.clone()));
        Ok(addresses)
    }

    /// Forgets an answer that led nowhere.
    pub(crate) fn forget(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn known(&self) -> Option<Vec<SocketAddr>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((at, addresses)) if at.elapsed() < FRESH => Some(addresses.clone()),
            Some(_) | None => None,
        }
    }
}

async fn look_up(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let (answer, answered) = oneshot::channel();
    thread::Builder::new()
        .name("resolver".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            plugins::keep_out();
            let found = (host.as_str(), port).to_socket_addrs();
            // Whoever asked may have run out of patience.
            let _ = answer.send(found.map(Vec::from_iter));
        })?;
    let found = answered
        .await
        .unwrap_or_else(|_| Err(io::Error::other("the lookup was lost")))
        .map_err(plain)
        .map_err(|error| explained(error, Path::new(CONFIGURATION)))?;
    if found.is_empty() {
        return Err(io::Error::other("the name has no address"));
    }
    Ok(found)
}

// The standard library says `failed to lookup address information: ` before the cause.
fn plain(error: io::Error) -> io::Error {
    match error.to_string().split_once("information: ") {
        Some((_, cause)) => io::Error::new(error.kind(), cause.to_owned()),
        None => error,
    }
}

/// Says so if there is nothing that names a server to ask.
fn explained(error: io::Error, configuration: &Path) -> io::Error {
    if configuration.exists() {
        return error;
    }
    let missing = configuration.display();
    io::Error::new(error.kind(), format!("{error}, and there is no {missing}"))
}

/// glibc looks up names through plugins that the image's nsswitch.conf names, and loads them even
/// into a static program, where one built for another glibc crashes it (rust-lang/rust#100711).
/// `files` and `dns` are built in, so these two are all we ever let it use; musl has no others.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod plugins {
    use std::{
        ffi::{c_char, c_int},
        sync::Once,
    };

    unsafe extern "C" {
        fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
    }

    pub(crate) fn keep_out() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // SAFETY: both are NUL-terminated texts that live for ever, glibc copies what it needs,
            // and it takes its own lock. A failure (no memory) leaves the configured services.
            unsafe { __nss_configure_lookup(c"hosts".as_ptr(), c"files dns".as_ptr()) };
        });
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod plugins {
    pub(crate) fn keep_out() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_is_found_without_a_plugin() {
        let resolver = Resolver::default();
        let found = resolver.resolve("localhost", 8500).await.unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback()));
        let error = resolver.resolve("nowhere.invalid", 1).await;
        assert!(error.is_ok(), "the first answer is kept, whatever the name");
        resolver.forget();
        let error = resolver.resolve("nowhere.invalid", 1).await.unwrap_err();
        assert!(!error.to_string().contains("lookup"), "{error}");
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        assert!(!maps.contains("libnss_"), "{maps}");
    }

    #[test]
    fn a_missing_configuration_is_named() {
        let error = || io::Error::other("no answer");
        let told = explained(error(), Path::new("/nowhere/resolv.conf"));
        assert_eq!(
            told.to_string(),
            "no answer, and there is no /nowhere/resolv.conf"
        );
        assert_eq!(explained(error(), Path::new("/")).to_string(), "no answer");
    }

    #[tokio::test]
    async fn an_address_needs_no_lookup() {
        let resolver = Resolver::default();
        let found = resolver.resolve("::1", 8500).await.unwrap();
        assert_eq!(found, ["[::1]:8500".parse().unwrap()]);
    }
}
