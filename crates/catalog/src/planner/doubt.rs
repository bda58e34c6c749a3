//! Doubt in a catalog that vouches for what it says, and yet began anew: it counts from the
//! beginning, and lacks what it had.

use std::{cmp::Ordering, sync::Arc, time::Duration};

use super::{Id, Order, Planner, Told, entry::Entry};
use crate::{
    Backend, CatalogError,
    answer::{Answer, Node},
    cursor::Reading,
    hold::{HOLD, Hold},
    query::Query,
};

/// How long an answer that lacks something, the first one after contact was lost, waits for what
/// the answers to other queries show, which are all asked at once then, and for whether the node is
/// known whose service is missing.
const GRACE: Duration = Duration::from_secs(1);

/// In what is said of a datacenter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// An answer lacks something that it may have lost while nobody looked.
    Suspected { until: Duration },
    /// An index went backwards.
    Certain { until: Duration },
}

impl Doubt {
    fn until(self) -> Duration {
        match self {
            Self::Suspected { until } | Self::Certain { until } => until,
        }
    }
}

impl Planner {
    /// Takes note that another catalog is in charge, of which nothing was expected.
    pub(crate) fn forget_the_catalog(&mut self) {
        self.doubts.clear();
        for entry in self.entries.values_mut() {
            entry.hold = None;
            entry.cursor.forget_the_catalog();
        }
    }

    /// Says when the first doubt ends.
    pub(super) fn doubt_ends_at(&self) -> Option<Duration> {
        self.doubts.values().map(|doubt| doubt.until()).min()
    }

    /// Takes what is known of a node under the name of one whose service is missing. Who leaves a
    /// catalog leaves its node there, and no other node has its identity.
    pub(crate) fn on_identified(
        &mut self,
        now: Duration,
        dc: &Option<String>,
        node: &Node,
        found: Option<&Node>,
    ) -> Told {
        let is_suspected = matches!(self.doubts.get(dc), Some(Doubt::Suspected { .. }));
        if is_suspected && found.is_none_or(|found| found.id != node.id) {
            self.be_certain(now, dc)
        } else {
            Told::new()
        }
    }

    /// Takes an answer, as it is or with what it lacks.
    pub(super) fn weigh(&mut self, now: Duration, id: Id, reading: Reading<Answer>) -> Told {
        let mut told = self.look_for_doubt(now, id, &reading);
        let Some(entry) = self.entries.get_mut(&id) else {
            return told;
        };
        let doubt = self.doubts.get(dc(&entry.query)).copied();
        let reports = match (entry.hold.take(), doubt) {
            (Some(mut hold), Some(doubt)) => {
                let is_new = hold.said() != Some(&reading.value);
                match hold.take(&reading.value) {
                    None => entry.cursor.on_answered(now, reading),
                    Some(whole) => {
                        entry.hold = Some(hold);
                        let instead = match doubt {
                            Doubt::Suspected { .. } => None,
                            Doubt::Certain { .. } => Some((whole, anew())),
                        };
                        let cursor = &mut entry.cursor;
                        cursor.on_doubted(now, reading.index, is_new, instead)
                    }
                }
            }
            (Some(_) | None, _) => entry.cursor.on_answered(now, reading),
        };
        let query = entry.query.clone();
        told.extend(reports.into_iter().map(|report| (query.clone(), report)));
        told
    }

    /// Lets go of what is lacking still where a doubt has ended.
    pub(super) fn end_doubts(&mut self, now: Duration) -> Told {
        let mut told = Told::new();
        let over = self.doubts.extract_if(.., |_, doubt| doubt.until() <= now);
        for (over, _) in over.collect::<Vec<_>>() {
            let entries = self.entries.values_mut();
            for entry in entries.filter(|entry| *dc(&entry.query) == over) {
                // While nobody answers nobody vouches for that anything is gone.
                if entry.cursor.is_failing() {
                    continue;
                }
                if let Some(said) = entry.hold.take().and_then(|hold| hold.said().cloned()) {
                    let reports = entry.cursor.believe(said);
                    let query = &entry.query;
                    told.extend(reports.into_iter().map(|report| (query.clone(), report)));
                }
            }
        }
        told
    }

