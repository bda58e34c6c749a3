//! Registration step by step, on a clock that only jumps.

mod history;

use super::*;
use crate::ServiceAct;

fn web() -> JobName {
    JobName::from("web")
}

fn spec(id: &str, port: u16) -> Arc<ServiceSpec> {
    Arc::new(ServiceSpec {
        name: None,
        id: id.to_owned(),
        address: "10.0.0.1".to_owned(),
        port,
        tags: Vec::new(),
        meta: Vec::new(),
        ttl: Duration::from_secs(10),
        initial_status: None,
        enable_tag_override: false,
        deregister_critical_after: None,
    })
}

fn present(spec: &Arc<ServiceSpec>, status: Status) -> Wish {
    Wish::Present(Presence {
        spec: spec.clone(),
        status,
        output: Arc::from("ok"),
    })
}

fn refused() -> Outcome {
    Outcome::Failed(CatalogError::Unreachable {
        address: "127.0.0.1:8500".to_owned(),
        reason: "connection refused".to_owned(),
    })
}

fn silent() -> Outcome {
    Outcome::Failed(CatalogError::Silent {
        address: "127.0.0.1:8500".to_owned(),
        call: "PUT /v1/agent".to_owned(),
        after: Duration::from_secs(5),
    })
}

fn denied() -> Outcome {
    Outcome::Failed(CatalogError::Refused {
        status: 403,
        call: "PUT /v1/agent".to_owned(),
        text: "Permission denied".to_owned(),
    })
}

/// One service, the time, the order that is out, and a trace of all that was done.
struct World {
    now: Duration,
    registrar: Registrar,
    out: Option<(OrderId, Order)>,
    trace: Vec<String>,
}

impl World {
    fn new() -> Self {
        Self {
            now: Duration::ZERO,
            registrar: Registrar::new(7),
            out: None,
            trace: Vec::new(),
        }
    }

    fn handle(&mut self, fact: Fact) {
        for action in self.registrar.handle(self.now, fact) {
            match action {
                Action::Tell { id, order, .. } => {
                    let before = self.out.replace((id, order.clone()));
                    assert_eq!(before, None, "one order at a time");
                    self.trace.push(match order {
                        Order::Register { spec, status } => {
                            format!("register {} {} {}", spec.id, spec.port, status.word())
                        }
                        Order::Update { id, status, .. } => {
                            format!("update {id} {}", status.word())
                        }
                        Order::Deregister { id } => format!("deregister {id}"),
                    });
                }
                Action::Report { event, .. } => self.trace.push(match event {
                    ServiceEvent::Registered => "- registered".to_owned(),
                    ServiceEvent::Failing { act, .. } => format!("- failing {act:?}"),
                    ServiceEvent::Forgotten => "- forgotten".to_owned(),
                    ServiceEvent::Back => "- back".to_owned(),
                    ServiceEvent::Withdrawn { failure: None } => "- withdrawn".to_owned(),
                    ServiceEvent::Withdrawn { failure: Some(_) } => "- given up".to_owned(),
                }),
            }
        }
    }

    fn wish(&mut self, wish: Wish) {
        let name = web();
        self.handle(Fact::Wished { name, wish });
    }

    fn answer(&mut self, outcome: Outcome) {
        let (order, _) = self.out.take().expect("an order is out");
        let name = web();
        self.handle(Fact::Answered {
            name,
            order,
            outcome,
        });
    }

    fn wait(&mut self) {
        self.now = self.registrar.next_deadline().expect("a deadline");
        self.handle(Fact::Woken);
    }

    #[track_caller]
    fn did(&mut self, expected: &[&str]) {
        assert_eq!(std::mem::take(&mut self.trace), expected);
    }

    /// A service that stands, proven.
    fn standing() -> Self {
        let mut world = Self::new();
        world.wish(present(&spec("web-1", 80), Status::Passing));
        world.answer(Outcome::Done);
        world.answer(Outcome::Done);
        world.trace.clear();
        world
    }
}

#[test]
fn the_first_publish_registers_with_its_status_and_updates_right_after() {
    let mut world = World::new();
    world.wish(present(&spec("web-1", 80), Status::Warning));
    world.answer(Outcome::Done);
    world.answer(Outcome::Done);
    world.did(&[
        "register web-1 80 warning",
        "- registered",
        "update web-1 warning",
    ]);
    assert_eq!(world.registrar.next_deadline(), None, "idle means idle");
}

