//! Consul's HTTP API, as much of it as we use.

pub(crate) mod ask;
mod call;
mod client;
mod keys;
pub(crate) mod read;
pub(crate) mod session;
mod settings;
mod sight;
mod token;
pub(crate) mod wire;

pub use client::Client;
pub use settings::Settings;
pub use token::{Auth, Token};

pub(crate) use call::{Call, Reply};
pub(crate) use client::Line;
