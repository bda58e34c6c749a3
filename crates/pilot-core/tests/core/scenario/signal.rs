//! Signals (acceptance 153, 154).

use expect_test::expect;
use pilot_core::{
    Effect, Event, EventKind, Input, Purpose, Signal, Source, Spec, Supervisor, Time,
    spec::{Command, Condition, JobSpec, When},
};

use super::trace;

#[test]
fn a_signal_starts_the_job_that_claims_it_and_no_other() {
    let trace = trace(
        "
        job app: exec runs
        job on-hup: exec passes; when on HUP
        job on-usr2: exec passes; when on USR2
        at 1s HUP
        at 2s USR2
        until 3s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > SIGHUP
        1.000 event signal(SIGHUP)
        1.000 spawn on-hup#1
        1.000 > on-hup#1 exits 0
        1.000 event exitSuccess(on-hup)
        2.000 > SIGUSR2
        2.000 event signal(SIGUSR2)
        2.000 spawn on-usr2#1
        2.000 > on-usr2#1 exits 0
        2.000 event exitSuccess(on-usr2)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_signal_that_nobody_claims_reaches_the_main_application() {
    let trace = trace(
        "
        job app: exec runs
        job task: exec passes; when every 1h
        at 1s WINCH
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn task#1
        0.000 > task#1 exits 0
        0.000 event exitSuccess(task)
        1.000 > SIGWINCH
        1.000 signal app#1 SIGWINCH
    "#]]
    .assert_eq(&trace);
}

/// Which of the two is meant cannot be known.
#[test]
fn two_candidates_are_no_main_application() {
    let trace = trace(
        "
        job one: exec runs
        job two: exec runs
        at 1s HUP
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn one#1
        0.000 spawn two#1
        1.000 > SIGHUP
    "#]]
    .assert_eq(&trace);
}

/// A setup that is over is no candidate any more; an essential job is the only one.
#[test]
fn who_the_main_application_is() {
    let trace = trace(
        "
        job setup: exec exits 0 after 1s
        job app: exec runs
        at 2s HUP
        at 3s reload
          job setup: exec exits 0 after 1s
          job app: exec runs
          job boss: exec runs; essential
        at 4s HUP
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn setup#1
        0.000 spawn app#1
        1.000 > setup#1 exits 0
        1.000 event exitSuccess(setup)
        1.000 event stopping(setup)
        1.000 event stopped(setup)
        2.000 > SIGHUP
        2.000 signal app#1 SIGHUP
        3.000 > reload
        3.000 spawn boss#1
        4.000 > SIGHUP
        4.000 signal boss#1 SIGHUP
    "#]]
    .assert_eq(&trace);
}

/// A job claims a signal wherever in its condition it stands.
#[test]
fn a_signal_inside_a_condition_is_claimed() {
    let hup = Event::new(EventKind::Signal, Source::Signal(Signal::HUP));
    let mut job = JobSpec::new("dump");
    job.exec = Some(Command::new(["dump"]));
    job.when = When::Each(Condition::Any(vec![Condition::Event(hup)]));
    let mut app = JobSpec::new("app");
    app.exec = Some(Command::new(["app"]));
    let spec = Spec {
        jobs: vec![app, job],
        ..Spec::default()
    };
    let mut supervisor = Supervisor::new(spec, 1);
    let _ = supervisor.handle(Time::ZERO, Input::Started);
    let effects = supervisor.handle(Time::ZERO, Input::SignalArrived(Signal::HUP));
    let dumps = |effect: &Effect| matches!(effect, Effect::Spawn { purpose: Purpose::Job(name), .. } if name.as_str() == "dump");
    assert!(effects.iter().any(dumps), "{effects:?}");
    let forwards = |effect: &Effect| matches!(effect, Effect::Signal { .. });
    assert!(!effects.iter().any(forwards), "{effects:?}");
}
