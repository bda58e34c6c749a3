//! Registration step by step, on a clock that only jumps.

mod history;

use super::*;
use crate::Backend;
use crate::ServiceAct;

fn web() -> JobName {
    JobName::from("web")
}

fn spec(id: &str, port: u16) -> Arc<ServiceSpec> {
    Arc::new(described(id, port))
}

fn described(id: &str, port: u16) -> ServiceSpec {
    ServiceSpec {
        name: None,
        id: id.to_owned(),
        address: "10.0.0.1".to_owned(),
        port,
        tags: Vec::new(),
        meta: Vec::new(),
        weights: None,
        tagged_addresses: Vec::new(),
        checks: Vec::new(),
        ttl: Duration::from_secs(10),
        initial_status: None,
        enable_tag_override: false,
        deregister_critical_after: None,
        maintenance: pilot_core::spec::OutOfService::Withdrawn,
    }
}

fn present(spec: &Arc<ServiceSpec>, status: Status) -> Wish {
    Wish::Present(Presence {
        spec: spec.clone(),
        status,
        output: Arc::from("ok"),
        maintenance: None,
    })
}

fn out_of_service(spec: &Arc<ServiceSpec>, reason: &str) -> Wish {
    Wish::Present(Presence {
        spec: spec.clone(),
        status: Status::Passing,
        output: Arc::from("ok"),
        maintenance: Some(Arc::from(reason)),
    })
}

fn claimed() -> Outcome {
    Outcome::Claimed {
        by: "10.0.0.9:80".to_owned(),
    }
}

fn refused() -> Outcome {
    Outcome::Failed(CatalogError::Unreachable {
        who: Backend::Consul,
        address: "127.0.0.1:8500".to_owned(),
        reason: "connection refused".to_owned(),
    })
}

fn silent() -> Outcome {
    Outcome::Failed(CatalogError::Silent {
        who: Backend::Consul,
        address: "127.0.0.1:8500".to_owned(),
        call: "PUT /v1/agent".to_owned(),
        after: Duration::from_secs(5),
    })
}

