//! Registration against a model of an agent, through random histories.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
    Publish { id: u8, port: u16, status: Status },
    Withdraw,
    Answer { takes_effect: bool, answers: bool },
    Deny,
    Maintain,
    Wipe,
    Lapse { id: u8 },
    Claim { id: u8 },
    Leave,
    Wait,
    Move,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let status = prop_oneof![
        Just(Status::Passing),
        Just(Status::Warning),
        Just(Status::Critical)
    ];
    let step = prop_oneof![
        3 => (0..2_u8, 80..82_u16, status)
            .prop_map(|(id, port, status)| Step::Publish { id, port, status }),
        1 => Just(Step::Withdraw),
        6 => (any::<bool>(), any::<bool>())
            .prop_map(|(takes_effect, answers)| Step::Answer { takes_effect, answers }),
        1 => Just(Step::Deny),
        1 => Just(Step::Maintain),
        1 => Just(Step::Wipe),
        1 => (0..2_u8).prop_map(|id| Step::Lapse { id }),
        1 => (0..2_u8).prop_map(|id| Step::Claim { id }),
        1 => Just(Step::Leave),
        2 => Just(Step::Wait),
        1 => Just(Step::Move),
    ];
    proptest::collection::vec(step, 1..80)
}

/// What an agent holds.
#[derive(Debug, Default)]
struct Agent {
    /// Identity to port, status, and why it is out of service.
    ours: BTreeMap<String, (u16, Status, Option<Arc<str>>)>,
    /// Identities of others.
    theirs: BTreeSet<String>,
    /// Whether it keeps maintenance apart from registrations, as Consul's does.
    is_apart: bool,
}

impl Agent {
    fn wipe(&mut self) {
        self.ours.clear();
        self.theirs.clear();
    }

    fn carry_out(&mut self, order: &Order) -> Outcome {
        match order {
            Order::Register {
                spec,
                status,
                maintenance,
                claim,
                ..
            } => {
                if *claim == Claim::Leave && self.theirs.contains(&spec.id) {
                    return claimed();
                }
                self.theirs.remove(&spec.id);
                let before = self.ours.remove(&spec.id);
                let (out, outcome) = if self.is_apart {
                    (before.and_then(|held| held.2), Outcome::Described)
                } else {
                    (maintenance.clone(), Outcome::Done)
                };
                self.ours.insert(spec.id.clone(), (spec.port, *status, out));
                outcome
            }
            Order::Update { spec, .. } | Order::Maintain { spec, .. }
                if self.theirs.contains(&spec.id) =>
            {
                claimed()
            }
            Order::Update { spec, status, .. } => match self.ours.get_mut(&spec.id) {
                Some(held) => {
                    held.1 = *status;
                    Outcome::Done
                }
                None => Outcome::Unknown,
            },
            Order::Maintain { spec, reason } => match self.ours.get_mut(&spec.id) {
                Some(held) => {
                    held.2.clone_from(reason);
                    Outcome::Done
                }
                None => Outcome::Unknown,
            },
            Order::Deregister { spec } => match self.ours.remove(&spec.id) {
                Some(_) => Outcome::Done,
                None => Outcome::Unknown,
            },
        }
    }
}

proptest! {
    /// Whatever happened before, once the agent is well the next publish or withdrawal makes it
    /// hold exactly what is wanted, within a handful of calls.
    #[test]
    fn the_agent_ends_up_with_what_is_wanted(history in steps(), stays in any::<bool>(), is_out in any::<bool>(), is_apart in any::<bool>()) {
        let mut world = World::new();
        let mut agent = Agent { is_apart, ..Agent::default() };
        for step in history {
            match step {
                Step::Publish { id, port, status } => {
                    world.wish(present(&spec(&format!("web-{id}"), port), status));
                }
                Step::Withdraw => world.wish(Wish::Absent),
                Step::Answer { takes_effect, answers } => {
                    if let Some((_, order)) = world.out.clone() {
                        let outcome = match (takes_effect, answers) {
                            (true, true) => agent.carry_out(&order),
                            (true, false) => {
                                agent.carry_out(&order);
                                silent()
                            }
                            (false, true) => refused(),
                            (false, false) => silent(),
                        };
                        world.answer(outcome);
                    }
                }
                Step::Deny => {
                    if world.out.is_some() {
                        world.answer(denied());
                    }
                }
                Step::Maintain => world.wish(out_of_service(&spec("web-0", 80), "repairs")),
                Step::Wipe => agent.wipe(),
                Step::Lapse { id } => {
                    let id = format!("web-{id}");
                    agent.ours.remove(&id);
                    world.handle(Fact::Lapsed { ids: vec![id] });
                }
                Step::Claim { id } => {
                    let id = format!("web-{id}");
                    agent.ours.remove(&id);
                    agent.theirs.insert(id);
                }
                Step::Leave => agent.theirs.clear(),
                Step::Wait => {
                    if world.registrar.next_deadline().is_some() {
                        world.wait();
                    }
                }
                Step::Move => {
                    world.out = None;
                    agent.wipe();
                    world.handle(Fact::Moved);
                }
            }
        }
        agent.theirs.clear();
        let nine = spec("web-9", 99);
        let (wish, status) = match (stays, is_out) {
            (true, false) => (present(&nine, Status::Warning), Status::Warning),
            (true, true) => (out_of_service(&nine, "repairs"), Status::Passing),
            (false, _) => (Wish::Absent, Status::Passing),
        };
        world.wish(wish);
        for _ in 0..20 {
            if let Some((_, order)) = world.out.clone() {
                let outcome = agent.carry_out(&order);
                world.answer(outcome);
            } else if world.registrar.next_deadline().is_some() {
                world.wait();
            }
        }
        prop_assert_eq!(world.registrar.next_deadline(), None);
        prop_assert!(world.out.is_none());
        let wanted = if stays {
            BTreeMap::from([("web-9".to_owned(), (99, status, is_out.then(|| Arc::from("repairs"))))])
        } else {
            BTreeMap::new()
        };
        prop_assert_eq!(agent.ours, wanted);
        if !stays {
            let last = world.trace.last().cloned().unwrap_or_default();
            prop_assert!(world.trace.iter().any(|line| line == "- withdrawn" || line == "- given up"), "{}", last);
        }
    }
}
