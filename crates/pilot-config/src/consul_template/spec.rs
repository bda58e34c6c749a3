//! What the sections say, to what is run.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use pilot_core::{
    Event, EventKind, JobName, Signal, Source, Spec,
    spec::{
        AfterChanges, AskedStatus, Backoff, Condition, JobSpec, Notice, Role, Signals, Stay,
        StopSpec, TemplateSpec, When,
    },
};

use super::{
    Refused, consul,
    exec::Section,
    take,
    template::{self, Common, Written},
};
use crate::{
    Catalog, Config, Consul, Deduplicate, Level, LogOutput, Logging, World,
    decode::Fields,
    findings::Findings,
    value::{Kind, Value},
};

/// The name of the program that is looked after.
const EXEC: &str = "exec";
/// How old an answer may be when nothing says otherwise.
const MAX_STALE: Duration = Duration::from_secs(2);
/// Who renders once is often told of a change by somebody else, and must not read what was before it:
/// a server that does not lead may be a moment behind, and nobody would look again.
const LEADER_ONLY: Duration = Duration::ZERO;
/// The status of an end that was asked for.
const INTERRUPTED: u8 = 12;

const LEVELS: &[(&str, Level)] = &[
    ("trace", Level::Debug),
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("err", Level::Error),
    ("error", Level::Error),
];

/// Makes the configuration, with the status to end with if there are errors among the findings.
pub(super) fn config(
    whole: &Value,
    templates: &[Value],
    dry: bool,
    world: &World<'_>,
    findings: &Findings,
) -> (Config, u8) {
    let Some(mut fields) = Fields::open(whole, "", findings) else {
        return (Config::default(), Refused::CONFIG);
    };
    let once = take::truth(&mut fields, "once", false);
    let max_stale = take::length(&mut fields, "max_stale");
    let max_stale = max_stale.unwrap_or(if once { LEADER_ONLY } else { MAX_STALE });
    let section = fields.object("consul").map(consul::Section::read);
    let section = section.unwrap_or_default();
    let consul = Consul {
        once,
        ..section.consul(max_stale, world, findings)
    };
    let variables = section.variables(&consul);
    let exec = fields.object("exec").map(Section::read);
    let common = Common {
        wait: take::quiet(&mut fields, "wait"),
        delimiters: fields
            .object("default_delimiters")
            .map(delimiters)
            .unwrap_or_default(),
        once,
        dry,
        variables: &variables,
    };
    let written: Vec<Written> = templates
        .iter()
        .enumerate()
        .filter_map(|(at, value)| Written::read(value, at, &common, findings))
        .collect();
    let signals = signals(&mut fields);
    let logging = logging(&mut fields, world, findings);
    let deduplicate = fields.object("deduplicate").and_then(deduplicate);
    let pid_file = take::text(&mut fields, "pid_file").map(PathBuf::from);
    warn_of_what_is_missing(whole, &mut fields, findings);
    // They were taken out before, but the word is known.
    fields.value("template");
    fields.finish();
    let status = if findings.any_error() {
        Refused::CONFIG
    } else {
        Refused::RUN
    };
    let written = template::last_of_each_file(written, findings);
    let mut names = BTreeSet::new();
    let make = |written: Written| written.template(&mut names, findings);
    let mut spec = Spec {
        templates: written.into_iter().filter_map(make).collect(),
        signals,
        asked_status: AskedStatus::Fixed(INTERRUPTED),
        stay: if once {
            Stay::UntilRendered {
                patience: section.patience(),
            }
        } else {
            Stay::UntilAsked
        },
        ..Spec::default()
    };
    if let Some(exec) = exec {
        look_after(&exec, &variables, &mut spec);
    }
    let config = Config {
        spec,
        catalog: Catalog::Consul(Box::new(consul)),
        logging,
        deduplicate: deduplicate.filter(|_| !once),
        pid_file,
        addresses: variables,
        ..Config::default()
    };
    (config, status)
}

/// Adds the program that is looked after: it starts when every template stands, hears of changes,
/// and its end is ours.
fn look_after(exec: &Section, variables: &[(String, String)], spec: &mut Spec) {
    let Some(argv) = exec.argv.clone() else {
        return;
    };
    let stands = |template: &TemplateSpec| {
        let source = Source::Template(template.name.clone());
        Condition::Event(Event::new(EventKind::Healthy, source))
    };
    let start = match spec.templates.as_slice() {
        [] => Condition::startup(),
        templates => Condition::All(templates.iter().map(stands).collect()),
    };
    spec.jobs.push(JobSpec {
        exec: Some(exec.command(argv, variables)),
        when: When::Once(start),
        backoff: Backoff::None,
        timeout: exec.timeout.filter(|timeout| !timeout.is_zero()),
        stop: StopSpec {
            signal: exec.kill_signal,
            timeout: Some(exec.kill_timeout),
            drain: Duration::ZERO,
        },
        role: Role::Essential,
        ..JobSpec::new(EXEC)
    });
    spec.after_changes = Some(AfterChanges {
        job: JobName::new(EXEC),
        notice: match exec.reload_signal {
            Some(signal) => Notice::Signal(signal),
            None => Notice::Restart { splay: exec.splay },
        },
    });
}

