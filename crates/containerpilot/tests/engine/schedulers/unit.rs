//! One container as a scheduler has it run.

use std::time::{Duration, Instant};

use crate::harness::{
    Container, Network, Timeline, docker, image, over_tcp, try_docker, unique, until,
};

/// What a scheduler's file says of one container, in the words of the engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit {
    pub(super) name: String,
    /// With its tag, and without whose it is.
    pub(super) image: String,
    /// Flags of `docker run`.
    pub(super) flags: Vec<String>,
    /// What follows the image.
    pub(super) words: Vec<String>,
    /// Empty folders for its use alone: a name, and where.
    pub(super) volumes: Vec<(String, String)>,
    /// A run before it: what to do with which of the folders, and where that is then.
    pub(super) before: Option<Before>,
    pub(super) probes: Vec<Probe>,
    /// What runs in it before it is stopped.
    pub(super) hook: Vec<String>,
    /// How long a stop may take.
    pub(super) budget: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Before {
    pub(super) volume: String,
    pub(super) path: String,
    pub(super) words: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) enum Probe {
    /// A program in the container.
    Exec(Vec<String>),
    /// A request to it.
    Get { port: u16, path: String },
}

impl Unit {
    pub(super) fn flag(&mut self, name: &str, value: &str) {
        self.flags.push(format!("--{name}={value}"));
    }

    /// The image of a file, as the images of this suite are called.
    #[track_caller]
    pub(super) fn take_image(&mut self, written: &str) {
        let name = written.strip_prefix("containerpilot/");
        name.unwrap_or_else(|| panic!("`{written}` is none of our images"))
            .clone_into(&mut self.image);
    }
}

/// A folder that several containers can have in turn; removed in the end.
struct Volume(String);

impl Volume {
    /// An empty one that everybody may write to, as an `emptyDir` of Kubernetes is.
    #[track_caller]
    fn new(title: &str) -> Self {
        let volume = Self(docker(&["volume", "create", &unique(title)]));
        let mount = format!("{}:/volume:nocopy", volume.0);
        let image = image("sales:1.0.0");
        docker(&[
            "run", "--rm", "-v", &mount, &image, "chmod", "0777", "/volume",
        ]);
        volume
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = try_docker(&["volume", "rm", "-f", &self.0]);
    }
}

/// A container that runs.
pub(super) struct Deployed {
    // Dropped in this order: a volume that is in use stays.
    pub(super) container: Container,
    _volumes: Vec<Volume>,
    unit: Unit,
}

impl Deployed {
    #[track_caller]
    pub(super) fn start(unit: Unit, network: &Network) -> Self {
        let image = image(&unit.image);
        let volumes: Vec<(Volume, &String, &String)> = unit
            .volumes
            .iter()
            .map(|(name, path)| (Volume::new(name), name, path))
            .collect();
        let mount = |volume: &Volume, path: &str| format!("--volume={}:{path}:nocopy", volume.0);
        if let Some(before) = &unit.before {
            let (volume, ..) = volumes
                .iter()
                .find(|(_, name, _)| **name == before.volume)
                .unwrap();
            let mut words = vec!["run".to_owned(), "--rm".to_owned()];
            words.extend(unit.flags.iter().cloned());
            words.extend([mount(volume, &before.path), image.clone()]);
            words.extend(before.words.iter().cloned());
            docker(&words.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let mut words = unit.flags.clone();
        words.push(format!("--network={}", network.name));
        words.extend(volumes.iter().map(|(volume, _, path)| mount(volume, path)));
        words.push(image);
        words.extend(unit.words.iter().cloned());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Self {
            container: Container::run(&unit.name, &words),
            _volumes: volumes.into_iter().map(|(volume, ..)| volume).collect(),
            unit,
        }
    }

    /// Waits until every probe of it is content.
    #[track_caller]
    pub(super) fn wait_until_ready(&self, timeline: &Timeline) {
        for probe in &self.unit.probes {
            until(
                &format!("{} answers {probe:?}", self.unit.name),
                || self.container.logs(),
                || self.is_content(probe).then_some(()),
            );
        }
        timeline.act(&format!("{} is ready", self.unit.image));
    }

    fn is_content(&self, probe: &Probe) -> bool {
        match probe {
            Probe::Exec(words) => {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                self.container.try_exec(&words).is_ok()
            }
            Probe::Get { port, path } => {
                let address = self.container.published(*port);
                over_tcp(address, "GET", path, "").is_ok_and(|answer| answer.status == 200)
            }
        }
    }

    /// Stops it as its scheduler does; it has ended well, and in time.
    #[track_caller]
    pub(super) fn stop(self, timeline: &Timeline) {
        let began = Instant::now();
        if !self.unit.hook.is_empty() {
            let words: Vec<&str> = self.unit.hook.iter().map(String::as_str).collect();
            self.container.exec(&words);
        }
        // A hook's time is part of the budget.
        let left = self.unit.budget.saturating_sub(began.elapsed());
        let seconds = left.as_secs().to_string();
        docker(&["stop", "-t", &seconds, &self.container.name]);
        let took = began.elapsed();
        assert_eq!(self.container.wait(), 0, "{}", self.container.logs());
        assert!(took < self.unit.budget, "{} took {took:?}", self.unit.name);
        let line = format!(
            "{} stopped in {:.1} s of {} s",
            self.unit.image,
            took.as_secs_f64(),
            self.unit.budget.as_secs()
        );
        timeline.act(&line);
        println!("{line}");
    }
}