fn denied() -> Outcome {
    Outcome::Failed(CatalogError::Refused {
        who: Backend::Consul,
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
    patience: Patience,
    trace: Vec<String>,
}

impl World {
    fn new() -> Self {
        Self {
            now: Duration::ZERO,
            registrar: Registrar::new(7),
            out: None,
            patience: Patience::default(),
            trace: Vec::new(),
        }
    }

    fn handle(&mut self, fact: Fact) {
        for action in self.registrar.handle(self.now, fact) {
            match action {
                Action::Tell {
                    id,
                    order,
                    patience,
                    ..
                } => {
                    self.patience = patience;
                    let before = self.out.replace((id, order.clone()));
                    assert_eq!(before, None, "one order at a time");
                    self.trace.push(match order {
                        Order::Register {
                            spec,
                            status,
                            maintenance,
                            claim,
                            keeps_tags,
                            ..
                        } => {
                            let (id, port, status) = (&spec.id, spec.port, status.word());
                            let tags = if keeps_tags { ", tags stay" } else { "" };
                            let out =
                                maintenance.map(|reason| format!(", out of service: {reason}"));
                            let out = out.unwrap_or_default();
                            match claim {
                                Claim::Take => format!("register {id} {port} {status}{out}{tags}"),
                                Claim::Leave => {
                                    format!("register {id} {port} {status}{out} if free")
                                }
                            }
                        }
                        Order::Maintain { spec, reason } => {
                            format!(
                                "maintain {} {}",
                                spec.id,
                                reason.as_deref().unwrap_or("no more")
                            )
                        }
                        Order::Update {
                            spec,
                            status,
                            is_look_due,
                            ..
                        } => {
                            let look = if is_look_due { ", having looked" } else { "" };
                            format!("update {} {}{look}", spec.id, status.word())
                        }
                        Order::Deregister { spec } => format!("deregister {}", spec.id),
                    });
                }
                Action::Report { event, .. } => self.trace.push(match event {
                    ServiceEvent::Registered => "- registered".to_owned(),
                    ServiceEvent::Failing { act, .. } => format!("- failing {act:?}"),
                    ServiceEvent::Forgotten => "- forgotten".to_owned(),
                    ServiceEvent::Repaired { what } => format!("- repaired: {what}"),
                    ServiceEvent::Overtaken { by } => format!("- overtaken by {by}"),
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
            .all(|line| line.starts_with("update web-1 passing"))
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
    // Its TTL is ten seconds.
    assert!(calls < 150, "{calls} calls in ten minutes");
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
fn what_keeps_a_service_alive_is_given_up_before_its_ttl_is_over() {
    let mut world = World::standing();
    let call = Duration::from_secs(5);
    for ttl in [30, 10, 3, 1] {
        let ttl = Duration::from_secs(ttl);
        let spec = ServiceSpec {
            ttl,
            ..ServiceSpec::clone(&spec("web-1", 80))
        };
        world.wish(present(&Arc::new(spec), Status::Passing));
        world.answer(Outcome::Done);
        let waits = world.patience.of(call);
        let (most, least) = (ttl.mul_f64(0.5), Duration::from_secs(1));
        assert_eq!(waits, call.min(most.max(least)), "{ttl:?}");
        world.answer(Outcome::Done);
    }
}

#[test]
fn access_that_is_granted_again_is_used_within_the_ttl() {
    let mut world = World::new();
    let mut asked_at = Duration::ZERO;
    for _ in 0..600 {
        world.wish(present(&spec("web-1", 80), Status::Passing));
        if world.out.is_some() {
            let pause = world.now - asked_at;
            assert!(pause <= Duration::from_secs(9), "{pause:?}");
            asked_at = world.now;
            world.answer(denied());
        }
        world.now += Duration::from_secs(1);
    }
}

#[test]
fn after_ten_minutes_without_an_agent_the_next_publish_is_told_at_once() {
    let mut world = World::standing();
    let mut calls = 0;
    for _ in 0..120 {
        world.wish(present(&spec("web-1", 80), Status::Passing));
        while world.out.is_some() {
            calls += 1;
            world.answer(silent());
        }
        world.now += Duration::from_secs(5);
        world.handle(Fact::Woken);
    }
    // One for each publish; those between are put off for longer than that.
    assert!(calls < 140, "{calls} calls");
    let reports = world.trace.iter().filter(|line| line.starts_with('-'));
    assert_eq!(reports.count(), 1, "{:?}", world.trace);
    world.trace.clear();
    world.wish(present(&spec("web-1", 80), Status::Critical));
    world.answer(Outcome::Unknown);
    world.answer(Outcome::Done);
    world.answer(Outcome::Done);
    world.did(&[
        "update web-1 critical, having looked",
        "- forgotten",
        "register web-1 80 critical",
        "- registered",
        "update web-1 critical",
    ]);
}

#[test]
fn another_name_is_registered_after_the_old_one_is_gone() {
    let mut world = World::standing();
    let mut named = ServiceSpec::clone(&spec("web-1", 80));
    named.name = Some("shop".to_owned());
    world.wish(present(&Arc::new(named), Status::Passing));
    for _ in 0..3 {
        world.answer(Outcome::Done);
    }
    world.did(&[
        "deregister web-1",
        "register web-1 80 passing",
        "- registered",
        "update web-1 passing",
    ]);
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

#[test]
fn who_is_overtaken_says_so_once_and_takes_over_when_the_other_has_left() {
    let mut world = World::standing();
    let web = present(&spec("web-1", 80), Status::Passing);
    world.wish(web.clone());
    world.answer(claimed());
    world.did(&["update web-1 passing", "- overtaken by 10.0.0.9:80"]);
    assert_eq!(
        world.registrar.next_deadline(),
        None,
        "until the next publish"
    );
    for _ in 0..3 {
        world.wish(web.clone());
        world.answer(claimed());
        world.did(&["register web-1 80 passing if free"]);
    }
    world.wish(web);
    world.answer(Outcome::Done);
    world.answer(Outcome::Done);
    world.did(&[
        "register web-1 80 passing if free",
        "- registered",
        "update web-1 passing",
    ]);
}

#[test]
fn who_is_overtaken_leaves_the_other_alone_when_it_goes() {
    let mut world = World::standing();
    world.wish(present(&spec("web-1", 80), Status::Passing));
    world.answer(claimed());
    world.trace.clear();
    world.wish(Wish::Absent);
    world.did(&["- withdrawn"]);
}

#[test]
fn a_newcomer_takes_an_identity_that_was_anothers() {
    let mut world = World::standing();
    world.wish(present(&spec("web-1", 80), Status::Passing));
    world.answer(claimed());
    world.handle(Fact::Moved);
    world.trace.clear();
    world.wish(present(&spec("web-1", 80), Status::Passing));
    assert_eq!(world.trace, Vec::<String>::new(), "an order is out already");
}

#[test]
fn who_is_not_answered_in_time_waits_longer_before_it_asks_again() {
    let mut world = World::new();
    world.wish(present(&spec("web-1", 80), Status::Passing));
    let call = Duration::from_secs(5);
    let mut waited = vec![world.patience.of(call).as_secs()];
    for _ in 0..4 {
        world.answer(silent());
        world.wait();
        waited.push(world.patience.of(call).as_secs());
    }
    assert_eq!(waited, [5, 10, 20, 20, 20]);
    world.answer(refused());
    world.wait();
    assert_eq!(
        world.patience.of(call),
        call,
        "nobody is there who could be busy"
    );
}

#[test]
fn what_lapsed_is_registered_again_at_once() {
    let mut world = World::standing();
    world.wish(present(&spec("web-1", 80), Status::Passing));
    let ids = vec!["other".to_owned(), "web-1".to_owned()];
    world.handle(Fact::Lapsed { ids });
    world.did(&["update web-1 passing", "- forgotten"]);
    world.answer(Outcome::Unknown);
    world.answer(Outcome::Done);
    world.answer(Outcome::Done);
    world.did(&[
        "register web-1 80 passing",
        "- registered",
        "update web-1 passing",
    ]);
}

#[test]
fn a_lapse_ends_a_withdrawal() {
    let mut world = World::standing();
    world.wish(present(&spec("web-1", 80), Status::Passing));
    world.wish(Wish::Absent);
    world.trace.clear();
    let ids = vec!["web-1".to_owned()];
    world.handle(Fact::Lapsed { ids });
    world.did(&["- withdrawn"]);
}

#[test]
fn maintenance_is_told_once_and_again_after_the_agent_forgot() {
    let mut world = World::standing();
    let web = spec("web-1", 80);
    world.wish(out_of_service(&web, "repairs"));
    world.answer(Outcome::Done);
    world.answer(Outcome::Done);
    world.did(&["maintain web-1 repairs", "update web-1 passing"]);
    world.wish(out_of_service(&web, "repairs"));
    world.answer(Outcome::Unknown);
    world.answer(Outcome::Described);
    for _ in 0..2 {
        world.answer(Outcome::Done);
    }
    world.did(&[
        "update web-1 passing",
        "- forgotten",
        "register web-1 80 passing, out of service: repairs",
        "- registered",
        "maintain web-1 repairs",
        "update web-1 passing",
    ]);
    // Whoever comes back into service does so in the status it has by then.
    world.wish(present(&web, Status::Critical));
    world.answer(Outcome::Done);
    world.answer(Outcome::Done);
    world.did(&["update web-1 critical", "maintain web-1 no more"]);
}

#[test]
fn a_registration_says_that_it_is_out_of_service_where_it_can() {
    let mut world = World::standing();
    world.wish(out_of_service(&spec("web-1", 81), "repairs"));
    world.answer(Outcome::Done);
    world.answer(Outcome::Done);
    world.did(&[
        "register web-1 81 passing, out of service: repairs",
        "- registered",
        "update web-1 passing",
    ]);
    // Back in service and described anew at once.
    world.wish(present(&spec("web-1", 82), Status::Passing));
    world.answer(Outcome::Done);
    world.answer(Outcome::Done);
    world.did(&[
        "register web-1 82 passing",
        "- registered",
        "update web-1 passing",
    ]);
}

#[test]
fn an_agent_that_keeps_maintenance_across_registrations_is_told_that_it_is_over() {
    let mut world = World::standing();
    world.wish(out_of_service(&spec("web-1", 80), "repairs"));
    world.answer(Outcome::Done);
    world.answer(Outcome::Done);
    world.trace.clear();
    world.wish(present(&spec("web-1", 82), Status::Passing));
    world.answer(Outcome::Described);
    world.answer(Outcome::Done);
    world.answer(Outcome::Done);
    world.did(&[
        "register web-1 82 passing",
        "- registered",
        "update web-1 passing",
        "maintain web-1 no more",
    ]);
}

#[test]
fn an_update_looks_now_and_then_and_tells_what_it_repaired() {
    let mut world = World::standing();
    world.trace.clear();
    for _ in 0..3 {
        world.now += Duration::from_secs(3);
        world.wish(present(&spec("web-1", 80), Status::Passing));
        world.answer(Outcome::Done);
    }
    world.now += Duration::from_secs(5);
    world.wish(present(&spec("web-1", 80), Status::Passing));
    let what = "tags".to_owned();
    world.answer(Outcome::Repaired { what });
    world.did(&[
        "update web-1 passing",
        "update web-1 passing, having looked",
        "update web-1 passing",
        "update web-1 passing, having looked",
        "- repaired: tags",
    ]);
}

#[test]
fn tags_of_others_stay_while_ours_are_the_same() {
    let open = |tag: &str, port| {
        Arc::new(ServiceSpec {
            tags: vec![tag.to_owned()],
            enable_tag_override: true,
            ..described("web-1", port)
        })
    };
    let mut world = World::new();
    for spec in [open("a", 80), open("a", 81), open("b", 81)] {
        world.wish(present(&spec, Status::Passing));
        world.answer(Outcome::Done);
        world.answer(Outcome::Done);
    }
    world.did(&[
        "register web-1 80 passing",
        "- registered",
        "update web-1 passing",
        "register web-1 81 passing, tags stay",
        "- registered",
        "update web-1 passing",
        "register web-1 81 passing",
        "- registered",
        "update web-1 passing",
    ]);
}

#[test]
fn who_is_overtaken_under_one_identity_takes_another() {
    let mut world = World::standing();
    world.wish(present(&spec("web-1", 80), Status::Passing));
    world.answer(claimed());
    world.trace.clear();
    world.wish(present(&spec("web-2", 80), Status::Passing));
    world.answer(silent());
    world.wait();
    world.answer(Outcome::Done);
    world.answer(Outcome::Done);
    world.did(&[
        "register web-2 80 passing",
        "- failing Register",
        "register web-2 80 passing",
        "- registered",
        "update web-2 passing",
    ]);
}

#[test]
fn who_registers_in_a_crowd_tries_again_at_a_time_of_its_own() {
    let tries = |seed| {
        let mut world = World::new();
        world.registrar = Registrar::new(seed);
        world.wish(present(&spec("web-1", 80), Status::Passing));
        world.answer(silent());
        world.wish(present(&spec("web-1", 80), Status::Passing));
        assert!(world.out.is_none(), "a publish makes it no sooner");
        world.wait();
        assert!(world.out.is_some());
        world.now
    };
    let times: Vec<Duration> = (0..100).map(tries).collect();
    let half = spec("web-1", 80).ttl / 2;
    assert!(times.iter().all(|time| *time <= half), "{times:?}");
    for quarter in 0..4 {
        let part = half * quarter / 4..half * (quarter + 1) / 4;
        let count = times.iter().filter(|time| part.contains(time)).count();
        assert!(count > 10, "{count} of 100 in {part:?}");
    }
}
