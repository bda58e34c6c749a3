//! Which address of the machine to use: interface specifications.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use crate::Interface;

/// What a job without `interfaces` asks for.
pub(crate) const DEFAULT: [&str; 2] = ["eth0:inet", "inet"];

/// One way to choose an address.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    /// The first of a family on any interface, loopback addresses excluded.
    Any(Family),
    /// The first of a family on one interface.
    Named(String, Family),
    /// The n-th of one interface, both families counted.
    Indexed(String, usize),
    /// The first within a network.
    Network(IpAddr, u32),
    /// This one, wherever it may be.
    Static(IpAddr),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn holds(self, address: IpAddr) -> bool {
        match self {
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

/// Finds the address for the first specification that matches one.
///
/// Every specification that cannot be read is reported, each on its own.
pub(crate) fn find(
    specifications: &[impl AsRef<str>],
    interfaces: &[Interface],
) -> Result<IpAddr, Vec<String>> {
    let (mut choices, mut unreadable) = (Vec::new(), Vec::new());
    for specification in specifications {
        match parse(specification.as_ref()) {
            Ok(choice) => choices.push(choice),
            Err(reason) => unreadable.push(reason),
        }
    }
    if !unreadable.is_empty() {
        return Err(unreadable);
    }
    let sorted = sorted(interfaces);
    let found = choices.iter().find_map(|choice| choice.choose(&sorted));
    found.ok_or_else(|| vec![nothing_matched(specifications, &sorted)])
}

fn sorted(interfaces: &[Interface]) -> Vec<Interface> {
    let mut sorted = interfaces.to_vec();
    sorted.sort_by_key(|interface| (interface.name.clone(), wide(interface.address).octets()));
    sorted
}

/// Writes an address in the sixteen bytes of IPv6, IPv4 mapped into it.
fn wide(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

impl Choice {
    fn choose(&self, interfaces: &[Interface]) -> Option<IpAddr> {
        let mut addresses = interfaces.iter();
        let found = match self {
            Self::Static(address) => return Some(*address),
            Self::Any(family) => {
                addresses.find(|one| family.holds(one.address) && !one.address.is_loopback())
            }
            Self::Named(name, family) => {
                addresses.find(|one| one.name == *name && family.holds(one.address))
            }
            Self::Indexed(name, index) => addresses.filter(|one| one.name == *name).nth(*index),
            Self::Network(network, bits) => {
                addresses.find(|one| within(one.address, *network, *bits))
            }
        };
        found.map(|one| one.address)
    }
}

fn within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => {
            let mask = u32::MAX.checked_shl(Ipv4Addr::BITS - bits).unwrap_or(0);
            a.to_bits() & mask == n.to_bits() & mask
        }
        (IpAddr::V6(a), IpAddr::V6(n)) => {
            let mask = u128::MAX.checked_shl(Ipv6Addr::BITS - bits).unwrap_or(0);
            a.to_bits() & mask == n.to_bits() & mask
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

fn parse(text: &str) -> Result<Choice, String> {
    if let Some(address) = text.strip_prefix("static:") {
        let parsed = address.parse().map(Choice::Static);
        return parsed.map_err(|_| format!("Unable to parse static ip static: in {text}"));
    }
    let read = match text {
        "inet" => Some(Choice::Any(Family::V4)),
        "inet6" => Some(Choice::Any(Family::V6)),
        _ => network(text).or_else(|| named(text)),
    };
    read.ok_or_else(|| format!("Unable to parse interface spec: {text}"))
}

fn network(text: &str) -> Option<Choice> {
    let (address, bits) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let bits = bits.parse().ok()?;
    let most = if address.is_ipv4() {
        Ipv4Addr::BITS
    } else {
        Ipv6Addr::BITS
    };
    (bits <= most).then_some(Choice::Network(address, bits))
}

fn named(text: &str) -> Option<Choice> {
    if let Some((name, index)) = text.strip_suffix(']').and_then(|text| text.split_once('[')) {
        let digits = index.bytes().all(|byte| byte.is_ascii_digit());
        let index = index.parse().ok().filter(|_| digits)?;
        return is_name(name).then(|| Choice::Indexed(name.to_owned(), index));
    }
    let (name, family) = match text.split_once(':') {
        None | Some((_, "inet")) => (text.split(':').next()?, Family::V4),
        Some((name, "inet6")) => (name, Family::V6),
        Some(_) => return None,
    };
    is_name(name).then(|| Choice::Named(name.to_owned(), family))
}

/// Says whether the text can be the name of an interface; an address cannot.
fn is_name(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    !text.is_empty()
        && text.chars().all(legal)
        && text.chars().any(|c| c.is_ascii_alphanumeric())
        && text.parse::<IpAddr>().is_err()
}

struct Shown<'a>(&'a Interface);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.name, self.0.address)
    }
}

fn nothing_matched(specifications: &[impl AsRef<str>], interfaces: &[Interface]) -> String {
    let asked: Vec<&str> = specifications.iter().map(AsRef::as_ref).collect();
    let there: Vec<String> = interfaces
        .iter()
        .map(|one| Shown(one).to_string())
        .collect();
    format!(
        "none of the interface specifications were able to match\n\
         Specifications: [{}]\nInterfaces IPs: [{}]",
        asked.join(" "),
        there.join(" ")
    )
}

#[cfg(test)]
mod tests;
