//! A catalog that is replaced by an empty one: what is told of keys that it lacks.

use super::*;
use crate::hold::HOLD;

/// A planner that follows a few keys, and the time.
struct Scene {
    now: Duration,
    planner: Planner,
    ids: BTreeMap<Arc<Query>, Id>,
}

fn key(path: &str) -> Arc<Query> {
    Arc::new(Query::Key {
        path: path.to_owned(),
        dc: None,
    })
}

impl Scene {
    /// Each key is followed, and was answered with this index and its own name.
    fn of(keys: &[(&str, u64)]) -> Self {
        let mut scene = Self {
            now: Duration::ZERO,
            planner: Planner::new(7, false),
            ids: BTreeMap::new(),
        };
        let wanted = keys.iter().map(|(path, _)| (key(path), PACE)).collect();
        scene.planner.on_followed(scene.now, &wanted);
        for order in scene.planner.orders(scene.now) {
            if let Order::Hold { id, query, .. } = order {
                scene.ids.insert(query, id);
            }
        }
        for (path, index) in keys {
            scene.says(path, *index, path, &format!("{path}={path}"));
        }
        scene
    }

    fn hears(&mut self, path: &str, said: Result<Reading<Answer>, CatalogError>) -> Vec<String> {
        self.now += SOON;
        let id = self.ids[&key(path)];
        let told = self.planner.on_held(self.now, id, self.now, said);
        self.planner.orders(self.now);
        words(told)
    }

    /// The catalog says this of a key, or that it is not there; and that much is told.
    #[track_caller]
    fn says(&mut self, path: &str, index: u64, value: &str, expected: &str) {
        let value = (!value.is_empty()).then(|| Bytes::copy_from_slice(value.as_bytes()));
        let reading = Reading {
            index: Some(index),
            value: Answer::Value(value),
        };
        let told = self.hears(path, Ok(reading));
        assert_eq!(told.join(" "), expected, "{path} at {index}");
    }

    #[track_caller]
    fn loses(&mut self, path: &str) {
        let told = self.hears(path, Err(refused()));
        assert_eq!(told, [format!("{path} lost")]);
    }

    /// Time passes; that much is told then.
    #[track_caller]
    fn waits(&mut self, span: Duration, expected: &str) {
        self.now += span;
        let told = self.planner.on_woken(self.now);
        assert_eq!(words(told).join(" "), expected, "after {span:?}");
    }
}

fn words(told: Told) -> Vec<String> {
    let told = told.into_iter().map(|(query, report)| {
        let Query::Key { path, .. } = &*query else {
            panic!("{query}");
        };
        let shown = |answer: Answer| match answer {
            Answer::Value(Some(value)) => String::from_utf8(value.to_vec()).unwrap(),
            Answer::Value(None) => "-".to_owned(),
            other @ (Answer::Instances(_)
            | Answer::Services(_)
            | Answer::Nodes(_)
            | Answer::Node(_)
            | Answer::Datacenters(_)
            | Answer::Pairs(_)) => panic!("{other}"),
        };
        match report {
            Report::Update(answer) => format!("{path}={}", shown(answer)),
            Report::Held(answer, CatalogError::Anew { .. }) => {
                format!("{path} held at {}", shown(answer))
            }
            Report::Held(_, reason) => panic!("{reason}"),
            Report::Lost(_) => format!("{path} lost"),
            Report::Back => format!("{path} back"),
        }
    });
    told.collect()
}

#[test]
fn what_an_empty_catalog_lacks_stands_until_it_is_there_again_or_the_time_is_over() {
    let mut scene = Scene::of(&[("a", 20), ("b", 10), ("c", 15)]);
    for path in ["a", "b", "c"] {
        scene.loses(path);
    }
    scene.says("a", 5, "", "a held at a");
    // An index that is later than the last one says nothing against that.
    scene.says("b", 12, "", "b held at b");
    scene.says("b", 13, "", "");
    scene.says("c", 14, "new", "c=new c back");
    let ends_in = scene.planner.next_deadline().unwrap() - scene.now;
    assert!(ends_in <= HOLD && ends_in > HOLD - 10 * SOON);
    scene.says("a", 16, "a", "a back");
    // What was there again and goes is gone at once.
    scene.says("a", 17, "", "a=-");
    scene.waits(HOLD - Duration::from_secs(1), "");
    scene.waits(Duration::from_secs(1), "b=- b back");
    assert_eq!(scene.planner.next_deadline(), None, "idle means idle");
    scene.says("b", 18, "b", "b=b");
    scene.says("b", 19, "", "b=-");
}

#[test]
fn whoever_answers_first_after_a_loss_waits_for_what_the_others_show() {
    let mut scene = Scene::of(&[("a", 20), ("b", 10)]);
    scene.loses("a");
    scene.loses("b");
    scene.says("b", 12, "", "");
    scene.says("a", 5, "a", "b held at b a back");
    scene.waits(HOLD, "b=- b back");
}