    /// Finds out whether an answer can be one of the catalog that answered before.
    fn look_for_doubt(&mut self, now: Duration, id: Id, reading: &Reading<Answer>) -> Told {
        let Some(entry) = self.entries.get_mut(&id) else {
            return Told::new();
        };
        let is_interrupted = entry.cursor.is_interrupted();
        let lacking = entry.lacking(&reading.value);
        let lacks = lacking.is_some();
        let dc = dc(&entry.query).clone();
        match entry.cursor.compare(reading.index) {
            // Of one index there is one answer. Where others than the leader may answer, one that
            // has fallen behind shows itself the same way, but is there all the time.
            Some(Ordering::Less) if lacks || is_interrupted => self.be_certain(now, &dc),
            Some(Ordering::Equal) if lacks => self.be_certain(now, &dc),
            // It has gone on, or another has come as far as that one.
            Some(Ordering::Equal | Ordering::Greater) if lacks && is_interrupted => {
                entry.keep();
                self.suspect_the_catalog(now, dc, lacking.as_ref());
                Told::new()
            }
            Some(Ordering::Less | Ordering::Equal | Ordering::Greater) | None => Told::new(),
        }
    }

    /// Waits a moment for what shows whether something was lost or is gone.
    fn suspect_the_catalog(&mut self, now: Duration, dc: Option<String>, lacking: Option<&Answer>) {
        if self.doubts.contains_key(&dc) {
            return;
        }
        if let Some(node) = lacking.and_then(a_node_of) {
            let dc = dc.clone();
            self.orders.push(Order::Identify { dc, node });
        }
        let until = now + GRACE;
        self.doubts.insert(dc, Doubt::Suspected { until });
    }

    /// Keeps everything that is known of a datacenter. A doubt that goes on does not last longer for
    /// that, so that an index that jumps about hides nothing for ever.
    fn be_certain(&mut self, now: Duration, in_doubt: &Option<String>) -> Told {
        if !matches!(self.doubts.get(in_doubt), Some(Doubt::Certain { .. })) {
            let until = now + HOLD;
            let doubt = Doubt::Certain { until };
            self.doubts.insert(in_doubt.clone(), doubt);
        }
        let mut told = Told::new();
        let entries = self.entries.values_mut();
        for entry in entries.filter(|entry| dc(&entry.query) == in_doubt) {
            let suspected = entry.keep();
            let whole = suspected.and_then(|said| entry.hold.as_mut()?.take(&said));
            if let Some(whole) = whole {
                let reports = entry.cursor.hold(whole, anew());
                let query = &entry.query;
                told.extend(reports.into_iter().map(|report| (query.clone(), report)));
            }
        }
        told
    }
}

impl Entry {
    /// Keeps all that is known, unless that is done already; gives what was said since then.
    fn keep(&mut self) -> Option<Answer> {
        if let Some(hold) = &self.hold {
            return hold.said().cloned();
        }
        self.hold = self.cursor.last().map(Hold::of);
        None
    }

    /// What is missing of what was said last.
    fn lacking(&self, said: &Answer) -> Option<Answer> {
        let held = self.hold.as_ref().and_then(Hold::said);
        Hold::of(held.or(self.cursor.last())?).lacking(said)
    }
}

fn anew() -> CatalogError {
    CatalogError::Anew {
        who: Backend::Consul,
        patience: HOLD,
    }
}

/// A node that has an identity.
fn a_node_of(answer: &Answer) -> Option<Arc<Node>> {
    let nodes: Vec<_> = match answer {
        Answer::Instances(instances) => instances.iter().map(|one| &one.node).collect(),
        Answer::Nodes(nodes) => nodes.iter().collect(),
        Answer::Node(node) => node.iter().map(|node| &node.node).collect(),
        Answer::Services(_) | Answer::Datacenters(_) | Answer::Value(_) | Answer::Pairs(_) => {
            Vec::new()
        }
    };
    let mut nodes = nodes.into_iter();
    nodes.find(|node| !node.id.is_empty()).cloned()
}

/// The datacenter that a query is about; none is the agent's own.
fn dc(query: &Query) -> &Option<String> {
    match query {
        Query::Service(query) => &query.dc,
        Query::Services { dc }
        | Query::Nodes { dc, .. }
        | Query::Node { dc, .. }
        | Query::Key { dc, .. }
        | Query::Pairs { dc, .. } => dc,
        Query::Datacenters { .. } => &None,
    }
}
