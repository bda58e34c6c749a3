//! Watches (acceptance 146 to 152).

use std::time::Duration;

use expect_test::expect;
use pilot_core::{
    Effect, EventKind, Fingerprint, Input, Instance, Sight, Spec, Supervisor, Time,
    spec::{ServiceSubject, Subject, WatchSpec},
};

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
    let watch = |tag: &str| {
        let subject = Subject::Service(ServiceSubject {
            service: "db".into(),
            tag: Some(tag.into()),
            ..ServiceSubject::default()
        });
        WatchSpec::new("db", subject, Duration::from_secs(1))
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
        let sight = Sight::Instances(instances);
        let effects = supervisor.handle(Time::ZERO, Input::WatchAnswered { watch, sight });
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

/// Issue C 8: a key that is there is healthy, and one that is not is unhealthy.
#[test]
fn a_key_is_there_or_not() {
    let trace = trace(
        "
        job app: exec runs
        watch conf: key
        at 1s value conf
        at 2s value conf v1
        at 3s value conf v1
        at 4s value conf v2
        at 5s value conf
        until 6s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow conf
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > conf is absent
        1.000 event unhealthy(watch.conf)
        2.000 > conf is present
        2.000 event changed(watch.conf)
        2.000 event healthy(watch.conf)
        3.000 > conf is present
        4.000 > conf is present
        4.000 event changed(watch.conf)
        4.000 event healthy(watch.conf)
        5.000 > conf is absent
        5.000 event changed(watch.conf)
        5.000 event unhealthy(watch.conf)
    "#]]
    .assert_eq(&trace);
}

/// Issue C 8: a prefix is healthy with one key at least.
#[test]
fn a_prefix_has_keys_or_not() {
    let trace = trace(
        "
        job app: exec runs
        watch conf: prefix
        at 1s keys conf
        at 2s keys conf a=1
        at 3s keys conf a=1 b=1
        at 4s keys conf a=1 b=2
        at 5s keys conf a=1 b=2
        at 6s keys conf
        until 7s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow conf
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > conf is 0 keys
        1.000 event unhealthy(watch.conf)
        2.000 > conf is 1 keys
        2.000 event changed(watch.conf)
        2.000 event healthy(watch.conf)
        3.000 > conf is 2 keys
        3.000 event changed(watch.conf)
        3.000 event healthy(watch.conf)
        4.000 > conf is 2 keys
        4.000 event changed(watch.conf)
        4.000 event healthy(watch.conf)
        5.000 > conf is 2 keys
        6.000 > conf is 0 keys
        6.000 event changed(watch.conf)
        6.000 event unhealthy(watch.conf)
    "#]]
    .assert_eq(&trace);
}

/// Issue C 8: a file is healthy if it can be read; why it cannot is no change.
#[test]
fn a_file_can_be_read_or_not() {
    let trace = trace(
        "
        job app: exec runs
        watch pem: file
        at 1s file pem
        at 2s file pem v1
        at 3s file pem v1
        at 4s file pem v2
        at 5s file pem !fifo
        at 6s file pem
        at 7s file pem v2
        until 8s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow pem
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > pem is absent
        1.000 event unhealthy(watch.pem)
        2.000 > pem is readable
        2.000 event changed(watch.pem)
        2.000 event healthy(watch.pem)
        3.000 > pem is readable
        4.000 > pem is readable
        4.000 event changed(watch.pem)
        4.000 event healthy(watch.pem)
        5.000 > pem is fifo
        5.000 event changed(watch.pem)
        5.000 event unhealthy(watch.pem)
        6.000 > pem is absent
        7.000 > pem is readable
        7.000 event changed(watch.pem)
        7.000 event healthy(watch.pem)
    "#]]
    .assert_eq(&trace);
}

/// Issue C 7: below `min` it is unhealthy, and still tells each change.
#[test]
fn fewer_than_min_are_unhealthy() {
    let trace = trace(
        "
        job app: exec runs
        watch db: min 2
        at 1s answer db a
        at 2s answer db a b
        at 3s answer db a b c
        at 4s answer db c
        at 5s answer db
        at 6s show
        until 7s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > db is [a]
        1.000 event changed(watch.db)
        1.000 event unhealthy(watch.db)
        2.000 > db is [a b]
        2.000 event changed(watch.db)
        2.000 event healthy(watch.db)
        3.000 > db is [a b c]
        3.000 event changed(watch.db)
        3.000 event healthy(watch.db)
        4.000 > db is [c]
        4.000 event changed(watch.db)
        4.000 event unhealthy(watch.db)
        5.000 > db is []
        5.000 event changed(watch.db)
        5.000 event unhealthy(watch.db)
        6.000 = app running/unknown/out, db unhealthy
    "#]]
    .assert_eq(&trace);
}

/// Issue C 7: the first answer is told at once, a burst as one change when it is over.
#[test]
fn a_burst_is_one_change() {
    let trace = trace(
        "
        job app: exec runs
        watch db: debounce 1s
        at 1s answer db a
        at 2s answer db a b
        at 2500ms answer db a b c
        at 3s answer db b c
        at 3200ms show
        until 6s
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
        2.000 > db is [a b]
        2.500 > db is [a b c]
        3.000 > db is [b c]
        3.200 = app running/unknown/out, db healthy, settling
        4.000 event changed(watch.db)
        4.000 event healthy(watch.db)
    "#]]
    .assert_eq(&trace);
}

/// Issue C 7: what changes back within the time is no change.
#[test]
fn a_burst_that_leads_nowhere_is_no_change() {
    let trace = trace(
        "
        job app: exec runs
        watch db: debounce 1s
        at 1s answer db a
        at 2s answer db
        at 2500ms answer db a
        at 5s answer db
        until 7s
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
        2.000 > db is []
        2.500 > db is [a]
        5.000 > db is []
        6.000 event changed(watch.db)
        6.000 event unhealthy(watch.db)
    "#]]
    .assert_eq(&trace);
}

/// Issue C 7: changes without end cannot put a change off for longer than ten times the time.
#[test]
fn changes_without_end_are_told_all_the_same() {
    let trace = trace(
        "
        job app: exec runs
        watch conf: key; debounce 1s
        at 1s value conf v
        at 1500ms value conf v0
        at 2200ms value conf v1
        at 2900ms value conf v2
        at 3600ms value conf v3
        at 4300ms value conf v4
        at 5000ms value conf v5
        at 5700ms value conf v6
        at 6400ms value conf v7
        at 7100ms value conf v8
        at 7800ms value conf v9
        at 8500ms value conf v10
        at 9200ms value conf v11
        at 9900ms value conf v12
        at 10600ms value conf v13
        at 11300ms value conf v14
        at 12000ms value conf v15
        at 12700ms value conf v16
        at 13400ms value conf v17
        at 14100ms value conf v18
        at 14800ms value conf v19
        until 17s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow conf
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > conf is present
        1.000 event changed(watch.conf)
        1.000 event healthy(watch.conf)
        1.500 > conf is present
        2.200 > conf is present
        2.900 > conf is present
        3.600 > conf is present
        4.300 > conf is present
        5.000 > conf is present
        5.700 > conf is present
        6.400 > conf is present
        7.100 > conf is present
        7.800 > conf is present
        8.500 > conf is present
        9.200 > conf is present
        9.900 > conf is present
        10.600 > conf is present
        11.300 > conf is present
        11.500 event changed(watch.conf)
        11.500 event healthy(watch.conf)
        12.000 > conf is present
        12.700 > conf is present
        13.400 > conf is present
        14.100 > conf is present
        14.800 > conf is present
        15.800 event changed(watch.conf)
        15.800 event healthy(watch.conf)
    "#]]
    .assert_eq(&trace);
}

/// Issue C 7: what nobody vouches for leaves the last picture standing.
#[test]
fn a_watch_that_nobody_answers_is_stale() {
    let trace = trace(
        "
        job app: exec runs
        job alarm: exec passes; when each stale(watch.db)
        job calm: exec passes; when each fresh(watch.db)
        watch db
        at 1s answer db a b
        at 2s lost db no leader
        at 2500ms show
        at 3s lost db connection refused
        at 3500ms show
        at 4s back db
        at 4s answer db a
        at 5s lost db no leader
        at 6s back db
        until 7s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > db is [a b]
        1.000 event changed(watch.db)
        1.000 event healthy(watch.db)
        2.000 > db is lost
        2.000 event stale(watch.db)
        2.000 spawn alarm#1
        2.000 > alarm#1 exits 0
        2.000 event exitSuccess(alarm)
        2.500 = app running/unknown/out, alarm idle/unknown/out, calm waiting/unknown/out, db healthy, stale: no leader
        3.000 > db is lost
        3.500 = app running/unknown/out, alarm idle/unknown/out, calm waiting/unknown/out, db healthy, stale: connection refused
        4.000 > db is back
        4.000 event fresh(watch.db)
        4.000 spawn calm#1
        4.000 > db is [a]
        4.000 event changed(watch.db)
        4.000 event healthy(watch.db)
        4.000 > calm#1 exits 0
        4.000 event exitSuccess(calm)
        5.000 > db is lost
        5.000 event stale(watch.db)
        5.000 spawn alarm#2
        5.000 > alarm#2 exits 0
        5.000 event exitSuccess(alarm)
        6.000 > db is back
        6.000 event fresh(watch.db)
        6.000 spawn calm#2
        6.000 > calm#2 exits 0
        6.000 event exitSuccess(calm)
    "#]].assert_eq(&trace);
}

/// Issue C 7: where nothing is known nothing is stale, until it is known.
#[test]
fn before_the_first_answer_nothing_is_stale() {
    let trace = trace(
        "
        job app: exec runs
        watch db
        watch mq
        at 1s lost db no leader
        at 2s back db
        at 3s answer db
        at 4s lost mq no leader
        at 5s answer mq a
        at 6s back mq
        until 7s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 follow mq
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > db is lost
        2.000 > db is back
        3.000 > db is []
        3.000 event unhealthy(watch.db)
        4.000 > mq is lost
        5.000 > mq is [a]
        5.000 event changed(watch.mq)
        5.000 event healthy(watch.mq)
        5.000 event stale(watch.mq)
        6.000 > mq is back
        6.000 event fresh(watch.mq)
    "#]]
    .assert_eq(&trace);
}

/// Issue C 7: with `onEmpty: hold` an empty answer after another is not believed.
#[test]
fn an_empty_answer_is_held() {
    let trace = trace(
        "
        job app: exec runs
        watch db: hold
        at 1s answer db a b
        at 2s answer db
        at 2500ms show
        at 3s answer db
        at 4s answer db a b
        at 5s answer db
        at 6s answer db c
        until 7s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > db is [a b]
        1.000 event changed(watch.db)
        1.000 event healthy(watch.db)
        2.000 > db is []
        2.000 warn watch.db: the answer is empty, and held by `onEmpty`
        2.000 event stale(watch.db)
        2.500 = app running/unknown/out, db healthy, stale: the answer is empty, and held by `onEmpty`
        3.000 > db is []
        4.000 > db is [a b]
        4.000 event fresh(watch.db)
        5.000 > db is []
        5.000 warn watch.db: the answer is empty, and held by `onEmpty`
        5.000 event stale(watch.db)
        6.000 > db is [c]
        6.000 event changed(watch.db)
        6.000 event healthy(watch.db)
        6.000 event fresh(watch.db)
    "#]].assert_eq(&trace);
}

/// Issue C 7: a first answer that is empty is no loss, and is not held.
#[test]
fn a_first_answer_is_never_held() {
    let trace = trace(
        "
        job app: exec runs
        watch db: hold
        at 1s answer db
        at 2s answer db
        at 3s answer db a
        until 4s
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
        3.000 > db is [a]
        3.000 event changed(watch.db)
        3.000 event healthy(watch.db)
    "#]]
    .assert_eq(&trace);
}

/// Issue C 7: what is held and lost is fresh when it is neither.
#[test]
fn held_and_lost_is_stale_once() {
    let trace = trace(
        "
        job app: exec runs
        watch db: hold
        at 1s answer db a
        at 2s answer db
        at 3s lost db no leader
        at 4s back db
        at 4500ms show
        at 5s answer db a
        at 6s lost db no leader
        at 7s answer db
        at 8s back db
        until 9s
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
        2.000 > db is []
        2.000 warn watch.db: the answer is empty, and held by `onEmpty`
        2.000 event stale(watch.db)
        3.000 > db is lost
        4.000 > db is back
        4.500 = app running/unknown/out, db healthy, stale: the answer is empty, and held by `onEmpty`
        5.000 > db is [a]
        5.000 event fresh(watch.db)
        6.000 > db is lost
        6.000 event stale(watch.db)
        7.000 > db is []
        7.000 warn watch.db: the answer is empty, and held by `onEmpty`
        8.000 > db is back
    "#]].assert_eq(&trace);
}

/// Issue C 7: a change that waits is told though an empty answer follows that is held.
#[test]
fn what_came_before_an_empty_answer_is_told() {
    let trace = trace(
        "
        job app: exec runs
        watch db: hold; debounce 1s
        at 1s answer db a
        at 2s answer db b
        at 2500ms answer db
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
        2.000 > db is [b]
        2.500 > db is []
        2.500 warn watch.db: the answer is empty, and held by `onEmpty`
        2.500 event stale(watch.db)
        3.000 event changed(watch.db)
        3.000 event healthy(watch.db)
    "#]]
    .assert_eq(&trace);
}

/// Issue C 7: changes during a run cause one more, which begins after the last of them.
#[test]
fn changes_during_a_run_cause_exactly_one_more() {
    let trace = trace(
        "
        job app: exec runs
        job reload: exec exits 0 after 3s; when each changed(watch.conf)
        watch conf: key
        at 1s value conf v1
        at 2s value conf v2
        at 2500ms value conf v3
        at 3s value conf v4
        at 6s value conf v5
        at 8s value conf v6
        until 20s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow conf
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > conf is present
        1.000 event changed(watch.conf)
        1.000 event healthy(watch.conf)
        1.000 spawn reload#1
        2.000 > conf is present
        2.000 event changed(watch.conf)
        2.000 event healthy(watch.conf)
        2.500 > conf is present
        2.500 event changed(watch.conf)
        2.500 event healthy(watch.conf)
        3.000 > conf is present
        3.000 event changed(watch.conf)
        3.000 event healthy(watch.conf)
        4.000 > reload#1 exits 0
        4.000 event exitSuccess(reload)
        4.000 spawn reload#2
        6.000 > conf is present
        6.000 event changed(watch.conf)
        6.000 event healthy(watch.conf)
        7.000 > reload#2 exits 0
        7.000 event exitSuccess(reload)
        7.000 spawn reload#3
        8.000 > conf is present
        8.000 event changed(watch.conf)
        8.000 event healthy(watch.conf)
        10.000 > reload#3 exits 0
        10.000 event exitSuccess(reload)
        10.000 spawn reload#4
        13.000 > reload#4 exits 0
        13.000 event exitSuccess(reload)
    "#]]
    .assert_eq(&trace);
}

/// A job that joins late hears of what still holds.
#[test]
fn a_late_job_hears_that_a_watch_is_stale() {
    let trace = trace(
        "
        job app: exec runs
        watch db: min 2
        at 1s answer db a
        at 2s lost db no leader
        at 3s reload
          job app: exec runs
          job stale: exec passes; when once stale(watch.db)
          job fresh: exec passes; when once fresh(watch.db)
          job well: exec passes; when once healthy(watch.db)
          job sick: exec passes; when once unhealthy(watch.db)
          watch db: min 2
        at 4s back db
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
        1.000 event unhealthy(watch.db)
        2.000 > db is lost
        2.000 event stale(watch.db)
        3.000 > reload
        3.000 spawn stale#1
        3.000 spawn sick#1
        3.000 > stale#1 exits 0
        3.000 event exitSuccess(stale)
        3.000 event stopping(stale)
        3.000 event stopped(stale)
        3.000 > sick#1 exits 0
        3.000 event exitSuccess(sick)
        3.000 event stopping(sick)
        3.000 event stopped(sick)
        4.000 > db is back
        4.000 event fresh(watch.db)
        4.000 spawn fresh#1
        4.000 > fresh#1 exits 0
        4.000 event exitSuccess(fresh)
        4.000 event stopping(fresh)
        4.000 event stopped(fresh)
    "#]]
    .assert_eq(&trace);
}

/// A reload that leaves a watch as it is leaves what it waits for.
#[test]
fn a_reload_leaves_a_change_that_waits() {
    let trace = trace(
        "
        job app: exec runs
        watch db: debounce 2s
        watch mq
        at 1s answer db a
        at 1s answer mq a
        at 2s answer db b
        at 3s reload
          job app: exec runs
          watch db: debounce 2s
          watch mq: key
        at 4s answer mq b
        at 5s value mq v1
        until 6s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 follow mq
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > db is [a]
        1.000 event changed(watch.db)
        1.000 event healthy(watch.db)
        1.000 > mq is [a]
        1.000 event changed(watch.mq)
        1.000 event healthy(watch.mq)
        2.000 > db is [b]
        3.000 > reload
        3.000 follow mq
        3.000 unfollow mq
        4.000 > mq is [b]
        4.000 event changed(watch.db)
        4.000 event healthy(watch.db)
        5.000 > mq is present
        5.000 event changed(watch.mq)
        5.000 event healthy(watch.mq)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn what_was_looked_at_is_in_no_output() {
    let sight = Sight::Value(Some(Fingerprint(12345)));
    assert_eq!(format!("{sight:?}"), "Value(Some(***))");
    assert_eq!(sight.to_string(), "present");
}
