//! An address that is said, not chosen: itself, a host name, or the variable that holds one.

use std::net::{IpAddr, SocketAddr};

use super::parse_ip;
use crate::World;

/// What the name of a variable is written behind.
const FROM_ENVIRONMENT: &str = "env:";
/// The most that the domain name system takes for a label, and for a name.
const LABEL: usize = 63;
const NAME: usize = 253;

/// Why a text is no address, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoAddress {
    pub(crate) reason: String,
    pub(crate) hint: &'static str,
}

/// Reads an address or a host name, or takes it from the environment by `env:NAME`.
///
/// What a variable holds is never repeated: the name may be a wrong one.
pub(crate) fn read(text: &str, world: &World<'_>) -> Result<String, NoAddress> {
    let Some(variable) = text.strip_prefix(FROM_ENVIRONMENT) else {
        return parse(text).map_err(|hint| NoAddress {
            reason: format!("`{text}` is neither an address nor a host name"),
            hint,
        });
    };
    let missing = |what: &str| NoAddress {
        reason: format!("the variable `{variable}` is {what}"),
        hint: "set it before the helper starts, as Kubernetes does by `fieldRef: status.podIP`",
    };
    match world.variable(variable).map(str::trim) {
        None => Err(missing("not set")),
        Some("") => Err(missing("empty")),
        Some(value) => parse(value).map_err(|hint| NoAddress {
            reason: format!(
                "what the variable `{variable}` holds is neither an address nor a host name"
            ),
            hint,
        }),
    }
}

fn parse(text: &str) -> Result<String, &'static str> {
    if let Some(address) = parse_ip(text) {
        return match address {
            IpAddr::V4(v4) if v4.is_unspecified() => Err(UNSPECIFIED),
            IpAddr::V6(v6) if v6.is_unspecified() => Err(UNSPECIFIED),
            address @ (IpAddr::V4(_) | IpAddr::V6(_)) => Ok(address.to_string()),
        };
    }
    if is_host_name(text) {
        return Ok(text.to_owned());
    }
    let name = text.rsplit_once(':').map(|(name, _)| name);
    if text.parse::<SocketAddr>().is_ok() || name.is_some_and(is_host_name) {
        return Err("the port is said by `port`");
    }
    if text.contains('%') {
        return Err("an address without its zone, which means something on this machine only");
    }
    Err("write `10.0.0.7`, `fd00::7`, `db.example`, or `env:NAME` for what a variable holds")
}

const UNSPECIFIED: &str = "others cannot reach that; to choose by interface there is `interfaces`";

/// Labels of letters, digits, `-` and `_`; a name of digits alone is a broken address.
fn is_host_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=LABEL).contains(&label.len()) && label.chars().all(legal)
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= NAME && text.split('.').all(is_label) && !is_number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_in(text: &str) -> Result<String, NoAddress> {
        let environment = [
            ("POD_IP", " 10.0.0.7\n"),
            ("POD_IP6", "[fd00::7]"),
            ("EMPTY", ""),
            ("PASSWORD", "s3cr3t!"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        read(
            text,
            &World {
                environment: &environment,
                ..World::default()
            },
        )
    }

    #[test]
    fn addresses_host_names_and_variables_are_read() {
        for (text, address) in [
            ("10.0.0.7", "10.0.0.7"),
            ("fd00::7", "fd00::7"),
            ("[FD00:0::7]", "fd00::7"),
            ("db", "db"),
            ("db-1.my_zone.example.", "db-1.my_zone.example."),
            ("env:POD_IP", "10.0.0.7"),
            ("env:POD_IP6", "fd00::7"),
        ] {
            assert_eq!(read_in(text).as_deref(), Ok(address), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_said_with_its_reason_and_no_secret() {
        for (text, reason, hint) in [
            ("10.0.0.7:80", "`10.0.0.7:80` is neither", "`port`"),
            ("[::1]:80", "`[::1]:80` is neither", "`port`"),
            ("db.example:80", "is neither", "`port`"),
            ("fe80::1%eth0", "is neither", "zone"),
            ("0.0.0.0", "is neither", "cannot reach"),
            ("::", "is neither", "cannot reach"),
            ("10.0.0", "`10.0.0` is neither", "write"),
            ("10.0.0.256", "is neither", "write"),
            ("[10.0.0.7]", "is neither", "write"),
            ("a b", "is neither", "write"),
            ("env:NOWHERE", "`NOWHERE` is not set", "fieldRef"),
            ("env:", "`` is not set", "fieldRef"),
            ("env:EMPTY", "`EMPTY` is empty", "fieldRef"),
            (
                "env:PASSWORD",
                "what the variable `PASSWORD` holds",
                "write",
            ),
        ] {
            let refused = read_in(text).expect_err(text);
            assert!(refused.reason.contains(reason), "{text}: {refused:?}");
            assert!(refused.hint.contains(hint), "{text}: {refused:?}");
            assert!(!refused.reason.contains("s3cr3t"), "{refused:?}");
        }
    }
}
