//! Who is measured, and how each is told to run the child.

use std::{fs, os::unix::fs::symlink};

use serde_json::json;

use crate::workshop::{Workshop, which};

/// Names of rows that others are compared with, or that carry bars.
pub(crate) const TINI: &str = "tini";
pub(crate) const OURS: &str = "containerpilot -- CMD";
pub(crate) const OURS_CONFIGURED: &str = "containerpilot, a configuration";
pub(crate) const OURS_REGISTERED: &str = "containerpilot, registered in Consul";

pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// Its command line, or why there is none.
    pub(crate) line: Result<Vec<String>, String>,
    /// Measured in one of so many rounds: the slow ones less often.
    pub(crate) every: usize,
}

/// Everybody, the bare child first.
pub(crate) fn everybody(workshop: &Workshop) -> Vec<Peer> {
    let child = workshop.child_line("term");
    let before_child = |words: Vec<String>| [words, child.clone()].concat();
    let pilot = workshop.pilot.to_string_lossy().into_owned();
    let debian = |name: &'static str, options: &[&str]| {
        let program = which(name).ok_or_else(|| "is not installed".to_owned())?;
        let mut words = vec![program.to_string_lossy().into_owned()];
        words.extend(options.iter().map(|word| (*word).to_owned()));
        Ok(words)
    };
    let bare_job = json!({ "name": "app", "exec": child.clone() });
    let registered = json!({
        "consul": workshop.consul.address, "jobs": [workshop.registered_job(10)],
    });
    let peer = |name, line| Peer {
        name,
        line,
        every: 1,
    };
    vec![
        peer("no supervisor", Ok(child.clone())),
        // As subreaper, as the others are by themselves or must be to do their work here.
        peer(TINI, debian("tini", &["-s", "--"]).map(before_child)),
        peer("dumb-init", debian("dumb-init", &["--"]).map(before_child)),
        peer(OURS, Ok(before_child(vec![pilot, "--".to_owned()]))),
        peer(
            OURS_CONFIGURED,
            workshop.configured("plain.json5", json!({ "jobs": [bare_job] })),
        ),
        peer(
            OURS_REGISTERED,
            workshop.configured("registered.json5", registered),
        ),
        Peer {
            every: 4,
            ..peer("s6-svscan", s6(workshop, debian("s6-svscan", &[])))
        },
        Peer {
            every: 20,
            ..peer(
                "supervisord",
                supervisord(workshop, debian("supervisord", &[])),
            )
        },
    ]
}

/// A folder with one service, whose `run` is the child itself: it takes its words from the environment.
fn s6(workshop: &Workshop, program: Result<Vec<String>, String>) -> Result<Vec<String>, String> {
    let mut line = program?;
    let services = workshop.path("s6");
    let service = services.join("app");
    fs::create_dir_all(&service).map_err(|error| error.to_string())?;
    if !service.join("run").exists() {
        symlink(&workshop.child, service.join("run")).map_err(|error| error.to_string())?;
    }
    line.push(services.to_string_lossy().into_owned());
    Ok(line)
}

fn supervisord(
    workshop: &Workshop,
    program: Result<Vec<String>, String>,
) -> Result<Vec<String>, String> {
    let mut line = program?;
    let config = format!(
        "[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile={}\n\
         [program:app]\ncommand={}\nstartsecs=0\nautorestart=false\n",
        workshop.path("supervisord.pid").display(),
        workshop.child_line("term").join(" "),
    );
    let path = workshop.path("supervisord.conf");
    fs::write(&path, config).map_err(|error| error.to_string())?;
    line.extend(["-c".to_owned(), path.to_string_lossy().into_owned()]);
    Ok(line)
}
