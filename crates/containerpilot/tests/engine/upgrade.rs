//! Another version under load: rolled, as a canary, as a second fleet; and what Compose does alone.
//! The commands are those of docs/deploying.md.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::harness::{Container, Load, Stack, commands, image, try_docker, unique};

const PATHS: &[&str] = &["/sales/", "/customers/"];
const OLD: &str = "1.0.0";
const NEW: &str = "1.0.1";

/// A stack with three of sales, served by nginx.
fn three(title: &str) -> Stack {
    let stack = Stack::up(title);
    stack.compose(&["scale", "sales=3"]);
    assert_eq!(stack.wait_for_servers("sales").len(), 3);
    stack
}

/// The versions of the instances that run, in the order of their numbers.
#[track_caller]
fn versions(of: &[Container]) -> Vec<String> {
    let label = "{{index .Config.Labels \"org.opencontainers.image.version\"}}";
    of.iter().map(|one| one.inspect(label)).collect()
}

fn names(of: &[Container]) -> BTreeSet<String> {
    of.iter().map(|one| one.name.clone()).collect()
}

/// A version that starts and never passes: it listens where nobody looks.
struct Bad(String);

impl Bad {
    fn of(service: &str) -> Self {
        let bad = Self(unique("bad"));
        let mut build = Command::new("docker")
            .args(["build", "--quiet", "--tag", &bad.image(service), "-"])
            .env("DOCKER_BUILDKIT", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let file = format!(
            "FROM {}\nENV PORT=3999\n",
            image(&format!("{service}:{NEW}"))
        );
        let mut stdin = build.stdin.take().unwrap();
        stdin.write_all(file.as_bytes()).unwrap();
        drop(stdin);
        let built = build.wait_with_output().unwrap();
        assert!(built.status.success(), "{built:?}");
        bad
    }

    fn image(&self, service: &str) -> String {
        image(&format!("{service}:{}", self.0))
    }
}

impl Drop for Bad {
    fn drop(&mut self) {
        let _ = try_docker(&["image", "rm", "-f", &self.image("sales")]);
    }
}

#[test]
fn a_service_is_rolled_one_by_one_and_back_again_though_killed_half_way() {
    let stack = three("roll");
    let load = Load::on(stack.front(), PATHS, &stack.timeline);
    load.wait_for_more();

    let began = Instant::now();
    let text = stack.types("../roll.sh sales 1.0.1");
    assert!(text.contains("roll: sales: all 3 run "), "{text}");
    assert_eq!(versions(&stack.instances("sales")), [NEW; 3]);
    stack.timeline.measured("roll of three", began.elapsed());
    stack.wait_for_servers("sales");

    let (went_well, text) = stack.script("roll.sh", &["sales", NEW]);
    assert!(
        went_well && text.contains("0 of 3 are to be replaced"),
        "{text}"
    );

    kill_when_one_is_started(&stack);
    let (went_well, text) = stack.script("roll.sh", &["sales", OLD]);
    assert!(went_well, "{text}");
    let all = stack.instances("sales");
    assert_eq!(versions(&all), [OLD; 3]);
    assert!(
        all.iter().all(|one| !one.name.contains("replaced")),
        "{all:?}"
    );
    stack.wait_for_servers("sales");
    load.wait_for_more();
    load.end().expect_none_failed();
}

/// Begins a roll back, and kills it when its first new one has been started.
fn kill_when_one_is_started(stack: &Stack) {
    stack.timeline.act("roll.sh sales 1.0.0, to be killed");
    let mut roll = stack
        .script_command("roll.sh", &["sales", OLD])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(roll.stdout.take().unwrap()).lines();
    let started = lines.find(|line| line.as_ref().unwrap().contains("is started"));
    roll.kill().unwrap();
    roll.wait().unwrap();
    assert!(started.is_some());
    stack.timeline.act("roll.sh was killed");
    assert_eq!(stack.instances("sales").len(), 4);
}

#[test]
fn a_new_version_that_never_passes_is_taken_away_again() {
    let stack = three("roll-refused");
    let before = stack.instances("sales");
    let bad = Bad::of("sales");
    let load = Load::on(stack.front(), PATHS, &stack.timeline);
    load.wait_for_more();
    expect_refused(&stack);
    let (went_well, text) = stack.script("roll.sh", &["--wait", "8", "sales", &bad.0]);
    assert!(!went_well, "{text}");
    for told in [
        "does not pass within 8 s: the catalog has no sales-",
        "it is gone, and what ran before runs",
        "_sales_4 wrote last:\n  | ",
    ] {
        assert!(text.contains(told), "no `{told}` in\n{text}");
    }
    let after = stack.instances("sales");
    assert_eq!(names(&after), names(&before));
    assert_eq!(versions(&after), [OLD; 3]);
    load.wait_for_more();
    load.end().expect_none_failed();
}

/// What cannot be rolled is said before anything is changed.
fn expect_refused(stack: &Stack) {
    let missing = format!("there is no {} here", image("sales:0.0.9"));
    for (words, told) in [
        (&["sales", "0.0.9"][..], missing.as_str()),
        (&["purchase", NEW], "no `image:` for a service `purchase`"),
        (&["--wait", "soon", "sales", NEW], "seconds, not `soon`"),
    ] {
        let (went_well, text) = stack.script("roll.sh", words);
        assert!(!went_well && text.contains(told), "no `{told}` in\n{text}");
    }
}

#[test]
fn a_canary_is_served_and_backed_out() {
    let stack = three("canary");
    let before = stack.instances("sales");
    let servers = stack.servers("sales");
    let load = Load::on(stack.front(), PATHS, &stack.timeline);
    load.wait_for_more();
    stack.types("TAG=1.0.1 docker-compose up -d --no-deps --no-recreate --scale sales=4 sales");
    let four = stack.instances("sales");
    assert_eq!(versions(&four), [OLD, OLD, OLD, NEW]);
    assert!(names(&before).is_subset(&names(&four)));
    let canary = &four[3];
    load.wait_for_all("sales", &[canary.hostname()]);
    assert_eq!(stack.wait_for_servers("sales").len(), 4);
    load.wait_for_more();

    stack.types("docker stop nginx-customers-sales_sales_4");
    stack.types("docker rm nginx-customers-sales_sales_4");
    stack.wait_for_exactly("sales", &servers);
    assert_eq!(names(&stack.instances("sales")), names(&before));
    load.wait_for_more();
    load.end().expect_none_failed();
}

#[test]
fn green_takes_over_from_blue_and_blue_from_green() {
    let stack = three("blue-green");
    let blue = stack.instances("sales");
    let load = Load::on(stack.front(), PATHS, &stack.timeline);
    load.wait_for_more();
    let both = |command: &str| {
        let file = "export COMPOSE_FILE=docker-compose.yml:green.yml";
        stack.types(&format!("{file}\n{command}"))
    };

    both("GREEN=1.0.1 docker-compose up -d --no-deps --scale sales_green=3 sales_green");
    let fleet = stack.instances("sales_green");
    assert_eq!(versions(&fleet), [NEW; 3]);
    let hosts = |of: &[Container]| of.iter().map(Container::hostname).collect::<Vec<_>>();
    load.wait_for_all("sales", &hosts(&fleet));
    let both_fleets = &stack.addresses("sales", &blue) | &stack.addresses("sales", &fleet);
    stack.wait_for_exactly("sales", &both_fleets);
    let count = "curl -s 'http://127.0.0.1:8500/v1/health/service/sales?passing' | grep -o '\"Service\":{' | wc -l";
    assert_eq!(both(count).trim(), "6");

    let began = Instant::now();
    both("docker-compose stop sales");
    stack.wait_for_exactly("sales", &stack.addresses("sales", &fleet));
    stack
        .timeline
        .measured("blue is stopped and out", began.elapsed());
    load.wait_for_more();

    let began = Instant::now();
    both("docker-compose start sales");
    load.forget();
    load.wait_for_all("sales", &hosts(&blue));
    both("docker-compose stop sales_green");
    stack.wait_for_exactly("sales", &stack.addresses("sales", &blue));
    stack.timeline.measured("back to blue", began.elapsed());
    load.wait_for_more();
    load.end().expect_none_failed();
}

/// What Compose does of itself: why roll.sh is there.
#[test]
fn compose_alone_stops_all_instances_before_it_starts_another() {
    let stack = three("compose-alone");
    let old = stack.instances("sales");
    let load = Load::on(stack.front(), PATHS, &stack.timeline);
    load.wait_for_more();
    let began = Instant::now();
    // Without `--scale` it would stop all but one, too: `up` goes by the file alone.
    stack.types("TAG=1.0.1 docker-compose up -d --no-deps --scale sales=3 sales");
    let new = stack.instances("sales");
    assert_eq!(versions(&new), [NEW; 3]);
    stack.wait_for_servers("sales");
    let ended = began.elapsed();
    load.wait_for_more();
    let when = |action: &str, of: &[Container]| {
        let at = |one: &Container| stack.timeline.when(action, &one.name).unwrap();
        of.iter().map(at).collect::<Vec<_>>()
    };
    // Each is renamed before it is removed, and its place taken by one of its name.
    let kills = when("kill", &old);
    let starts = when("start", &new);
    let (last_kill, first_start) = (kills.iter().max().unwrap(), starts.iter().min().unwrap());
    assert!(last_kill < first_start, "{}", stack.timeline.told());
    stack
        .timeline
        .measured("Compose's own upgrade of three", ended);
    let tally = load.end();
    assert!(
        !tally.failed.is_empty(),
        "nothing was lost: say so in docs/deploying.md"
    );
    let outage = tally.failed.last().unwrap().0 - tally.failed[0].0;
    stack.timeline.measured("requests failed for", outage);
    tally.expect_failed_only_within(began, ended + Duration::from_secs(1));
}

/// What is on the page and was run nowhere would not be known to work.
#[test]
fn every_command_of_the_page_is_typed_by_a_test() {
    let page = commands(include_str!("../../../../docs/deploying.md"));
    let tests = [include_str!("scale.rs"), include_str!("upgrade.rs")].concat();
    let tests = tests.replace("\\\"", "\"");
    for command in &page {
        // Where they are typed.
        let is_place = *command == "cd examples/nginx-customers-sales";
        assert!(
            is_place || tests.contains(&format!("\"{command}\"")),
            "no test types `{command}`"
        );
    }
    assert!(page.len() >= 14, "only {} were found", page.len());
}
