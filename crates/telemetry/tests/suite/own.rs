//! What the helper counts about itself.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, time::Duration};

use expect_test::expect;
use telemetry::{Exit, Format, ProcessReading, Queue, Registry, Rendered, TemplateCommand};

use crate::{NOW, lines, registry};

/// A registry in which each metric has been counted at least once.
fn everything() -> Registry {
    let mut registry = registry(&[]);
    registry.build("4.0.0");
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
    registry.watch_stale("db", true);
    registry.watch_stale("flags", true);
    registry.watch_stale("flags", false);
    registry.watch_stale("gone", true);
    registry.forget_watch("gone");
    registry.job_start("main");
    registry.job_restart("main");
    registry.job_exit("main", Exit::Code(0), Duration::from_millis(1500));
    registry.job_exit("main", Exit::Signal("SIGKILL"), Duration::from_hours(48));
    registry.check("main", true, Duration::from_millis(5));
    registry.check("main", false, Duration::from_secs(11));
    registry.sensor("app_queue", true);
    registry.sensor("app_queue", false);
    registry.orphan();
    registry.reload(true);
    registry.queue(Queue::Inputs, 2);
    registry.queue(Queue::Catalog, 1);
    registry.queue(Queue::Control, 0);
    registry.log_lost(3);
    registry.catalog_requests("health", "ok", 7);
    registry.answer_ages([("gone", Duration::ZERO)]);
    registry.answer_ages([("db", Duration::from_millis(2500))]);
    let took = Duration::from_millis(20);
    registry.template_render("nginx", Rendered::Changed, took);
    registry.template_render("nginx", Rendered::Unchanged, took);
    registry.template_render("nginx", Rendered::Waiting, took);
    registry.template_render("nginx", Rendered::Failed, took);
    registry.template_install("nginx", true);
    registry.template_command("nginx", TemplateCommand::Check, true);
    registry.template_command("nginx", TemplateCommand::OnChange, false);
    registry.process(ProcessReading {
        cpu_seconds: Some(0.25),
        resident_bytes: Some(4_194_304.0),
        virtual_bytes: Some(8_388_608.0),
        open_descriptors: Some(12.0),
        max_descriptors: Some(1024.0),
        start_seconds: Some(1_700_000_000.5),
    });
    registry
}