#[test]
fn an_hour_of_publishes_registers_once() {
    let mut world = World::standing();
    for _ in 0..3600 {
        world.now += Duration::from_secs(1);
        world.wish(present(&spec("web-1", 80), Status::Passing));
        world.answer(Outcome::Done);
    }
    assert_eq!(world.trace.len(), 3600);
    assert!(
        world
            .trace
            .iter()
            .all(|line| line == "update web-1 passing")
    );
}

#[test]
fn publishes_while_a_call_is_out_become_one() {
    let mut world = World::standing();
    for status in [
        Status::Passing,
        Status::Warning,
        Status::Passing,
        Status::Critical,
    ] {
        world.wish(present(&spec("web-1", 80), status));
    }
    world.answer(Outcome::Done);
    world.answer(Outcome::Done);
    world.did(&["update web-1 passing", "update web-1 critical"]);
    assert_eq!(world.out, None);
}

#[test]
fn a_service_the_agent_forgot_comes_back_at_once_as_it_is_now() {
    let mut world = World::standing();
    world.wish(present(&spec("web-1", 80), Status::Critical));
    world.answer(Outcome::Unknown);
    world.answer(Outcome::Done);
    world.answer(Outcome::Done);
    world.did(&[
        "update web-1 critical",
        "- forgotten",
        "register web-1 80 critical",
        "- registered",
        "update web-1 critical",
    ]);
}

#[test]
fn an_agent_that_forgets_every_registration_is_not_flooded() {
    let mut world = World::standing();
    world.wish(present(&spec("web-1", 80), Status::Passing));
    world.answer(Outcome::Unknown);
    let mut calls = 0;
    while world.now < Duration::from_secs(600) {
        match &world.out {
            Some((_, Order::Register { .. })) => world.answer(Outcome::Done),
            Some(_) => world.answer(Outcome::Unknown),
            None => world.wait(),
        }
        calls += 1;
    }
    assert!(calls < 150, "{calls} steps in ten minutes");
}

#[test]
fn a_refused_call_is_reported_once_and_tried_again_later() {
    let mut world = World::standing();
    world.wish(present(&spec("web-1", 80), Status::Passing));
    world.answer(refused());
    world.did(&["update web-1 passing", "- failing Update"]);
    world.wait();
    world.answer(refused());
    world.did(&["update web-1 passing"]);
    world.wish(present(&spec("web-1", 80), Status::Critical));
    world.did(&["update web-1 critical"]);
    world.answer(Outcome::Done);
    world.did(&["- back"]);
}

#[test]
fn ten_minutes_without_an_agent_at_boot_end_in_a_registration() {
    let mut world = World::new();
    world.wish(present(&spec("web-1", 80), Status::Passing));
    let mut attempts = 0;
    while world.now < Duration::from_secs(600) {
        world.answer(refused());
        attempts += 1;
        world.wait();
    }
    assert!((20..60).contains(&attempts), "{attempts}");
    let reports = world
        .trace
        .iter()
        .filter(|line| line.starts_with('-'))
        .count();
    assert_eq!(reports, 1, "{:?}", world.trace);
    world.trace.clear();
    world.answer(Outcome::Done);
    world.did(&["- registered", "update web-1 passing"]);
}

#[test]
fn denied_access_is_reported_once_and_not_hammered() {
    let mut world = World::new();
    let mut calls = 0;
    for _ in 0..600 {
        world.wish(present(&spec("web-1", 80), Status::Passing));
        if world.out.is_some() {
            world.answer(denied());
            calls += 1;
        }
        world.now += Duration::from_secs(1);
    }
    assert!(calls < 25, "{calls} calls in ten minutes");
    let reports = world
        .trace
        .iter()
        .filter(|line| line.starts_with('-'))
        .count();
    assert_eq!(reports, 1);
    world.handle(Fact::Rearmed);
    world.answer(Outcome::Done);
    assert_eq!(world.trace.last().unwrap(), "update web-1 passing");
}

#[test]
fn a_changed_spec_is_registered_over_the_old_one() {
    let mut world = World::standing();
    world.wish(present(&spec("web-1", 8080), Status::Passing));
    world.answer(Outcome::Done);
    world.answer(Outcome::Done);
    world.did(&[
        "register web-1 8080 passing",
        "- registered",
        "update web-1 passing",
    ]);
}

