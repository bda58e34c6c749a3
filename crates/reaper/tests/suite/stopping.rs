//! Stopping a tree, whatever its processes do about it.

use std::fs;

use reaper::{Rest, Signal, Status};

use crate::stage::{is_alive, pid, pids, shell};
use crate::trees::DAEMON;

staged! { crate::stage::alone;

fn a_shell_and_what_it_waits_for_end_together(stage) {
    for signal in [Signal::TERM, Signal::KILL] {
        let (run, app) = stage.sh_line("sleep 1000 & echo $!; wait");
        assert_eq!(stage.reaper.kill_tree(run, signal), 2);
        stage.over(run);
        assert!(!is_alive(pid(&app)));
    }
}

fn a_stopped_run_takes_its_daemons_along(stage) {
    let (run, daemon) = stage.sh_line(&format!("echo {DAEMON}; exec sleep 1000"));
    assert_eq!(stage.reaper.members(run).len(), 2);
    assert_eq!(stage.reaper.kill_tree(run, Signal::TERM), 2);
    stage.over(run);
    assert!(!is_alive(pid(&daemon)));
}

fn who_ignores_the_request_is_killed_wherever_it_hides(stage) {
    let (run, left) = stage.sh_line(&format!(
        "trap '' TERM; a={DAEMON}; b={DAEMON}; sleep 1000 & c=$!; setsid sleep 1000 & d=$!
        trap - TERM; echo $a $b $c $d; exec sleep 1000"
    ));
    assert_eq!(stage.reaper.kill_tree(run, Signal::TERM), 5);
    let signaled = Status::Signaled { signal: Signal::TERM, core: false };
    assert_eq!(stage.exited(run), (signaled, Rest::Remaining));
    assert_eq!(pids(&left).into_iter().filter(|pid| is_alive(*pid)).count(), 4);
    assert_eq!(stage.reaper.kill_tree(run, Signal::KILL), 4);
    stage.over(run);
    assert!(!pids(&left).into_iter().any(is_alive));
}

fn a_stop_of_one_run_leaves_the_others_alone(stage) {
    let script = format!("trap '' TERM; a={DAEMON}; sleep 1000 & echo $a $!; wait");
    let (stopped, _) = stage.sh_line(&script);
    let (other, others) = stage.sh_line(&script);
    let finished = stage.sh_line(&format!("echo {DAEMON}; exit 0")).1;
    stage.reaper.kill_tree(stopped, Signal::KILL);
    stage.over(stopped);
    assert!(pids(&others).into_iter().all(is_alive));
    assert!(is_alive(pid(&finished)));
    assert_eq!(stage.reaper.members(other).len(), 3);
}

fn a_tree_that_forks_all_the_time_is_killed(stage) {
    for _ in 0..3 {
        // It stops by itself at some point, lest a fault here takes the machine along.
        let (run, _) = stage.sh_line(
            "echo up; for i in 1 2 3 4 5 6; do for i in 1 2 3 4 5 6 7 8 9 10; do
                sleep 1000 & setsid sleep 1000 & sh -c 'sleep 1000 & wait' &
            done; done; wait",
        );
        assert!(stage.reaper.kill_tree(run, Signal::KILL) > 0);
        stage.over(run);
        stage.until("no child", |stage| (!stage.reaper.has_children()).then_some(()));
    }
}

fn a_process_that_hops_from_session_to_session_is_caught(stage) {
    let directory = tempfile::tempdir().expect("a directory");
    let hopper = directory.path().join("hopper");
    fs::write(&hopper, "setsid sh $0 &\n").expect("a script");
    let run = stage.sh(&format!("sh {}; exec sleep 1000", hopper.display()));
    stage.until("some hops", |stage| (stage.orphans() > 10).then_some(()));
    stage.reaper.kill_tree(run, Signal::KILL);
    stage.over(run);
    stage.until("no child", |stage| (!stage.reaper.has_children()).then_some(()));
}

fn what_a_process_starts_in_answer_to_a_stop_is_let_be(stage) {
    let (run, _) = stage.sh_line(
        "trap 'sh -c \"sleep 0.2; exit 7\"; exit $?' TERM; echo up; while :; do sleep 0.01; done",
    );
    stage.reaper.kill_tree(run, Signal::TERM);
    assert_eq!(stage.exited(run), (Status::Exited(7), Rest::Gone));
}

fn a_stopped_process_wakes_up_to_end(stage) {
    let (run, line) = stage.sh_line("echo $$; exec sleep 1000");
    assert!(stage.reaper.signal(run, Signal(libc::SIGSTOP)));
    stage.reaper.kill_tree(run, Signal::TERM);
    stage.over(run);
    assert!(!is_alive(pid(&line)));
}

fn what_a_leader_leaves_behind_stopped_is_woken_up_to_end(stage) {
    let run = stage.sh("sleep 1000 & kill -STOP $!; exit 3");
    stage.over(run);
}

fn a_widened_run_is_over_when_its_daemons_are(stage) {
    let (run, daemon) = stage.sh_line(&format!("echo {DAEMON}; read x; exec sleep 1000"));
    stage.reaper.begin_stop(run);
    stage.reaper.signal(run, Signal::TERM);
    assert_eq!(stage.exited(run).1, Rest::Remaining);
    crate::stage::kill(pid(&daemon), 9);
    stage.over(run);
}

fn a_helper_inside_is_known_by_the_outer_mark(stage) {
    let mut launch = shell("echo $CONTAINERPILOT_RUN; exec sleep 1000");
    launch.output = reaper::Output::Piped;
    launch.env.push(("CONTAINERPILOT_RUN".into(), "1-2.3".into()));
    let (_, mark) = stage.line_of(&launch);
    let (outer, own) = mark.split_once('/').expect("two marks");
    assert_eq!(outer, "1-2.3");
    assert!(own.starts_with(&format!("{}-", std::process::id())) && own.ends_with(".1"), "{own}");
}

}
