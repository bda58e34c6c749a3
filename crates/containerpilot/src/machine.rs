//! What the configuration asks of the machine: its interfaces and its name.

use std::net::IpAddr;

use pilot_config::Interface;

/// Every address of every interface, those that are down included.
pub(crate) fn interfaces() -> Vec<Interface> {
    let Ok(found) = nix::ifaddrs::getifaddrs() else {
        return Vec::new();
    };
    let address = |interface: nix::ifaddrs::InterfaceAddress| {
        let storage = interface.address?;
        let v4 = storage.as_sockaddr_in().map(|a| IpAddr::V4(a.ip()));
        let v6 = storage.as_sockaddr_in6().map(|a| IpAddr::V6(a.ip()));
        Some(Interface {
            name: interface.interface_name,
            address: v4.or(v6)?,
        })
    };
    found.filter_map(address).collect()
}

/// The name of the host; empty when it has none, as in ContainerPilot 3.
pub(crate) fn hostname() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}
