//! A storm of forks, watched from outside.

use std::time::{Duration, Instant};

use super::pilot;
use crate::harness::{docker, until};

/// For so many seconds starts processes that lose their parent at once, as fast as it can; says how
/// many.
fn storm(seconds: u64) -> String {
    format!(
        "my $end = time + {seconds}; my $n = 0; \
         while (time < $end) {{ my $p = fork // next; if (!$p) {{ fork; exit 3 }} waitpid $p, 0; $n++ }} \
         print qq(stormed $n\\n)"
    )
}

/// How many processes there are in the container, how many of them are zombies, and how many KiB
/// of memory the helper has.
fn look(name: &str) -> (usize, usize, usize) {
    let top = docker(&["top", name, "-eo", "pid,stat,rss,comm"]);
    let lines: Vec<Vec<&str>> = top
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect())
        .collect();
    let zombies = lines.iter().filter(|line| line[1].starts_with('Z')).count();
    let helper = lines
        .iter()
        .find(|line| line[3].starts_with("containerpilot"));
    (lines.len(), zombies, helper.unwrap()[2].parse().unwrap())
}

#[test]
fn zombies_never_pile_up_in_a_storm_of_forks() {
    let seconds =
        std::env::var("CONTAINERPILOT_TEST_STORM").map_or(12, |text| text.parse().unwrap());
    let storm = storm(seconds);
    let config = format!(
        "{{ jobs: [
            {{ name: 'app', exec: 'sleep 1000', essential: true, health: {{ exec: 'true', interval: 1, ttl: 5 }} }},
            {{ name: 'storm', exec: ['perl', '-e', '{storm}'] }} ] }}"
    );
    let container = pilot("storm", &[], &config, &[]);
    let began = Instant::now();
    let (mut most, mut looks, mut memory) = (0, 0, Vec::new());
    while !container.logs().contains("stormed") {
        assert!(
            began.elapsed() < Duration::from_secs(seconds + 60),
            "{}",
            container.logs()
        );
        let (_, zombies, kib) = look(&container.name);
        (most, looks) = (most.max(zombies), looks + 1);
        memory.push(kib);
    }
    until(
        "every zombie is gone",
        || container.logs(),
        || (look(&container.name).1 == 0).then_some(()),
    );
    let log = container.logs();
    let count: usize = log
        .split("stormed ")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    println!(
        "{count} orphans in {seconds} s; in {looks} looks at most {most} zombies; memory {memory:?} KiB"
    );
    // Each look falls between two turns of the helper; a tenth of a second of orphans is a lot.
    assert!(most < (count / 10).max(200), "{most} of {count}");
    assert!(count > 100, "{count} are no storm");
    let half = memory.len() / 2;
    let (early, late) = (memory[..half].iter().max(), memory[half..].iter().max());
    assert!(late.unwrap() < &(early.unwrap() + 2048), "{memory:?}");
    // The application and its check went on.
    assert!(
        !log.contains("unhealthy") && !log.contains("app exited"),
        "{log}"
    );
    container.stop(20);
    assert_eq!(container.code(), 0);
}
