//! What is run.

use std::time::Duration;

use pilot_core::{
    Event, EventKind, JobName, Signal, Source,
    spec::{
        AfterChanges, AskedStatus, Backoff, Condition, Inherited, Notice, OnChange, Output, Role,
        Stay, StopSpec, TemplateSource, When,
    },
};

use super::{by_file, by_flags, command, only_template};

fn stands(name: &str) -> Condition {
    let source = Source::Template(name.into());
    Condition::Event(Event::new(EventKind::Healthy, source))
}

#[test]
fn a_daemon_stays_and_ends_with_12_when_asked() {
    let spec = by_flags(&["-template", "a:/a"]).spec;
    assert_eq!(spec.stay, Stay::UntilAsked);
    assert_eq!(spec.asked_status, AskedStatus::Fixed(12));
    assert_eq!(spec.signals.stop, [Signal::INT]);
    assert_eq!(spec.signals.reload, Some(Signal::HUP));
    assert_eq!(spec.after_changes, None);
    assert_eq!(spec.jobs, []);
}

#[test]
fn the_program_starts_when_every_template_stands() {
    let spec = by_file(
        r#"
template { source = "a" destination = "/a" }
template { source = "b" destination = "/b" }
exec { command = "app && true" splay = "2s" kill_timeout = "5s" timeout = "1h" }
"#,
    )
    .spec;
    let [job] = spec.jobs.as_slice() else {
        panic!("{:?}", spec.jobs);
    };
    assert_eq!(job.name, JobName::new("exec"));
    let command = job.exec.as_ref().unwrap();
    assert_eq!(command.argv, ["sh", "-c", "app && true"]);
    assert_eq!(command.output, Output::Raw);
    assert_eq!(
        job.when,
        When::Once(Condition::All(vec![stands("/a"), stands("/b")]))
    );
    assert_eq!(job.role, Role::Essential);
    assert_eq!(job.backoff, Backoff::None);
    assert_eq!(job.timeout, Some(Duration::from_secs(3600)));
    let stop = StopSpec {
        signal: Signal::INT,
        timeout: Some(Duration::from_secs(5)),
        drain: Duration::ZERO,
    };
    assert_eq!(job.stop, stop);
    let splay = Duration::from_secs(2);
    let after = AfterChanges {
        job: JobName::new("exec"),
        notice: Notice::Restart { splay },
    };
    assert_eq!(spec.after_changes, Some(after));
}

#[test]
fn a_program_may_take_a_signal_instead() {
    let spec = by_flags(&[
        "-exec=app",
        "-exec-reload-signal=HUP",
        "-exec-kill-signal=QUIT",
    ])
    .spec;
    let notice = spec.after_changes.map(|after| after.notice);
    assert_eq!(notice, Some(Notice::Signal(Signal::HUP)));
    assert_eq!(spec.jobs[0].stop.signal, Signal::QUIT);
    assert_eq!(spec.jobs[0].stop.timeout, Some(Duration::from_secs(30)));
    // Without templates there is nothing to wait for.
    assert_eq!(spec.jobs[0].when, When::Once(Condition::startup()));
    assert_eq!(
        by_file("exec { command = \"app\" enabled = false }")
            .spec
            .jobs,
        []
    );
}

#[test]
fn the_environment_of_the_program() {
    let inherited = |env: &str| {
        let config = by_file(&format!("exec {{ command = \"app\" env {{ {env} }} }}"));
        config.spec.jobs[0].exec.clone().unwrap().inherited
    };
    assert_eq!(inherited(""), Inherited::All);
    assert_eq!(
        inherited("pristine = true allowlist = [\"A\"]"),
        Inherited::Nothing
    );
    assert_eq!(
        inherited("allowlist = [\"A*\"] whitelist = [\"B\"] blacklist = [\"AB\"]"),
        Inherited::Matching {
            allowed: vec!["A*".to_owned(), "B".to_owned()],
            denied: vec!["AB".to_owned()],
        }
    );
    let config = by_file(
        "consul = \"c:1\"\nexec { command = \"app\" env { pristine = true custom = [\"A=1\"] } }",
    );
    let names: Vec<&str> = config.spec.jobs[0]
        .exec
        .as_ref()
        .unwrap()
        .env
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let expected = [
        "A",
        "CONSUL_HTTP_ADDR",
        "CONSUL_HTTP_SSL",
        "CONSUL_HTTP_SSL_VERIFY",
    ];
    assert_eq!(names, expected);
}

