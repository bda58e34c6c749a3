//! A followed service: what is known of its instances, and what a change means.

use crate::{EventKind, Instance, Level, Source, spec::WatchSpec, step::Step};

#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) spec: WatchSpec,
    /// The instances of the last answer; none before the first.
    pub(crate) known: Option<Vec<Instance>>,
}

impl Watch {
    pub(crate) fn new(spec: WatchSpec) -> Self {
        Self { spec, known: None }
    }

    /// The catalog has answered. The first answer always tells how things stand, even if it is
    /// that there is nobody; later ones tell only changes.
    pub(crate) fn on_answered(&mut self, instances: Vec<Instance>, step: &mut Step<'_>) {
        let changed = match &self.known {
            None => !instances.is_empty(),
            Some(known) if *known == instances => return,
            Some(_) => true,
        };
        let source = Source::Watch(self.spec.name.clone());
        let message = format!("{source}: {} instances", instances.len());
        step.log(Level::Debug, message);
        if changed {
            step.publish(EventKind::Changed, source.clone());
        }
        let kind = if instances.is_empty() {
            EventKind::Unhealthy
        } else {
            EventKind::Healthy
        };
        step.publish(kind, source);
        self.known = Some(instances);
    }
}
