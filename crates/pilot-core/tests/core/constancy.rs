//! What stays the same: after many reloads, for the same seed, within the bounds of chance.

use std::{collections::BTreeSet, time::Duration};

use pilot_core::{
    Effect, ExitStatus, Input, JobName, Rest, RunId, Supervisor, Time,
    spec::{Backoff, Restarts},
    status::Status,
};

use crate::{
    read::{Answers, Config, scenario},
    scenario::trace,
    world::World,
};

const ONE: &str = "
    job app: exec runs; service; health 1s: passes
    job side: exec runs
    job pre: exec passes; when once stopping(side)
    watch db
    template conf: data v1; change HUP side
";
const OTHER: &str = "
    job app: exec runs; service; health 1s: passes
    job side: version v2
    job extra: exec runs
    template other: data v1
";

/// How things stand, without what counts runs.
fn standing(world: &World) -> Status {
    let mut status = world.supervisor.status(world.now);
    for job in &mut status.jobs {
        job.next = None;
        job.uptime = None;
        job.last_check = None;
        job.health_for = Duration::ZERO;
        job.pid = job.pid.filter(|_| job.name == JobName::new("app"));
    }
    status
}

#[test]
fn a_thousand_reloads_leave_everything_as_it_was() {
    let (one, other) = (scenario(ONE).config, scenario(OTHER).config);
    let mut world = World::new(one.clone(), Answers::After(Duration::ZERO));
    world.tell(Input::Started);
    let second = |n: u64| Duration::from_millis(1000 * n + 500);
    world.drive(Some(second(0)), 1000);
    let pid = standing(&world).jobs[0].pid;
    assert!(pid.is_some(), "the application runs");
    let mut first: Option<Status> = None;
    for n in 0..500 {
        let configs: [&Config; 2] = [&other, &one];
        for (turn, config) in (0..).zip(configs) {
            world.reload_at(second(2 * n + turn), Box::new(config.clone()));
        }
        world.drive(Some(second(2 * n + 2) - Duration::from_millis(1)), 1000);
        let now = standing(&world);
        assert_eq!(now.jobs[0].pid, pid, "reload {n}");
        let first = first.get_or_insert_with(|| now.clone());
        assert_eq!(*first, now, "reload {n}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let text = "
        job app: exec exits 1 after 1s; restarts 9; health 1s: fails
        template conf: data broken
        until 1m
    ";
    assert_eq!(trace(text), trace(text));
}

/// Every pause of a job that fails at once, with this seed.
fn pauses(seed: u64) -> Vec<Duration> {
    let mut spec = scenario("job app: exec fails; restarts unlimited")
        .config
        .spec;
    spec.jobs[0].restarts = Restarts::Left(9);
    let mut supervisor = Supervisor::new(spec, seed);
    let mut now = Time::ZERO;
    let mut effects = supervisor.handle(now, Input::Started);
    let mut pauses = Vec::new();
    while let Some(run) = spawned(&effects) {
        let ended = now;
        effects = supervisor.handle(
            now,
            Input::RunExited {
                run,
                status: ExitStatus::Exited(1),
                output: String::new(),
                rest: Rest::Gone,
            },
        );
        if let Some(next) = supervisor.next_deadline() {
            now = next;
            effects = supervisor.handle(now, Input::Woken);
        }
        pauses.push(now - ended);
    }
    pauses
}

fn spawned(effects: &[Effect]) -> Option<RunId> {
    effects.iter().find_map(|effect| match effect {
        Effect::Spawn { run, .. } => Some(*run),
        Effect::Signal { .. }
        | Effect::StopTree { .. }
        | Effect::KillTree { .. }
        | Effect::Publish { .. }
        | Effect::Maintain { .. }
        | Effect::Withdraw { .. }
        | Effect::Follow { .. }
        | Effect::Unfollow { .. }
        | Effect::LoadTemplate { .. }
        | Effect::DropTemplate { .. }
        | Effect::Render { .. }
        | Effect::Install { .. }
        | Effect::Discard { .. }
        | Effect::Reload
        | Effect::Announce(_)
        | Effect::Log { .. }
        | Effect::Exit { .. } => None,
    })
}

#[test]
fn pauses_spread_by_a_fifth_and_never_beyond_the_longest() {
    let Backoff::Exponential { initial, max, .. } = Backoff::DEFAULT else {
        panic!("the default is exponential");
    };
    let mut third = BTreeSet::new();
    for seed in 0..400 {
        let pauses = pauses(seed);
        assert_eq!(pauses.len(), 10, "nine restarts, and the end");
        assert_eq!(pauses[0], Duration::ZERO, "the first at once");
        for (n, pause) in (0..).zip(&pauses[1..9]) {
            let nominal = (initial * 2_u32.pow(n)).min(max);
            assert!(*pause >= nominal * 4 / 5, "{pause:?} for {nominal:?}");
            assert!(
                *pause <= (nominal * 6 / 5).min(max),
                "{pause:?} for {nominal:?}"
            );
        }
        third.insert(pauses[2]);
    }
    assert!(third.len() > 100, "only {} different pauses", third.len());
}
