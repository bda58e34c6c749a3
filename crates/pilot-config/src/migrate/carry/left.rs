//! What no word of the new file can say.

use super::{Carry, get};

impl Carry<'_> {
    pub(super) fn say_what_is_left(&mut self) {
        let mut say = |line: &str| self.report.push(line.to_owned());
        say(
            "SIGUSR1 no longer begins and ends maintenance: `containerpilot -maintenance enable` and \
             `disable` do.",
        );
        say(
            "After a request to stop the status is 0 (or 137 if something had to be killed), not the \
             application's.",
        );
        say(
            "An application that a signal ended gives 128 and the number of the signal (137 for \
             KILL), no longer 255.",
        );
        say("A reload restarts the application if its own entry has changed; before, none did.");
        if get(self.document, "etcd").is_some() {
            say(
                "etcd is spoken to by its API of version 3, which knows nothing of what version 2 \
                 wrote: ContainerPilot 2 and this one do not see each other's services.",
            );
        }
        let paused = ["backends", "tasks", "telemetry"];
        if paused.iter().any(|key| get(self.document, key).is_some()) {
            self.report.push(
                "In maintenance, jobs on changes and on intervals go on; only services are taken \
                 out and not checked."
                    .to_owned(),
            );
        }
        if get(self.document, "coprocesses").is_some() {
            self.report.push(
                "At a stop, coprocesses get TERM with all others; before, they were the last to \
                 go. A Consul agent among them may not hear that the services are out."
                    .to_owned(),
            );
            self.report.push(
                "A reload leaves a coprocess as it is if its entry did not change; restart it by \
                 `containerpilot restart JOB`."
                    .to_owned(),
            );
        }
    }
}
