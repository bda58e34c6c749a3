//! The timers in the words of the Docker Engine: on the command line, for Compose, for Swarm.

use super::{FAILURES, PROBE_TIMEOUT, Stays, Target, Text, Timers, comment, list};

/// A base image may name another one, which the helper would hand on to the application.
const SIGNAL: &str =
    "An image may name another signal; only TERM and INT make the helper stop everything in order.";

/// Lines for a Dockerfile, and for a shell.
pub(super) fn docker(timers: &Timers) -> Text {
    let mut paste = comment(0, timers.about_the_stop(Target::Docker));
    paste += "\n";
    paste += &comment(0, ["For the Dockerfile.", SIGNAL, &timers.probe.why]);
    paste += "STOPSIGNAL SIGTERM\n";
    paste += &format!(
        "HEALTHCHECK --interval={}s --timeout={PROBE_TIMEOUT}s --start-period={}s --retries={FAILURES} CMD {}\n\n",
        timers.probe.interval,
        timers.probe.start,
        list(&timers.probe(None))
    );
    paste += &comment(0, ["For the shell. No `--init`: the helper is one."]);
    paste += &comment(0, timers.about_the_restart());
    paste += &format!(
        "docker run --stop-timeout {} --restart {} IMAGE\n",
        timers.stop.seconds,
        policy(timers.stays)
    );
    paste += &comment(0, ["For a container that was started without:"]);
    paste += &format!("docker stop --time {} CONTAINER\n", timers.stop.seconds);
    let notes = Vec::new();
    Text { paste, notes }
}

fn policy(stays: Stays) -> &'static str {
    match stays {
        Stays::Always => "unless-stopped",
        Stays::UntilDone => "on-failure",
    }
}

/// A service of a Compose file.
pub(super) fn compose(timers: &Timers) -> Text {
    let mut paste = service(timers, Target::Compose);
    paste += &comment(4, timers.about_the_restart());
    paste += &format!("    restart: {}\n", policy(timers.stays));
    let notes = Vec::new();
    Text { paste, notes }
}

/// A service of a stack.
pub(super) fn swarm(timers: &Timers) -> Text {
    let seen = timers.probe.start + FAILURES * (timers.probe.interval + PROBE_TIMEOUT);
    let condition = match timers.stays {
        Stays::Always => "any",
        Stays::UntilDone => "on-failure",
    };
    let mut paste = format!("version: \"3.8\"\n{}", service(timers, Target::Swarm));
    paste += "    deploy:\n";
    paste += &comment(6, timers.about_the_restart());
    paste += &format!("      restart_policy: {{ condition: {condition}, delay: 5s }}\n");
    paste += "      update_config:\n        parallelism: 1\n";
    paste += &comment(
        8,
        [
            "The new one is healthy before the old one leaves. `stop-first` where there may be only one.",
        ],
    );
    paste += "        order: start-first\n";
    paste += &comment(
        8,
        ["Clients have looked at the new one once before the next old one leaves."],
    );
    paste += &format!("        delay: {}s\n", timers.probe.interval);
    paste += &comment(
        8,
        [format!(
            "Start and {FAILURES} probes that fail: {} + {FAILURES} × ({} + {PROBE_TIMEOUT}) s. Swarm's own 5 s see nothing.",
            timers.probe.start, timers.probe.interval
        )],
    );
    paste += &format!("        monitor: {seen}s\n        failure_action: rollback\n");
    let notes = Vec::new();
    Text { paste, notes }
}

fn service(timers: &Timers, target: Target) -> String {
    let mut text = format!("services:\n  {}:\n", timers.name);
    text += &comment(4, ["No `init: true`: the helper is the init.", SIGNAL]);
    text += "    stop_signal: SIGTERM\n";
    text += &comment(4, timers.about_the_stop(target));
    text += &format!("    stop_grace_period: {}s\n", timers.stop.seconds);
    text += &comment(4, [&timers.probe.why]);
    text += &format!(
        "    healthcheck:\n      test: {}\n      interval: {}s\n      timeout: {PROBE_TIMEOUT}s\n      start_period: {}s\n      retries: {FAILURES}\n",
        list(&[&["CMD"][..], &timers.probe(None)].concat()),
        timers.probe.interval,
        timers.probe.start
    );
    text
}
