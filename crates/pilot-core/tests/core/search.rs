//! Random configurations, programs and facts, under the [`law`](crate::law).

mod random;

use std::{collections::BTreeSet, time::Duration};

use pilot_core::{
    Input, Signal, Spec,
    spec::{JobSpec, When},
};
use proptest::{
    prop_assert,
    strategy::{Strategy, ValueTree},
    test_runner::{
        Config as ProptestConfig, FileFailurePersistence, RngAlgorithm, TestRng, TestRunner,
    },
};

use crate::world::World;
use random::{Case, Fact};

/// When every case is asked to stop, if it still runs.
const CURFEW: Duration = Duration::from_secs(15);

/// How many random worlds are enough for every day; `SEARCH_CASES` asks for others, and more.
const CASES: u32 = 900;

#[test]
fn no_world_breaks_the_law() {
    let asked = std::env::var("SEARCH_CASES").ok();
    let cases = asked.as_deref().map(|n| n.parse().expect("a number"));
    let config = ProptestConfig {
        cases: cases.unwrap_or(CASES),
        max_shrink_iters: 20_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(SEEDS))),
        ..ProptestConfig::default()
    };
    let mut runner = match cases {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, same_every_time()),
    };
    let result = runner.run(&random::case(), |case| {
        play(&case);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

/// The seeds of worlds that once broke it; they are played first.
const SEEDS: &str = "tests/core/search/seeds.txt";

fn same_every_time() -> TestRng {
    TestRng::deterministic_rng(RngAlgorithm::ChaCha)
}

/// Every change of state that some worlds show, the same ones at each call.
pub(crate) fn seen(cases: u32) -> BTreeSet<(&'static str, &'static str)> {
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), same_every_time());
    let mut seen = BTreeSet::new();
    for _ in 0..cases {
        let case = random::case().new_tree(&mut runner).expect("a case");
        seen.append(&mut play(&case.current()).law.seen);
    }
    seen
}

fn play(case: &Case) -> World {
    let mut world = World::new(case.config(), case.answers);
    if case.started {
        world.tell(Input::Started);
    }
    for (at, fact) in &case.facts {
        place(&mut world, *at, fact, case);
    }
    if !case.started {
        world.input_at(Duration::from_millis(10), Input::Started);
    }
    world.input_at(CURFEW, Input::SignalArrived(Signal::TERM));
    let until = CURFEW + longest_stop(&case.reloads);
    world.drive(Some(until), 200_000);
    // Who forwards TERM lives as long as the application likes.
    let forwards = |spec: &Spec| spec.signals.stop.is_empty();
    assert!(
        world.exit.is_some() || case.reloads.iter().any(forwards),
        "no end within {until:?}\n{}\n{:?}",
        world.trace.text(),
        world.supervisor.status(world.now)
    );
    world
}

/// What nobody can reckon is left out: who cannot be killed, what ended runs leave behind, and
/// what people, reloads and changed files stop and start just then.
#[test]
fn no_stop_takes_longer_than_its_budget() {
    let asked = std::env::var("SEARCH_CASES").ok();
    let cases = asked
        .as_deref()
        .map_or(CASES, |n| n.parse().expect("a number"));
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = match asked {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, same_every_time()),
    };
    let result = runner.run(&random::stopping_case(), |case| {
        let mut world = World::new(case.config(), case.answers);
        world.tell(Input::Started);
        for (at, fact) in &case.facts {
            place(&mut world, *at, fact, &case);
        }
        world.drive(Some(CURFEW), 200_000);
        if world.exit.is_some() || world.supervisor.status(world.now).stopping {
            return Ok(());
        }
        let steps = world.spec.longest_stop();
        let budget = steps.iter().map(|step| step.span).sum();
        world.tell(Input::SignalArrived(Signal::TERM));
        world.drive(Some(CURFEW + budget), 200_000);
        prop_assert!(
            world.exit.is_some(),
            "no end within {budget:?}: {steps:#?}\n{}",
            world.trace.text()
        );
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

fn place(world: &mut World, at: Duration, fact: &Fact, case: &Case) {
    match fact {
        Fact::Input(input) => world.input_at(at, input.clone()),
        Fact::Data(template, text) => world.data_at(at, template, text),
        Fact::Stale(run) => world.stale_at(at, *run),
        Fact::SameAgain => world.same_again_at(at),
        Fact::Reload(n) => {
            let n = *n % case.reloads.len();
            let config = crate::read::Config {
                spec: case.reloads[n].clone(),
                ..crate::read::Config::default()
            };
            world.reload_at(at, Box::new(config));
        }
    }
}

/// What the budgets of the configurations allow in the worst case: every stop after another one.
fn longest_stop(specs: &[Spec]) -> Duration {
    let longest = |spec: &Spec| {
        let budget = |job: &JobSpec| budget(job, spec);
        spec.jobs.iter().map(budget).sum::<Duration>()
    };
    let all = specs.iter().map(longest).max();
    all.unwrap_or_default() + Duration::from_secs(1)
}

/// Withdrawing, draining, waiting for its hooks, its own turn, TERM to KILL, and vanishing.
fn budget(job: &JobSpec, spec: &Spec) -> Duration {
    let hooks = spec.jobs.iter().filter_map(|hook| hook.timeout).max();
    let stop = job.stop.timeout.unwrap_or(spec.stop_timeout);
    let stop = match spec.stop_timeout {
        Duration::ZERO => stop.max(Spec::STOP_TIMEOUT),
        common => stop.max(common),
    };
    let turn = match job.when {
        When::Once(_) | When::Each(_) => 2 * job.timeout.unwrap_or(stop).max(stop),
        When::Every(_) | When::OnSignal(_) => Duration::ZERO,
    };
    let waits = stop.max(hooks.unwrap_or_default());
    let fixed = Duration::from_millis(250 + 2 * 2000);
    fixed + job.stop.drain + waits + turn + 2 * stop
}
