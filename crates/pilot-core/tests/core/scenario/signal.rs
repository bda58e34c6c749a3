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

/// Not before everything is in place, and not while the helper stops; nobody else hears it.
#[test]
fn a_signal_asks_for_a_reload() {
    let trace = trace(
        "
        signals stop TERM; reload HUP; maintenance USR1
        job app: exec runs, takes 1s to stop
        job on-hup: exec passes; when on HUP
        at 0s HUP
        at 100ms started
        at 1s HUP
        at 2s TERM
        at 2100ms HUP
        at 2200ms USR1
        ",
    );
    expect![[r#"
        0.000 > SIGHUP
        0.100 > started
        0.100 event startup(global)
        0.100 spawn app#1
        0.100 reload
        1.000 > SIGHUP
        1.000 reload
        2.000 > SIGTERM
        2.000 event shutdown(global)
        2.000 event stopping(app)
        2.000 event stopping(on-hup)
        2.000 stop app#1 SIGTERM
        2.000 event stopped(on-hup)
        2.100 > SIGHUP
        2.200 > SIGUSR1
        3.000 > app#1 exits 0
        3.000 event exitSuccess(app)
        3.000 event stopped(app)
        3.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_signal_begins_maintenance_and_ends_it() {
    let trace = trace(
        "
        signals stop TERM; reload HUP; maintenance USR1
        job app: exec runs; service passing
        at 1s USR1
        at 2s USR1
        until 3s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 publish app passing ''
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > SIGUSR1
        1.000 withdraw app
        1.000 event enterMaintenance(global)
        1.000 > app is out of the catalog
        2.000 > SIGUSR1
        2.000 publish app passing ''
        2.000 event exitMaintenance(global)
    "#]]
    .assert_eq(&trace);
}

/// TERM and INT stop the helper where nobody could hear them; else they are the application's.
#[test]
fn term_and_int_that_nobody_gave_a_meaning() {
    let heard = trace(
        "
        signals stop QUIT
        job app: exec runs, exits 4 on TERM
        at 1s INT
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > SIGINT
        1.000 signal app#1 SIGINT
        1.000 > app#1 exits 4
        1.000 event exitFailed(app)
        1.000 event stopping(app)
        1.000 event stopped(app)
        1.000 exit 4
    "#]]
    .assert_eq(&heard);
    let unheard = trace(
        "
        signals stop QUIT
        job app: exec runs; when once healthy(watch.db)
        job other: exec runs; when each healthy(watch.other)
        watch db
        watch other
        at 1s INT
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 follow other
        0.000 event startup(global)
        1.000 > SIGINT
        1.000 event shutdown(global)
        1.000 event stopping(app)
        1.000 event stopping(other)
        1.000 event stopped(app)
        1.000 event stopped(other)
        1.000 exit 0
    "#]]
    .assert_eq(&unheard);
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
