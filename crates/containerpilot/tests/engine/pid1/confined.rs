//! Containers that are allowed little: the helper does what can be done, and says what cannot.

use super::{init, pilot};
use crate::harness::{Container, image, try_docker, until};

/// An application with a check, and a job beside it.
const CONFIG: &str = "{ stopTimeout: 5, jobs: [
    { name: 'app', exec: ['sh', '-c', \"trap 'echo bye; exit 0' TERM; echo up as $(id -u); while :; do sleep 0.1; done\"],
      essential: true, health: { exec: 'true', interval: 1, ttl: 5 } },
    { name: 'beside', exec: ['sh', '-c', 'echo tick'], when: { interval: '500ms' } } ] }";

/// A container that is allowed little.
struct Case {
    title: &'static str,
    options: &'static [&'static str],
    /// What the log has to say.
    says: &'static [&'static str],
    /// Whether the control socket answers.
    answers: bool,
}

const CASES: &[Case] = &[
    Case {
        title: "read-only",
        options: &["--read-only"],
        says: &[
            "/var/run/containerpilot.socket: read-only file system; going on without a control socket",
        ],
        answers: false,
    },
    Case {
        title: "read-only-with-run",
        options: &["--read-only", "--tmpfs", "/run"],
        says: &["control: serving at /var/run/containerpilot.socket"],
        answers: true,
    },
    Case {
        title: "nobody",
        options: &["--user", "12345"],
        says: &[
            "/var/run/containerpilot.socket: permission denied; going on without a control socket",
            "up as 12345",
        ],
        answers: false,
    },
    Case {
        title: "nobody-with-run",
        options: &[
            "--user",
            "12345:54321",
            "--read-only",
            "--tmpfs",
            "/run:uid=12345",
        ],
        says: &["control: serving", "up as 12345"],
        answers: true,
    },
    Case {
        title: "no-capabilities",
        options: &["--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
        says: &[],
        answers: true,
    },
    Case {
        title: "nobody-without-anything",
        options: &[
            "--user",
            "12345",
            "--read-only",
            "--cap-drop",
            "ALL",
            "--security-opt",
            "no-new-privileges",
            "--network",
            "none",
        ],
        says: &["going on without a control socket"],
        answers: false,
    },
    Case {
        title: "under-init",
        options: &["--init"],
        says: &[],
        answers: true,
    },
    Case {
        title: "pids-of-the-host",
        options: &["--pid", "host"],
        says: &[],
        answers: true,
    },
    Case {
        title: "slow",
        options: &["--cpus", "0.1", "--network", "none"],
        says: &[],
        answers: true,
    },
    Case {
        title: "few-files",
        options: &["--ulimit", "nofile=64"],
        says: &[],
        answers: true,
    },
    Case {
        title: "no-output",
        options: &["--log-driver", "none"],
        says: &[],
        answers: true,
    },
    Case {
        title: "little-memory",
        options: &["--memory", "24m"],
        says: &[],
        answers: true,
    },
];

#[test]
fn a_container_that_is_allowed_little_works_and_stops_in_order() {
    let check = |case: &Case| {
        let container = pilot(case.title, case.options, CONFIG, &[]);
        let told = || format!("{}: {}", case.title, container.logs());
        let is_logged = !case.options.contains(&"none") || case.options.contains(&"--network");
        let reads = ["containerpilot", "status"];
        if is_logged {
            until("the jobs run", told, || {
                let log = container.logs();
                let both = log.contains("up as") && log.matches("tick").count() > 2;
                both.then_some(())
            });
        }
        if case.answers {
            until("the application is healthy", told, || {
                container
                    .try_exec(&reads)
                    .ok()
                    .filter(|status| status.contains("healthy"))
            });
        } else {
            assert!(container.try_exec(&reads).is_err());
        }
        let took = container.stop(40);
        let log = container.logs();
        assert_eq!(container.code(), 0, "{}: {log}", case.title);
        assert!(took.as_secs() < 15, "{}: {took:?}", case.title);
        if is_logged {
            assert!(log.contains("bye"), "{}: {log}", case.title);
            let missing: Vec<_> = case
                .says
                .iter()
                .filter(|line| !log.contains(**line))
                .collect();
            assert!(
                missing.is_empty(),
                "{}: not said: {missing:?}\n{log}",
                case.title
            );
        }
    };
    std::thread::scope(|scope| {
        for cases in CASES.chunks(CASES.len().div_ceil(3)) {
            scope.spawn(move || cases.iter().for_each(check));
        }
    });
}

#[test]
fn the_limit_of_processes_is_named_and_outlived() {
    let config = "{ stopTimeout: 5, jobs: [
        { name: 'app', exec: ['perl', '-e', '$SIG{TERM} = sub { exit 0 }; sleep 1 while 1'],
          essential: true, health: { exec: 'true', interval: 1, ttl: 5 } },
        { name: 'beside', exec: ['sh', '-c', 'echo tick'], when: { interval: '500ms' } } ] }";
    let container = pilot("pids", &["--pids-limit", "3"], config, &[]);
    // The helper, its log and the application: there is no room for a check.
    container.wait_for_log("unable to start check.app: fork/exec /usr/bin/true: resource temporarily unavailable (the container's limit of 3 processes is reached)");
    container.wait_for_log(
        "unable to start beside: fork/exec /usr/bin/sh: resource temporarily unavailable",
    );
    // When there is room again, the next try finds it.
    let id = container.inspect("{{.Id}}");
    let before = container.logs().matches("tick").count();
    crate::harness::docker(&["update", "--pids-limit", "100", &id]);
    until(
        "there is room",
        || container.logs(),
        || (container.logs().matches("tick").count() > before + 1).then_some(()),
    );
    assert_eq!(
        container.inspect("{{.State.Running}} {{.RestartCount}}"),
        "true 0"
    );
    container.stop(20);
    assert_eq!(container.code(), 0);
}

