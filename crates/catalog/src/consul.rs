//! Consul's HTTP API, as much of it as we use.

mod address;
mod call;
mod client;
mod connection;
mod resolver;
mod settings;
mod tally;
mod tls;
mod token;
pub(crate) mod wire;

pub use address::{Endpoint, Scheme};
pub use client::Client;
pub use settings::{Settings, Timeouts, Tls};
pub use tally::CallCount;
pub use token::{Secret, Token};

pub(crate) use call::{Answer, Call};
pub(crate) use client::Line;
