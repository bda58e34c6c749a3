//! What is kept of an answer when the catalog that gave it is replaced by one that lacks it: pure.
//!
//! A catalog that began anew without its data vouches for what it says, and says that nobody is
//! there. Whoever lives registers again within seconds; keys are restored, or they are not. So what
//! it lacks stands until it is there again, and for so long at most; what it says besides is taken.

use std::{cmp::Ordering, collections::BTreeSet, sync::Arc, time::Duration};

use crate::answer::{Answer, Instance, Node, NodeServices};

/// For how long what is lacking stands, from the first answer on that shows it: as long as a helper
/// with a usual interval takes to register again, and no longer than a TTL would have believed it.
pub(crate) const HOLD: Duration = Duration::from_secs(30);

/// What is kept of one answer.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    /// What has not been said again.
    kept: Answer,
    /// Whether no two instances have an ID in common, so that one on another node is the same.
    ids_are_unique: bool,
    /// What the catalog itself says now; nothing before it is asked.
    said: Option<Answer>,
}

impl Hold {
    /// Keeps all of an answer.
    pub(crate) fn of(known: &Answer) -> Self {
        let ids_are_unique = match known {
            Answer::Instances(instances) => {
                let ids: BTreeSet<_> = instances.iter().map(|instance| &instance.id).collect();
                ids.len() == instances.len()
            }
            Answer::Services(_)
            | Answer::Nodes(_)
            | Answer::Node(_)
            | Answer::Datacenters(_)
            | Answer::Value(_)
            | Answer::Pairs(_) => false,
        };
        Self {
            kept: known.clone(),
            ids_are_unique,
            said: None,
        }
    }

    /// Takes what the catalog says now; gives that with what it still lacks, or nothing when it
    /// lacks nothing of what was kept. What it said once may go as it came.
    pub(crate) fn take(&mut self, said: &Answer) -> Option<Answer> {
        self.said = Some(said.clone());
        self.kept = self.lacking(said)?;
        Some(joined(said, &self.kept))
    }

    /// What the catalog itself says now, if it was asked.
    pub(crate) fn said(&self) -> Option<&Answer> {
        self.said.as_ref()
    }

    /// What of the kept is not among this; nothing if all of it is.
    pub(crate) fn lacking(&self, said: &Answer) -> Option<Answer> {
        match (&self.kept, said) {
            (Answer::Instances(kept), Answer::Instances(said)) => {
                let lacking = self.lacking_instances(kept, said);
                (!lacking.is_empty()).then(|| Answer::Instances(lacking.into()))
            }
            (Answer::Services(kept), Answer::Services(said)) => {
                let names: BTreeSet<_> = said.iter().map(|service| &service.name).collect();
                rest(kept, |one| names.contains(&one.name)).map(Answer::Services)
            }
            (Answer::Nodes(kept), Answer::Nodes(said)) => {
                let names: BTreeSet<_> = said.iter().map(|node| &node.name).collect();
                let addresses: BTreeSet<_> = said.iter().map(|node| &node.address).collect();
                let is_there =
                    |one: &Arc<Node>| names.contains(&one.name) || addresses.contains(&one.address);
                rest(kept, is_there).map(Answer::Nodes)
            }
            (Answer::Node(Some(kept)), Answer::Node(said)) => {
                let said = said.iter().flat_map(|node| &node.services);
                let ids: BTreeSet<_> = said.map(|service| &service.id).collect();
                let services = rest(&kept.services, |one| ids.contains(&one.id))?;
                let (node, services) = (kept.node.clone(), services.to_vec());
                Some(Answer::Node(Some(Arc::new(NodeServices {
                    node,
                    services,
                }))))
            }
            (Answer::Value(Some(kept)), Answer::Value(None)) => {
                Some(Answer::Value(Some(kept.clone())))
            }
            (Answer::Pairs(kept), Answer::Pairs(said)) => {
                let paths: BTreeSet<_> = said.iter().map(|pair| &pair.path).collect();
                rest(kept, |one| paths.contains(&one.path)).map(Answer::Pairs)
            }
            // Nobody registers a datacenter; and no answer is of another kind than the last.
            (
                Answer::Instances(_)
                | Answer::Services(_)
                | Answer::Nodes(_)
                | Answer::Node(_)
                | Answer::Datacenters(_)
                | Answer::Value(_)
                | Answer::Pairs(_),
                _,
            ) => None,
        }
    }

