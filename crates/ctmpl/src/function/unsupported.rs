//! Functions that need something we do not speak to. They exist, so that a template that only
//! names them in a branch it does not take still works.

use go_template::Kind;

use super::Entry;

/// A function that only says why it cannot answer.
macro_rules! refused {
    ($name:literal, $reason:expr) => {
        Entry::new($name, &[], |_, _| {
            Err(concat!($name, ": ", $reason).to_owned())
        })
        .and(Kind::Any)
    };
}

macro_rules! vault {
    ($name:literal) => {
        refused!(
            $name,
            "Vault is not supported; hint: have another tool write the secret to a file, and read it with `file`"
        )
    };
}

macro_rules! nomad {
    ($name:literal) => {
        refused!($name, "Nomad is not supported; hint: `service` asks Consul")
    };
}

macro_rules! connect {
    ($name:literal) => {
        refused!($name, "Consul Connect is not supported")
    };
}

macro_rules! enterprise {
    ($name:literal) => {
        refused!($name, "peerings and partitions of Consul are not supported")
    };
}

pub(super) const ALL: &[Entry] = &[
    vault!("secret"),
    vault!("secrets"),
    vault!("pkiCert"),
    vault!("vault"),
    nomad!("nomadServices"),
    nomad!("nomadService"),
    nomad!("nomadVarList"),
    nomad!("nomadVarListSafe"),
    nomad!("nomadVar"),
    nomad!("nomadVarExists"),
    connect!("connect"),
    connect!("caRoots"),
    connect!("caLeaf"),
    enterprise!("peerings"),
    enterprise!("partitions"),
    enterprise!("exportedServices"),
    enterprise!("importedServices"),
    refused!(
        "sockaddr",
        "templates of addresses are not supported; hint: `env` can pass one in"
    ),
];
