//! Facts from the system, put into the core's words.

use catalog::{Answer, CatalogEvent, FollowEvent, LinkEvent, Query, ServiceEvent, Severity};
use ctmpl::Source;
use logbook::Record;
use pilot_core::{
    Input, Level, Sight, Signal,
    spec::{WatchId, WatchSpec},
};

use super::{
    Shell,
    follows::{Ask, Looked, watched},
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
        let (severity, line) = self.journal.line(std::time::Instant::now(), &event);
        let level = match severity {
            Severity::Debug => Level::Debug,
            Severity::Info => Level::Info,
            Severity::Warning => Level::Warn,
        };
        self.say(level, &line);
        match event {
            CatalogEvent::Service { name, event } => match event {
                ServiceEvent::Withdrawn { .. } => {
                    self.inputs.push_back(Input::Withdrawn { job: name });
                }
                ServiceEvent::Registered
                | ServiceEvent::Failing { .. }
                | ServiceEvent::Forgotten
                | ServiceEvent::Repaired { .. }
                | ServiceEvent::Overtaken { .. }
                | ServiceEvent::Back => {}
            },
            CatalogEvent::Answer { query, event } => self.on_follow_event(&query, event),
            CatalogEvent::Link(LinkEvent::Lost { .. }) => self.inputs.push_back(Input::CatalogLost),
            CatalogEvent::Link(LinkEvent::Back) => self.on_catalog_back(),
            CatalogEvent::Link(LinkEvent::Unrenewed { .. }) => {}
        }
    }

    fn on_follow_event(&mut self, query: &Query, event: FollowEvent) {
        if self.on_left(query, &event) {
            return;
        }
        match event {
            FollowEvent::Update(answer) => {
                self.on_answer(query, answer);
                // Another catalog, which has not failed yet, does not say that it answers again.
                if self.follows.is_in_trouble(query) {
                    self.on_answered_again(query);
                }
            }
            FollowEvent::Lost { reason } => {
                // Where nobody answers at all the link says so, to the log as well.
                let is_its_own = reason.was_answered();
                let reason = reason.to_string();
                for watch in self.follows.note(query, Some(reason.clone())) {
                    let reason = reason.clone();
                    self.inputs.push_back(Input::WatchLost { watch, reason });
                }
                if is_its_own {
                    self.inputs.push_back(Input::CatalogLost);
                }
            }
            FollowEvent::Back => self.on_answered_again(query),
        }
    }

    fn on_answered_again(&mut self, query: &Query) {
        for watch in self.follows.note(query, None) {
            self.inputs.push_back(Input::WatchBack { watch });
        }
        self.on_catalog_back();
    }

    /// A reload took the catalog away: what it said stands, but nobody vouches for it.
    pub(super) fn on_catalog_gone(&mut self) {
        for watch in self.follows.note_all("there is no catalog") {
            let reason = "there is no catalog".to_owned();
            self.inputs.push_back(Input::WatchLost { watch, reason });
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
        self.tell_watches(query, audience.watches);
        if !audience.templates.is_empty() {
            let source = Source::Catalog(query.clone());
            self.tell_templates(&source, audience.templates);
        }
    }

    /// What watches look at is known anew.
    fn tell_watches(&mut self, query: &Query, watches: Vec<WatchId>) {
        let answer = self.follows.answer(query).filter(|_| !watches.is_empty());
        let Some(sight) = answer.and_then(|answer| self.ink.sight(answer)) else {
            return;
        };
        for watch in watches {
            if let Sight::Instances(instances) = &sight {
                let registry = &mut self.meter.registry;
                registry.watch_instances(watch.name.as_str(), instances.len());
            }
            let sight = sight.clone();
            self.inputs.push_back(Input::WatchAnswered { watch, sight });
        }
    }

    pub(super) fn follow(&mut self, watch: WatchSpec) {
        let id = watch.id();
        let registry = &mut self.meter.registry;
        registry.watch_stale(id.name.as_str(), false);
        let query = match watched(&watch.subject) {
            Looked::InCatalog(query) => query,
            Looked::File(path) => return self.look_out(&path, id),
        };
        let (ask, trouble) = self.follows.add_watch(&query, watch);
        if let Some(ask) = ask {
            self.ask(ask);
        }
        // A template may know it already.
        self.tell_watches(&query, vec![id.clone()]);
        if let Some(reason) = trouble {
            self.inputs
                .push_back(Input::WatchLost { watch: id, reason });
        }
    }

    pub(super) fn unfollow(&mut self, id: &WatchId) {
        self.meter.registry.forget_watch(id.name.as_str());
        match watched(&id.subject) {
            Looked::InCatalog(query) => {
                if let Some(ask) = self.follows.drop_watch(&query, id) {
                    self.ask(ask);
                }
            }
            Looked::File(path) => self.look_no_more(&path, id),
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
