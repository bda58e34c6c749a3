//! Handing the terminal to a run, and taking it back.

use reaper::{Launch, Rest, Signal, Status, Stdin};
use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{tcgetattr, tcgetpgrp};

use crate::stage::shell;

fn foreground(script: &str) -> Launch {
    Launch {
        stdin: Stdin::Inherit,
        foreground: true,
        ..shell(script)
    }
}

/// The script ends well only if its group holds the terminal at once or is given it.
const SET_TERMINAL: &str = "stty -echo && stty echo && exit 7";

staged! { crate::stage::on_terminal;

fn a_run_gets_the_terminal_and_gives_it_back(stage) {
    assert_eq!(tcgetpgrp(stdin()), Ok(getpgrp()));
    for _ in 0..50 {
        let run = stage.next_run();
        let spawned = stage.reaper.spawn(run, &foreground(SET_TERMINAL)).expect("a shell");
        assert!(spawned.foreground);
        assert_eq!(stage.exited(run), (Status::Exited(7), Rest::Gone));
        assert_eq!(tcgetpgrp(stdin()), Ok(getpgrp()));
    }
}

fn the_terminal_changes_hands_while_we_are_in_the_background(stage) {
    let launch = foreground("exec sleep 1000");
    let (first, second) = (stage.next_run(), stage.next_run());
    for run in [first, second] {
        let spawned = stage.reaper.spawn(run, &launch).expect("a shell");
        let holder = tcgetpgrp(stdin()).expect("a terminal").as_raw_nonzero().get();
        assert_eq!(holder.cast_unsigned(), spawned.pid);
    }
    for run in [first, second] {
        stage.reaper.signal(run, Signal::KILL);
        stage.over(run);
    }
    assert_eq!(tcgetpgrp(stdin()), Ok(getpgrp()));
}

fn who_is_stopped_from_the_terminal_goes_on(stage) {
    let run = stage.next_run();
    // The trap shows that it went on: a shell runs it when what it waits for has ended.
    let script = "trap 'exit 9' USR1; kill -TSTP $$; kill -USR1 $$; exit 1";
    stage.reaper.spawn(run, &foreground(script)).expect("a shell");
    assert_eq!(stage.exited(run), (Status::Exited(9), Rest::Gone));
}

fn who_is_stopped_for_a_touch_from_before_it_had_the_terminal_goes_on(stage) {
    for signal in ["TTIN", "TTOU"] {
        let run = stage.next_run();
        // Setting the terminal waits until the script has it.
        let script = format!("stty echo; kill -{signal} $$; exit 9");
        stage.reaper.spawn(run, &foreground(&script)).expect("a shell");
        assert_eq!(stage.exited(run), (Status::Exited(9), Rest::Gone));
    }
}

fn a_terminal_is_taken_back_in_the_modes_it_was_in(stage) {
    let modes = || tcgetattr(stdin()).expect("a terminal").local_modes;
    let before = modes();
    let run = stage.next_run();
    stage.reaper.spawn(run, &foreground("stty raw -echo; kill -9 $$")).expect("a shell");
    stage.over(run);
    assert_eq!(modes(), before);
}

}

mod without {
    use super::{Rest, SET_TERMINAL, Status, Stdin, foreground};

    staged! { crate::stage::alone;

    fn there_may_be_no_terminal(stage) {
        let mut launch = foreground(&format!("{SET_TERMINAL} 2>/dev/null; exit 3"));
        launch.stdin = Stdin::Null;
        let run = stage.next_run();
        stage.reaper.spawn(run, &launch).expect("a shell");
        assert_eq!(stage.exited(run), (Status::Exited(3), Rest::Gone));
    }

    }
}