#[test]
fn another_identity_takes_the_place_of_the_old_one() {
    let mut world = World::standing();
    world.wish(present(&spec("web-2", 80), Status::Passing));
    world.answer(Outcome::Done);
    world.did(&["deregister web-1", "register web-2 80 passing"]);
}

#[test]
fn a_withdrawal_is_answered() {
    let mut world = World::standing();
    world.wish(Wish::Absent);
    world.answer(Outcome::Done);
    world.did(&["deregister web-1", "- withdrawn"]);
    world.wish(Wish::Absent);
    world.did(&["- withdrawn"]);
    assert_eq!(world.registrar.next_deadline(), None);
}

#[test]
fn a_withdrawal_of_something_gone_is_fine() {
    let mut world = World::standing();
    world.wish(Wish::Absent);
    world.answer(Outcome::Unknown);
    world.did(&["deregister web-1", "- withdrawn"]);
}

#[test]
fn a_withdrawal_that_fails_says_so_at_once_and_goes_on_behind() {
    for outcome in [refused(), denied(), silent()] {
        let mut world = World::standing();
        world.wish(Wish::Absent);
        world.answer(outcome);
        world.did(&["deregister web-1", "- given up"]);
        world.wait();
        world.answer(Outcome::Done);
        world.did(&["deregister web-1"]);
        assert_eq!(world.registrar.next_deadline(), None);
    }
}

#[test]
fn a_withdrawal_waits_for_the_call_that_is_out_but_not_for_ever() {
    let mut world = World::new();
    world.wish(present(&spec("web-1", 80), Status::Passing));
    world.wish(Wish::Absent);
    world.now = Duration::from_secs(5);
    world.answer(silent());
    world.did(&[
        "register web-1 80 passing",
        "- failing Register",
        "deregister web-1",
    ]);
    world.wait();
    assert_eq!(world.now, Registrar::WITHDRAWAL);
    world.did(&["- given up"]);
    world.answer(Outcome::Done);
    world.did(&[]);
    assert_eq!(world.registrar.next_deadline(), None);
}

#[test]
fn a_withdrawal_during_a_refused_registration_has_nothing_to_wait_for() {
    let mut world = World::new();
    world.wish(present(&spec("web-1", 80), Status::Passing));
    world.wish(Wish::Absent);
    world.answer(refused());
    world.did(&[
        "register web-1 80 passing",
        "- failing Register",
        "- withdrawn",
    ]);
}

#[test]
fn a_service_returns_after_its_withdrawal() {
    let mut world = World::standing();
    world.wish(Wish::Absent);
    world.wish(present(&spec("web-1", 80), Status::Passing));
    world.answer(Outcome::Done);
    world.did(&["deregister web-1", "register web-1 80 passing"]);
}

#[test]
fn a_move_registers_at_the_new_agent_and_forgets_answers_of_the_old() {
    let mut world = World::standing();
    world.wish(present(&spec("web-1", 80), Status::Passing));
    let (old, _) = world.out.take().unwrap();
    world.handle(Fact::Moved);
    world.did(&["update web-1 passing", "register web-1 80 passing"]);
    let name = web();
    let outcome = refused();
    world.handle(Fact::Answered {
        name,
        order: old,
        outcome,
    });
    world.did(&[]);
    world.answer(Outcome::Done);
    world.did(&["- registered", "update web-1 passing"]);
}

#[test]
fn a_failure_to_register_names_what_failed() {
    let mut registrar = Registrar::new(1);
    let wish = present(&spec("web-1", 80), Status::Passing);
    let actions = registrar.handle(Duration::ZERO, Fact::Wished { name: web(), wish });
    let Some(Action::Tell { id: order, .. }) = actions.into_iter().next() else {
        panic!("nothing told");
    };
    let outcome = denied();
    let actions = registrar.handle(
        Duration::ZERO,
        Fact::Answered {
            name: web(),
            order,
            outcome,
        },
    );
    let Some(Action::Report { event, .. }) = actions.into_iter().next() else {
        panic!("nothing reported");
    };
    let ServiceEvent::Failing { act, reason } = event else {
        panic!("{event:?}");
    };
    assert_eq!(act, ServiceAct::Register);
    assert_eq!(
        reason.to_string(),
        "Consul answered 403 to PUT /v1/agent: Permission denied"
    );
}