#[test]
fn the_command_of_a_template() {
    let on_change = |text: &str| {
        let config = by_file(&format!(
            "template {{ source = \"a\" destination = \"/a\" {text} }}"
        ));
        only_template(&config).on_change.clone()
    };
    let exec = |text: &str| match on_change(text) {
        OnChange::Exec { command, timeout } => (command.argv.join(" "), timeout),
        other @ (OnChange::None | OnChange::Signal { .. } | OnChange::Restart { .. }) => {
            panic!("{other:?}")
        }
    };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(exec("command = \"a b\""), ("a b".to_owned(), seconds(30)));
    assert_eq!(
        exec("command = \"a | b\""),
        ("sh -c a | b".to_owned(), seconds(30))
    );
    assert_eq!(
        exec("command = [\"a | b\"]"),
        ("sh -c a | b".to_owned(), seconds(30))
    );
    assert_eq!(
        exec("command = [\"a\", \"|\"]"),
        ("a |".to_owned(), seconds(30))
    );
    assert_eq!(
        exec("command = \"a\" command_timeout = \"5s\""),
        ("a".to_owned(), seconds(5))
    );
    assert_eq!(
        exec("command = \"a\" command_timeout = \"0s\""),
        ("a".to_owned(), None)
    );
    let both = "command = \"a\" exec { command = \"b\" timeout = \"7s\" }";
    assert_eq!(exec(both), ("b".to_owned(), seconds(7)));
    let only_more = "command = \"a\" command_timeout = \"5s\" exec { env { pristine = true } }";
    assert_eq!(exec(only_more), ("a".to_owned(), seconds(5)));
    assert_eq!(on_change(""), OnChange::None);
    assert_eq!(on_change("command = \"\""), OnChange::None);
    assert_eq!(
        on_change("command = \"a\" exec { enabled = false }"),
        OnChange::None
    );
}

#[test]
fn how_a_template_is_read_and_written() {
    let config = by_file(
        r#"
default_delimiters { left = "[[" }
template {
  source = "a"
  destination = "/a"
  right_delimiter = "]]"
  error_on_missing_key = true
  function_denylist = ["plugin"]
  function_blacklist = ["file"]
  sandbox_path = "/srv"
  create_dest_dirs = false
  user = "app"
  gid = 1000
}
"#,
    );
    let template = only_template(&config);
    let delimiters = Some(("[[".to_owned(), "]]".to_owned()));
    assert_eq!(template.language.delimiters, delimiters);
    assert!(template.language.missing_key_is_error);
    assert_eq!(template.language.denied, ["plugin", "file"]);
    assert_eq!(template.language.sandbox.as_deref(), Some("/srv"));
    assert!(!template.writing.make_directories && !template.writing.backup);
    assert_eq!(
        (template.user.as_deref(), template.group.as_deref()),
        (Some("app"), Some("1000"))
    );
    let usual = by_flags(&["-template=a:/a:b", "-dry"]);
    let template = only_template(&usual);
    assert_eq!(template.language.delimiters, None);
    assert!(template.writing.make_directories && template.writing.dry);
    assert!(template.wait.min.is_zero() && template.wait.max.is_zero());
    assert_eq!(command(template).output, Output::Raw);
}

#[test]
fn once_does_not_wait_for_quiet() {
    let config = by_flags(&["-once", "-wait=2s", "-template=a:/a"]);
    assert!(only_template(&config).wait.min.is_zero());
}

#[test]
fn of_templates_with_one_destination_the_last_stands() {
    let config = by_flags(&["-template=a:/x", "-template=b:/x", "-template=c:/x"]);
    let source = TemplateSource::File("c".to_owned());
    assert_eq!(only_template(&config).source, source);
    let reasons: Vec<&str> = config
        .warnings
        .iter()
        .map(|one| one.reason.as_str())
        .collect();
    let left_out = "template: left out, since a later one writes `/x` too";
    assert_eq!(reasons, [left_out, left_out]);
}
