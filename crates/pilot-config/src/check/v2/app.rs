//! The application, and its three hooks.

use pilot_core::{
    Event, EventKind, JobName, Source,
    spec::{
        Backoff, Command, Condition, InMaintenance, JobSpec, Leaves, OnReload, Output, Role, Turn,
        When,
    },
};

use super::{
    Around,
    name::{APP, POST_STOP, PRE_START, PRE_STOP},
};
use crate::{World, check::Ground, raw::v2::RawV2, render, value::Member};

/// What must succeed before anything else starts: `preStart`, or `onStart` as it was called in 1.x.
pub(super) fn before(raw: &RawV2<'_>, ground: Ground<'_>) -> Option<JobSpec> {
    if let Some(old) = raw.on_start {
        let reason = "The onStart option has been deprecated in favor of preStart. ContainerPilot \
                      will use ";
        let which = if raw.pre_start.is_some() {
            "only the preStart option provided"
        } else {
            "the onStart option as a preStart"
        };
        ground
            .findings
            .warn(old.key.span, format!("{reason}{which}"));
    }
    let written = raw.pre_start.or(raw.on_start)?;
    Some(JobSpec {
        exec: Some(Command {
            leaves_rest: true,
            ..hook(written, ground)?
        }),
        role: Role::Veto,
        reload: OnReload::Fixed,
        ..JobSpec::new(PRE_START)
    })
}

/// The application with what runs on its stop; nothing where there is no program.
pub(super) fn check(
    raw: &RawV2<'_>,
    addresses: &[(String, String)],
    around: &Around<'_>,
) -> Vec<JobSpec> {
    let ground = around.ground;
    let before = |written| hook(written, ground).map(pre_stop);
    let after = |written| hook(written, ground).map(post_stop);
    let hooks = [raw.pre_stop.and_then(before), raw.post_stop.and_then(after)];
    if ground.world.program.is_empty() {
        say_what_is_missing(raw, ground);
        return Vec::new();
    }
    let app = JobSpec {
        exec: Some(Command {
            terminal: true,
            ..raw_output(program(addresses, ground))
        }),
        when: around.start(),
        role: Role::Essential,
        leaves: Leaves::AfterServices,
        reload: OnReload::Fixed,
        backoff: Backoff::None,
        ..JobSpec::new(APP)
    };
    std::iter::once(app)
        .chain(hooks.into_iter().flatten())
        .collect()
}

/// Runs while the application still does, before it gets its TERM; whether it succeeds does not
/// matter.
fn pre_stop(command: Command) -> JobSpec {
    JobSpec {
        when: on(EventKind::Stopping),
        turn: Turn::WhileRunning,
        role: Role::Companion,
        ..unlimited(PRE_STOP, command)
    }
}

/// Runs when the application has ended; its failure is the container's.
fn post_stop(command: Command) -> JobSpec {
    JobSpec {
        when: on(EventKind::Stopped),
        turn: Turn::AfterARun,
        role: Role::Veto,
        ..unlimited(POST_STOP, command)
    }
}

fn unlimited(name: &str, command: Command) -> JobSpec {
    JobSpec {
        exec: Some(command),
        timeout: Some(JobSpec::UNLIMITED),
        maintenance: InMaintenance::Runs,
        ..JobSpec::new(name)
    }
}

fn on(kind: EventKind) -> When {
    let app = Source::Job(JobName::new(APP));
    When::Once(Condition::Event(Event::new(kind, app)))
}

fn hook(written: &Member, ground: Ground<'_>) -> Option<Command> {
    let refusal = format!("Could not parse `{}`", written.key.value);
    ground.command(&written.value, &refusal).map(raw_output)
}

/// The application and its hooks write to the container's own output.
fn raw_output(argv: Vec<String>) -> Command {
    Command {
        output: Output::Raw,
        ..Command::new(argv)
    }
}

/// Renders the program word by word; if one word fails, all stay as they are.
fn program(addresses: &[(String, String)], ground: Ground<'_>) -> Vec<String> {
    let words = ground.world.program;
    // Of several variables of one name the first counts, and these are the newest.
    let environment: Vec<(String, String)> = [addresses, ground.world.environment].concat();
    let world = World {
        environment: &environment,
        ..*ground.world
    };
    let render = |word: &String| render::render(word, "program", &world);
    let rendered: Result<Vec<String>, _> = words.iter().map(render).collect();
    rendered.unwrap_or_else(|problems| {
        let reason = problems.list.into_iter().map(|problem| problem.reason);
        let reason = format!(
            "the program and its arguments are used as they are, since one cannot be rendered: {}",
            reason.collect::<String>()
        );
        let hint = "the words after the flags are templates too, in the language of the file";
        ground.findings.warn_of_the_whole(reason, hint);
        words.to_vec()
    })
}

fn say_what_is_missing(raw: &RawV2<'_>, ground: Ground<'_>) {
    let reason = "Unable to parse command arguments: received zero-length argument";
    let hint = "there is no application; name it after the flags: `containerpilot -config FILE \
                PROGRAM ARGUMENTS`";
    ground.findings.warn_of_the_whole(reason.to_owned(), hint);
    for hook in [raw.pre_stop, raw.post_stop].into_iter().flatten() {
        let name = &hook.key.value;
        let reason = format!("`{name}` never runs: there is no application that could stop");
        ground.findings.warn(hook.key.span, reason);
    }
}