/// Fills its memory, as an application does that leaks.
const LEAK: &str = "my @a; push @a, 'x' x 1048576 while 1";

#[test]
fn what_the_kernel_kills_for_want_of_memory_is_told() {
    let config = |essential: bool| {
        format!(
            "{{ jobs: [{{ name: 'leak', exec: ['perl', '-e', \"{LEAK}\"], essential: {essential} }}, {{ name: 'app', exec: 'sleep 1000' }}] }}"
        )
    };
    let told =
        "out of memory: the kernel killed a process of this container, whose limit is 64 MiB";
    let limit = ["--memory", "64m", "--memory-swap", "64m"];
    // A job beside the application: the container goes on.
    let container = pilot("oom-job", &limit, &config(false), &[]);
    container.wait_for_log(told);
    assert_eq!(container.inspect("{{.State.Running}}"), "true");
    container.stop(20);
    // The application itself: the scheduler sees it.
    let container = pilot("oom-app", &limit, &config(true), &[]);
    assert_eq!(container.wait(), 137, "{}", container.logs());
    assert!(container.logs().contains(told), "{}", container.logs());
    assert_eq!(container.inspect("{{.State.OOMKilled}}"), "true");
}

#[test]
fn a_huge_environment_is_handed_on() {
    let huge = format!("HUGE={}", "x".repeat(100_000));
    let options: Vec<String> = (0..10).map(|nth| format!("N{nth}{huge}")).collect();
    let options: Vec<&str> = options.iter().flat_map(|one| ["-e", one]).collect();
    let script = ["sh", "-c", "env | grep -c '^N.HUGE=x\\{100\\}'; exit 3"];
    let container = init("environment", &options, &script);
    assert_eq!(container.wait(), 3);
    assert!(
        container.logs().trim_end().ends_with(" 10"),
        "{}",
        container.logs()
    );
    let config = "{ jobs: [{ name: 'app', exec: ['sh', '-c', 'echo seen $(env | grep -c ^N.HUGE=x); exit 3'], essential: true }] }";
    let container = pilot("environment", &options, config, &[]);
    assert_eq!(container.wait(), 3);
    assert!(container.logs().contains("seen 10"), "{}", container.logs());
}

#[test]
fn in_the_pids_of_another_container_it_ends_only_its_own() {
    let other = init("other", &[], &["sh", "-c", "echo up; exec sleep 1000"]);
    other.wait_for_log("up");
    let pids = format!("container:{}", other.name);
    let container = pilot("guest", &["--pid", &pids], CONFIG, &[]);
    container.wait_for_log("up as");
    container.stop(20);
    assert_eq!(container.code(), 0, "{}", container.logs());
    assert_eq!(other.inspect("{{.State.Running}}"), "true");
    assert_eq!(other.stop(20).as_secs() / 15, 0);
    assert_eq!(other.code(), 143);
}

#[test]
fn without_stdout_it_runs_and_says_so_nowhere() {
    let variable = format!("CONTAINERPILOT={CONFIG}");
    let script = "exec /bin/containerpilot >&- 2>&-";
    let words = ["-e", &variable, &image("base"), "sh", "-c", script];
    let container = Container::run("closed", &words);
    until(
        "the application is healthy",
        || container.logs(),
        || {
            let status = try_docker(&["exec", &container.name, "containerpilot", "status"]);
            status.ok().filter(|status| status.contains("healthy"))
        },
    );
    container.stop(20);
    assert_eq!(container.code(), 0);
}
