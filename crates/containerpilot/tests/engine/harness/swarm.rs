//! The stack of the articles as Swarm's, by its own stack file, on an engine that is a swarm of one.

use std::{collections::BTreeSet, net::SocketAddr};

use super::{
    Container, Engine, Timeline,
    docker::{command, docker, printed, try_docker},
    engine::ADDRESS,
    http::{Answer, over_tcp},
    image, until, view,
};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../examples/schedulers/swarm/stack.yml"
);
/// What the stack is deployed as.
const STACK: &str = "app";

/// A swarm that runs the stack.
pub(crate) struct Swarm {
    pub(crate) timeline: Timeline,
    _engine: Engine,
}

impl Swarm {
    /// Makes an engine a swarm, deploys the stack on it, and waits until nginx serves both services.
    #[track_caller]
    pub(crate) fn deploy(title: &str) -> Self {
        let names = [
            "consul:1.0.0",
            "customers:1.0.0",
            "nginx:1.0.0",
            "sales:1.0.0",
            "sales:1.0.1",
        ];
        let images = names.map(image);
        let engine = Engine::start(&images, &[]);
        let here = ["--advertise-addr", ADDRESS, "--listen-addr", ADDRESS];
        docker(&[&["swarm", "init"], &here[..]].concat());
        let swarm = Self {
            timeline: Timeline::of_engine(title),
            _engine: engine,
        };
        swarm.timeline.act("docker stack deploy");
        // Without a registry nobody can be asked which digest a tag has.
        let mut deploy = command("docker");
        deploy.args(["stack", "deploy", "--resolve-image", "never"]);
        deploy.args(["-c", FILE, STACK]);
        deploy.env("REPOSITORY", super::compose::repository());
        printed(&mut deploy).unwrap_or_else(|error| panic!("docker stack deploy: {error}"));
        swarm.wait_for("customers", 1);
        swarm.wait_for("sales", 1);
        for path in ["/customers/", "/sales/"] {
            swarm.until(&format!("{path} is served"), || {
                let answer = swarm.get(path).ok()?;
                (answer.status == 200).then_some(())
            });
        }
        view::wait_for_newest(&swarm.instances("nginx")[0]);
        swarm
    }

    /// Has the engine do something.
    #[track_caller]
    pub(crate) fn docker(&self, words: &[&str]) -> String {
        self.timeline.act(&format!("docker {}", words.join(" ")));
        docker(words)
    }

    /// The containers that run for a service, whichever of Swarm's services they are of.
    #[track_caller]
    pub(crate) fn instances(&self, service: &str) -> Vec<Container> {
        let image = format!("/{service}:");
        let all = docker(&["ps", "--format", "{{.Image}} {{.Names}}"]);
        let name = |line: &str| {
            let (of, name) = line.split_once(' ')?;
            of.contains(&image).then(|| Container::known(name))
        };
        all.lines().filter_map(name).collect()
    }

    /// The address of a container in the stack's own network.
    fn address(instance: &Container) -> Option<String> {
        let format = format!("{{{{(index .NetworkSettings.Networks \"{STACK}_app\").IPAddress}}}}");
        try_docker(&["inspect", "--format", &format, &instance.name]).ok()
    }

    /// Where nginx's port is, on the machine that it runs on.
    #[expect(clippy::unused_self, reason = "it is there while the swarm is")]
    pub(crate) fn front(&self) -> SocketAddr {
        format!("{ADDRESS}:8080").parse().unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> std::io::Result<Answer> {
        over_tcp(self.front(), "GET", path, "")
    }

    /// What Consul says of a service, without those that do not pass if `passing`.
    pub(crate) fn known(&self, service: &str, passing: bool) -> BTreeSet<String> {
        let only = if passing { "?passing=1" } else { "" };
        let url = format!("http://localhost:8500/v1/health/service/{service}{only}");
        let consul = self.instances("consul");
        let answer = consul
            .first()
            .and_then(|consul| consul.try_exec(&["curl", "-s", &url]).ok());
        view::instances(&answer.unwrap_or_default())
    }

    /// Waits until so many instances run, and nginx and Consul know exactly those.
    #[track_caller]
    pub(crate) fn wait_for(&self, service: &str, count: usize) -> BTreeSet<String> {
        let port = match service {
            "sales" => 3000,
            _ => 4000,
        };
        let what = format!("nginx has exactly {count} of {service}");
        let servers = self.until(&what, || {
            let nginx = self.instances("nginx");
            let has = view::servers(nginx.first()?, service);
            let all = self.instances(service);
            let wanted: Option<BTreeSet<String>> = all
                .iter()
                .map(|one| Some(format!("{}:{port}", Self::address(one)?)))
                .collect();
            (has.len() == count && Some(&has) == wanted.as_ref()).then_some(has)
        });
        assert_eq!(self.known(service, true), servers);
        self.timeline
            .act(&format!("nginx has {servers:?} as {service}"));
        servers
    }

    /// Waits until an update of a service has ended like this.
    #[track_caller]
    pub(crate) fn wait_for_update(&self, service: &str, end: &str) {
        let format = "{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}";
        let words = ["service", "inspect", "--format", format, service];
        self.until(&format!("the update of {service} is {end}"), || {
            (docker(&words) == end).then_some(())
        });
        self.timeline.act(&format!("{service}: {end}"));
    }

    /// Which version of it answers under a path of nginx, asked often enough to meet every instance.
    pub(crate) fn versions(&self, path: &str) -> BTreeSet<String> {
        let ask = |_| {
            let head = self.get(path).ok()?.head.to_ascii_lowercase();
            let (_, by) = head.split_once("x-served-by: ")?;
            Some(by.split(' ').nth(1)?.to_owned())
        };
        (0..20).filter_map(ask).collect()
    }

    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        until(
            what,
            || format!("{}\n{}", self.timeline.told(), Self::tasks()),
            look,
        )
    }

    /// What Swarm says of its tasks.
    fn tasks() -> String {
        let tasks = try_docker(&["stack", "ps", "--no-trunc", STACK]);
        tasks.unwrap_or_else(|error| error)
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        self.timeline.write();
        if std::thread::panicking() {
            eprintln!("{}\n{}", self.timeline.told(), Self::tasks());
            for service in ["consul", "customers", "sales", "nginx"] {
                let words = ["service", "logs", "--tail", "40"];
                let name = format!("{STACK}_{service}");
                let logs = try_docker(&[&words[..], &[&name]].concat());
                eprintln!("--- {service}: {}", logs.unwrap_or_else(|error| error));
            }
        }
    }
}
