//! Every status is told, and right.

use reaper::{Change, Rest, Signal, Status};

staged! { crate::stage::alone;

fn a_status_is_what_the_process_ended_with(stage) {
    for code in [0, 1, 7, 127, 255] {
        let run = stage.sh(&format!("exit {code}"));
        assert_eq!(stage.exited(run), (Status::Exited(code), Rest::Gone));
    }
    for number in [1, 2, 3, 9, 11, 15, 34, 40, 64] {
        let run = stage.sh(&format!("ulimit -c 0; kill -{number} $$; sleep 1000"));
        let status = Status::Signaled { signal: Signal(number), core: false };
        assert_eq!(stage.exited(run), (status, Rest::Gone), "signal {number}");
    }
}

fn a_signal_reaches_the_process(stage) {
    for number in [1, 9, 15, 34, 40, 64] {
        let (run, _) = stage.sh_line("echo up; exec sleep 1000");
        assert!(stage.reaper.signal(run, Signal(number)));
        let status = Status::Signaled { signal: Signal(number), core: false };
        assert_eq!(stage.exited(run), (status, Rest::Gone), "signal {number}");
        assert!(!stage.reaper.signal(run, Signal(number)));
    }
}

fn ten_thousand_failures_are_told_beside_orphans(stage) {
    const RUNS: usize = 10_000;
    const AT_ONCE: usize = 16;
    let churn = stage.sh("while :; do (/bin/true &) ; done");
    let mut started = 0;
    let mut failed = 0;
    let mut orphans = 0;
    stage.until("ten thousand failures", |stage| {
        for change in std::mem::take(&mut stage.changes) {
            match change {
                Change::Exited { run, status, rest } => {
                    assert_ne!(run, churn);
                    assert_eq!((status, rest), (Status::Exited(1), Rest::Gone));
                    failed += 1;
                }
                Change::Gone { run } => panic!("{run:?} left nothing to go"),
                Change::Orphan { .. } => orphans += 1,
            }
        }
        while started < RUNS && started - failed < AT_ONCE {
            stage.sh("exit 1");
            started += 1;
        }
        (failed == RUNS).then_some(())
    });
    println!("{failed} failures beside {orphans} orphans");
    assert!(orphans > 100);
    assert_eq!(stage.reaper.live(), [churn]);
    stage.reaper.kill_tree(churn, Signal::KILL);
    stage.over(churn);
}

}
