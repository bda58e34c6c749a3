//! The timers as a part of a pod.

use super::{FAILURES, PROBE_TIMEOUT, Stays, Target, Text, Timers, comment, list};

/// Between two questions whether it is alive; what Kubernetes does by itself.
const ALIVE: u64 = 10;

pub(super) fn pod(timers: &Timers) -> Text {
    let mut paste = comment(
        0,
        ["Under `spec.template` of a Deployment, a StatefulSet or a Job."],
    );
    paste += "spec:\n";
    paste += &comment(2, timers.about_the_stop(Target::Kubernetes));
    paste += &format!("  terminationGracePeriodSeconds: {}\n", timers.stop.seconds);
    paste += &comment(2, timers.about_the_restart());
    let restart = match timers.stays {
        Stays::Always => "Always",
        // Only a Job takes it.
        Stays::UntilDone => "OnFailure",
    };
    paste += &format!("  restartPolicy: {restart}\n  containers:\n");
    paste += &format!("    - name: {}\n", timers.name);
    paste += &comment(
        6,
        [
            "No `lifecycle.preStop`: the helper leaves the catalog and drains by itself,",
            "and a sleep there is taken from its time.",
            "The image must not name another STOPSIGNAL than SIGTERM.",
        ],
    );
    if let Some(address) = timers.address {
        paste += &comment(
            6,
            [format!(
                "The address of the pod, to be advertised: `{address}` in the configuration."
            )],
        );
        paste += "      env:\n        - name: POD_IP\n          valueFrom:\n            fieldRef:\n              fieldPath: status.podIP\n";
    }
    paste += &comment(
        6,
        [
            "Whether it gets requests. No in maintenance and while it stops.",
            &timers.probe.why,
        ],
    );
    paste += &probe(
        timers,
        "readinessProbe",
        "--ready",
        timers.probe.interval,
        1,
    );
    paste += &comment(
        6,
        [
            "Whether the helper itself answers; it does from the start, so no startupProbe is needed.",
            "Jobs that fail are restarted by the helper, and do not count here.",
        ],
    );
    paste += &probe(timers, "livenessProbe", "--live", ALIVE, FAILURES);
    let notes = Vec::new();
    Text { paste, notes }
}

/// What is not ready gets no requests at once; what is not alive is asked some times more.
fn probe(timers: &Timers, kind: &str, question: &str, period: u64, failures: u64) -> String {
    format!(
        "      {kind}:\n        exec:\n          command: {}\n        periodSeconds: {period}\n        timeoutSeconds: {PROBE_TIMEOUT}\n        failureThreshold: {failures}\n",
        list(&timers.probe(Some(question)))
    )
}
