//! The files of the articles: as they were printed, and loaded.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::harness::{Contained, Container, Pilot};

/// The Nginx of "app-centric micro-orchestration", which names Consul by a variable.
pub(crate) const NGINX_OF_THE_SCALING_ARTICLE: &str = "nginx/containerpilot.scaling.json";

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/articles")
        .join(name)
}

fn read(name: &str) -> String {
    let path = path(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// In which form a container has its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As printed, around the program of its command line.
    Printed,
    /// As `migrate` writes it anew, with the program in it.
    Migrated,
}

/// What goes into a container, and what runs in it.
pub(crate) struct Image {
    service: &'static str,
    config: String,
    form: Form,
}

impl Image {
    pub(crate) fn of(service: &'static str, form: Form) -> Self {
        Self {
            service,
            config: format!("{service}/containerpilot.json"),
            form,
        }
    }

    pub(crate) fn with_config(self, config: &str) -> Self {
        Self {
            config: config.to_owned(),
            ..self
        }
    }

    /// Starts it as its Dockerfile says.
    pub(crate) fn start(&self, container: Container) -> Contained {
        let service = self.service;
        let dockerfile = read(&format!("{service}/Dockerfile"));
        let instruction = |word| dockerfile.lines().find_map(|line| line.strip_prefix(word));
        let mut container = container.env("CONSUL", "consul");
        container = if service == "nginx" {
            container.copy(
                &path("nginx/nginx.conf.ctmpl"),
                "/etc/containerpilot/nginx.conf.ctmpl",
            )
        } else {
            let program = format!("{service}.js");
            container.copy(
                &path(&format!("{service}/{program}")),
                &format!("/opt/{service}/{program}"),
            )
        };
        let cmd: Vec<String> = serde_json::from_str(instruction("CMD ").unwrap()).unwrap();
        let words: Vec<&str> = cmd.iter().map(String::as_str).collect();
        match self.form {
            Form::Printed => {
                if let Some((name, value)) = instruction("ENV ").and_then(|it| it.split_once('=')) {
                    container = container.env(name, value);
                }
                let config = path(&self.config);
                container
                    .copy(&config, "/etc/containerpilot.json")
                    .start(&words)
            }
            Form::Migrated => {
                let config = "/etc/containerpilot.json5";
                container.text(config, &self.migrated(&words)).start(&[
                    "/bin/containerpilot",
                    "-config",
                    config,
                ])
            }
        }
    }

    /// The configuration as `migrate` writes it, for the program of this command line.
    fn migrated(&self, words: &[&str]) -> String {
        let config = path(&self.config).display().to_string();
        let flags = if words[1] == "-config" { 3 } else { 1 };
        let all: Vec<&str> = ["migrate", &config, "--"]
            .iter()
            .chain(&words[flags..])
            .copied()
            .collect();
        Pilot::new().args(&all).run().expect_code(0).stdout
    }
}

fn without_breaks(text: &str) -> String {
    text.replace('\n', "")
}

fn printed(name: &str) -> String {
    without_breaks(&read(&format!("printed/{name}")))
}

/// The same for the other service.
fn with_names_swapped(text: &str) -> String {
    let names = [
        ("customers", "sales"),
        ("Customers", "Sales"),
        ("4000", "3000"),
    ];
    let away = names
        .iter()
        .enumerate()
        .fold(text.to_owned(), |text, (at, (one, other))| {
            text.replace(one, &format!("<{at}>"))
                .replace(other, &format!("<-{at}>"))
        });
    names
        .iter()
        .enumerate()
        .fold(away, |text, (at, (one, other))| {
            text.replace(&format!("<{at}>"), other)
                .replace(&format!("<-{at}>"), one)
        })
}

#[test]
fn the_configurations_are_those_that_were_printed() {
    for (file, print) in [
        ("customers/containerpilot.json", "customers.json"),
        ("nginx/containerpilot.json", "nginx.json"),
        (NGINX_OF_THE_SCALING_ARTICLE, "nginx-scaling.json"),
    ] {
        assert_eq!(without_breaks(&read(file)), printed(print), "{file}");
    }
    for kind in ["containerpilot.json", "Dockerfile"] {
        let customers = read(&format!("customers/{kind}"));
        let sales = read(&format!("sales/{kind}"));
        assert_eq!(sales, with_names_swapped(&customers), "{kind}");
    }
    assert_eq!(
        read("sales/sales.js"),
        with_names_swapped(&read("customers/customers.js"))
    );
}

#[test]
fn the_dockerfile_is_the_printed_one_as_it_was_changed() {
    let before = printed("app.Dockerfile");
    let (before, without_pilot) = before.split_at(before.rfind("CMD").unwrap());
    assert_eq!(
        without_pilot,
        r#"CMD [ "node", "/opt/customers/customers.js" ]"#
    );
    let whole = before.to_owned() + &printed("pilot.Dockerfile") + &printed("wrapped.Dockerfile");
    assert_eq!(without_breaks(&read("customers/Dockerfile")), whole);
}

#[test]
fn the_template_has_the_printed_blocks_for_both_services() {
    let template = without_breaks(&read("nginx/nginx.conf.ctmpl"));
    for print in ["upstream.ctmpl", "location.ctmpl"] {
        let block = printed(print);
        for block in [with_names_swapped(&block), block] {
            assert!(template.contains(&block), "{print}: {block}");
        }
    }
}

#[test]
fn the_application_has_the_printed_handler() {
    let application = read("customers/customers.js");
    let mut left = printed("customers.js");
    for line in application.lines() {
        left = left
            .strip_prefix(line)
            .filter(|_| !line.is_empty())
            .map_or(left.clone(), str::to_owned);
    }
    assert_eq!(left, "", "in this order, whatever stands between its lines");
}

// 2.7: passes, but for `check`.
#[test]
fn each_loads_with_every_way_to_name_consul() {
    for file in [
        "customers/containerpilot.json",
        "sales/containerpilot.json",
        "nginx/containerpilot.json",
        NGINX_OF_THE_SCALING_ARTICLE,
    ] {
        for consul in ["consul", "consul.local", "localhost", "127.0.0.1"] {
            let config = path(file).display().to_string();
            let ended = Pilot::new()
                .env("CONSUL", consul)
                .args(&["check", "--config", &config, "--", "some", "program"])
                .run()
                .expect_code(0);
            assert_eq!(ended.stderr, "", "{file}: {ended:#?}");
        }
    }
}

// 2.7: asks this machine without a word.
#[test]
fn a_variable_that_is_not_set_is_told() {
    let config = path(NGINX_OF_THE_SCALING_ARTICLE).display().to_string();
    Pilot::new()
        .args(&["check", "--config", &config, "--", "nginx"])
        .run()
        .expect_code(0)
        .expect_text("Consul's address `:8500` names no host")
        .expect_text("a variable in it may not be set");
}
