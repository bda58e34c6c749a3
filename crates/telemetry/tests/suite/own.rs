//! What the helper counts about itself.

use std::time::Duration;

use expect_test::expect;
use telemetry::{Exit, Format};

use crate::{NOW, lines, registry};

#[test]
fn everything_is_counted_under_its_name() {
    let mut registry = registry(&[]);
    registry.event("ExitSuccess", "main");
    registry.event("ExitSuccess", "main");
    registry.event("StatusChanged", "watch.db");
    registry.control_request(200, "/v3/ping");
    registry.control_request(200, "/v3/jobs/main/start");
    registry.control_request(200, "/v3/jobs/other job/start");
    registry.control_request(422, "/v3/jobs/main/signal/BOGUS");
    registry.control_request(404, "/v3/nothing");
    registry.control_request(404, "/v3/ping/");
    registry.control_request(404, "/v3/jobs/main/start/now");
    registry.watch_instances("db", 3);
    registry.watch_instances("db", 2);
    registry.watch_instances("gone", 1);
    registry.forget_watch("gone");
    registry.job_start("main");
    registry.job_restart("main");
    registry.job_exit("main", Exit::Code(0), Duration::from_millis(1500));
    registry.job_exit("main", Exit::Signal("SIGKILL"), Duration::from_hours(48));
    registry.check("main", true, Duration::from_millis(5));
    registry.check("main", false, Duration::from_secs(11));
    registry.orphan();
    expect![[r##"
        # HELP containerpilot_check_seconds How long health checks of each job took.
        # TYPE containerpilot_check_seconds histogram
        containerpilot_check_seconds_bucket{job="main",le="0.005"} 1
        containerpilot_check_seconds_bucket{job="main",le="0.01"} 1
        containerpilot_check_seconds_bucket{job="main",le="0.025"} 1
        containerpilot_check_seconds_bucket{job="main",le="0.05"} 1
        containerpilot_check_seconds_bucket{job="main",le="0.1"} 1
        containerpilot_check_seconds_bucket{job="main",le="0.25"} 1
        containerpilot_check_seconds_bucket{job="main",le="0.5"} 1
        containerpilot_check_seconds_bucket{job="main",le="1"} 1
        containerpilot_check_seconds_bucket{job="main",le="2.5"} 1
        containerpilot_check_seconds_bucket{job="main",le="5"} 1
        containerpilot_check_seconds_bucket{job="main",le="10"} 1
        containerpilot_check_seconds_bucket{job="main",le="+Inf"} 2
        containerpilot_check_seconds_sum{job="main"} 11.005
        containerpilot_check_seconds_count{job="main"} 2
        # HELP containerpilot_checks_total Health checks of each job, by result.
        # TYPE containerpilot_checks_total counter
        containerpilot_checks_total{job="main",result="failed"} 1
        containerpilot_checks_total{job="main",result="passed"} 1
        # HELP containerpilot_control_http_requests Requests to the control socket, by status and path.
        # TYPE containerpilot_control_http_requests counter
        containerpilot_control_http_requests{code="200",path="/v3/jobs/*/start"} 2
        containerpilot_control_http_requests{code="200",path="/v3/ping"} 1
        containerpilot_control_http_requests{code="404",path="_other"} 3
        containerpilot_control_http_requests{code="422",path="/v3/jobs/*/signal/*"} 1
        # HELP containerpilot_events Events, by code and source.
        # TYPE containerpilot_events counter
        containerpilot_events{code="ExitSuccess",source="main"} 2
        containerpilot_events{code="StatusChanged",source="watch.db"} 1
        # HELP containerpilot_job_exits_total Runs of each job that ended, by exit status or signal.
        # TYPE containerpilot_job_exits_total counter
        containerpilot_job_exits_total{job="main",code="0"} 1
        containerpilot_job_exits_total{job="main",code="SIGKILL"} 1
        # HELP containerpilot_job_restarts_total Runs of each job that began because the one before had ended.
        # TYPE containerpilot_job_restarts_total counter
        containerpilot_job_restarts_total{job="main"} 1
        # HELP containerpilot_job_run_seconds How long runs of each job took.
        # TYPE containerpilot_job_run_seconds histogram
        containerpilot_job_run_seconds_bucket{job="main",le="0.1"} 0
        containerpilot_job_run_seconds_bucket{job="main",le="1"} 0
        containerpilot_job_run_seconds_bucket{job="main",le="10"} 1
        containerpilot_job_run_seconds_bucket{job="main",le="60"} 1
        containerpilot_job_run_seconds_bucket{job="main",le="600"} 1
        containerpilot_job_run_seconds_bucket{job="main",le="3600"} 1
        containerpilot_job_run_seconds_bucket{job="main",le="86400"} 1
        containerpilot_job_run_seconds_bucket{job="main",le="+Inf"} 2
        containerpilot_job_run_seconds_sum{job="main"} 172801.5
        containerpilot_job_run_seconds_count{job="main"} 2
        # HELP containerpilot_job_starts_total Runs of each job that began.
        # TYPE containerpilot_job_starts_total counter
        containerpilot_job_starts_total{job="main"} 2
        # HELP containerpilot_orphans_reaped_total Processes that were left behind and reaped.
        # TYPE containerpilot_orphans_reaped_total counter
        containerpilot_orphans_reaped_total 1
        # HELP containerpilot_watch_instances Instances that each watch sees, by service.
        # TYPE containerpilot_watch_instances gauge
        containerpilot_watch_instances{service="db"} 2
    "##]]
    .assert_eq(&registry.encode(NOW, Format::Text));
}

#[test]
fn labels_are_bounded() {
    let mut registry = registry(&[]);
    for number in 0..2000 {
        registry.event("Error", &format!("message {number}"));
        registry.watch_instances(&format!("watch {number}"), number);
        registry.check(&format!("job {number}"), true, Duration::ZERO);
    }
    registry.event("Error", "message 7");
    registry.watch_instances("watch 7", 42);
    let events = lines(&registry, "containerpilot_events{");
    assert_eq!(events.lines().count(), 513);
    assert!(events.contains("{code=\"_other\",source=\"_other\"} 1488\n"));
    assert!(events.contains("{code=\"Error\",source=\"message 7\"} 2\n"));
    let watches = lines(&registry, "containerpilot_watch_instances{");
    assert_eq!(watches.lines().count(), 512);
    assert!(watches.contains("{service=\"watch 7\"} 42\n"));
    let checks = lines(&registry, "containerpilot_check_seconds_count{");
    assert!(checks.contains("{job=\"_other\"} 1488\n"));
}

#[test]
fn a_watch_that_goes_makes_room_for_another() {
    let mut registry = registry(&[]);
    for number in 0..2000 {
        registry.watch_instances(&format!("watch {number}"), 1);
        registry.forget_watch(&format!("watch {number}"));
    }
    assert_eq!(lines(&registry, "containerpilot_watch_instances"), "");
}
