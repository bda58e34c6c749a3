//! Registration against a model of an agent, through random histories.

use proptest::prelude::*;

use super::*;

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
    Publish { id: u8, port: u16, status: Status },
    Withdraw,
    Answer { takes_effect: bool, answers: bool },
    Deny,
    Wipe,
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
        1 => Just(Step::Wipe),
        2 => Just(Step::Wait),
        1 => Just(Step::Move),
    ];
    proptest::collection::vec(step, 1..80)
}

/// What an agent holds: identity to port and status.
type Agent = BTreeMap<String, (u16, Status)>;

fn carry_out(agent: &mut Agent, order: &Order) -> Outcome {
    match order {
        Order::Register { spec, status } => {
            agent.insert(spec.id.clone(), (spec.port, *status));
            Outcome::Done
        }
        Order::Update { id, status, .. } => match agent.get_mut(id) {
            Some(held) => {
                held.1 = *status;
                Outcome::Done
            }
            None => Outcome::Unknown,
        },
        Order::Deregister { id } => match agent.remove(id) {
            Some(_) => Outcome::Done,
            None => Outcome::Unknown,
        },
    }
}

proptest! {
    /// Whatever happened before, once the agent is well the next publish or withdrawal makes it
    /// hold exactly what is wanted, within a handful of calls.
    #[test]
    fn the_agent_ends_up_with_what_is_wanted(history in steps(), stays in any::<bool>()) {
        let mut world = World::new();
        let mut agent = Agent::new();
        for step in history {
            match step {
                Step::Publish { id, port, status } => {
                    world.wish(present(&spec(&format!("web-{id}"), port), status));
                }
                Step::Withdraw => world.wish(Wish::Absent),
                Step::Answer { takes_effect, answers } => {
                    if let Some((_, order)) = world.out.clone() {
                        let outcome = match (takes_effect, answers) {
                            (true, true) => carry_out(&mut agent, &order),
                            (true, false) => {
                                carry_out(&mut agent, &order);
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
                Step::Wipe => agent.clear(),
                Step::Wait => {
                    if world.registrar.next_deadline().is_some() {
                        world.wait();
                    }
                }
                Step::Move => {
                    world.out = None;
                    agent.clear();
                    world.handle(Fact::Moved);
                }
            }
        }
        let wish = if stays {
            present(&spec("web-9", 99), Status::Warning)
        } else {
            Wish::Absent
        };
        world.wish(wish);
        for _ in 0..20 {
            if let Some((_, order)) = world.out.clone() {
                let outcome = carry_out(&mut agent, &order);
                world.answer(outcome);
            } else if world.registrar.next_deadline().is_some() {
                world.wait();
            }
        }
        prop_assert_eq!(world.registrar.next_deadline(), None);
        prop_assert!(world.out.is_none());
        let wanted = if stays {
            Agent::from([("web-9".to_owned(), (99, Status::Warning))])
        } else {
            Agent::new()
        };
        prop_assert_eq!(agent, wanted);
        if !stays {
            let last = world.trace.last().cloned().unwrap_or_default();
            prop_assert!(world.trace.iter().any(|line| line == "- withdrawn" || line == "- given up"), "{}", last);
        }
    }
}
