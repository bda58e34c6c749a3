//! A catalog as a table, a hundred queries, and a clock that only jumps.

use super::*;
use crate::Backend;
use bytes::Bytes;

mod nodes;
use crate::query::ServiceQuery;

const PACE: Pace = Pace {
    interval: Duration::from_secs(600),
    wait: Duration::from_secs(300),
    call: Duration::from_secs(5),
};

/// How many nodes have services.
const NODES_OF_ALL: usize = 5;

const SOON: Duration = Duration::from_millis(1);

fn service(number: usize) -> Arc<Query> {
    Arc::new(Query::Service(ServiceQuery::passing(format!("s{number}"))))
}

fn refused() -> CatalogError {
    CatalogError::Unreachable {
        who: Backend::Consul,
        address: "127.0.0.1:8500".to_owned(),
        reason: "connection refused".to_owned(),
    }
}

fn denied() -> CatalogError {
    CatalogError::Refused {
        who: Backend::Consul,
        status: 403,
        call: "GET /v1/catalog/services".to_owned(),
        text: "Permission denied".to_owned(),
    }
}

/// One service as the catalog has it.
#[derive(Clone, Debug)]
struct Record {
    value: u64,
    index: u64,
    is_critical: bool,
    /// How often it was registered otherwise.
    registered: u64,
}

/// A catalog, and the planner that follows it.
struct World {
    now: Duration,
    index: u64,
    registered_at: u64,
    checked_at: u64,
    services: Vec<Record>,
    /// The nodes that are there, in a world that tells; each service is on one of them.
    nodes: Option<BTreeSet<usize>>,
    nodes_at: u64,
    node_at: [u64; NODES_OF_ALL],
    /// Nodes without any service.
    idle_nodes: usize,
    bells_are_denied: bool,
    planner: Planner,
    held: BTreeMap<Id, (Ticket, Arc<Query>, Question)>,
    bells: BTreeMap<Arc<Bell>, (Ticket, Question)>,
    looks: Vec<(Id, Ticket, Arc<Query>, Option<u64>)>,
    /// Answers that are on their way already.
    chimes_sent: BTreeMap<Arc<Bell>, Chime>,
    answers_sent: BTreeMap<u64, Reading<Answer>>,
    /// How often a bell of a node was answered.
    heard_of_nodes: usize,
    taken_back: usize,
    /// How many looks there were.
    looked: usize,
    told: BTreeMap<Arc<Query>, Answer>,
    lost: Vec<Arc<Query>>,
}

impl World {
    fn of(services: usize) -> Self {
        let record = |number| Record {
            value: 0,
            index: number as u64 + 1,
            is_critical: false,
            registered: 0,
        };
        let index = services as u64 + 1;
        Self {
            now: Duration::ZERO,
            index,
            registered_at: index,
            checked_at: index,
            services: (0..services).map(record).collect(),
            nodes: None,
            nodes_at: 1,
            node_at: [1; NODES_OF_ALL],
            idle_nodes: 0,
            bells_are_denied: false,
            planner: Planner::new(7, false),
            held: BTreeMap::new(),
            bells: BTreeMap::new(),
            looks: Vec::new(),
            chimes_sent: BTreeMap::new(),
            answers_sent: BTreeMap::new(),
            heard_of_nodes: 0,
            taken_back: 0,
            looked: 0,
            told: BTreeMap::new(),
            lost: Vec::new(),
        }
    }

    fn followed(services: usize) -> Self {
        let mut world = Self::of(services);
        world.follow(services);
        world
    }

    /// Follows the first so many.
    fn follow(&mut self, count: usize) {
        let wanted = (0..count).map(|number| (service(number), PACE)).collect();
        self.planner.on_followed(self.now, &wanted);
        self.told.retain(|query, _| wanted.contains_key(query));
        self.obey();
    }

