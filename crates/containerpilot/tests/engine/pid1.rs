//! The helper as PID 1 of real containers.

mod confined;
mod health;
mod job_control;
mod logs;
mod stops;
mod terminal;
mod zombies;

use crate::harness::{Container, image};

/// A container around a configuration, which it finds in its environment; the helper's words come
/// after it, for a program that it wraps.
#[track_caller]
fn pilot(title: &str, options: &[&str], config: &str, words: &[&str]) -> Container {
    let variable = format!("CONTAINERPILOT={config}");
    let image = image("base");
    let run = ["-e", &variable, &image, "/bin/containerpilot"];
    Container::run(title, &[options, &run, words].concat())
}

/// A container around one program, without a configuration.
#[track_caller]
fn init(title: &str, options: &[&str], program: &[&str]) -> Container {
    let image = image("base");
    let run = [&image, "/bin/containerpilot", "--"];
    Container::run(title, &[options, &run, program].concat())
}
