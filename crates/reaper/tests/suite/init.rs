//! As PID 1.

use reaper::{Rest, Signal, Status};

use crate::stage::is_alive;

staged! { crate::stage::as_init;

fn pid_1_reaps_what_it_never_started(stage) {
    assert_eq!(std::process::id(), 1);
    let run = stage.sh("for i in 1 2 3 4 5; do (setsid sh -c 'exit 3' &); done; exit 7");
    assert_eq!(stage.exited(run).0, Status::Exited(7));
    stage.over(run);
    stage.until("no child", |stage| (!stage.reaper.has_children()).then_some(()));
    assert!(stage.orphans() >= 5);
}

fn pid_1_is_never_among_those_it_kills(stage) {
    let (run, _) = stage.sh_line("trap '' TERM; sleep 1000 & echo up; wait; sleep 1000");
    assert_eq!(stage.reaper.kill_everything(Signal::TERM), 2);
    assert_eq!(stage.reaper.kill_everything(Signal::KILL), 2);
    let killed = Status::Signaled { signal: Signal::KILL, core: false };
    assert_eq!(stage.exited(run).0, killed);
    stage.over(run);
    assert!(!stage.reaper.has_children());
    assert!(is_alive(1));
}

fn statuses_are_right_as_pid_1(stage) {
    for code in 0..=255 {
        let run = stage.sh(&format!("(/bin/true &); exit {code}"));
        assert_eq!(stage.exited(run).0, Status::Exited(code));
    }
    let run = stage.sh("kill -40 $$");
    let status = Status::Signaled { signal: Signal(40), core: false };
    assert_eq!(stage.exited(run), (status, Rest::Gone));
}

}

mod blind {
    use super::{Rest, Signal, Status};

    staged! { crate::stage::as_blind_init;

    fn a_tree_is_killed_as_far_as_its_group_goes(stage) {
        assert!(!std::path::Path::new("/proc/self").exists());
        let (run, _) = stage.sh_line("trap '' TERM; sleep 1000 & echo up; exit 3");
        assert_eq!(stage.exited(run), (Status::Exited(3), Rest::Remaining));
        let (other, _) = stage.sh_line("sleep 1000 & sleep 1000 & echo up; wait");
        stage.reaper.kill_tree(other, Signal::KILL);
        stage.over(other);
        assert_eq!(stage.reaper.live(), [run]);
        stage.reaper.kill_tree(run, Signal::KILL);
        stage.over(run);
    }

    }
}
