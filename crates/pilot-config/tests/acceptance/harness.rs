//! A world to load configurations in, and short forms of what comes out.

use expect_test::Expect;
use pilot_config::{Config, Interface, Problem, Problems, Source, Standing, World};
use pilot_core::spec::JobSpec;

/// The address table of the acceptance list.
const TABLE: [(&str, &str); 8] = [
    ("eth0", "10.2.0.1"),
    ("eth0", "192.168.1.100"),
    ("eth1", "10.0.0.100"),
    ("eth1", "10.0.0.200"),
    ("eth2", "10.1.0.200"),
    ("eth2", "fdc6:238c:c4bc::1"),
    ("lo", "127.0.0.1"),
    ("lo", "::1"),
];

pub(crate) fn interfaces() -> Vec<Interface> {
    let interface = |(name, address): (&str, &str)| Interface {
        name: name.to_owned(),
        address: address.parse().expect("the table holds addresses"),
        standing: Standing::Settled,
    };
    TABLE.map(interface).to_vec()
}

pub(crate) fn environment(entries: &[(&str, &str)]) -> Vec<(String, String)> {
    entries
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

pub(crate) fn load_in(text: &str, entries: &[(&str, &str)]) -> Result<Config, Problems> {
    load_around(&[], text, entries)
}

/// Loads a configuration that may wrap a program.
pub(crate) fn load_around(
    program: &[&str],
    text: &str,
    entries: &[(&str, &str)],
) -> Result<Config, Problems> {
    let program: Vec<String> = program.iter().map(|word| (*word).to_owned()).collect();
    let source = Source {
        name: "app.json5",
        text,
    };
    let loaded = load_sources(&[source], &program, entries);
    compare_with_yaml(&loaded, text, &program, entries);
    loaded
}

/// A text that is both JSON5 and YAML must say the same as either, in the same places.
fn compare_with_yaml(
    as_json5: &Result<Config, Problems>,
    text: &str,
    program: &[String],
    entries: &[(&str, &str)],
) {
    let unparsed = |problems: &Problems| problems.list[0].reason.starts_with("parse error");
    if as_json5.as_ref().is_err_and(unparsed) || !is_yaml_too(text) {
        return;
    }
    let name = "app.yaml";
    let as_yaml = load_sources(&[Source { name, text }], program, entries);
    let renamed = |mut problem: Problem| {
        if let Some(place) = &mut problem.place {
            place.name = "app.json5".to_owned();
        }
        problem.reason = problem.reason.replace(name, "app.json5");
        problem
    };
    match as_yaml {
        Ok(mut config) => {
            config.warnings = config.warnings.into_iter().map(renamed).collect();
            assert_eq!(as_json5.as_ref(), Ok(&config), "{text}");
        }
        Err(problems) if unparsed(&problems) => {}
        Err(problems) => {
            let list = problems.list.into_iter().map(renamed).collect();
            assert_eq!(as_json5.as_ref(), Err(&Problems { list }), "{text}");
        }
    }
}

/// Whether YAML means the same by a text of JSON5, if it can read it: it has other comments
/// and less white space, and takes `a:"b"` for one word.
fn is_yaml_too(text: &str) -> bool {
    let has_comments = text.contains("//") || text.contains("/*");
    let glued = |three: &[u8]| {
        (three[0].is_ascii_alphanumeric() || three[0] == b'_')
            && three[1] == b':'
            && b"\"'{[".contains(&three[2])
    };
    let blank = |c: char| !matches!(c, ' ' | '\n') && (c.is_whitespace() || c == '\u{feff}');
    !has_comments && !text.contains(blank) && !text.as_bytes().windows(3).any(glued)
}

pub(crate) fn load_sources(
    sources: &[Source<'_>],
    program: &[String],
    entries: &[(&str, &str)],
) -> Result<Config, Problems> {
    let (environment, interfaces) = (environment(entries), interfaces());
    let world = World {
        environment: &environment,
        interfaces: &interfaces,
        hostname: "host",
        program,
        version: "1.2.3",
    };
    pilot_config::load(sources, &world)
}

pub(crate) fn load(text: &str) -> Result<Config, Problems> {
    load_in(text, &[])
}

/// Loads what must load, warnings or not.
#[track_caller]
pub(crate) fn loaded(text: &str) -> Config {
    match load(text) {
        Ok(config) => config,
        Err(problems) => panic!("{problems}"),
    }
}

/// Loads one job, without a catalog unless it has a port.
#[track_caller]
pub(crate) fn job(body: &str) -> JobSpec {
    loaded(&around(body)).spec.jobs.remove(0)
}

pub(crate) fn around(body: &str) -> String {
    format!("{{ consul: \"consul:8500\", jobs: [ {{ {body} }} ] }}")
}

/// Compares everything that is said about a text, with places.
#[track_caller]
pub(crate) fn check(text: &str, expect: &Expect) {
    let said = match load(text) {
        Ok(config) => shown(&config.warnings),
        Err(problems) => problems.to_string(),
    };
    expect.assert_eq(&said);
}

pub(crate) fn shown(problems: &[Problem]) -> String {
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    shown.join("\n\n")
}

/// Compares the bare reasons and hints that several texts give.
#[track_caller]
pub(crate) fn check_reasons<'t>(texts: impl IntoIterator<Item = &'t str>, expect: &Expect) {
    let said: String = texts.into_iter().map(|text| reasons(text, text)).collect();
    expect.assert_eq(&said);
}

/// Compares the reasons and hints of several jobs, each alone in a configuration with Consul.
#[track_caller]
pub(crate) fn check_jobs(bodies: &[&str], expect: &Expect) {
    let said: String = bodies
        .iter()
        .map(|body| reasons(body, &around(body)))
        .collect();
    expect.assert_eq(&said);
}

/// Gives the reasons and hints for a text under a title.
pub(crate) fn reasons(title: &str, text: &str) -> String {
    reasons_of(title, load(text))
}

pub(crate) fn reasons_of(title: &str, loaded: Result<Config, Problems>) -> String {
    let list = match loaded {
        Ok(config) => config.warnings,
        Err(problems) => problems.list,
    };
    let verdict = if list.is_empty() { "  accepted\n" } else { "" };
    let problems: String = list.iter().map(reason).collect();
    format!("{title}\n{verdict}{problems}")
}

fn reason(problem: &Problem) -> String {
    let reason = problem.reason.replace('\n', "\n    ");
    let hint = problem
        .hint
        .as_ref()
        .map(|hint| format!("  hint: {hint}\n"));
    format!(
        "  {}: {reason}\n{}",
        problem.severity,
        hint.unwrap_or_default()
    )
}
