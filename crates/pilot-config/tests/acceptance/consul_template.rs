//! consul-template: its command line and its files.

mod catalog;
mod files;
mod flags;
mod mistakes;
mod running;

use expect_test::Expect;
use pilot_config::{
    Catalog, Config, Consul, Source, World,
    consul_template::{Refused, Stop, Words, load},
};
use pilot_core::spec::{Command, OnChange, TemplateSpec};

use crate::harness;

fn words(line: &[&str]) -> Result<Words, Stop> {
    let words: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
    Words::parse(&words)
}

/// What to load.
#[derive(Default)]
struct Given<'a> {
    line: &'a [&'a str],
    files: &'a [(&'a str, &'a str)],
    environment: &'a [(&'a str, &'a str)],
}

impl Given<'_> {
    fn load(&self) -> Result<Config, Refused> {
        let words = words(self.line).expect("the command line is understood");
        let environment = harness::environment(self.environment);
        let world = World {
            environment: &environment,
            ..World::default()
        };
        let source = |(name, text)| Source { name, text };
        let files: Vec<Source<'_>> = self.files.iter().copied().map(source).collect();
        load(&words, &files, &world)
    }

    #[track_caller]
    fn loaded(&self) -> Config {
        self.load().unwrap_or_else(|refused| panic!("{refused}"))
    }
}

/// Loads a command line alone.
#[track_caller]
fn by_flags(line: &[&str]) -> Config {
    Given {
        line,
        ..Given::default()
    }
    .loaded()
}

/// Loads a file alone.
#[track_caller]
fn by_file(text: &str) -> Config {
    Given {
        files: &[("ct.hcl", text)],
        ..Given::default()
    }
    .loaded()
}

fn consul(config: &Config) -> &Consul {
    match &config.catalog {
        Catalog::Consul(consul) => consul,
        other @ (Catalog::None
        | Catalog::Etcd(_)
        | Catalog::Embedded(_)
        | Catalog::Zookeeper(_)) => {
            panic!("not Consul: {other:?}")
        }
    }
}

#[track_caller]
fn only_template(config: &Config) -> &TemplateSpec {
    assert_eq!(
        config.spec.templates.len(),
        1,
        "{:?}",
        config.spec.templates
    );
    &config.spec.templates[0]
}

#[track_caller]
fn command(template: &TemplateSpec) -> &Command {
    match &template.on_change {
        OnChange::Exec { command, .. } => command,
        other @ (OnChange::None | OnChange::Signal { .. } | OnChange::Restart { .. }) => {
            panic!("not a command: {other:?}")
        }
    }
}

/// Compares everything that is said about a file, with its status.
#[track_caller]
fn check(text: &str, expect: &Expect) {
    check_all(
        &Given {
            files: &[("ct.hcl", text)],
            ..Given::default()
        },
        expect,
    );
}

#[track_caller]
fn check_all(given: &Given<'_>, expect: &Expect) {
    let said = match given.load() {
        Ok(config) => {
            let warnings = config.warnings.iter().map(|one| format!("{one}\n"));
            format!("loads\n{}", warnings.collect::<String>())
        }
        Err(refused) => format!("ends with {}\n{refused}\n", refused.status),
    };
    expect.assert_eq(&said);
}
