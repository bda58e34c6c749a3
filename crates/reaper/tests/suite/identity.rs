//! Becoming somebody else.

use reaper::{Identity, Launch, Output, Signal};

use crate::stage::{is_alive, pid, shell};
use crate::trees::DAEMON;

fn nobody(groups: &[u32], script: &str) -> Launch {
    Launch {
        identity: Some(Identity {
            uid: 65534,
            gid: 65534,
            groups: groups.to_vec(),
        }),
        output: Output::Piped,
        ..shell(script)
    }
}

staged! { crate::stage::contained;

fn a_process_is_who_it_shall_be_and_nobody_else(stage) {
    let ids = "grep -E '^(Uid|Gid|Groups):' /proc/self/status | tr '\\n\\t' '  '";
    let same = "Uid: 65534 65534 65534 65534 Gid: 65534 65534 65534 65534 Groups:";
    assert_eq!(stage.line_of(&nobody(&[], &format!("{ids}; echo"))).1, same);
    let line = stage.line_of(&nobody(&[7, 11], &format!("{ids}; echo"))).1;
    assert_eq!(line, format!("{same} 7 11"));
}

fn a_daemon_of_another_user_is_found(stage) {
    let (run, daemon) = stage.line_of(&nobody(&[], &format!("echo {DAEMON}; exec sleep 1000")));
    let daemon = pid(&daemon);
    let sight = std::fs::read(format!("/proc/{daemon}/environ"));
    assert!(sight.is_err(), "this test sees too well to prove anything");
    assert_eq!(stage.reaper.kill_tree(run, Signal::TERM), 2);
    stage.over(run);
    assert!(!is_alive(daemon));
}

fn who_cannot_become_somebody_starts_nothing(stage) {
    let mut launch = nobody(&[7], "exit 0");
    assert_eq!(stage.line_of(&launch).1, "");
    launch.identity = Some(Identity { uid: u32::MAX, gid: 0, groups: vec![0] });
    let run = stage.next_run();
    let error = stage.reaper.spawn(run, &launch).expect_err("no such user is possible");
    assert_eq!(error.to_string(), "fork/exec /bin/sh: invalid argument");
    assert_eq!(error.code(), 126);
}

}
