//! What the configuration asks of the machine: its interfaces and its name.

mod news;

use std::{
    collections::HashMap,
    fs,
    net::{IpAddr, Ipv6Addr},
};

use pilot_config::{Interface, Standing};

pub(crate) use self::news::News;

/// What the kernel says of each IPv6 address; `getifaddrs` does not tell.
const FLAGS: &str = "/proc/net/if_inet6";
/// `IFA_F_TENTATIVE`, and `IFA_F_DADFAILED`: another machine has it.
const TENTATIVE: u32 = 0x40 | 0x08;
/// `IFA_F_DEPRECATED`.
const DEPRECATED: u32 = 0x20;

/// Every address of every interface, those that are down included.
pub(crate) fn interfaces() -> Vec<Interface> {
    let Ok(found) = nix::ifaddrs::getifaddrs() else {
        return Vec::new();
    };
    // Where there is no such file all addresses count as settled.
    let flags = fs::read_to_string(FLAGS).unwrap_or_default();
    let standings = standings(&flags);
    let address = |interface: nix::ifaddrs::InterfaceAddress| {
        let storage = interface.address?;
        let v4 = storage.as_sockaddr_in().map(|a| IpAddr::V4(a.ip()));
        let v6 = storage.as_sockaddr_in6().map(|a| IpAddr::V6(a.ip()));
        let address = v4.or(v6)?;
        let name = name(&interface.interface_name).to_owned();
        let standing = standings.get(&(name.as_str(), address)).copied();
        Some(Interface {
            standing: standing.unwrap_or_default(),
            name,
            address,
        })
    };
    found.filter_map(address).collect()
}

/// The name of an interface. An IPv4 address may have a label of its own, `eth0:web`, which the C
/// library gives in place of the name; no name holds a colon.
fn name(label: &str) -> &str {
    label.split(':').next().unwrap_or(label)
}

/// Reads lines of address, index, length of prefix, scope and flags, in hexadecimal, and a name.
fn standings(lines: &str) -> HashMap<(&str, IpAddr), Standing> {
    let standing = |line| {
        let mut words = str::split_whitespace(line);
        let address = u128::from_str_radix(words.next()?, 16).ok()?;
        let flags = u32::from_str_radix(words.nth(3)?, 16).ok()?;
        let standing = if flags & TENTATIVE != 0 {
            Standing::Tentative
        } else if flags & DEPRECATED != 0 {
            Standing::Deprecated
        } else {
            Standing::Settled
        };
        let address = IpAddr::V6(Ipv6Addr::from_bits(address));
        Some(((words.next()?, address), standing))
    };
    lines.lines().filter_map(standing).collect()
}

/// The name of the host; empty when it has none, as in ContainerPilot 3.
pub(crate) fn hostname() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_which_addresses_may_be_used() {
        let lines = "\
            00000000000000000000000000000001 01 80 10 80       lo\n\
            fd000000000000000000000000000007 02 40 00 c0     eth0\n\
            fd000000000000000000000000000008 02 40 00 a0 eth0.100\n\
            fd000000000000000000000000000009 02 40 00 88     eth0\n\
            what the kernel never says\n";
        let standings = standings(lines);
        let told = |name, address: &str| standings.get(&(name, address.parse().unwrap())).copied();
        assert_eq!(told("lo", "::1"), Some(Standing::Settled));
        assert_eq!(told("eth0", "fd00::7"), Some(Standing::Tentative));
        assert_eq!(told("eth0.100", "fd00::8"), Some(Standing::Deprecated));
        assert_eq!(told("eth0", "fd00::9"), Some(Standing::Tentative));
        assert_eq!(standings.len(), 4);
    }

    #[test]
    fn a_label_is_no_name() {
        assert_eq!(name("eth0:web"), "eth0");
        assert_eq!(name("eth0.100"), "eth0.100");
    }
}
