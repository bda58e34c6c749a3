//! The timers as a part of an app definition, which has no comments.

use serde_json::json;

use super::{FAILURES, PROBE_TIMEOUT, Target, Text, Timers};

pub(super) fn app(timers: &Timers) -> Text {
    let app = json!({
        "id": format!("/{}", timers.name),
        "taskKillGracePeriodSeconds": timers.stop.seconds,
        "healthChecks": [{
            "protocol": "COMMAND",
            "command": { "value": timers.probe(None).join(" ") },
            "gracePeriodSeconds": timers.probe.start,
            "intervalSeconds": timers.probe.interval,
            "timeoutSeconds": PROBE_TIMEOUT,
            "maxConsecutiveFailures": FAILURES,
        }],
    });
    let mut notes = timers.about_the_stop(Target::Marathon);
    notes.push(timers.probe.why.clone());
    notes.extend(timers.about_the_restart());
    Text {
        paste: format!("{app:#}\n"),
        notes,
    }
}
