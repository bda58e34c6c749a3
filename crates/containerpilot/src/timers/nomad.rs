//! The timers as a part of a task.

use super::{Stays, Target, Text, Timers, comment};

/// The longest `kill_timeout` that a client grants unless its own configuration says more.
const GRANTED: u64 = 30;

pub(super) fn task(timers: &Timers) -> Text {
    let seconds = timers.stop.seconds;
    let kind = match timers.stays {
        Stays::Always => "service",
        Stays::UntilDone => "batch",
    };
    let mut paste = comment(0, [format!("In a group of a job with type = \"{kind}\".")]);
    paste += &format!("task \"{}\" {{\n", timers.name);
    paste += &comment(2, timers.about_the_stop(Target::Nomad));
    if seconds > GRANTED {
        paste += &comment(
            2,
            [format!(
                "A client grants {GRANTED} s at most, and says nothing, unless its own file has: client {{ max_kill_timeout = \"{seconds}s\" }}"
            )],
        );
    }
    paste += &format!("  kill_timeout = \"{seconds}s\"\n");
    paste += &comment(2, ["What drivers send otherwise differs."]);
    paste += "  kill_signal  = \"SIGTERM\"\n\n";
    paste += &comment(
        2,
        [
            "No `service` block and no `shutdown_delay`: the helper registers what it runs, probes it,",
            "leaves the catalog and drains by itself. A script check would register it a second time.",
        ],
    );
    paste += &comment(2, timers.about_the_restart());
    if timers.address.is_some() {
        paste += &comment(
            2,
            [
                "The address that Nomad gave the port labelled http is in $NOMAD_IP_http: `address: \"env:NOMAD_IP_http\"`.",
            ],
        );
    }
    paste += "  restart {\n    delay = \"5s\"\n    mode  = \"delay\"\n  }\n}\n";
    let notes = Vec::new();
    Text { paste, notes }
}
