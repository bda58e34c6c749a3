//! The same catalog, which tells of its nodes.

use proptest::prelude::*;

use super::*;

impl World {
    /// A world that tells of its nodes, and that has been followed for a while.
    fn of_nodes(services: usize) -> Self {
        let mut world = Self::of(services);
        world.nodes = Some((0..NODES_OF_ALL).collect());
        world.follow(services);
        world.settle(WHILE);
        world
    }

    pub(super) fn names_of_nodes(&self) -> Vec<(u64, Arc<str>)> {
        let nodes = self.nodes.iter().flatten().copied();
        let idle = (0..self.idle_nodes).map(|node| 100 + node);
        let names = nodes.chain(idle);
        names
            .map(|node| (node as u64, format!("n{node}").into()))
            .collect()
    }

    pub(super) fn on_node(&self, name: &str) -> Vec<(u64, Arc<str>)> {
        let node: usize = name[1..].parse().unwrap();
        if !self.nodes.iter().flatten().any(|known| *known == node) {
            return Vec::new();
        }
        let services = self.services.iter().enumerate();
        let services = services.filter(|(number, _)| number % NODES_OF_ALL == node);
        services
            .map(|(number, record)| {
                let thing = (number as u64) << 32 | record.registered;
                (thing, format!("S{number}").into())
            })
            .collect()
    }

    /// The bells that have something to tell.
    pub(super) fn ringing(&self) -> Vec<Arc<Bell>> {
        let bells = self.bells.iter().filter(|(bell, (_, question))| {
            let moved_at = match &bell.ring {
                Ring::OnNode(name) => {
                    let node: usize = name[1..].parse().unwrap();
                    self.node_at.get(node).copied()
                }
                Ring::Services | Ring::Critical | Ring::Warning | Ring::Nodes | Ring::Keys(_) => {
                    self.chime(bell).index
                }
            };
            let waits = question
                .index
                .is_some_and(|waited| Some(waited) >= moved_at);
            let is_sent = self.chimes_sent.contains_key(*bell);
            question.at <= self.now && (is_sent || !waits)
        });
        bells.map(|(bell, _)| bell.clone()).collect()
    }

    pub(super) fn ring(&mut self, bell: &Arc<Bell>) {
        let chime = if self.bells_are_denied {
            Err(denied())
        } else {
            let sent = self.chimes_sent.remove(bell);
            Ok(sent.unwrap_or_else(|| self.chime(bell)))
        };
        self.answer_bell(bell, chime);
    }

    fn answer_bell(&mut self, bell: &Arc<Bell>, chime: Result<Chime, CatalogError>) {
        let (_, question) = self.bells.remove(bell).unwrap();
        self.heard_of_nodes += usize::from(bell.is_of_a_node());
        let asked_at = question.at.min(self.now);
        self.planner.on_chimed(self.now, bell, asked_at, chime);
        self.obey();
    }

    fn bell(&self, choice: usize) -> Option<Arc<Bell>> {
        let asked = self.bells.iter();
        let asked = asked.filter(|(_, (_, question))| question.at <= self.now);
        let asked: Vec<_> = asked.map(|(bell, _)| bell.clone()).collect();
        (!asked.is_empty()).then(|| asked[choice % asked.len()].clone())
    }

    fn of_node(&self, node: usize) -> Arc<Bell> {
        let ring = Ring::OnNode(format!("n{node}"));
        Arc::new(Bell { ring, dc: None })
    }

    /// Everything that has an answer has it now; it arrives later.
    fn send(&mut self) {
        for bell in self.ringing() {
            let chime = self.chime(&bell);
            self.chimes_sent.entry(bell).or_insert(chime);
        }
        for (_, ticket, query, _) in &self.looks {
            let reading = self.reading(query);
            self.answers_sent.entry(ticket.0).or_insert(reading);
        }
    }

    /// A node goes with all that is on it, or comes with it.
    fn toggle(&mut self, node: usize) {
        self.index += 1;
        let nodes = self.nodes.get_or_insert_default();
        if !nodes.remove(&node) {
            nodes.insert(node);
        }
        let services = self.services.iter_mut().skip(node).step_by(NODES_OF_ALL);
        for record in services {
            record.value += 1;
            record.registered += 1;
            record.index = self.index;
            record.is_critical = false;
        }
        self.nodes_at = self.index;
        self.node_at[node] = self.index;
        self.registered_at = self.index;
        self.checked_at = self.index;
    }
}

#[test]
fn a_node_names_the_one_whose_port_changed() {
    let mut world = World::of_nodes(300);
    assert_eq!(world.bells.len(), 4 + NODES_OF_ALL);
    assert_eq!(world.planner.next_deadline(), None, "idle means idle");
    for number in [17, 250, 3] {
        let before = world.looked;
        world.change(number, false);
        world.settle(WHILE);
        world.assert_all_is_told();
        assert_eq!(world.looked - before, 1);
    }
    world.change(250, false);
    let before = world.looked;
    world.settle(WHILE);
    world.assert_all_is_told();
    assert_eq!(world.looked - before, 0, "it has a question of its own");
}

