//! The command line: every form that scripts use, and every mistake.

use std::time::Duration;

use expect_test::expect;
use pilot_config::{Level, LogOutput, consul_template::Stop};
use pilot_core::{
    Signal,
    spec::{Stay, TemplateSource, Wait},
};

use super::{by_flags, command, consul, only_template, words};

#[test]
fn what_the_autopilot_scripts_say() {
    for line in [
        &[
            "-once",
            "-consul",
            "consul:8500",
            "-template",
            "/in.ctmpl:/out.conf",
        ][..],
        &[
            "-once",
            "-dedup",
            "-consul-addr",
            "consul:8500",
            "-template",
            "/in.ctmpl:/out.conf",
        ],
        &[
            "-consul-addr=consul:8500",
            "-once=true",
            "-template=/in.ctmpl:/out.conf",
        ],
        &[
            "--once",
            "--consul=consul:8500",
            "--template",
            "/in.ctmpl:/out.conf",
        ],
    ] {
        let config = by_flags(line);
        assert_eq!(consul(&config).address, "consul:8500", "{line:?}");
        let template = only_template(&config);
        let source = TemplateSource::File("/in.ctmpl".to_owned());
        assert_eq!(template.source, source, "{line:?}");
        assert_eq!(template.destination, "/out.conf");
        assert!(matches!(config.spec.stay, Stay::UntilRendered { .. }));
        assert_eq!(config.deduplicate, None);
        assert_eq!(config.warnings, []);
    }
}

#[test]
fn a_template_with_a_command_that_has_colons() {
    let config = by_flags(&["-template", "a:/b:curl http://x:1/"]);
    let template = only_template(&config);
    assert_eq!(template.destination, "/b");
    assert_eq!(command(template).argv, ["curl", "http://x:1/"]);
}

#[test]
fn one_letter_before_a_colon_is_a_file() {
    let config = by_flags(&["-template", "a:b"]);
    let template = only_template(&config);
    assert_eq!(template.source, TemplateSource::File("a".to_owned()));
    assert_eq!(template.destination, "b");
}

#[test]
fn templates_add_up_and_the_last_of_any_other_flag_counts() {
    let config = by_flags(&[
        "-template",
        "a:/a",
        "-log-level",
        "debug",
        "-template",
        "b:/b",
        "-log-level=err",
    ]);
    let destinations: Vec<&str> = config
        .spec
        .templates
        .iter()
        .map(|template| template.destination.as_str())
        .collect();
    assert_eq!(destinations, ["/a", "/b"]);
    assert_eq!(config.logging.level, Level::Error);
    assert_eq!(config.logging.output, LogOutput::Stderr);
    assert_eq!(config.warnings, []);
}

#[test]
fn the_files_keep_their_order() {
    let words = words(&["-config", "a", "-config=b", "-config", "a", "-parse-only"]).unwrap();
    assert_eq!(words.configs(), ["a", "b", "a"]);
    assert!(words.parse_only());
}

#[test]
fn the_flags_of_a_daemon() {
    let config = by_flags(&[
        "-wait",
        "2s:4s",
        "-max-stale",
        "1m",
        "-pid-file",
        "/run/ct.pid",
        "-kill-signal",
        "SIGTERM",
        "-reload-signal",
        "USR1",
        "-consul-auth",
        "user:secret:more",
        "-consul-token",
        "token",
        "-consul-ssl=false",
        "-exec",
        "app --port 80",
        "-exec-splay",
        "3s",
        "-exec-env-custom",
        "A=1",
        "-exec-env-custom",
        "B=2=3",
        "-log-file",
        "/var/log/",
        "-template",
        "a:/a",
    ]);
    let wait = Wait {
        min: Duration::from_secs(2),
        max: Duration::from_secs(4),
    };
    assert_eq!(only_template(&config).wait, wait);
    assert_eq!(config.spec.stay, Stay::UntilAsked);
    assert_eq!(config.spec.signals.stop, [Signal::TERM]);
    assert_eq!(config.spec.signals.reload, Some(Signal::USR1));
    assert_eq!(config.pid_file.as_deref(), Some("/run/ct.pid".as_ref()));
    let log = LogOutput::File("/var/log/consul-template.log".into());
    assert_eq!(config.logging.output, log);
    let consul = consul(&config);
    assert_eq!(consul.max_stale, Some(Duration::from_secs(60)));
    let login = consul.login.as_ref().unwrap();
    assert_eq!(login.user, "user");
    assert_eq!(login.password.reveal(), "secret:more");
    let exec = config.spec.jobs[0].exec.as_ref().unwrap();
    assert_eq!(exec.argv, ["app", "--port", "80"]);
    let own = [
        ("A".to_owned(), "1".to_owned()),
        ("B".to_owned(), "2=3".to_owned()),
    ];
    assert_eq!(exec.env[..2], own);
}

