//! The states of a job and the steps between them: `docs/job-states.md`, and that it is true.

use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

use pilot_core::status::STATE_WORDS;

use crate::{scenario::play, search};

/// Every step that can be seen from outside, and why it is taken.
const STEPS: &[(&str, &str, &str)] = &[
    ("waiting", "running", "start event, or by hand"),
    ("waiting", "up", "start event, without `exec`"),
    ("waiting", "withdrawing", "stop, in the catalog"),
    ("waiting", "hooks", "stop, or gives up"),
    ("idle", "running", "start event, tick, or by hand"),
    ("idle", "withdrawing", "stop, in the catalog"),
    ("idle", "hooks", "stop"),
    ("backing-off", "running", "pause over"),
    ("backing-off", "idle", "pause over, in maintenance"),
    ("backing-off", "waiting", "helper stops, its turn is ahead"),
    ("backing-off", "withdrawing", "stop, in the catalog"),
    ("backing-off", "hooks", "stop"),
    ("running", "backing-off", "run over, restarts after a pause"),
    ("running", "idle", "run over, more start events to come"),
    (
        "running",
        "withdrawing",
        "stop or last run over, in the catalog",
    ),
    ("running", "hooks", "stop or last run over"),
    ("up", "withdrawing", "stop, in the catalog"),
    ("up", "hooks", "stop"),
    ("withdrawing", "draining", "out of the catalog"),
    (
        "withdrawing",
        "hooks",
        "out of the catalog, nothing to drain",
    ),
    ("withdrawing", "ending", "hastened"),
    ("draining", "hooks", "time over, or its process is gone"),
    ("draining", "ending", "hastened"),
    ("hooks", "ending", "those jobs are done, or out of time"),
    ("ending", "complete", "over for good"),
    ("ending", "held", "stopped by hand"),
    ("ending", "waiting", "its next turn, or a new configuration"),
    ("ending", "running", "restarted, or a new configuration"),
    ("ending", "up", "restarted, without `exec`"),
    ("held", "running", "by hand, or a new configuration"),
    ("held", "up", "by hand, without `exec`"),
    ("held", "waiting", "helper stops, or a new configuration"),
    ("held", "complete", "helper stops"),
    ("complete", "running", "by hand, or a new configuration"),
    ("complete", "up", "by hand, without `exec`"),
    (
        "complete",
        "waiting",
        "its next turn, or a new configuration",
    ),
];

/// What a job may pass through without being seen there, since one fact can take it far.
const PASSED_THROUGH: &[&str] = &["waiting", "idle", "hooks", "ending"];

/// Enough worlds to see nearly every step.
const WORLDS: u32 = 900;

/// What random worlds seldom show.
const RARE: [&str; 2] = [
    "
    job app: service passing
    job beat: exec passes; when every 1h
    job hook: exec exits 0 after 1s; when once stopping(beat)
    at 1s stop app
    at 2s start app
    at 3s TERM
    ",
    "
    job app: exec fails; restarts unlimited; pauses
    at 100ms maintenance on
    at 2s TERM
    ",
];

#[test]
fn what_worlds_show_is_what_is_written() {
    let mut seen = search::seen(WORLDS);
    for rare in RARE {
        seen.append(&mut play(rare).law.seen);
    }
    let jumps = seen.iter().filter(|(from, to)| !reachable(from, to));
    let jumps: Vec<_> = jumps.collect();
    assert!(jumps.is_empty(), "seen, but not by any steps: {jumps:?}");
    let unseen = STEPS
        .iter()
        .filter(|(from, to, _)| !seen.contains(&(*from, *to)));
    let unseen: Vec<_> = unseen.collect();
    assert!(unseen.is_empty(), "written, but never seen: {unseen:?}");
}

/// Whether steps lead from one state to the other, through none but those passed through.
fn reachable(from: &str, to: &str) -> bool {
    let mut reached = BTreeSet::from([from]);
    loop {
        let through = |state: &&str| *state == from || PASSED_THROUGH.contains(state);
        let steps = STEPS
            .iter()
            .filter(|(a, _, _)| reached.iter().any(|r| r == a && through(r)));
        let next: Vec<&str> = steps.map(|(_, b, _)| *b).collect();
        let before = reached.len();
        reached.extend(next);
        if reached.len() == before {
            return reached.contains(to);
        }
    }
}

#[test]
fn steps_are_between_states_that_have_a_word() {
    let words: BTreeSet<&str> = STATE_WORDS.iter().map(|(word, _)| *word).collect();
    let used: BTreeSet<&str> = STEPS.iter().flat_map(|(a, b, _)| [*a, *b]).collect();
    let unused: Vec<_> = words.symmetric_difference(&used).collect();
    assert_eq!(unused, [&"superseded"], "seen by nobody, as the page says");
}

#[test]
fn the_page_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/job-states.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).expect("docs/job-states.md can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/job-states.md is stale: run with UPDATE_DOCS=1"
    );
}

fn page() -> String {
    let mut page = String::from(
        "# The states of a job\n\n\
         Printed from the code by the tests of `pilot-core`, which also check every step below \
         against random worlds; `UPDATE_DOCS=1 cargo test -p pilot-core` writes it anew.\n\n\
         `status` shows the state of each job in one of these words.\n\n\
         | word | means |\n|---|---|\n",
    );
    let mut line = |text: String| writeln!(page, "{text}").expect("a String takes all");
    for (word, meaning) in STATE_WORDS {
        line(format!("| `{word}` | {meaning} |"));
    }
    line(
        "\nA stop takes the same road whoever asks for it: `withdrawing` (out of the catalog), \
         `draining` (clients take notice), `hooks` (the jobs that run on its `stopping`), `ending` \
         (the signal, KILL when the budget is spent, `stopped` when no process is left). What \
         there is nothing to do for is passed through at once, and `superseded` always is.\n\n\
         ```mermaid\nstateDiagram-v2\n    [*] --> waiting"
            .to_owned(),
    );
    let id = |word: &str| word.replace('-', "_");
    for (from, to, _) in STEPS {
        line(format!("    {} --> {}", id(from), id(to)));
    }
    line("    complete --> [*]\n```\n\n| from | to | why |\n|---|---|---|".to_owned());
    for (from, to, why) in STEPS {
        line(format!("| `{from}` | `{to}` | {why} |"));
    }
    page
}