#[test]
fn two_bells_that_ring_for_one_change_ask_once() {
    let mut world = World::of_nodes(300);
    let before = world.looked;
    world.change(17, true);
    // In the same change its port.
    world.services[17].registered += 1;
    world.registered_at = world.index;
    world.node_at[17 % NODES_OF_ALL] = world.index;
    world.settle(WHILE);
    world.assert_all_is_told();
    assert_eq!(world.looked - before, 1);
}

#[test]
fn nodes_are_first_asked_few_at_a_time() {
    let mut world = World::of(300);
    world.nodes = Some((0..NODES_OF_ALL).collect());
    world.follow(300);
    let mut most = 0;
    while world.answer_one(0) {
        let bells = world.bells.iter();
        let new =
            bells.filter(|(bell, (_, question))| bell.is_of_a_node() && question.index.is_none());
        most = most.max(new.count());
    }
    assert_eq!((most, world.bells.len()), (2, 4 + NODES_OF_ALL));
}

#[test]
fn too_many_nodes_have_no_bells() {
    let mut world = World::of_nodes(300);
    world.idle_nodes = NODES;
    world.toggle(0);
    world.settle(WHILE);
    assert_eq!(world.bells.len(), 4);
    let before = world.looked;
    world.change(17, false);
    world.settle(WHILE);
    world.assert_all_is_told();
    assert!(world.looked - before > 200, "everyone is looked at");
}

#[test]
fn while_one_node_is_not_heard_everyone_is_looked_at() {
    let mut world = World::of_nodes(300);
    let bell = world.of_node(2);
    world.answer_bell(&bell, Err(denied()));
    while !world.looks.is_empty() {
        world.answer_one(0);
    }
    let before = world.looked;
    world.change(17, false);
    world.settle(SOON * 300);
    world.assert_all_is_told();
    assert!(world.looked - before > 250);
    world.settle(Duration::from_secs(60));
    let before = world.looked;
    world.change(22, false);
    world.settle(WHILE);
    world.assert_all_is_told();
    assert_eq!(world.looked - before, 1);
}

#[test]
fn a_storm_is_not_followed_node_by_node() {
    let mut world = World::of_nodes(300);
    let (looks, heard, began) = (world.looked, world.heard_of_nodes, world.now);
    let mut number = 0;
    while world.now < began + Duration::from_secs(30) {
        number += 7;
        world.change(number % 300, false);
        world.settle(Duration::from_millis(10));
    }
    let heard = world.heard_of_nodes - heard;
    assert!(heard < 30 * NODES_OF_ALL, "{heard}");
    let sweeps = (world.looked - looks) / 300;
    assert!((20..360).contains(&sweeps), "{sweeps}");
    // Quiet again, each change has its name again.
    world.settle(Duration::from_secs(120));
    world.assert_all_is_told();
    let before = world.looked;
    world.change(299, false);
    world.settle(WHILE);
    world.assert_all_is_told();
    assert!(world.looked - before <= 1);
}

#[test]
fn everyone_is_looked_at_when_a_wait_ends() {
    let mut world = World::of_nodes(300);
    world.settle(PACE.wait);
    // No bell rings for the text of a check that passes.
    world.index += 1;
    world.services[17].value += 1;
    world.services[17].index = world.index;
    let ring = Ring::Services;
    world.ring(&Arc::new(Bell { ring, dc: None }));
    world.settle(WHILE);
    world.assert_all_is_told();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever changes when, in whichever order answers come, and with whichever bells: in the
    /// end everything is told.
    #[test]
    fn no_change_is_missed(
        tells_of_nodes: bool,
        steps in proptest::collection::vec((0..120_usize, 0..12_u8, 0..40_usize), 1..120),
    ) {
        let mut world = World::of(120);
        world.nodes = tells_of_nodes.then(|| (0..NODES_OF_ALL).collect());
        world.follow(120);
        let mut is_whole = true;
        for (number, kind, answers) in steps {
            match kind {
                0 => world.follow(40 + number / 2),
                1 => world.follow(120),
                2 => world.settle(SOON * 100),
                3 => world.change(number, true),
                4 if tells_of_nodes => world.toggle(number % NODES_OF_ALL),
                5 => world.send(),
                6 if number < 20 && let Some(bell) = world.bell(number) => {
                    is_whole = false;
                    world.answer_bell(&bell, Err(denied()));
                }
                // A wait ends.
                7 if let Some(bell) = world.bell(number) => world.ring(&bell),
                8 if is_whole => {
                    world.settle(Duration::from_secs(3));
                    world.assert_all_is_told();
                }
                9 if tells_of_nodes => {
                    world.idle_nodes = number % 2 * NODES;
                    world.nodes_at = world.index + 1;
                    world.index += 1;
                }
                _ => world.change(number, false),
            }
            for answer in 0..answers {
                world.answer_one(answer * 7 + number);
                world.now += SOON;
            }
        }
        world.follow(120);
        world.settle(Duration::from_secs(150));
        prop_assert_eq!(world.told.len(), 120);
        world.assert_all_is_told();
    }
}
