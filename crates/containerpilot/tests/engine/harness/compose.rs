//! The stack of the articles, by its own Compose file.

use std::{collections::BTreeSet, net::SocketAddr, process::Command};

use super::{
    Timeline,
    container::Container,
    docker::{command, printed, try_docker},
    http::{Answer, over_tcp},
    unique, until, view,
};

/// Whose images the tests run; `scripts/images/test` builds them, under the same name.
pub(super) fn repository() -> String {
    std::env::var("REPOSITORY").unwrap_or_else(|_| "containerpilot-test".to_owned())
}

/// Where the Compose file is.
pub(super) const DIR: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../examples/nginx-customers-sales"
);

/// A project of Compose; taken down in the end.
pub(crate) struct Stack {
    project: String,
    /// Where nginx is published; 0 lets the engine choose.
    port: u16,
    pub(crate) timeline: Timeline,
}

impl Stack {
    /// `docker-compose up -d`, and waits until both services are served by nginx.
    #[track_caller]
    pub(crate) fn up(title: &str) -> Self {
        Self::up_at(title, 0)
    }

    /// The same, with nginx published at this port.
    #[track_caller]
    pub(crate) fn up_at(title: &str, port: u16) -> Self {
        let mut stack = Self::new(title);
        stack.port = port;
        stack.compose(&["up", "-d"]);
        stack.wait_until_served();
        stack
    }

    /// Waits until nginx has both services and passes requests on to them.
    #[track_caller]
    pub(crate) fn wait_until_served(&self) {
        self.wait_for_servers("customers");
        self.wait_for_servers("sales");
        for path in ["/customers/", "/sales/"] {
            self.until(&format!("{path} is served"), || {
                let answer = self.get(path).ok()?;
                (answer.status == 200).then_some(())
            });
        }
        view::wait_for_newest(&self.instance("nginx"));
    }

    /// A project of which nothing is up yet.
    pub(crate) fn new(title: &str) -> Self {
        let project = unique(title);
        let timeline = Timeline::new(title, Some(&project));
        Self {
            project,
            port: 0,
            timeline,
        }
    }

    /// What the project is called; its containers are `PROJECT_SERVICE_1` and on.
    pub(crate) fn project(&self) -> &str {
        &self.project
    }

    /// Has Compose do something with this project.
    #[track_caller]
    pub(crate) fn compose(&self, words: &[&str]) -> String {
        self.compose_with(&[], words)
    }

    /// The same, with variables of the Compose file.
    #[track_caller]
    pub(crate) fn compose_with(&self, variables: &[(&str, &str)], words: &[&str]) -> String {
        self.timeline
            .act(&format!("{variables:?} docker-compose {}", words.join(" ")));
        printed(self.command(words).envs(variables.iter().copied()))
            .unwrap_or_else(|error| panic!("docker-compose {}: {error}", words.join(" ")))
    }

    /// Runs a script of the examples' directory for this project; gives whether it ended well, and
    /// what it printed.
    pub(crate) fn script(&self, name: &str, words: &[&str]) -> (bool, String) {
        self.timeline.act(&format!("{name} {}", words.join(" ")));
        let output = self.script_command(name, words).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        for line in text.lines() {
            self.timeline.note("script", line);
        }
        (output.status.success(), text)
    }

    /// The same, not yet run.
    pub(crate) fn script_command(&self, name: &str, words: &[&str]) -> Command {
        let mut command = command(&format!("{DIR}/../{name}"));
        command.current_dir(DIR).args(words);
        command.envs(self.environment());
        command
    }

    /// The network of this project.
    pub(crate) fn network(&self) -> String {
        format!("{}_default", self.project)
    }