    fn obey(&mut self) {
        for order in self.planner.orders(self.now) {
            match order {
                Order::Hold {
                    id,
                    ticket,
                    query,
                    question,
                } => drop(self.held.insert(id, (ticket, query, question))),
                Order::TakeBack(id) => {
                    self.taken_back += 1;
                    self.held.remove(&id);
                }
                Order::PassOn { from, .. } => assert!(!self.held.contains_key(&from)),
                Order::Look {
                    id,
                    ticket,
                    query,
                    known,
                } => {
                    self.looked += 1;
                    self.looks.push((id, ticket, query, known));
                }
                Order::Listen {
                    bell,
                    ticket,
                    question,
                } => {
                    self.chimes_sent.remove(&bell);
                    self.bells.insert(bell, (ticket, question));
                }
                Order::Silence(bell) => {
                    self.chimes_sent.remove(&bell);
                    self.bells.remove(&bell);
                }
            }
        }
        let connections = self.held.len() + self.bells.len() + self.looks.len();
        assert!(connections <= HELD + LINES, "{connections}");
        assert!(self.looks.len() <= LINES);
    }

    fn change(&mut self, number: usize, is_check: bool) {
        let node = number % NODES_OF_ALL;
        if self
            .nodes
            .as_ref()
            .is_some_and(|nodes| !nodes.contains(&node))
        {
            return;
        }
        self.index += 1;
        let record = &mut self.services[number];
        record.value += 1;
        record.index = self.index;
        if is_check {
            record.is_critical = !record.is_critical;
            self.checked_at = self.index;
        } else {
            record.registered += 1;
            self.registered_at = self.index;
            self.node_at[node] = self.index;
        }
    }

    fn record(&self, query: &Query) -> &Record {
        let Query::Service(query) = query else {
            panic!("{query}");
        };
        let number: usize = query.name[1..].parse().unwrap();
        &self.services[number]
    }

    fn reading(&self, query: &Query) -> Reading<Answer> {
        let record = self.record(query);
        Reading {
            index: Some(record.index),
            value: Answer::Value(Some(Bytes::from(record.value.to_string()))),
        }
    }

    fn chime(&self, bell: &Bell) -> Chime {
        let critical = self.services.iter().enumerate();
        let critical = critical.filter(|(_, record)| record.is_critical);
        let (index, things) = match bell.ring {
            Ring::Services => (self.registered_at, Vec::new()),
            Ring::Critical => (
                self.checked_at,
                // Whoever registered it wrote it otherwise than whoever asks.
                critical
                    .map(|(number, _)| (number as u64, format!("S{number}").into()))
                    .collect(),
            ),
            Ring::Warning => (self.checked_at, Vec::new()),
            Ring::Nodes => (self.nodes_at, self.names_of_nodes()),
            Ring::OnNode(ref name) => (self.registered_at, self.on_node(name)),
            Ring::Keys(_) => (1, Vec::new()),
        };
        Chime {
            index: Some(index),
            things: Things::new(things),
        }
    }

    fn hear(&mut self, told: Told) {
        for (query, report) in told {
            match report {
                Report::Update(answer) => drop(self.told.insert(query, answer)),
                Report::Lost(_) => self.lost.push(query),
                Report::Back => {}
            }
        }
        self.obey();
    }

    /// Answers one question that has an answer; tells whether there was one.
    fn answer_one(&mut self, choice: usize) -> bool {
        let look = (!self.looks.is_empty()).then(|| choice % self.looks.len());
        if let Some(look) = look {
            let (id, ticket, query, known) = self.looks.remove(look);
            self.planner.on_line_free();
            let sent = self.answers_sent.remove(&ticket.0);
            if self.planner.expects(id, ticket) {
                let reading = sent.unwrap_or_else(|| self.reading(&query));
                let seen = if known.is_some() && known == reading.index {
                    Seen::Same
                } else {
                    Seen::Said(reading)
                };
                let told = self.planner.on_looked(self.now, id, self.now, Ok(seen));
                self.hear(told);
            }
            self.obey();
            return true;
        }
        let now = self.now;
        let ringing = self.ringing();
        if !ringing.is_empty() {
            let bell = ringing[choice % ringing.len()].clone();
            self.ring(&bell);
            return true;
        }
        let held = self.held.iter().find(|(_, (_, query, question))| {
            let index = self.record(query).index;
            question.at <= now && question.index.is_none_or(|waited| waited < index)
        });
        let Some((id, (_, query, _))) = held else {
            return false;
        };
        let (id, reading) = (*id, self.reading(query));
        self.held.remove(&id);
        let told = self.planner.on_held(now, id, now, Ok(reading));
        self.hear(told);
        true
    }