    /// An instance is there again with its ID, or when another has taken its place.
    fn lacking_instances(&self, kept: &[Instance], said: &[Instance]) -> Vec<Instance> {
        let name = |one: &Instance| match self.ids_are_unique {
            true => (one.id.clone(), None),
            false => (one.id.clone(), Some(one.node.name.clone())),
        };
        let names: BTreeSet<_> = said.iter().map(name).collect();
        let places: BTreeSet<_> = said.iter().filter_map(place).collect();
        let is_there = |one: &Instance| {
            let is_taken = place(one).is_some_and(|place| places.contains(&place));
            is_taken || names.contains(&name(one))
        };
        let lacking = kept.iter().filter(|one| !is_there(one));
        lacking.cloned().collect()
    }
}

/// Where an instance alone can be; nowhere if it has no port.
fn place(instance: &Instance) -> Option<(&str, u16)> {
    (instance.port != 0).then(|| (instance.address(), instance.port))
}

/// Those that are not there; nothing if all are.
fn rest<T: Clone>(kept: &[T], is_there: impl Fn(&T) -> bool) -> Option<Arc<[T]>> {
    let rest: Arc<[T]> = kept.iter().filter(|one| !is_there(one)).cloned().collect();
    (!rest.is_empty()).then_some(rest)
}

/// What is said and what is kept, in the order of such answers.
fn joined(said: &Answer, kept: &Answer) -> Answer {
    match (said, kept) {
        (Answer::Instances(said), Answer::Instances(kept)) => {
            Answer::Instances(both(said, kept, |one, other| {
                (&one.node.name, &one.id).cmp(&(&other.node.name, &other.id))
            }))
        }
        (Answer::Services(said), Answer::Services(kept)) => {
            Answer::Services(both(said, kept, |one, other| one.name.cmp(&other.name)))
        }
        (Answer::Nodes(said), Answer::Nodes(kept)) => {
            Answer::Nodes(both(said, kept, |one, other| {
                (&one.name, &one.address).cmp(&(&other.name, &other.address))
            }))
        }
        (Answer::Node(Some(said)), Answer::Node(Some(kept))) => {
            let services = both(&said.services, &kept.services, |one, other| {
                (&one.service, &one.id).cmp(&(&other.service, &other.id))
            });
            let (node, services) = (said.node.clone(), services.to_vec());
            Answer::Node(Some(Arc::new(NodeServices { node, services })))
        }
        (Answer::Pairs(said), Answer::Pairs(kept)) => {
            Answer::Pairs(both(said, kept, |one, other| one.path.cmp(&other.path)))
        }
        (
            Answer::Instances(_)
            | Answer::Services(_)
            | Answer::Nodes(_)
            | Answer::Node(_)
            | Answer::Datacenters(_)
            | Answer::Value(_)
            | Answer::Pairs(_),
            _,
        ) => kept.clone(),
    }
}

