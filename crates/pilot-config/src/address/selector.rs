//! One way to choose an address: `eth0`, `eth0:inet6`, `eth0[1]`, a network, `inet`, `static:IP`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Chosen, parse_ip};
use crate::{Interface, Standing};

/// One way to choose an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selector {
    text: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
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

/// Whether somebody can wait until an address that is there may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    Has,
    HasNone,
}

/// A text that is no selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) reason: String,
    pub(crate) hint: Option<String>,
}

impl Selector {
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let kind = match text.strip_prefix("static:") {
            Some(address) => parse_ip(address).map(Kind::Static),
            None => match text {
                "inet" => Some(Kind::Any(Family::V4)),
                "inet6" => Some(Kind::Any(Family::V6)),
                _ => network(text).or_else(|| named(text)),
            },
        };
        let text = text.to_owned();
        match kind {
            Some(kind) => Ok(Self { text, kind }),
            None => Err(unreadable(&text)),
        }
    }

    /// As it is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_static(&self) -> bool {
        matches!(self.kind, Kind::Static(_))
    }

    /// Chooses among sorted interfaces; gives the address, and the interface that has it.
    pub(super) fn choose(
        &self,
        interfaces: &[Interface],
        present: Option<&Chosen>,
        patience: Patience,
    ) -> Option<(IpAddr, Option<String>)> {
        if let Kind::Static(address) = self.kind {
            return Some((address, None));
        }
        let fitting = self.fitting(interfaces);
        let is_present = |one: &&&Interface| present.is_some_and(|it| it.address == one.address);
        let had_it = present.is_some_and(|chosen| chosen.selector == self.text);
        let of = |standing: Standing| {
            let mut all = fitting.iter().filter(move |one| one.standing == standing);
            let kept = all.clone().find(is_present);
            match standing {
                Standing::Settled | Standing::Deprecated => kept.or_else(|| all.next()),
                Standing::Tentative => kept.filter(|_| had_it).or_else(|| match patience {
                    Patience::Has => None,
                    Patience::HasNone => all.next(),
                }),
            }
        };
        let found = of(Standing::Settled)
            .or_else(|| of(Standing::Deprecated))
            .or_else(|| of(Standing::Tentative));
        found.map(|one| (one.address, Some(one.name.clone())))
    }

    fn fitting<'i>(&self, interfaces: &'i [Interface]) -> Vec<&'i Interface> {
        let all = interfaces.iter();
        match &self.kind {
            Kind::Static(_) => Vec::new(),
            Kind::Any(family) => all
                .filter(|one| family.holds(one.address) && !one.address.is_loopback())
                .collect(),
            Kind::Named(name, family) => {
                let name = called(name, interfaces);
                all.filter(|one| one.name == name && family.holds(one.address))
                    .collect()
            }
            Kind::Indexed(name, index) => {
                let name = called(name, interfaces);
                let own = all.filter(|one| one.name == name);
                own.skip(*index).take(1).collect()
            }
            Kind::Network(network, bits) => {
                let links = is_link_local(*network) && *bits >= LINK_LOCAL_BITS;
                all.filter(|one| links || !is_link_local(one.address))
                    .filter(|one| within(one.address, *network, *bits))
                    .collect()
            }
        }
    }
}

impl Family {
    /// Whether an address is one of the family that others can reach: one of a link alone cannot
    /// be told to them, so it is chosen only by its place or its network.
    fn holds(self, address: IpAddr) -> bool {
        match self {
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6() && !is_link_local(address),
        }
    }
}

const LINK_LOCAL_BITS: u32 = 10;

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// The name of the interface that is meant: what stands behind an `@` is the peer that `ip` shows
/// with the name, unless there is an interface of that whole name.
fn called<'n>(name: &'n str, interfaces: &[Interface]) -> &'n str {
    if interfaces.iter().any(|one| one.name == name) {
        return name;
    }
    name.rsplit_once('@').map_or(name, |(own, _)| own)
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

fn network(text: &str) -> Option<Kind> {
    let (address, bits) = text.split_once('/')?;
    let address = parse_ip(address)?;
    let bits = bits.parse().ok()?;
    let most = if address.is_ipv4() {
        Ipv4Addr::BITS
    } else {
        Ipv6Addr::BITS
    };
    (bits <= most).then_some(Kind::Network(address, bits))
}

fn named(text: &str) -> Option<Kind> {
    if let Some((name, index)) = text.strip_suffix(']').and_then(|text| text.split_once('[')) {
        let digits = index.bytes().all(|byte| byte.is_ascii_digit());
        let index = index.parse().ok().filter(|_| digits)?;
        return is_name(name).then(|| Kind::Indexed(name.to_owned(), index));
    }
    let (name, family) = match text.split_once(':') {
        None => (text, Family::V4),
        Some((name, "inet")) => (name, Family::V4),
        Some((name, "inet6")) => (name, Family::V6),
        Some(_) => return None,
    };
    is_name(name).then(|| Kind::Named(name.to_owned(), family))
}

/// Says whether the text can be the name of an interface; an address cannot.
fn is_name(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    !text.is_empty()
        && text.chars().all(legal)
        && text.chars().any(|c| c.is_ascii_alphanumeric())
        && text.parse::<IpAddr>().is_err()
}

fn unreadable(text: &str) -> Unreadable {
    let Some(address) = text.strip_prefix("static:") else {
        let as_it_is = parse_ip(text).map(|address| {
            format!("for this address, whatever the machine has: `static:{address}`")
        });
        return Unreadable {
            reason: format!("Unable to parse interface spec: {text}"),
            hint: as_it_is,
        };
    };
    let hint = if address.parse::<SocketAddr>().is_ok() {
        Some("an address without a port, which is said by `port`")
    } else if address.contains('%') {
        Some("an address without its zone, which means something on this machine only")
    } else {
        None
    };
    Unreadable {
        reason: format!("Unable to parse static ip static: in {text}"),
        hint: hint.map(str::to_owned),
    }
}