    /// Lets time pass and answers everything that has an answer.
    fn settle(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            while self.answer_one(self.looked) {
                self.now += SOON / 10;
            }
            let at = self.held.values().map(|(_, _, question)| question.at);
            let at = at.chain(self.bells.values().map(|(_, question)| question.at));
            let at = at.filter(|at| *at > self.now);
            let next = at.chain(self.planner.next_deadline()).min();
            match next {
                Some(next) if next <= end => self.now = next.max(self.now),
                Some(_) | None => break,
            }
            self.planner.on_woken(self.now);
            self.obey();
        }
        self.now = self.now.max(end);
    }

    /// The held question of a service ends without news.
    fn come_back(&mut self, number: usize) {
        let query = service(number);
        let held = self.held.iter().find(|(_, (_, held, _))| *held == query);
        let id = *held.unwrap().0;
        self.held.remove(&id);
        let reading = self.reading(&query);
        let told = self.planner.on_held(self.now, id, self.now, Ok(reading));
        self.hear(told);
    }

    #[track_caller]
    fn assert_all_is_told(&self) {
        for (query, told) in &self.told {
            assert_eq!(*told, self.reading(query).value, "{query}");
        }
    }
}

const WHILE: Duration = Duration::from_secs(20);

#[test]
fn few_have_a_question_each() {
    let mut world = World::followed(HELD);
    assert_eq!((world.held.len(), world.bells.len()), (HELD, 0));
    world.settle(WHILE);
    assert_eq!((world.told.len(), world.looked), (HELD, 0));
}

#[test]
fn who_wants_to_know_once_leaves_no_question_behind() {
    for count in [1, 40, 200] {
        let mut world = World::of(count);
        world.planner = Planner::new(7, true);
        world.follow(count);
        world.settle(Duration::from_secs(600));
        world.assert_all_is_told();
        assert!(world.held.is_empty() && world.bells.is_empty(), "{count}");
        assert_eq!(world.looked, count);
    }
}

#[test]
fn many_share() {
    let mut world = World::followed(300);
    assert_eq!(world.looks.len(), LINES);
    world.settle(WHILE);
    assert_eq!(world.told.len(), 300);
    assert_eq!((world.held.len(), world.bells.len()), (0, 4));
    assert_eq!(world.planner.next_deadline(), None, "idle means idle");
}

#[test]
fn a_registration_is_found_by_looking_at_everyone_the_hottest_first() {
    let mut world = World::followed(300);
    world.settle(WHILE);
    for number in 200..300 {
        world.change(number, false);
        world.settle(WHILE);
    }
    world.assert_all_is_told();
    // Who changed first has a place; the others have to wait until a question comes back.
    let has_place = |world: &World, number| {
        let query = service(number);
        world.held.values().any(|(_, held, _)| *held == query)
    };
    assert_eq!(world.held.len() + world.bells.len(), HELD);
    assert!(has_place(&world, 200) && !has_place(&world, 299));
    world.come_back(200);
    assert!(!has_place(&world, 200) && has_place(&world, 299));
    assert_eq!(world.taken_back, 0, "Consul would keep the connection");
    let before = world.looked;
    world.change(0, false);
    while world.looks.is_empty() {
        assert!(world.answer_one(0));
    }
    // Those that changed are asked first, those that never did later.
    let first: Vec<_> = world.looks.iter().map(|look| look.2.to_string()).collect();
    assert!(
        first
            .iter()
            .all(|name| name.len() == 4 && name.as_str() >= "s200"),
        "{first:?}"
    );
    assert!(world.looks.iter().all(|look| look.3.is_some()));
    world.settle(WHILE);
    world.assert_all_is_told();
    assert!(world.looked - before <= 300);
}

