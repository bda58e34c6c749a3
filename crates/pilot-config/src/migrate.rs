//! A configuration of ContainerPilot 1 or 2, written anew in the form of 3.
//!
//! The text is carried over, not what it means here and now: template actions inside of values
//! stay what they are, so the new file is as general as the old one.

mod action;
mod carry;
mod page;

use crate::{
    Problem, Problems, Severity, Source, World, json5, raw::v2::RawV2, render, sources,
    syntax::Syntax, value::Value,
};
use action::Marked;

/// A configuration in its new form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The new file, with a comment wherever it behaves otherwise.
    pub text: String,
    /// What whoever takes it over must know, one sentence or two each.
    pub report: Vec<String>,
    /// Why the new file does not load; nothing where it does, or where the old one does not load
    /// here either for the same reasons.
    pub faults: Vec<String>,
}

/// Writes the file anew. Nothing of it is checked here but that it can be read: what is wrong with
/// the old file in this very place is part of the report, what is wrong with the new one is told.
pub(crate) fn migrate(sources: &[Source<'_>], world: &World<'_>) -> Result<Migration, Problems> {
    let [source] = *sources else {
        return Err(several());
    };
    let mut report = Vec::new();
    let (document, mut marked) = match marked(source) {
        Some((document, marked)) => (document, marked),
        None => {
            report.extend(put_back_by_hand(source));
            let mut document = rendered(source, world)?;
            let mut marked = Marked::plain();
            marked.literal_value(&mut document);
            (document, marked)
        }
    };
    if !RawV2::is_meant(&document, !world.program.is_empty()) {
        return Err(not_old(source.name));
    }
    let lacks = errors(sources, world);
    report.extend(
        lacks
            .iter()
            .map(|problem| format!("The old file does not load here: {}", one_line(problem))),
    );
    let program = program(world, &mut marked, &mut report);
    let carried = carry::carry(&document, &program, &mut report);
    let report: Vec<String> = report.iter().map(|line| marked.put_back(line)).collect();
    let text = page::print(&headline(source.name, &report), &carried);
    let text = marked.put_back(&text);
    Ok(Migration {
        report,
        faults: faults(&text, world, &lacks),
        text,
    })
}

/// Takes the actions out of a text; none where they cannot be carried over.
fn marked(source: Source<'_>) -> Option<(Value, Marked)> {
    // Where a text without quotes ends is not known before it is parsed.
    if Syntax::of(source.name) == Syntax::Yaml {
        return None;
    }
    let marked = Marked::read(source.text)?;
    let document = json5::parse(marked.text()).ok()?;
    marked.is_sound(&document).then_some((document, marked))
}

/// Says that actions are not carried over, if there are any.
fn put_back_by_hand(source: Source<'_>) -> Option<String> {
    let why = match Syntax::of(source.name) {
        Syntax::Json5 => "Template actions stand around keys or entries, not only inside of values",
        Syntax::Yaml => "Template actions are not carried over from YAML",
    };
    let rest = "so this is what the template gives in this environment: put them back by hand";
    let has_actions = source.text.contains("{{");
    has_actions.then(|| format!("{why}, {rest}."))
}

fn rendered(source: Source<'_>, world: &World<'_>) -> Result<Value, Problems> {
    let rendered = sources::render_all(&[source], world);
    let (_, documents) = sources::read_all(&[source], &rendered)?;
    documents
        .into_iter()
        .next()
        .ok_or_else(|| not_old(source.name))
}

/// Makes the words of the command line texts of the file.
fn program(world: &World<'_>, marked: &mut Marked, report: &mut Vec<String>) -> Vec<String> {
    let renders = |word: &String| render::render(word, "program", world).is_ok();
    let words = world.program.iter();
    if !world.program.iter().all(renders) {
        return words.map(|word| marked.literal(word)).collect();
    }
    let late = |word: &&String| {
        let word = word.split_once("{{").map_or("", |(_, action)| action);
        word.contains(".CONTAINERPILOT_") && word.contains("_IP")
    };
    report.extend(words.clone().filter(late).map(|word| {
        format!(
            "An argument of the program takes its address from a template ({}), which is not known \
             yet when a file of ContainerPilot 3 is rendered: take it from the environment, with \
             `sh -c`.",
            word.replace("{{", "").replace("}}", "").trim()
        )
    }));
    words.map(|word| marked.word(word)).collect()
}

fn not_old(name: &str) -> Problems {
    let problem = Problem {
        severity: Severity::Error,
        place: None,
        reason: format!("cannot migrate `{name}`: not a configuration of ContainerPilot 1 or 2"),
        hint: Some(
            "one that names only a catalog needs the program beside it: `containerpilot migrate \
             FILE -- PROGRAM ARGUMENTS`"
                .to_owned(),
        ),
    };
    Problems {
        list: vec![problem],
    }
}

fn several() -> Problems {
    let problem = Problem {
        severity: Severity::Error,
        place: None,
        reason: "cannot migrate several files at once".to_owned(),
        hint: Some("ContainerPilot 1 and 2 knew one file; name it".to_owned()),
    };
    Problems {
        list: vec![problem],
    }
}

fn headline(name: &str, report: &[String]) -> Vec<String> {
    let mut lines = vec![format!(
        "Written by `containerpilot migrate` from {name}, a configuration of ContainerPilot 1 or 2."
    )];
    lines.extend(report.iter().map(|line| format!("- {line}")));
    lines
}

/// Finds what is wrong with the new file. What the old one lacks here too, such as a network
/// interface, is no fault of it.
fn faults(text: &str, world: &World<'_>, lacks: &[Problem]) -> Vec<String> {
    let name = "migrated.json5";
    let world = World {
        program: &[],
        ..*world
    };
    let mut errors = errors(&[Source { name, text }], &world);
    errors.retain(|error| lacks.iter().all(|lack| lack.reason != error.reason));
    errors.iter().map(one_line).collect()
}

/// Why a file does not load.
fn errors(sources: &[Source<'_>], world: &World<'_>) -> Vec<Problem> {
    let problems = crate::load(sources, world).err();
    let mut list = problems.map_or_else(Vec::new, |problems| problems.list);
    list.retain(|one| one.severity == Severity::Error);
    list
}

fn one_line(problem: &Problem) -> String {
    let reason = problem.reason.lines().next().unwrap_or_default();
    let place = problem.place.as_ref();
    let place = place.map(|place| format!(" (line {})", place.line));
    format!("{reason}{}.", place.unwrap_or_default())
}
