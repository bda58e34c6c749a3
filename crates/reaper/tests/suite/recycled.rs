//! A number that was given to somebody else is never signalled.

use std::fs;
use std::path::Path;
use std::time::Duration;

use reaper::{Change, Output, Rest, RunId, Signal};

use crate::stage::{Stage, is_alive, kill, pids, shell};

/// Brings about a run whose leader and whose group are gone while nothing has told the reaper: the
/// last member of the group was reaped by a parent that had moved to another session. Returns the
/// number that is free again.
fn vanish_unnoticed(stage: &mut Stage) -> (RunId, u32) {
    let (run, line) = stage.sh_line(
        "trap '' TERM
        (sleep 1000 & exec setsid sh -c 'echo $0 $1; sleep 1000; :' $$ $!) &
        trap - TERM; exec sleep 1000",
    );
    let [leader, member] = pids(&line)[..] else {
        panic!("two pids, not {line:?}");
    };
    kill(leader, 9);
    assert_eq!(stage.exited(run).1, Rest::Remaining);
    assert_eq!(group_of(member), Some(leader));
    kill(member, 9);
    until(|| !Path::new(&format!("/proc/{member}")).exists());
    assert!(stage.reaper.live().contains(&run));
    (run, leader)
}

/// What nobody announces can only be looked for again.
#[track_caller]
fn until(so: impl Fn() -> bool) {
    let (idle, _busy) = std::os::unix::net::UnixStream::pair().expect("a pair of sockets");
    for _ in 0..10_000 {
        if so() {
            return;
        }
        crate::stage::readable(&idle, Duration::from_millis(1));
    }
    panic!("it never became so");
}

fn group_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(2)?.parse().ok()
}

fn make_next(number: u32) {
    let last = (number - 1).to_string();
    fs::write("/proc/sys/kernel/ns_last_pid", last).expect("the next pid to be chosen");
}

staged! { crate::stage::as_init;

fn another_run_with_the_same_number_is_not_signalled(stage) {
    let (gone, number) = vanish_unnoticed(stage);
    make_next(number);
    let (run, line) = stage.sh_line("echo $$; exec sleep 1000");
    assert_eq!(pids(&line), [number]);
    assert!(!stage.reaper.signal(gone, Signal::KILL));
    assert!(is_alive(number));
    let changes = stage.reaper.reap();
    assert_eq!(changes, [Change::Gone { run: gone }]);
    assert_eq!(stage.reaper.members(run), [number]);
}

fn a_foreign_group_with_the_same_number_is_not_signalled(stage) {
    let directory = tempfile::tempdir().expect("a directory");
    let gate = directory.path().join("gate");
    let script = format!(
        "mkfifo {gate}; echo ready > {gate}.ready; read x < {gate}; setsid sleep 1000 & echo $!; wait",
        gate = gate.display()
    );
    let other = stage.next_run();
    let launch = reaper::Launch { output: Output::Piped, ..shell(&script) };
    let spawned = stage.reaper.spawn(other, &launch).expect("a shell");
    until(|| directory.path().join("gate.ready").exists());
    let (gone, number) = vanish_unnoticed(stage);
    make_next(number);
    fs::write(&gate, "go\n").expect("to open the gate");
    let line = crate::stage::first_line(spawned.stdout.expect("a pipe"));
    assert_eq!(pids(&line), [number]);
    until(|| group_of(number) == Some(number));
    assert!(!stage.reaper.signal(gone, Signal::KILL));
    assert!(stage.reaper.kill_tree(gone, Signal::KILL) > 0);
    stage.over(gone);
    assert!(is_alive(number));
    assert_eq!(stage.reaper.members(other).len(), 2);
}

}