#[test]
fn a_check_names_its_service() {
    let mut world = World::followed(300);
    world.settle(WHILE);
    let before = world.looked;
    for _ in 0..2 {
        world.change(250, true);
        world.settle(WHILE);
        world.assert_all_is_told();
    }
    // The second time it has a question of its own, and is looked at by nobody.
    assert_eq!(world.looked - before, 1);
}

/// A bell that has rung twice in a row rests for a moment. What comes and goes in that moment makes no
/// difference to it, though somebody may have been told of its coming.
#[test]
fn what_comes_and_goes_between_two_chimes_is_not_left_as_it_came() {
    let mut world = World::followed(300);
    world.settle(WHILE);
    // None has room for a question of its own after these.
    for number in 0..HELD {
        world.change(number, true);
    }
    world.settle(WHILE);
    for number in [60, 61] {
        world.change(number, true);
        world.settle(SOON * 5);
    }
    let before = world.told[&service(290)].clone();
    world.change(290, true);
    // A look at everybody finds it.
    world.change(291, false);
    world.settle(SOON * 20);
    assert_ne!(world.told[&service(290)], before);
    world.change(290, true);
    world.settle(WHILE);
    world.assert_all_is_told();
}

#[test]
fn a_catalog_that_changes_all_the_time_is_not_looked_at_all_the_time() {
    let mut world = World::followed(300);
    world.settle(WHILE);
    let (before, began) = (world.looked, world.now);
    while world.now < began + Duration::from_secs(10) {
        world.index += 1;
        world.registered_at = world.index;
        world.settle(Duration::from_millis(10));
    }
    let sweeps = (world.looked - before) / 250;
    assert!((10..120).contains(&sweeps), "{sweeps}");
}

#[test]
fn without_bells_everyone_is_looked_at_once_per_interval() {
    let mut world = World::followed(300);
    world.bells_are_denied = true;
    world.settle(WHILE);
    assert_eq!(world.told.len(), 300);
    let before = world.looked;
    world.change(250, false);
    world.settle(PACE.interval);
    world.assert_all_is_told();
    let looks = (world.looked - before) as u64;
    // Half an interval to a whole one each; the bells are tried in between.
    assert!((250..1000).contains(&looks), "{looks}");
    assert_eq!(world.lost, Vec::<Arc<Query>>::new());
}

#[test]
fn an_agent_that_is_gone_is_told_once_each_and_tried_few_times() {
    let mut world = World::followed(300);
    world.settle(WHILE);
    let before = world.looked;
    for id in world.held.keys().copied().collect::<Vec<_>>() {
        world.held.remove(&id);
        let told = world
            .planner
            .on_held(world.now, id, world.now, Err(refused()));
        world.hear(told);
    }
    for bell in world.bells.keys().cloned().collect::<Vec<_>>() {
        world.bells.remove(&bell);
        let now = world.now;
        world.planner.on_chimed(now, &bell, now, Err(refused()));
        world.obey();
    }
    while let Some((id, _, _, _)) = world.looks.pop() {
        world.planner.on_line_free();
        let told = world
            .planner
            .on_looked(world.now, id, world.now, Err(refused()));
        world.hear(told);
    }
    assert_eq!(world.lost.len(), 300);
    assert!(world.looked - before <= 2 * LINES);
    // What changed meanwhile is told when it is back.
    world.change(1, false);
    world.change(299, true);
    world.settle(Duration::from_secs(120));
    world.assert_all_is_told();
    assert_eq!(world.lost.len(), 300);
}

#[test]
fn few_again_have_a_question_each_again() {
    let mut world = World::followed(300);
    world.settle(WHILE);
    world.follow(20);
    world.settle(WHILE);
    assert_eq!((world.held.len(), world.bells.len()), (20, 0));
}

#[test]
fn another_agent_is_asked_everything_anew() {
    let mut world = World::followed(100);
    world.settle(WHILE);
    for record in &mut world.services {
        record.value += 1;
    }
    // The new one happens to be as far as the old one was.
    world.held.clear();
    world.bells.clear();
    world.looks.clear();
    world.planner.on_moved(world.now);
    world.obey();
    world.settle(WHILE);
    world.assert_all_is_told();
}
