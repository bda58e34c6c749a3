//! Watches (acceptance 146 to 152).

use std::time::Duration;

use expect_test::expect;
use pilot_core::{Effect, EventKind, Input, Instance, Spec, Supervisor, Time, spec::WatchSpec};

use super::trace;

/// Product: the first answer always tells.
#[test]
fn an_absent_dependency_is_told() {
    let trace = trace(
        "
        job app: exec runs
        watch db
        at 1s answer db
        at 2s answer db
        until 3s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > db is []
        1.000 event unhealthy(watch.db)
        2.000 > db is []
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 146, 147.
#[test]
fn only_changes_are_told() {
    let trace = trace(
        "
        job app: exec runs
        watch db
        at 1s answer db a
        at 2s answer db a
        at 3s answer db a b
        at 4s answer db
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > db is [a]
        1.000 event changed(watch.db)
        1.000 event healthy(watch.db)
        2.000 > db is [a]
        3.000 > db is [a b]
        3.000 event changed(watch.db)
        3.000 event healthy(watch.db)
        4.000 > db is []
        4.000 event changed(watch.db)
        4.000 event unhealthy(watch.db)
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 150.
#[test]
fn a_changed_port_is_a_change() {
    let trace = trace(
        "
        job app: exec runs
        watch db
        at 1s answer db a:80
        at 2s answer db a:81
        until 3s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > db is [a]
        1.000 event changed(watch.db)
        1.000 event healthy(watch.db)
        2.000 > db is [a]
        2.000 event changed(watch.db)
        2.000 event healthy(watch.db)
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 151.
#[test]
fn watches_have_nothing_to_do_with_each_other() {
    let trace = trace(
        "
        job app: exec runs
        watch blue
        watch green
        at 1s answer blue a
        at 2s answer green b
        at 3s answer blue a
        until 4s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow blue
        0.000 follow green
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > blue is [a]
        1.000 event changed(watch.blue)
        1.000 event healthy(watch.blue)
        2.000 > green is [b]
        2.000 event changed(watch.green)
        2.000 event healthy(watch.green)
        3.000 > blue is [a]
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 151: two watches may have one name, and follow different parts of a service.
#[test]
fn watches_of_one_name_are_answered_apart() {
    let watch = |tag: &str| WatchSpec {
        name: "db".into(),
        service: "db".into(),
        tag: Some(tag.into()),
        dc: None,
        interval: Duration::from_secs(1),
    };
    let (primary, replica) = (watch("primary"), watch("replica"));
    let spec = Spec {
        watches: vec![primary.clone(), replica.clone()],
        ..Spec::default()
    };
    let mut supervisor = Supervisor::new(spec, 1);
    let _ = supervisor.handle(Time::ZERO, Input::Started);
    let mut answer = |watch: &WatchSpec, instances: Vec<Instance>| {
        let watch = watch.id();
        let effects = supervisor.handle(Time::ZERO, Input::WatchAnswered { watch, instances });
        let mut kinds = Vec::new();
        for effect in effects {
            if let Effect::Announce(event) = effect {
                kinds.push(event.kind);
            }
        }
        kinds
    };
    let one = Instance {
        id: "db-1".into(),
        address: "10.0.0.1".into(),
        port: 5432,
        tags: Vec::new(),
        meta: Vec::new(),
    };
    use EventKind::{Changed, Healthy, Unhealthy};
    assert_eq!(answer(&primary, vec![one.clone()]), [Changed, Healthy]);
    assert_eq!(answer(&replica, Vec::new()), [Unhealthy]);
    assert_eq!(answer(&primary, vec![one]), []);
    assert_eq!(answer(&replica, Vec::new()), []);
}
