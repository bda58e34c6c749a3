//! Ports for the servers that tests start: none that the kernel gives away, none that another test has.
//!
//! A server that is a program of its own wants to be told its port. One that was found by a bind to
//! port 0 and let go lies among those that the kernel gives to outgoing connections. Any of these
//! may have it by the time the server comes to it, or while the server is down and to be started
//! again; a client that tries that port meanwhile may even end up connected to itself.
//!
//! The ports here lie outside of that range (`net.ipv4.ip_local_port_range`), and each is held for
//! as long as this process lives, by a Unix socket whose name says the port. Such names are, like
//! ports, one set for a whole network namespace, so other checkouts see them too; they leave
//! nothing in a file system, and the kernel takes them back however the process ends.

use std::{
    collections::hash_map::RandomState,
    fs,
    hash::{BuildHasher as _, Hasher as _},
    io::{self, ErrorKind},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket},
    ops::RangeInclusive,
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr as Name, UnixDatagram},
    },
};

#[cfg(test)]
mod tests;

/// Below are the ports that servers of this machine are likely to have.
const FIRST: u16 = 10_000;

/// Where the kernel says which ports it gives to who names none.
const RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// Finds so many ports, and holds them until this process ends.
///
/// # Panics
///
/// Where none is left, with how to make room.
pub fn free_ports<const N: usize>() -> [u16; N] {
    std::array::from_fn(|_| free_port())
}

/// Finds a port that nobody has, for TCP and UDP, and holds it until this process ends.
///
/// # Panics
///
/// Where none is left, with how to make room.
pub fn free_port() -> u16 {
    let text = fs::read_to_string(RANGE).unwrap_or_else(|error| panic!("{RANGE}: {error}"));
    let given_away = range(&text).unwrap_or_else(|| panic!("{RANGE}: no range: {text:?}"));
    let ports = (FIRST..=u16::MAX).filter(|port| !given_away.contains(port));
    let ports: Vec<_> = ports.collect();
    // Not always the same first: what comes late for a server that is gone shall meet nobody.
    let (before, after) = ports.split_at(anywhere_below(ports.len()));
    let mut ports = after.iter().chain(before);
    let found = ports.find(|port| take(**port));
    *found.unwrap_or_else(|| {
        panic!(
            "no port is free from {FIRST} up, but for those that the kernel gives to outgoing connections, {given_away:?}\n\
             hint: leave some with `sysctl -w net.ipv4.ip_local_port_range='32768 60999'`"
        )
    })
}

/// Takes a port for good, if nobody has it.
fn take(port: u16) -> bool {
    // In this order: who looks by binding has the port for a moment.
    let Some(claim) = claim(port) else {
        return false;
    };
    let is_free = !is_in_use(port);
    if is_free {
        // It ends with the process.
        std::mem::forget(claim);
    }
    is_free
}

/// Claims a port before all who ask here.
fn claim(port: u16) -> Option<UnixDatagram> {
    let name = Name::from_abstract_name(format!("test-port-{port}"));
    match name.and_then(|name| UnixDatagram::bind_addr(&name)) {
        Ok(claim) => Some(claim),
        Err(error) if error.kind() == ErrorKind::AddrInUse => None,
        Err(error) => panic!("cannot claim port {port}: {error}"),
    }
}

/// Tells whether a server has the port, at whichever address.
fn is_in_use(port: u16) -> bool {
    let everywhere = [
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)),
    ];
    everywhere.into_iter().any(|address| {
        is_refused(TcpListener::bind(address)) || is_refused(UdpSocket::bind(address))
    })
}

/// Tells whether the address was in use; a machine without IPv6 refuses for another reason.
fn is_refused<T>(bound: io::Result<T>) -> bool {
    bound.is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
}

/// Reads the first and the last port.
fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let mut ends = text.split_whitespace().map(|word| word.parse().ok());
    Some(ends.next()??..=ends.next()??)
}

fn anywhere_below(end: usize) -> usize {
    let number = RandomState::new().build_hasher().finish();
    usize::try_from(number % (end.max(1) as u64)).unwrap_or_default()
}