fn signals(fields: &mut Fields<'_, '_>) -> Signals {
    let stop = take::signal(fields, "kill_signal", Some(Signal::INT));
    Signals {
        stop: stop.into_iter().collect(),
        reload: take::signal(fields, "reload_signal", Some(Signal::HUP)),
        maintenance: None,
    }
}

fn delimiters(mut fields: Fields<'_, '_>) -> (Option<String>, Option<String>) {
    let left = take::text(&mut fields, "left");
    let right = take::text(&mut fields, "right");
    fields.finish();
    (left, right)
}

fn logging(fields: &mut Fields<'_, '_>, world: &World<'_>, findings: &Findings) -> Logging {
    let names = ["CT_LOG", "CONSUL_TEMPLATE_LOG", "CONSUL_TEMPLATE_LOG_LEVEL"];
    let written = fields.filled("log_level");
    let span = written.as_ref().map(|text| text.span).unwrap_or_default();
    let word = written.map(|text| text.value);
    let word = word.or_else(|| {
        let found = names.iter().find_map(|name| world.filled(name));
        found.map(str::to_owned)
    });
    let level = word.map_or(Level::Warn, |word| {
        let lower = word.to_lowercase();
        let known = LEVELS.iter().find(|(word, _)| *word == lower);
        known.map(|(_, level)| *level).unwrap_or_else(|| {
            let reason = format!("cannot use `{word}` as log_level");
            findings.hinted(span, reason, "one of trace, debug, info, warn, err");
            Level::Warn
        })
    });
    let file = fields.object("log_file").and_then(|mut fields| {
        let path = take::text(&mut fields, "path");
        fields.ignore(&[
            "log_rotate_bytes",
            "log_rotate_duration",
            "log_rotate_max_files",
        ]);
        fields.finish();
        path
    });
    Logging {
        level,
        output: file.map_or(LogOutput::Stderr, log_file),
        ..Logging::default()
    }
}

/// A folder gets a file with the name of the program.
fn log_file(mut path: String) -> LogOutput {
    if path.ends_with('/') {
        path += "consul-template.log";
    }
    LogOutput::File(path.into())
}

fn deduplicate(mut fields: Fields<'_, '_>) -> Option<Deduplicate> {
    let prefix = take::text(&mut fields, "prefix");
    let ttl = take::length(&mut fields, "ttl");
    let max_stale = take::length(&mut fields, "max_stale");
    // Whoever says anything about it wants it.
    let given = prefix.is_some() || ttl.is_some() || max_stale.is_some();
    let enabled = take::truth(&mut fields, "enabled", given);
    fields.finish();
    let mut prefix = prefix.unwrap_or_else(|| "consul-template/dedup/".to_owned());
    if !prefix.ends_with('/') {
        prefix.push('/');
    }
    enabled.then(|| Deduplicate {
        prefix,
        ttl: ttl.unwrap_or(Duration::from_secs(15)),
        max_stale: max_stale.unwrap_or(Duration::from_secs(2)),
    })
}

/// Warns of sections that are understood, and have nothing behind them here.
fn warn_of_what_is_missing(whole: &Value, fields: &mut Fields<'_, '_>, findings: &Findings) {
    if let Some(mut syslog) = fields.object("syslog") {
        syslog.text("facility");
        syslog.text("name");
        let asked = syslog.truth("enabled").is_some_and(|enabled| enabled.value);
        syslog.finish();
        if asked {
            let span = take::key_span(whole, "syslog");
            findings.warn(span, "syslog is not supported, the log goes to stderr");
        }
    }
    for (name, product) in [("vault", "Vault"), ("nomad", "Nomad")] {
        if fields.value(name).is_some_and(asks) {
            let reason = format!("{product} is not supported, `{name}` has no effect");
            findings.warn(take::key_span(whole, name), reason);
        }
    }
    fields.ignore(&[
        "block_query_wait",
        "template_error_fatal",
        "err_on_failed_lookup",
        "parse_only",
    ]);
}

/// Whether a section asks for more than to do without.
fn asks(section: &Value) -> bool {
    let Kind::Object(members) = &section.kind else {
        return true;
    };
    let off = |name: &str| {
        section
            .member(name)
            .is_some_and(|one| one.value.kind == Kind::Bool(false))
    };
    let words = ["renew_token", "unwrap_token"];
    let is_nothing = |name: &str| words.contains(&name) && off(name);
    !off("enabled") && !members.iter().all(|member| is_nothing(&member.key.value))
}