#[test]
fn spellings_from_before_0_19() {
    let config = by_flags(&[
        "-consul=c:1",
        "-token=t",
        "-auth=u:p",
        "-ssl",
        "-ssl-verify=false",
        "-retry=5s",
    ]);
    let consul = consul(&config);
    assert_eq!(consul.address, "c:1");
    assert_eq!(consul.token.as_ref().unwrap().reveal(), "t");
    assert!(consul.login.is_some());
    assert_eq!(consul.scheme, pilot_config::Scheme::Https);
    assert!(!consul.tls.verify);
    assert_eq!(consul.retry.unwrap().backoff, Duration::from_secs(5));
}

#[test]
fn mistakes_end_with_the_words_of_go() {
    let lines: [&[&str]; 16] = [
        &["-bogus"],
        &["-consul-adr", "x"],
        &["-template"],
        &["-once=maybe"],
        &["-once", "false"],
        &["-once", "--", "x"],
        &["---once"],
        &["-=x"],
        &["-max-stale", "5"],
        &["-wait", "4s:2s"],
        &["-wait=-1s"],
        &["-kill-signal=NOPE"],
        &["-template", " "],
        &["-consul-retry-attempts", "many"],
        &["-"],
        &["-v", "-bogus"],
    ];
    let line = |line: &&[&str]| match words(line) {
        Err(Stop::Mistake(message)) => {
            format!("{}\n  {}\n", line.join(" "), message.replace('\n', "\n  "))
        }
        other => panic!("{line:?}: {other:?}"),
    };
    expect![[r#"
        -bogus
          flag provided but not defined: -bogus
          hint: `-h` lists the flags
        -consul-adr x
          flag provided but not defined: -consul-adr
          hint: did you mean `-consul-addr`?
        -template
          flag needs an argument: -template
        -once=maybe
          invalid boolean value "maybe" for -once: parse error
        -once false
          cli: extra args: ["false"]
          hint: flags end at the first word that is none
        -once -- x
          cli: extra args: ["x"]
          hint: flags end at the first word that is none
        ---once
          bad flag syntax: ---once
        -=x
          bad flag syntax: -=x
        -max-stale 5
          invalid value "5" for flag -max-stale: time: missing unit in duration 5
        -wait 4s:2s
          invalid value "4s:2s" for flag -wait: wait: min must be less than max
        -wait=-1s
          invalid value "-1s" for flag -wait: wait: cannot be negative
        -kill-signal=NOPE
          invalid value "NOPE" for flag -kill-signal: not a signal
        -template  
          invalid value " " for flag -template: template: cannot be empty
        -consul-retry-attempts many
          invalid value "many" for flag -consul-retry-attempts: parse error
        -
          cli: extra args: ["-"]
          hint: flags end at the first word that is none
        -v -bogus
          flag provided but not defined: -bogus
          hint: `-h` lists the flags
    "#]]
    .assert_eq(&lines.iter().map(line).collect::<String>());
}

#[test]
fn help_and_version_are_asked_for() {
    for flag in ["-h", "-help", "--help"] {
        assert_eq!(words(&[flag]), Err(Stop::Help));
    }
    for flag in ["-v", "-version", "--version"] {
        assert_eq!(words(&["-once", flag]), Err(Stop::Version));
    }
    assert!(words(&["-v=false"]).is_ok());
    let usage = pilot_config::consul_template::usage();
    for flag in [
        "-config=<path>",
        "-template=<in:out[:command]>",
        "-once\n",
        "-consul-addr=<text>",
    ] {
        assert!(usage.contains(flag), "{usage}");
    }
}

#[test]
fn what_is_secret_is_not_shown() {
    let words = words(&[
        "-consul-token",
        "s3cret",
        "-consul-auth=me:s3cret",
        "-token=s3cret",
    ]);
    let shown = format!("{:?}", words.map(|_| ()));
    assert!(!shown.contains("s3cret"));
    let given = super::Given {
        line: &[
            "-consul-token",
            "s3cret",
            "-consul-auth=me:s3cret",
            "-template=a",
        ],
        ..super::Given::default()
    };
    super::check_all(
        &given,
        &expect![[r#"
        ends with 14
        error: template: missing destination
          --> command line:1:36
        1 | -consul-token *** -consul-auth=*** -template=a
          |                                    ^
        hint: say where to write it, or see it with -dry
    "#]],
    );
}