/// Both in one order, where both are in it; where the nearest come first, nobody knows how near the
/// kept are, and they come last.
fn both<T: Clone>(said: &[T], kept: &[T], order: impl Fn(&T, &T) -> Ordering) -> Arc<[T]> {
    let is_ordered = |all: &[T]| all.is_sorted_by(|one, other| order(one, other).is_le());
    let is_ordered = is_ordered(said) && is_ordered(kept);
    let mut all = [said, kept].concat();
    if is_ordered {
        all.sort_by(order);
    }
    all.into()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::record::{Record, select};

    fn instances(texts: &[&str]) -> Answer {
        let record = |text: &&str| {
            let [id, node, address, port] = text.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{text}");
            };
            let json = format!(
                r#"{{"id":"{id}","name":"db","node":"{node}","address":"{address}","port":{port}}}"#
            );
            Record::read(json.as_bytes()).unwrap()
        };
        let query = crate::query::ServiceQuery::passing("db");
        select(crate::Backend::Etcd, &query, texts.iter().map(record)).unwrap()
    }

    fn shown(answer: &Answer) -> String {
        let Answer::Instances(instances) = answer else {
            panic!("{answer}");
        };
        let shown = instances.iter().map(|one| {
            let (id, node, address) = (&one.id, &one.node.name, one.address());
            format!("{id} {node} {address} {}", one.port)
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    /// What is believed of each of these, one said after the other.
    #[track_caller]
    fn check(known: &[&str], steps: &[(&[&str], &str)]) {
        let mut hold = Hold::of(&instances(known));
        for (said, expected) in steps {
            let believed = hold.take(&instances(said));
            let believed = believed.map_or_else(|| "all is there".to_owned(), |all| shown(&all));
            assert_eq!(believed, *expected, "{said:?}");
        }
    }

    #[test]
    fn what_is_lacking_stands_until_it_is_there_again() {
        check(
            &["a n 10.0.0.1 80", "b n 10.0.0.2 80"],
            &[
                (&[], "a n 10.0.0.1 80, b n 10.0.0.2 80"),
                (
                    &["b m 10.0.0.2 80", "c m 10.0.0.3 80"],
                    "b m 10.0.0.2 80, c m 10.0.0.3 80, a n 10.0.0.1 80",
                ),
                // What was there again and has left is gone.
                (&["c m 10.0.0.3 80"], "c m 10.0.0.3 80, a n 10.0.0.1 80"),
                (&["a m 10.0.0.1 80"], "all is there"),
            ],
        );
    }

    #[test]
    fn an_instance_is_there_with_its_id_or_when_its_place_is_taken() {
        check(
            &["a n 10.0.0.1 80"],
            &[(&["a m 10.0.0.9 80"], "all is there")],
        );
        check(
            &["a n 10.0.0.1 80"],
            &[(&["b m 10.0.0.1 80"], "all is there")],
        );
        // Without a port there may be many at one address.
        check(
            &["a n 10.0.0.1 0"],
            &[(&["b n 10.0.0.1 0"], "a n 10.0.0.1 0, b n 10.0.0.1 0")],
        );
        // An ID that several nodes have says nothing without its node.
        check(
            &["a m 10.0.0.1 80", "a n 10.0.0.2 80"],
            &[
                (&["a m 10.0.0.1 80"], "a m 10.0.0.1 80, a n 10.0.0.2 80"),
                (&["a m 10.0.0.1 80"], "a m 10.0.0.1 80, a n 10.0.0.2 80"),
            ],
        );
    }

    #[test]
    fn a_key_that_is_written_again_is_believed() {
        let value = |text: &'static str| Answer::Value(Some(Bytes::from_static(text.as_bytes())));
        let mut hold = Hold::of(&value("old"));
        assert_eq!(hold.take(&Answer::Value(None)), Some(value("old")));
        assert_eq!(hold.take(&value("new")), None);
        let mut nothing = Hold::of(&Answer::Value(None));
        assert_eq!(nothing.take(&Answer::Value(None)), None);
    }

    #[test]
    fn names_of_services_come_back_one_by_one() {
        let names = |names: &[&str]| {
            let name = |name: &&str| crate::answer::ServiceName {
                name: (*name).into(),
                tags: [].into(),
            };
            Answer::Services(names.iter().map(name).collect())
        };
        let mut hold = Hold::of(&names(&["a", "b", "d"]));
        assert_eq!(
            hold.take(&names(&["b", "c"])),
            Some(names(&["a", "b", "c", "d"]))
        );
        assert_eq!(hold.take(&names(&["c"])), Some(names(&["a", "c", "d"])));
        assert_eq!(hold.take(&names(&["a", "d"])), None);
    }
}
