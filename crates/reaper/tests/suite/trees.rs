//! What a finished run leaves behind.

use reaper::{Launch, Output, Rest, Signal, Status};

use crate::stage::{first_line, is_alive, kill, pid, pids, shell};

/// Starts a daemon that left its group, its session and its parent, and prints its pid.
pub(crate) const DAEMON: &str = "$(setsid sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!')";

staged! { crate::stage::alone;

fn an_exit_is_told_while_a_grandchild_holds_stdout(stage) {
    let launch = Launch { output: Output::Piped, ..shell("sleep 1000 & echo $!; exit 3") };
    let run = stage.next_run();
    let spawned = stage.reaper.spawn(run, &launch).expect("a shell");
    assert_eq!(stage.exited(run).0, Status::Exited(3));
    stage.over(run);
    let left = first_line(spawned.stdout.expect("a pipe"));
    assert!(!is_alive(pid(&left)));
}

fn who_ignores_the_request_to_end_remains_until_killed(stage) {
    let (run, left) = stage.sh_line("trap '' TERM; sleep 1000 & echo $!; exit 0");
    let left = pid(&left);
    assert_eq!(stage.exited(run), (Status::Exited(0), Rest::Remaining));
    assert!(is_alive(left));
    assert_eq!(stage.reaper.members(run), [left]);
    assert_eq!(stage.reaper.live(), [run]);
    assert_eq!(stage.reaper.kill_tree(run, Signal::KILL), 1);
    stage.over(run);
    assert!(!is_alive(left));
}

fn the_end_of_the_last_one_is_told_without_being_asked_for(stage) {
    let (run, left) = stage.sh_line(
        "trap '' TERM; sleep 1000 & a=$!; sleep 1000 & b=$!; echo $a $b; exit 0",
    );
    let left = pids(&left);
    assert_eq!(stage.exited(run), (Status::Exited(0), Rest::Remaining));
    let orphans = stage.orphans();
    kill(left[0], 9);
    stage.until("the first to be reaped", |stage| (stage.orphans() > orphans).then_some(()));
    assert!(!stage.is_gone(run));
    kill(left[1], 9);
    stage.over(run);
}

fn a_signal_reaches_those_who_remain(stage) {
    let (run, left) = stage.sh_line(
        "sh -c 'trap \"\" TERM; trap \"exit 0\" USR1; echo $$; while :; do sleep 0.01; done' & wait $!; exit",
    );
    kill(stage.reaper.members(run)[0], 9);
    assert_eq!(stage.exited(run).1, Rest::Remaining);
    assert!(stage.reaper.signal(run, Signal(libc::SIGUSR1)));
    stage.over(run);
    assert!(!is_alive(pid(&left)));
}

fn a_daemon_outlives_the_run_that_started_it(stage) {
    let (run, daemon) = stage.sh_line(&format!("echo {DAEMON}; exit 0"));
    let daemon = pid(&daemon);
    assert_eq!(stage.exited(run), (Status::Exited(0), Rest::Gone));
    assert!(is_alive(daemon));
    assert!(stage.reaper.has_children());
    assert_eq!(stage.reaper.kill_everything(Signal::KILL), 1);
    stage.until("no child", |stage| (!stage.reaper.has_children()).then_some(()));
    assert!(!is_alive(daemon));
}

fn nothing_is_left_at_the_end(stage) {
    for _ in 0..5 {
        stage.sh_line(&format!("trap '' TERM; sleep 1000 & echo {DAEMON}; wait"));
    }
    assert!(stage.reaper.kill_everything(Signal::TERM) >= 15);
    assert!(stage.reaper.kill_everything(Signal::KILL) >= 10);
    stage.until("no child", |stage| (!stage.reaper.has_children()).then_some(()));
    assert_eq!(stage.reaper.live(), []);
}

}
