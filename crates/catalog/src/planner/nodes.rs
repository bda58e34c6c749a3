//! Bells for single nodes: they name the services that another bell only says have changed.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{
    Planner,
    bell::{Bell, Last, Ring, Ringer},
};

/// How many bells there may be, those of nodes among them.
pub(crate) const MOST: usize = 32;
/// How many bells of nodes may be asked for the first time at once, for all of a node is much.
const NEW: usize = 2;

impl Planner {
    /// The bells of the nodes where services are followed and the nodes are known and few.
    pub(super) fn of_nodes(&self, wanted: &BTreeSet<Arc<Bell>>) -> BTreeSet<Arc<Bell>> {
        let mut all = BTreeSet::new();
        let dcs = wanted.iter().filter(|bell| bell.ring == Ring::Critical);
        for dc in dcs.map(|bell| &bell.dc) {
            let bells = self.of_nodes_in(dc);
            if wanted.len() + all.len() + bells.len() <= MOST {
                all.extend(bells);
            }
        }
        all
    }

    fn of_nodes_in(&self, dc: &Option<String>) -> Vec<Arc<Bell>> {
        match self.ringer(Ring::Nodes, dc).map(|ringer| &ringer.last) {
            Some(Last::Chime(chime)) => {
                let names = chime.things.names();
                let bell = |name: &Arc<str>| Bell {
                    ring: Ring::OnNode(name.to_string()),
                    dc: dc.clone(),
                };
                names.map(bell).map(Arc::new).collect()
            }
            Some(Last::Lost) => {
                let known = self.bells.keys();
                let known = known.filter(|bell| bell.is_of_a_node() && bell.dc == *dc);
                known.cloned().collect()
            }
            Some(Last::Nothing) | None => Vec::new(),
        }
    }

    fn ringer(&self, ring: Ring, dc: &Option<String>) -> Option<&Ringer> {
        let dc = dc.clone();
        self.bells.get(&Bell { ring, dc })
    }

    /// Asks those bells of nodes that were not asked yet, few at a time.
    pub(super) fn listen_to_nodes(&mut self) {
        let bells = self.bells.iter();
        let unheard = bells
            .filter(|(bell, ringer)| bell.is_of_a_node() && matches!(ringer.last, Last::Nothing));
        let next: Vec<_> = unheard
            .take(NEW)
            .filter(|(_, ringer)| !ringer.is_asked())
            .map(|(bell, _)| bell.clone())
            .collect();
        for bell in next {
            self.listen(&bell);
        }
    }

    /// Finds out where the bells of the nodes name all that changes. Where that begins or ends,
    /// everyone is looked at once: for the time between, nobody spoke for sure.
    pub(super) fn cover(&mut self, now: Duration) {
        let services = self.bells.keys().filter(|bell| bell.ring == Ring::Services);
        let services: Vec<_> = services.cloned().collect();
        self.covered
            .retain(|dc| services.iter().any(|bell| bell.dc == *dc));
        for bell in services {
            let is_covered = self.is_covered(&bell.dc);
            let changes = if is_covered {
                self.covered.insert(bell.dc.clone())
            } else {
                self.covered.remove(&bell.dc)
            };
            if changes {
                self.sweep(now, &bell);
            }
        }
    }

    fn is_covered(&self, dc: &Option<String>) -> bool {
        let Some(Last::Chime(nodes)) = self.ringer(Ring::Nodes, dc).map(|ringer| &ringer.last)
        else {
            return false;
        };
        let mut names = nodes.things.names();
        let speaks = |name: &Arc<str>| {
            let ringer = self.ringer(Ring::OnNode(name.to_string()), dc);
            ringer.is_some_and(|ringer| matches!(ringer.last, Last::Chime(_)) && !ringer.is_resting)
        };
        names.len() > 0 && names.all(speaks)
    }
}
