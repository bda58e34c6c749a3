//! Which address of the machine to use, at the start and whenever its addresses change.

pub(crate) mod literal;
mod selector;

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use crate::{Interface, Standing};
pub(crate) use selector::Unreadable;
use selector::{Patience, Selector};

/// What a job without `interfaces` asks for.
pub(crate) const DEFAULT: [&str; 2] = ["eth0:inet", "inet"];

/// How the address of a job is chosen among those of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The job whose service has the address.
    pub job: String,
    /// The variable by which processes know it.
    pub variable: String,
    /// How long the job waits for it at its start; none does not wait.
    pub wait: Option<Duration>,
    /// What was chosen last; none while it is waited for.
    pub chosen: Option<Chosen>,
    selectors: Vec<Selector>,
}

/// A chosen address, and how it came to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The address.
    pub address: IpAddr,
    /// The interface that has it; none for `static:`.
    pub interface: Option<String>,
    /// The selector that fits it, as it is written.
    pub selector: String,
}

impl Selection {
    /// Reads the selectors. Each that cannot be read is told of, not only the first.
    pub(crate) fn parse(
        job: &str,
        service: &str,
        selectors: &[impl AsRef<str>],
        wait: Option<Duration>,
    ) -> Result<Self, Vec<Unreadable>> {
        let (mut read, mut unreadable) = (Vec::new(), Vec::new());
        for text in selectors {
            match Selector::parse(text.as_ref()) {
                Ok(selector) => read.push(selector),
                Err(reason) => unreadable.push(reason),
            }
        }
        if !unreadable.is_empty() {
            return Err(unreadable);
        }
        Ok(Self {
            job: job.to_owned(),
            variable: variable(service),
            wait,
            chosen: None,
            selectors: read,
        })
    }

    /// Whether what the machine has can make a difference.
    pub fn looks_at_interfaces(&self) -> bool {
        let first = self.selectors.first();
        first.is_some_and(|selector| !selector.is_static())
    }

    /// Whether another chooses in the same way, whatever each has chosen.
    pub fn chooses_like(&self, other: &Self) -> bool {
        self.job == other.job && self.selectors == other.selectors
    }

    /// Gives the address for the first selector that one fits, or says what there is instead.
    ///
    /// The address chosen last is kept while the same selector fits it, even if another that it
    /// fits comes before it. An address that the machine may not use yet is taken by those who
    /// do not wait, and kept by the selector that had it before: what another chose elsewhere is
    /// not given up for it.
    pub fn choose(&self, interfaces: &[Interface]) -> Result<Chosen, String> {
        let sorted = sorted(interfaces);
        let present = self.chosen.as_ref();
        let patience = if self.wait.is_some() || present.is_some() {
            Patience::Has
        } else {
            Patience::HasNone
        };
        let mut selectors = self.selectors.iter();
        let found = selectors.find_map(|selector| {
            let (address, interface) = selector.choose(&sorted, present, patience)?;
            Some(Chosen {
                address,
                interface,
                selector: selector.text().to_owned(),
            })
        });
        found.ok_or_else(|| self.nothing_matched(&sorted))
    }

    fn nothing_matched(&self, interfaces: &[Interface]) -> String {
        let asked: Vec<&str> = self.selectors.iter().map(Selector::text).collect();
        let there: Vec<String> = interfaces
            .iter()
            .map(|one| format!("{}:{}{}", one.name, one.address, one.standing.remark()))
            .collect();
        format!(
            "none of the interface specifications were able to match\n\
             Specifications: [{}]\nInterfaces IPs: [{}]",
            asked.join(" "),
            there.join(" ")
        )
    }
}

impl Chosen {
    /// Says in one line how it came to be, and what else there was.
    pub fn reason(&self, interfaces: &[Interface]) -> String {
        let interface = self.interface.as_ref();
        let interface = interface.map(|name| format!("({name}) "));
        format!(
            "{}by {:?}; {}",
            interface.unwrap_or_default(),
            self.selector,
            candidates(interfaces)
        )
    }
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)
    }
}

/// The name of the variable that holds the address of a service.
pub(crate) fn variable(service: &str) -> String {
    let name = service.to_uppercase().replace('-', "_");
    format!("CONTAINERPILOT_{name}_IP")
}

/// How many candidates a line of the log names: a host has hundreds beside those that matter.
const NAMED: usize = 20;

fn candidates(interfaces: &[Interface]) -> String {
    let all = sorted(interfaces);
    let candidates: Vec<String> = all
        .iter()
        .take(NAMED)
        .map(|one| format!("{} {}{}", one.name, one.address, one.standing.remark()))
        .collect();
    if candidates.is_empty() {
        return "the machine has no address".to_owned();
    }
    let more = match all.len() - candidates.len() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("candidates: {}{more}", candidates.join(", "))
}

/// Interfaces by name, byte for byte, so that `eth10` comes before `eth2`; then by address.
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

/// Reads an address as people write it; of IPv6 it may stand in brackets.
fn parse_ip(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    match inner {
        Some(inner) => inner.parse().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

impl Standing {
    /// What is said of an address that is not simply there.
    fn remark(self) -> &'static str {
        match self {
            Self::Settled => "",
            Self::Deprecated => " (deprecated)",
            Self::Tentative => " (tentative)",
        }
    }
}

#[cfg(test)]
mod tests;
