use super::*;

/// A job as `status` shows it.
fn job(name: &str, state: &str) -> Value {
    json!({
        "name": name, "essential": false, "state": state, "pid": null, "uptime": 75.0,
        "restarts": 0, "lastExit": null, "checked": false, "health": "unknown", "healthFor": 75.0,
        "lastCheck": null, "service": null, "next": null,
    })
}

fn with(mut job: Value, changes: &Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        job[key] = value.clone();
    }
    job
}

fn failing(name: &str, output: &str) -> Value {
    let check = json!({"ago": 2.14, "took": 0.1, "output": output});
    let changes = json!({"checked": true, "health": "unhealthy", "lastCheck": check});
    with(job(name, "running"), &changes)
}

fn status(jobs: &[Value]) -> Value {
    json!({"maintenance": false, "stopping": false, "jobs": jobs})
}

fn of(status: &Value, question: Question) -> (bool, String) {
    let verdict = judge(status, &[], question).unwrap();
    (verdict.good(), verdict.line())
}

/// Asks both questions of one job; tells which of them are answered with yes, and the line.
fn both(job: Value) -> (bool, bool, String) {
    let status = status(&[job]);
    let (works, line) = of(&status, Question::Works);
    let (serves, _) = of(&status, Question::Serves);
    (works, serves, line)
}

const YES: (bool, bool) = (true, true);
const BY_WISH: (bool, bool) = (true, false);
const NO: (bool, bool) = (false, false);

#[test]
fn every_state_of_a_job_without_a_check_has_its_verdict() {
    let failed = json!({"lastExit": "exit status 3", "next": {"what": "restart", "in": 0.42}});
    let done = json!({"lastExit": "exit status 0"});
    let killed = json!({"lastExit": "signal: killed"});
    let essential = json!({"essential": true});
    let cases = [
        (job("a", "running"), YES, "healthy: 1 job without a check"),
        (job("a", "up"), YES, "healthy: 1 job without a check"),
        (job("a", "idle"), YES, "healthy: 1 job without a check"),
        (
            with(job("a", "idle"), &failed),
            YES,
            "healthy: 1 job without a check",
        ),
        (job("a", "waiting"), YES, "healthy: 1 job without a check"),
        (
            with(job("a", "waiting"), &essential),
            NO,
            "not ready: a waits for its start event or its address",
        ),
        (
            with(job("a", "backing-off"), &failed),
            NO,
            "unhealthy: a ended with exit status 3, restart in 0.4s",
        ),
        (
            with(job("a", "backing-off"), &done),
            YES,
            "healthy: 1 job without a check",
        ),
        (
            with(with(job("a", "backing-off"), &done), &essential),
            NO,
            "not ready: a ended with exit status 0",
        ),
        (job("a", "withdrawing"), BY_WISH, "healthy: a is stopping"),
        (job("a", "draining"), BY_WISH, "healthy: a is stopping"),
        (job("a", "hooks"), BY_WISH, "healthy: a is stopping"),
        (job("a", "ending"), BY_WISH, "healthy: a is stopping"),
        (job("a", "superseded"), BY_WISH, "healthy: a is stopping"),
        (job("a", "held"), BY_WISH, "healthy: a was stopped by hand"),
        (
            with(job("a", "complete"), &done),
            YES,
            "healthy: 1 job without a check",
        ),
        (
            with(job("a", "complete"), &killed),
            NO,
            "unhealthy: a ended with signal: killed, and is over for good",
        ),
        (
            job("a", "complete"),
            NO,
            "unhealthy: a never ran, and is over for good",
        ),
    ];
    for (job, (works, serves), line) in cases {
        let told = format!("{job}");
        assert_eq!(both(job), (works, serves, line.to_owned()), "{told}");
    }
}

#[test]
fn every_word_that_a_job_can_be_in_is_known() {
    for (state, _) in pilot_core::status::STATE_WORDS {
        let (_, _, line) = both(job("a", state));
        assert!(!line.contains("unknown state"), "{state}: {line}");
    }
}