    /// A command for this project, not yet run; the images and ports are set by its environment.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = command("docker-compose");
        command
            .current_dir(DIR)
            .args(["-p", &self.project])
            .args(words);
        command.envs(self.environment());
        command
    }

    /// What the Compose file and scripts take from the environment.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("COMPOSE_PROJECT_NAME", self.project.clone()),
            ("REPOSITORY", repository()),
            ("PORT", self.port.to_string()),
            ("CONSUL_PORT", "0".to_owned()),
        ]
    }

    /// What the instances that run are, in the order of their numbers.
    #[track_caller]
    pub(crate) fn instances(&self, service: &str) -> Vec<Container> {
        let project = format!("label=com.docker.compose.project={}", self.project);
        let of = format!("label=com.docker.compose.service={service}");
        let names = super::docker(&[
            "ps",
            "--filter",
            &project,
            "--filter",
            &of,
            "--format",
            "{{.Names}}",
        ]);
        let mut names: Vec<&str> = names.lines().collect();
        let number = |name: &&str| name.rsplit('_').next().and_then(|n| n.parse::<u32>().ok());
        names.sort_by_key(number);
        names.into_iter().map(Container::known).collect()
    }

    #[track_caller]
    pub(crate) fn instance(&self, service: &str) -> Container {
        self.instances(service).remove(0)
    }

    /// Where nginx is published.
    #[track_caller]
    pub(crate) fn front(&self) -> SocketAddr {
        self.instance("nginx").published(80)
    }

    pub(crate) fn get(&self, path: &str) -> std::io::Result<Answer> {
        over_tcp(self.front(), "GET", path, "")
    }

    /// The addresses of a service that Consul calls passing.
    #[track_caller]
    pub(crate) fn passing(&self, service: &str) -> BTreeSet<String> {
        let consul = self.instance("consul").published(8500);
        let path = format!("/v1/health/service/{service}?passing=1");
        let Ok(answer) = over_tcp(consul, "GET", &path, "") else {
            return BTreeSet::new();
        };
        view::instances(&answer.body)
    }

    /// The servers of a service in nginx's configuration as it stands.
    #[track_caller]
    pub(crate) fn servers(&self, service: &str) -> BTreeSet<String> {
        view::servers(&self.instance("nginx"), service)
    }

    /// Waits until nginx has these and no others.
    #[track_caller]
    pub(crate) fn wait_for_exactly(&self, service: &str, wanted: &BTreeSet<String>) {
        self.until(&format!("nginx has {wanted:?} as {service}"), || {
            (self.servers(service) == *wanted).then_some(())
        });
        self.timeline
            .act(&format!("nginx has {wanted:?} as {service}"));
    }

    /// Where these instances of a service are, as nginx has them.
    #[track_caller]
    pub(crate) fn addresses(&self, service: &str, of: &[Container]) -> BTreeSet<String> {
        let port = match service {
            "sales" => 3000,
            _ => 4000,
        };
        let address = |one: &Container| Some(format!("{}:{port}", one.find_address()?));
        of.iter().filter_map(address).collect()
    }

    /// Waits until nginx has exactly the instances that run.
    #[track_caller]
    pub(crate) fn wait_for_servers(&self, service: &str) -> BTreeSet<String> {
        let servers = self.until(&format!("nginx has every {service}"), || {
            let wanted = self.addresses(service, &self.instances(service));
            let has = self.servers(service);
            (has == wanted && !has.is_empty()).then_some(has)
        });
        self.timeline
            .act(&format!("nginx has {servers:?} as {service}"));
        servers
    }

    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        until(what, || self.timeline.told(), look)
    }

    /// Takes everything of the project away at once. Compose would ask everybody to end first, and
    /// wait for those who have a catalog to leave.
    fn remove(&self) {
        let of = format!("label=com.docker.compose.project={}", self.project);
        let list = |words: &[&str]| {
            let all = try_docker(&[words, &["--quiet", "--filter", &of]].concat());
            all.unwrap_or_default()
        };
        for (listed, remove) in [
            (list(&["ps", "--all"]), &["rm", "--force", "--volumes"][..]),
            (list(&["network", "ls"]), &["network", "rm"]),
        ] {
            let ids: Vec<&str> = listed.lines().collect();
            if !ids.is_empty() {
                let _ = try_docker(&[remove, &ids].concat());
            }
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.timeline.write();
        if std::thread::panicking() {
            eprintln!("{}", self.timeline.told());
            let logs = printed(&mut self.command(&["logs", "--no-color", "--tail", "50"]));
            eprintln!("{}", logs.unwrap_or_else(|error| error));
        }
        self.remove();
    }
}
