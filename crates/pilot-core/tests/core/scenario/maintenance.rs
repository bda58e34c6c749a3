//! Jobs that pause while maintenance is on (ContainerPilot 2: tasks, sensors, backends).

use expect_test::expect;

use super::trace;

#[test]
fn a_start_event_is_made_good_and_a_tick_is_not() {
    let trace = trace(
        "
        job app: exec runs
        job task: exec passes; when every 400ms; pauses
        job on-db: exec exits 0 after 100ms; when each changed(watch.db); pauses
        watch db
        at 100ms answer db a
        at 500ms maintenance on
        at 600ms answer db b
        at 700ms answer db c
        at 1700ms maintenance off
        until 2500ms
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn task#1
        0.000 > task#1 exits 0
        0.000 event exitSuccess(task)
        0.100 > db is [a]
        0.100 event changed(watch.db)
        0.100 event healthy(watch.db)
        0.100 spawn on-db#1
        0.200 > on-db#1 exits 0
        0.200 event exitSuccess(on-db)
        0.400 spawn task#2
        0.400 > task#2 exits 0
        0.400 event exitSuccess(task)
        0.500 > maintenance on
        0.500 event enterMaintenance(global)
        0.600 > db is [b]
        0.600 event changed(watch.db)
        0.600 event healthy(watch.db)
        0.700 > db is [c]
        0.700 event changed(watch.db)
        0.700 event healthy(watch.db)
        1.700 > maintenance off
        1.700 spawn on-db#2
        1.700 event exitMaintenance(global)
        1.800 > on-db#2 exits 0
        1.800 event exitSuccess(on-db)
        2.000 spawn task#3
        2.000 > task#3 exits 0
        2.000 event exitSuccess(task)
        2.400 spawn task#4
        2.400 > task#4 exits 0
        2.400 event exitSuccess(task)
    "#]]
    .assert_eq(&trace);
}

/// Its run goes on; the start event that comes during it is for later.
#[test]
fn a_run_goes_on_and_is_not_replaced() {
    let trace = trace(
        "
        job app: exec runs
        job on-db: exec exits 0 after 2s; when each changed(watch.db); pauses; overlap replace
        watch db
        at 100ms answer db a
        at 500ms maintenance on
        at 600ms answer db b
        at 3s maintenance off
        until 6s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn app#1
        0.100 > db is [a]
        0.100 event changed(watch.db)
        0.100 event healthy(watch.db)
        0.100 spawn on-db#1
        0.500 > maintenance on
        0.500 event enterMaintenance(global)
        0.600 > db is [b]
        0.600 event changed(watch.db)
        0.600 event healthy(watch.db)
        2.100 > on-db#1 exits 0
        2.100 event exitSuccess(on-db)
        3.000 > maintenance off
        3.000 spawn on-db#2
        3.000 event exitMaintenance(global)
        5.000 > on-db#2 exits 0
        5.000 event exitSuccess(on-db)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_restart_waits_for_the_end_of_maintenance() {
    let trace = trace(
        "
        job app: exec exits 1 after 1s | exits 1 after 500ms | runs; restarts 3; pauses
        at 500ms maintenance on
        at 2s show
        at 3s maintenance off
        at 3200ms maintenance on
        at 5s maintenance off
        until 6s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.500 > maintenance on
        0.500 event enterMaintenance(global)
        1.000 > app#1 exits 1
        1.000 event exitFailed(app)
        2.000 = app idle/maintenance/out
        3.000 > maintenance off
        3.000 spawn app#2
        3.000 event exitMaintenance(global)
        3.200 > maintenance on
        3.200 event enterMaintenance(global)
        3.500 > app#2 exits 1
        3.500 event exitFailed(app)
        5.000 > maintenance off
        5.000 spawn app#3
        5.000 event exitMaintenance(global)
    "#]]
    .assert_eq(&trace);
}

/// A person's word is for now, and a stop does not wait for its jobs.
#[test]
fn what_does_not_pause() {
    let trace = trace(
        "
        job app: exec runs
        job task: exec exits 0 after 100ms; when each changed(watch.db); pauses
        job pre: exec passes; when once stopping(app); pauses
        watch db
        at 1s maintenance on
        at 2s start task
        at 3s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > maintenance on
        1.000 event enterMaintenance(global)
        2.000 > start task
        2.000 spawn task#1
        2.100 > task#1 exits 0
        2.100 event exitSuccess(task)
        3.000 > SIGTERM
        3.000 event shutdown(global)
        3.000 event stopping(app)
        3.000 event stopping(task)
        3.000 spawn pre#1
        3.000 event stopped(task)
        3.000 > pre#1 exits 0
        3.000 event exitSuccess(pre)
        3.000 event stopping(pre)
        3.000 event stopped(pre)
        3.000 stop app#1 SIGTERM
        3.000 > app#1 dies of SIGTERM
        3.000 event exitFailed(app)
        3.000 event stopped(app)
        3.000 exit 0
    "#]]
    .assert_eq(&trace);
}
