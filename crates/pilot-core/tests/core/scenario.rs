//! One readable scenario for each behaviour.

mod address;
mod after;
mod budget;
mod health;
mod life;
mod maintenance;
mod once;
mod person;
mod reload;
mod renew;
mod shared;
mod signal;
mod stop;
mod template;
mod veto;
mod watch;

use pilot_core::Input;

use crate::{
    read::{Deed, scenario},
    world::World,
};

/// More steps than any scenario takes.
const LIMIT: u32 = 20_000;

/// Plays a scenario, and gives the finished world.
pub(crate) fn play(text: &str) -> World {
    let scenario = scenario(text);
    let mut world = World::new(scenario.config, scenario.answers);
    world.trace.errors = scenario.errors;
    let begins = |(_, deed): &(_, Deed)| matches!(deed, Deed::Input(Input::Started));
    if !scenario.deeds.iter().any(begins) {
        world.tell(Input::Started);
    }
    for (at, deed) in scenario.deeds {
        match deed {
            Deed::Input(input) => world.input_at(at, input),
            Deed::Reload(config) => world.reload_at(at, config),
            Deed::Data { template, text } => world.data_at(at, &template, &text),
            Deed::Show => world.show_at(at),
        }
    }
    world.drive(scenario.until, LIMIT);
    world
}

/// Plays a scenario, and gives what happened.
pub(crate) fn trace(text: &str) -> String {
    play(text).trace.text().to_owned()
}