#[test]
fn a_job_with_a_check_is_what_its_check_says() {
    let checked = json!({"checked": true});
    let healthy = json!({"checked": true, "health": "healthy"});
    let over = json!({"checked": true, "health": "healthy", "lastExit": "exit status 0"});
    let soon = json!({"checked": true, "healthFor": 1.0, "next": {"what": "check", "in": 3.2}});
    let trial = json!({"lastCheck": {"ago": 0.5, "took": 0.1, "output": "no route"}});
    let cases = [
        (
            with(job("a", "running"), &healthy),
            YES,
            "healthy: a has been healthy for 1m15s",
        ),
        (
            with(job("a", "up"), &healthy),
            YES,
            "healthy: a has been healthy for 1m15s",
        ),
        (
            with(job("a", "idle"), &healthy),
            YES,
            "healthy: a has been healthy for 1m15s",
        ),
        (
            with(job("a", "running"), &soon),
            NO,
            "not ready: a has not been checked yet, 1.0s after its start; the next check is in 3.2s",
        ),
        (
            with(with(job("a", "running"), &soon), &trial),
            NO,
            "not ready: a has not passed a check yet, 1.0s after its start; the next check is in 3.2s; the last, 0.5s ago, failed: no route",
        ),
        (
            failing("a", "no route\n\n  to \u{1b}[31mhost\n"),
            NO,
            "unhealthy: a has failed its check for 1m15s, which said 2.1s ago: no route | to  [31mhost",
        ),
        (
            failing("a", ""),
            NO,
            "unhealthy: a has failed its check for 1m15s, the last time 2.1s ago",
        ),
        (
            with(job("a", "waiting"), &checked),
            NO,
            "not ready: a waits for its start event or its address",
        ),
        // What its check said was about a run that is no more.
        (
            with(job("a", "backing-off"), &over),
            NO,
            "not ready: a ended with exit status 0",
        ),
        (
            with(job("a", "complete"), &over),
            NO,
            "unhealthy: a ended with exit status 0, and is over for good",
        ),
        (
            with(job("a", "held"), &healthy),
            BY_WISH,
            "healthy: a was stopped by hand",
        ),
    ];
    for (job, (works, serves), line) in cases {
        let told = format!("{job}");
        assert_eq!(both(job), (works, serves, line.to_owned()), "{told}");
    }
}

#[test]
fn maintenance_and_a_stop_are_no_illness_but_nothing_is_served() {
    for (key, word) in [("maintenance", "in maintenance"), ("stopping", "stopping")] {
        let mut status = status(&[failing("a", "no"), job("b", "complete")]);
        status[key] = true.into();
        let why = format!("the helper is {word}, so its jobs are not looked at");
        assert_eq!(
            of(&status, Question::Works),
            (true, format!("healthy: {why}"))
        );
        assert_eq!(
            of(&status, Question::Serves),
            (false, format!("not ready: {why}"))
        );
    }
}

#[test]
fn the_worst_is_told_first_and_what_is_well_not_at_all() {
    let held = job("c", "held");
    let pending = with(job("b", "waiting"), &json!({"checked": true}));
    let all = status(&[job("a", "running"), pending, held, failing("d", "no")]);
    let (good, line) = of(&all, Question::Works);
    assert!(!good);
    assert_eq!(
        line,
        "unhealthy: d has failed its check for 1m15s, which said 2.1s ago: no; b waits for its start event or its address; c was stopped by hand"
    );
    let json = judge(&all, &[], Question::Works).unwrap().json();
    assert_eq!(json["verdict"], "unhealthy");
    assert_eq!(json["ok"], false);
    assert_eq!(json["jobs"][0]["verdict"], "healthy");
    assert_eq!(json["jobs"][1]["verdict"], "pending");
    assert_eq!(json["jobs"][2]["verdict"], "away");
    assert_eq!(json["jobs"][3]["output"], "no");
}

#[test]
fn only_the_jobs_that_are_named_are_looked_at() {
    let all = status(&[job("a", "running"), failing("b", "no"), job(OWN_NAME, "up")]);
    let ask = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        judge(&all, &names, Question::Works).map(|verdict| (verdict.good(), verdict.line()))
    };
    let yes = |line: &str| Ok((true, line.to_owned()));
    assert_eq!(ask(&["a"]), yes("healthy: a runs for 1m15s"));
    assert_eq!(ask(&[OWN_NAME]), yes("healthy: containerpilot is up"));
    assert!(!ask(&["a", "b"]).unwrap().0);
    assert!(!ask(&[]).unwrap().0);
    let unknown = ask(&["contanerpilot"]).unwrap_err();
    assert_eq!(
        unknown,
        "there is no job `contanerpilot`\nhint: did you mean `containerpilot`?"
    );
    let unknown = ask(&["bogus"]).unwrap_err();
    assert_eq!(
        unknown,
        "there is no job `bogus`\nhint: there are: a, b, containerpilot"
    );
}

#[test]
fn the_own_job_of_the_helper_keeps_nobody_from_being_ready() {
    let own = with(job(OWN_NAME, "up"), &json!({"checked": true}));
    let all = status(&[job("a", "running"), own]);
    assert_eq!(
        of(&all, Question::Serves),
        (true, "healthy: 1 job without a check".to_owned())
    );
    let nothing = status(&[]);
    assert_eq!(
        of(&nothing, Question::Serves),
        (true, "healthy: there is no job".to_owned())
    );
}

#[test]
fn a_line_is_never_longer_than_what_is_kept_of_it() {
    let long = "ü".repeat(5000) + " the end";
    let (_, line) = of(&status(&[failing("a", &long)]), Question::Works);
    assert!(line.len() < KEPT && line.ends_with(" the end"), "{line}");
    let many: Vec<Value> = (0..200)
        .map(|n| failing(&format!("job-{n}"), &long))
        .collect();
    let (_, line) = of(&status(&many), Question::Works);
    assert!(
        line.len() < KEPT && line.len() > KEPT - 10,
        "{}",
        line.len()
    );
    assert!(
        line.starts_with("unhealthy: job-0 ") && line.contains("; job-1 "),
        "{line}"
    );
}