#[test]
fn what_went_while_nobody_looked_is_told_soon() {
    let mut scene = Scene::of(&[("a", 20), ("b", 10)]);
    scene.loses("a");
    scene.loses("b");
    scene.says("b", 12, "", "");
    scene.says("a", 21, "a", "a back");
    scene.waits(Duration::from_secs(1), "b=- b back");
    assert_eq!(scene.planner.next_deadline(), None);
}

#[test]
fn what_goes_while_somebody_looks_is_told_at_once() {
    let mut scene = Scene::of(&[("a", 20)]);
    scene.says("a", 21, "", "a=-");
    scene.says("a", 22, "a", "a=a");
    // Without an index nobody can say.
    scene.loses("a");
    scene.says("a", 0, "", "a=- a back");
}

#[test]
fn of_one_index_there_is_one_answer() {
    let mut scene = Scene::of(&[("a", 20)]);
    scene.says("a", 20, "", "a held at a");
    scene.waits(HOLD, "a=- a back");
}

#[test]
fn an_index_that_jumps_about_hides_nothing_for_ever() {
    let mut scene = Scene::of(&[("a", 20)]);
    scene.says("a", 5, "", "a held at a");
    for _ in 0..29 {
        scene.waits(Duration::from_secs(1), "");
        scene.says("a", 20, "", "");
        scene.says("a", 5, "", "");
    }
    scene.waits(Duration::from_secs(1), "a=- a back");
    scene.says("a", 20, "", "");
    scene.says("a", 5, "", "");
}

#[test]
fn while_nobody_answers_nothing_is_let_go() {
    let mut scene = Scene::of(&[("a", 20)]);
    scene.loses("a");
    scene.says("a", 5, "", "a held at a");
    scene.loses("a");
    scene.waits(HOLD * 2, "");
    assert_eq!(scene.planner.next_deadline(), None);
    scene.says("a", 5, "", "a=- a back");
}

#[test]
fn another_catalog_is_believed_at_once_if_that_is_what_was_asked_for() {
    let mut scene = Scene::of(&[("a", 20), ("b", 10)]);
    scene.says("a", 5, "", "a held at a");
    scene.planner.forget_the_catalog();
    scene.planner.on_moved(scene.now);
    scene.says("a", 3, "", "a=- a back");
    scene.says("b", 3, "", "b=-");
}

/// Nobody else is asked about, and all the others have registered again already.
#[test]
fn a_node_that_is_not_known_any_more_shows_that_its_service_was_lost() {
    let node = |id: &str| {
        Arc::new(Node {
            id: id.into(),
            name: "host".into(),
            ..Node::default()
        })
    };
    let reading = |index: u64, nodes: &[&Arc<Node>]| Reading {
        index: Some(index),
        value: Answer::Nodes(nodes.iter().map(|node| (*node).clone()).collect()),
    };
    for (found, expected) in [(None, 1), (Some(node("two")), 1), (Some(node("one")), 0)] {
        let mut planner = Planner::new(7, false);
        let query = Arc::new(Query::Nodes {
            dc: None,
            near: None,
        });
        let wanted = [(query.clone(), PACE)].into();
        planner.on_followed(SOON, &wanted);
        let id = planner.ids[&query];
        let one = node("one");
        planner.on_held(SOON, id, SOON, Ok(reading(9, &[&one])));
        planner.on_held(SOON, id, SOON, Err(refused()));
        planner.orders(SOON);
        assert!(
            planner
                .on_held(SOON, id, SOON, Ok(reading(12, &[])))
                .is_empty()
        );
        let asked = planner
            .orders(SOON)
            .into_iter()
            .find_map(|order| match order {
                Order::Identify { dc, node } => Some((dc, node)),
                Order::Hold { .. }
                | Order::TakeBack(_)
                | Order::PassOn { .. }
                | Order::Look { .. }
                | Order::Listen { .. }
                | Order::Silence(_) => None,
            });
        let (dc, asked) = asked.unwrap();
        assert_eq!(asked, one);
        let told = planner.on_identified(SOON, &dc, &asked, found.as_deref());
        assert_eq!(told.len(), expected, "{told:?}");
        // A second word changes nothing.
        let told = planner.on_identified(SOON, &dc, &asked, None);
        assert_eq!(told.len(), 1 - expected, "{told:?}");
    }
}

/// Many share a few lines: all of them are kept, whoever is asked first.
#[test]
fn of_many_none_is_believed_to_be_gone() {
    let mut world = World::followed(300);
    world.settle(WHILE);
    world.change(7, false);
    world.settle(WHILE);
    world.planner.on_moved(world.now);
    world.held.clear();
    world.looks.clear();
    world.bells.clear();
    world.answers_sent.clear();
    world.obey();
    world.empty();
    let before = world.told.clone();
    world.settle(HOLD / 2);
    assert_eq!(world.told, before);
    assert_eq!(world.held_back.len(), 300);
    world.settle(HOLD);
    world.assert_all_is_told();
}
