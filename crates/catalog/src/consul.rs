//! Consul's HTTP API, as much of it as we use.

mod address;
pub(crate) mod ask;
pub(crate) mod base64;
mod call;
mod client;
mod connection;
pub(crate) mod read;
mod resolver;
pub(crate) mod session;
mod settings;
mod tally;
mod tls;
mod token;
pub(crate) mod wire;

pub use address::{Endpoint, Scheme};
pub use client::Client;
pub use settings::{Settings, Timeouts, Tls};
pub use tally::CallCount;
pub use token::{Auth, Secret, Token};

pub(crate) use call::{Call, Reply};
pub(crate) use client::Line;
