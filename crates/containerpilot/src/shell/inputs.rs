//! Facts from the system, put into the core's words.

use catalog::{Answer, CatalogEvent, FollowEvent, LinkEvent, Query, ServiceEvent, Severity};
use ctmpl::Source;
use logbook::Record;
use pilot_core::{
    Input, Instance, Level, Signal,
    spec::{WatchId, WatchSpec},
};

use super::{
    Shell,
    follows::{Answered, Ask},
};
use crate::signals;

impl Shell {
    pub(super) fn on_signal(&mut self, signal: Signal) {
        if signal == signals::CHLD {
            self.on_children();
        } else if signal == Signal::USR1 && self.log.reopens() {
            self.log.reopen();
        } else {
            self.inputs.push_back(Input::SignalArrived(signal));
        }
    }

    pub(super) fn on_catalog_event(&mut self, event: CatalogEvent) {
        let level = match event.severity() {
            Severity::Debug => Level::Debug,
            Severity::Info => Level::Info,
            Severity::Warning => Level::Warn,
        };
        self.say(level, &event.to_string());
        match event {
            CatalogEvent::Service { name, event } => match event {
                ServiceEvent::Withdrawn { .. } => {
                    self.inputs.push_back(Input::Withdrawn { job: name });
                }
                ServiceEvent::Registered
                | ServiceEvent::Failing { .. }
                | ServiceEvent::Forgotten
                | ServiceEvent::Back => {}
            },
            CatalogEvent::Answer { query, event } => self.on_follow_event(&query, event),
            CatalogEvent::Link(LinkEvent::Lost { .. }) => self.inputs.push_back(Input::CatalogLost),
            CatalogEvent::Link(LinkEvent::Back) => self.on_catalog_back(),
        }
    }

    fn on_follow_event(&mut self, query: &Query, event: FollowEvent) {
        if self.on_left(query, &event) {
            return;
        }
        match event {
            FollowEvent::Update(answer) => self.on_answer(query, answer),
            FollowEvent::Lost { .. } => {
                self.follows.note(query, Answered::No);
                self.inputs.push_back(Input::CatalogLost);
            }
            FollowEvent::Back => {
                self.follows.note(query, Answered::Yes);
                self.on_catalog_back();
            }
        }
    }

    /// The agent answers, or does so where it refused or said what means nothing. For those who wait
    /// it is back when it answers all they ask.
    fn on_catalog_back(&mut self) {
        if self.follows.all_are_answered() {
            self.inputs.push_back(Input::CatalogBack);
        }
    }

    fn on_answer(&mut self, query: &Query, answer: Answer) {
        let audience = self.follows.on_answer(query, answer);
        if !audience.watches.is_empty()
            && let Some(instances) = self.follows.instances(query)
        {
            let told = told(instances);
            for watch in audience.watches {
                let registry = &mut self.meter.registry;
                registry.watch_instances(watch.name.as_str(), told.len());
                self.inputs.push_back(Input::WatchAnswered {
                    watch,
                    instances: told.clone(),
                });
            }
        }
        if !audience.templates.is_empty() {
            let source = Source::Catalog(query.clone());
            self.tell_templates(&source, audience.templates);
        }
    }

    pub(super) fn follow(&mut self, watch: WatchSpec) {
        let id = watch.id();
        let (ask, known) = self.follows.add_watch(watch);
        let known = known.map(told);
        if let Some(ask) = ask {
            self.ask(ask);
        }
        if let Some(instances) = known {
            self.inputs.push_back(Input::WatchAnswered {
                watch: id,
                instances,
            });
        }
    }

    pub(super) fn unfollow(&mut self, id: &WatchId) {
        self.meter.registry.forget_watch(id.name.as_str());
        for ask in self.follows.drop_watch(id) {
            self.ask(ask);
        }
    }

    pub(super) fn ask(&mut self, ask: Ask) {
        match ask {
            Ask::Follow(query, interval) => self.link.follow(query, interval),
            Ask::Unfollow(query) => self.link.unfollow(&query),
        }
    }

    /// Writes a line of the helper's own to the log.
    pub(super) fn say(&self, level: Level, message: &str) {
        self.log.record(Record::own(log_level(level), message));
    }
}

pub(crate) fn log_level(level: Level) -> logbook::Level {
    match level {
        Level::Debug => logbook::Level::Debug,
        Level::Info => logbook::Level::Info,
        Level::Warn => logbook::Level::Warn,
        Level::Error => logbook::Level::Error,
    }
}

/// What the core hears of the instances: sorted by identity.
fn told(instances: &[catalog::Instance]) -> Vec<Instance> {
    let mut told: Vec<_> = instances.iter().map(instance).collect();
    told.sort_by(|one, other| one.id.cmp(&other.id));
    told
}

fn instance(instance: &catalog::Instance) -> Instance {
    let meta = instance.meta.iter();
    Instance {
        id: instance.id.to_string(),
        address: instance.address().to_owned(),
        port: instance.port,
        tags: instance.tags.iter().map(ToString::to_string).collect(),
        meta: meta.map(|(k, v)| (k.to_string(), v.to_string())).collect(),
    }
}