#[test]
fn everything_is_counted_under_its_name() {
    let registry = everything();
    expect![[r##"
        # HELP containerpilot_build_info The version of containerpilot; the value is always 1.
        # TYPE containerpilot_build_info gauge
        containerpilot_build_info{version="4.0.0"} 1
        # HELP containerpilot_catalog_answer_age_seconds Time since the catalog last answered each query that is followed, with news or without.
        # TYPE containerpilot_catalog_answer_age_seconds gauge
        containerpilot_catalog_answer_age_seconds{query="db"} 2.5
        # HELP containerpilot_catalog_requests_total Requests to the catalog, by what they are about and what came of them.
        # TYPE containerpilot_catalog_requests_total counter
        containerpilot_catalog_requests_total{operation="health",outcome="ok"} 7
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
        # HELP containerpilot_checks_total Health checks of each job, by result: passed, failed.
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
        # HELP containerpilot_job_restarts_total Runs of each job that began because the one before had ended, or somebody asked for it.
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
        # HELP containerpilot_log_records_lost_total Records of the helper that were lost because nobody read the log.
        # TYPE containerpilot_log_records_lost_total counter
        containerpilot_log_records_lost_total 3
        # HELP containerpilot_orphans_reaped_total Processes that were left behind and reaped.
        # TYPE containerpilot_orphans_reaped_total counter
        containerpilot_orphans_reaped_total 1
        # HELP containerpilot_queue_length Facts that wait for the helper: inputs of its own, of the catalog, of control.
        # TYPE containerpilot_queue_length gauge
        containerpilot_queue_length{queue="catalog"} 1
        containerpilot_queue_length{queue="control"} 0
        containerpilot_queue_length{queue="inputs"} 2
        # HELP containerpilot_reloads_total Attempts to load the configuration anew: passed, or failed, and then the old one stays.
        # TYPE containerpilot_reloads_total counter
        containerpilot_reloads_total{result="failed"} 0
        containerpilot_reloads_total{result="passed"} 1
        # HELP containerpilot_sensor_runs_total Runs of the sensor of each metric: passed, or failed, and then there is no value.
        # TYPE containerpilot_sensor_runs_total counter
        containerpilot_sensor_runs_total{metric="app_queue",result="failed"} 1
        containerpilot_sensor_runs_total{metric="app_queue",result="passed"} 1
        # HELP containerpilot_template_commands_total Runs of each template's check and onChange, by result: passed, failed.
        # TYPE containerpilot_template_commands_total counter
        containerpilot_template_commands_total{template="nginx",command="check",result="passed"} 1
        containerpilot_template_commands_total{template="nginx",command="onChange",result="failed"} 1
        # HELP containerpilot_template_installs_total Rendered files that were put in place, by result: passed, failed.
        # TYPE containerpilot_template_installs_total counter
        containerpilot_template_installs_total{template="nginx",result="passed"} 1
        # HELP containerpilot_template_render_seconds How long each template took from the order to render it to its written file.
        # TYPE containerpilot_template_render_seconds histogram
        containerpilot_template_render_seconds_bucket{template="nginx",le="0.005"} 0
        containerpilot_template_render_seconds_bucket{template="nginx",le="0.01"} 0
        containerpilot_template_render_seconds_bucket{template="nginx",le="0.025"} 4
        containerpilot_template_render_seconds_bucket{template="nginx",le="0.05"} 4
        containerpilot_template_render_seconds_bucket{template="nginx",le="0.1"} 4
        containerpilot_template_render_seconds_bucket{template="nginx",le="0.25"} 4
        containerpilot_template_render_seconds_bucket{template="nginx",le="0.5"} 4
        containerpilot_template_render_seconds_bucket{template="nginx",le="1"} 4
        containerpilot_template_render_seconds_bucket{template="nginx",le="2.5"} 4
        containerpilot_template_render_seconds_bucket{template="nginx",le="5"} 4
        containerpilot_template_render_seconds_bucket{template="nginx",le="10"} 4
        containerpilot_template_render_seconds_bucket{template="nginx",le="+Inf"} 4
        containerpilot_template_render_seconds_sum{template="nginx"} 0.08
        containerpilot_template_render_seconds_count{template="nginx"} 4
        # HELP containerpilot_template_renders_total Renderings of each template, by result: changed, unchanged, waiting, failed.
        # TYPE containerpilot_template_renders_total counter
        containerpilot_template_renders_total{template="nginx",result="changed"} 1
        containerpilot_template_renders_total{template="nginx",result="failed"} 1
        containerpilot_template_renders_total{template="nginx",result="unchanged"} 1
        containerpilot_template_renders_total{template="nginx",result="waiting"} 1
        # HELP containerpilot_watch_instances Instances that each watch sees, by service.
        # TYPE containerpilot_watch_instances gauge
        containerpilot_watch_instances{service="db"} 2
        # HELP containerpilot_watch_stale Whether what each watch knows may be old: 1 while nobody answers or an empty answer is held.
        # TYPE containerpilot_watch_stale gauge
        containerpilot_watch_stale{watch="db"} 1
        containerpilot_watch_stale{watch="flags"} 0
        # HELP process_cpu_seconds_total Processor time of containerpilot itself, its children not counted.
        # TYPE process_cpu_seconds_total counter
        process_cpu_seconds_total 0.25
        # HELP process_max_fds Descriptors that containerpilot may have open.
        # TYPE process_max_fds gauge
        process_max_fds 1024
        # HELP process_open_fds Descriptors that containerpilot has open.
        # TYPE process_open_fds gauge
        process_open_fds 12
        # HELP process_resident_memory_bytes Memory of containerpilot that is present.
        # TYPE process_resident_memory_bytes gauge
        process_resident_memory_bytes 4194304
        # HELP process_start_time_seconds When containerpilot was started, in seconds since 1970.
        # TYPE process_start_time_seconds gauge
        process_start_time_seconds 1700000000.5
        # HELP process_virtual_memory_bytes Memory of containerpilot that is mapped.
        # TYPE process_virtual_memory_bytes gauge
        process_virtual_memory_bytes 8388608
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
        registry.watch_stale(&format!("watch {number}"), true);
        registry.forget_watch(&format!("watch {number}"));
    }
    assert_eq!(lines(&registry, "containerpilot_watch_"), "");
}

#[test]
fn what_the_system_does_not_tell_is_not_shown() {
    let registry = registry(&[]);
    assert_eq!(lines(&registry, "process_"), "");
}

#[test]
fn the_page_of_metrics_says_what_there_is() {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/metrics.md"
    ));
    let written = fs::read_to_string(path).unwrap_or_default();
    let (before, rest) = written.split_once(BEGIN).expect("where the table begins");
    let (_, after) = rest.split_once(END).expect("where the table ends");
    let page = format!("{before}{BEGIN}{}{END}{after}", table());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, &page).expect("docs/metrics.md can be written");
        return;
    }
    assert!(
        written == page,
        "docs/metrics.md is stale: run with UPDATE_DOCS=1"
    );
}

const BEGIN: &str = "<!-- printed: the helper's own metrics -->\n";
const END: &str = "<!-- end of what is printed -->\n";

/// The helper's own metrics, as a table for people.
fn table() -> String {
    let page = everything().encode(NOW, Format::Text);
    let told = |mark: &str| -> BTreeMap<String, String> {
        let lines = page.lines().filter_map(|line| line.strip_prefix(mark));
        let pairs = lines.filter_map(|line| line.split_once(' '));
        let owned = pairs.map(|(name, text)| (name.to_owned(), text.to_owned()));
        owned.collect()
    };
    let kinds = told("# TYPE ");
    let mut table = "| metric | type | labels | what it tells |\n|---|---|---|---|\n".to_owned();
    for (name, help) in told("# HELP ") {
        let kind = &kinds[&name];
        let labels = labels(&page, &name).join(", ");
        writeln!(table, "| `{name}` | {kind} | {labels} | {help} |").expect("a String takes all");
    }
    table
}

/// The names of the labels of a metric, but for those that its type brings.
fn labels(page: &str, name: &str) -> Vec<String> {
    let mut samples = page.lines().filter(|line| line.starts_with(name));
    let sample = samples.next().expect("each metric has been counted");
    let inside = sample.split_once('{').map(|(_, rest)| rest);
    let inside = inside
        .and_then(|rest| rest.split_once('}'))
        .map(|(inside, _)| inside);
    let pairs = inside.unwrap_or_default().split(',');
    let names = pairs
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, _)| name);
    names
        .filter(|name| *name != "le")
        .map(|name| format!("`{name}`"))
        .collect()
}
