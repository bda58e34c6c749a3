//! Everything there is to say about the way to a cluster.

use crate::{
    Backend, SettingsError,
    transport::{Endpoint, Login, Scheme, Timeouts, Tls},
};

/// Where etcd listens for clients, unless an address says otherwise.
const PORT: u16 = 2379;

/// The way to a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where its members listen, and how to speak to each; at least one.
    pub members: Vec<(Endpoint, Scheme)>,
    /// What the keys of all services begin with; `/containerpilot` unless said otherwise.
    pub prefix: String,
    /// What all other keys begin with; `/` unless said otherwise.
    pub keys: String,
    /// Who to be; none for a cluster that does not ask.
    pub login: Option<Login>,
    /// What to call the machine or container that our services run in.
    pub node: String,
    /// How to trust them; of no effect without https.
    pub tls: Tls,
    /// How long to wait for them; what a call may take is for all members that it is tried on.
    pub timeouts: Timeouts,
}

impl Settings {
    /// Reads the addresses of the members, each as [`Endpoint::parse`] does, with 2379 for a
    /// missing port; all else has its default.
    pub fn parse<'a>(addresses: impl IntoIterator<Item = &'a str>) -> Result<Self, SettingsError> {
        let members: Result<Vec<_>, _> = addresses.into_iter().map(member).collect();
        let members = members?;
        if members.is_empty() {
            // An empty address is none.
            member("")?;
        }
        Ok(Self {
            members,
            prefix: "/containerpilot".to_owned(),
            keys: "/".to_owned(),
            login: None,
            node: String::new(),
            tls: Tls::default(),
            timeouts: Timeouts::default(),
        })
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        let members = self.members.iter();
        let members = members.map(|(endpoint, _)| endpoint.to_string());
        members.collect::<Vec<_>>().join(",")
    }

    /// Tells whether both lead to the same place, so that what is registered may stay: any of the
    /// same members will do, under the same prefix.
    pub(crate) fn leads_to_the_same_place_as(&self, other: &Self) -> bool {
        let is_known = |one: &(Endpoint, Scheme)| other.members.iter().any(|two| one.0 == two.0);
        self.prefix == other.prefix && self.members.iter().any(is_known)
    }
}

fn member(address: &str) -> Result<(Endpoint, Scheme), SettingsError> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.trim_end_matches('/');
    let after_host = rest.rfind(']').map_or(rest, |end| &rest[end..]);
    let names_port = after_host.contains(':') || address.starts_with("unix://") || rest.is_empty();
    if names_port {
        return Endpoint::parse(Backend::Etcd, address, Scheme::Http);
    }
    let address = format!("{}:{PORT}", address.trim_end_matches('/'));
    Endpoint::parse(Backend::Etcd, &address, Scheme::Http)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{Password, Secret};

    fn said(addresses: &[&str]) -> String {
        match Settings::parse(addresses.iter().copied()) {
            Ok(settings) => {
                let members = settings.members.iter();
                let members = members.map(|(endpoint, scheme)| format!("{scheme:?} {endpoint}"));
                members.collect::<Vec<_>>().join(", ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn members_have_the_port_of_etcd_unless_they_say_otherwise() {
        assert_eq!(
            said(&["e1", "https://e2:4001", "http://[::1]/", "10.0.0.1:2"]),
            "Http e1:2379, Https e2:4001, Http [::1]:2379, Http 10.0.0.1:2"
        );
        let refusal = "cannot use etcd address ``: the host is missing";
        assert_eq!(said(&[]), refusal);
        assert_eq!(said(&["e1", ""]), refusal);
    }

    #[test]
    fn a_cluster_is_the_same_while_a_member_and_the_prefix_are() {
        let parse = |addresses: &[&str]| Settings::parse(addresses.iter().copied()).unwrap();
        let one = parse(&["a", "b"]);
        let mut other = parse(&["https://b", "c"]);
        assert!(one.leads_to_the_same_place_as(&other));
        other.prefix = "/other".to_owned();
        assert!(!one.leads_to_the_same_place_as(&other));
        assert!(!one.leads_to_the_same_place_as(&parse(&["c"])));
    }

    #[test]
    fn a_password_is_not_shown() {
        let mut settings = parse_one();
        settings.login = Some(Login {
            user: "me".to_owned(),
            password: Password::Value(Secret::new("hush")),
        });
        assert!(!format!("{settings:?}").contains("hush"));
    }

    fn parse_one() -> Settings {
        Settings::parse(["e"]).unwrap()
    }
}
