//! The acceptance list of ContainerPilot 3, as far as it is about loading.
//!
//! A test is named for its cases. What is wrong is compared whole, so every wording stands here.

mod additions;
mod catalog;
mod consul_template;
mod example;
mod harness;
mod health;
mod jobs;
mod layers;
mod migrate;
mod registration;
mod render;
mod sections;
mod toplevel;
mod total;
mod triggers;
mod v2;
mod watches;
mod wording;
mod yaml;
mod zookeeper;
