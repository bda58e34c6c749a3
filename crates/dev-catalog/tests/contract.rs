//! One suite of requests, run on a real Consul 1.8.7 and on the development catalog.
//!
//! A case is a function that talks to an agent. Everything it asks and hears is written down, with
//! what must differ (indexes, the name of the node) made equal; then the two records are compared.
//! So a case needs no expectations of its own, except where it wants to pin one.

#[cfg(test)]
mod contract {
    mod agent;
    mod answer;
    mod cases;
    mod cast;
    mod consul;
    mod dev;
    mod http;
    mod suite;
}
