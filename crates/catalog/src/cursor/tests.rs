//! Watches against a catalog whose whole history is a table, on a clock that only jumps.

use proptest::prelude::*;

use super::*;
use crate::Backend;

const PACE: Pace = Pace {
    interval: Duration::from_secs(10),
    wait: Duration::from_secs(300),
    call: Duration::from_secs(5),
};

fn reading(index: impl Into<Option<u64>>, value: u32) -> Reading<u32> {
    Reading {
        index: index.into(),
        value,
    }
}

fn refused() -> CatalogError {
    CatalogError::Unreachable {
        who: Backend::Consul,
        address: "127.0.0.1:8500".to_owned(),
        reason: "connection refused".to_owned(),
    }
}

/// One watch and the time.
struct World {
    now: Duration,
    cursor: Cursor<u32>,
}

impl World {
    fn new() -> Self {
        Self {
            now: Duration::ZERO,
            cursor: Cursor::new(PACE, 7),
        }
    }

    /// Waits for the next question, and answers it after `held`; gives what was asked and reported.
    fn answer(
        &mut self,
        held: Duration,
        answer: Result<Reading<u32>, CatalogError>,
    ) -> (Question, Vec<Report<u32>>) {
        let question = self.cursor.question();
        self.now = self.now.max(question.at);
        self.cursor.on_asked(self.now);
        self.now += held;
        let reports = match answer {
            Ok(reading) => self.cursor.on_answered(self.now, reading),
            Err(error) => self.cursor.on_failed(self.now, error),
        };
        (question, reports)
    }

    fn at_once(&mut self, reading: Reading<u32>) -> (Question, Vec<Report<u32>>) {
        self.answer(Duration::from_millis(1), Ok(reading))
    }

    fn after_a_minute(&mut self, reading: Reading<u32>) -> (Question, Vec<Report<u32>>) {
        self.answer(Duration::from_secs(60), Ok(reading))
    }
}

#[test]
fn who_takes_up_where_another_left_off_tells_only_what_differs() {
    let mut world = World::new();
    world.cursor.recall(Some(1), Some(refused()));
    assert_eq!(world.cursor.known(), (Some(1), Some(refused())));
    let (_, reports) = world.at_once(reading(5, 1));
    assert_eq!(reports, [Report::Back]);
    let mut world = World::new();
    world.cursor.recall(Some(1), None);
    let (_, reports) = world.at_once(reading(5, 2));
    assert_eq!(reports, [Report::Update(2)]);
}

#[test]
fn the_first_question_comes_at_once_and_does_not_block() {
    let question = World::new().cursor.question();
    assert_eq!(
        (question.at, question.index, question.patience),
        (Duration::ZERO, None, PACE.call)
    );
}

#[test]
fn the_first_answer_is_told_whatever_it_is() {
    let mut world = World::new();
    assert_eq!(world.at_once(reading(5, 0)).1, [Report::Update(0)]);
    let (question, reports) = world.after_a_minute(reading(6, 0));
    assert_eq!((question.index, reports), (Some(5), vec![]));
    assert!(question.patience > PACE.wait + PACE.wait / 16);
    let (question, reports) = world.after_a_minute(reading(9, 1));
    assert_eq!(
        (question.index, reports),
        (Some(6), vec![Report::Update(1)])
    );
}

#[test]
fn an_index_of_no_use_is_asked_about_every_interval() {
    for index in [None, Some(0), Some(u64::MAX), Some(1 << 62)] {
        let mut world = World::new();
        world.at_once(reading(index, 0));
        let answered_at = world.now;
        let question = world.cursor.question();
        assert_eq!(question.index, None, "{index:?}");
        let pause = question.at - answered_at;
        assert!(
            pause <= PACE.interval && pause >= PACE.interval / 2,
            "{pause:?}"
        );
        assert_eq!(world.at_once(reading(index, 1)).1, [Report::Update(1)]);
    }
}

#[test]
fn an_index_that_goes_backwards_starts_afresh() {
    let mut world = World::new();
    world.at_once(reading(100, 0));
    let (question, reports) = world.after_a_minute(reading(3, 1));
    assert_eq!(
        (question.index, reports),
        (Some(100), vec![Report::Update(1)])
    );
    let (question, reports) = world.at_once(reading(4, 2));
    assert_eq!((question.index, reports), (None, vec![Report::Update(2)]));
    assert_eq!(world.cursor.question().index, Some(4));
}

#[test]
fn after_a_failure_the_first_question_does_not_block() {
    let mut world = World::new();
    world.at_once(reading(100, 0));
    let (_, reports) = world.answer(Duration::from_secs(1), Err(refused()));
    assert_eq!(reports, [Report::Lost(refused())]);
    let (question, reports) = world.answer(Duration::ZERO, Err(refused()));
    assert_eq!((question.index, reports), (None, vec![]));
    let (question, reports) = world.at_once(reading(3, 0));
    assert_eq!((question.index, reports), (None, vec![Report::Back]));
}

#[test]
fn an_hour_of_refusals_makes_few_attempts() {
    let mut world = World::new();
    let mut attempts = 0;
    while world.now < Duration::from_secs(3600) {
        world.answer(Duration::from_millis(1), Err(refused()));
        attempts += 1;
    }
    assert!((360..800).contains(&attempts), "{attempts}");
}

#[test]
fn answers_at_once_with_nothing_new_slow_it_down() {
    let mut world = World::new();
    let mut questions = 0;
    while world.now < Duration::from_secs(600) {
        world.at_once(reading(5, 0));
        questions += 1;
    }
    assert!(questions < 130, "{questions} in ten minutes");
    let before = world.now;
    assert_eq!(world.at_once(reading(6, 1)).1, [Report::Update(1)]);
    assert!(world.now - before <= PACE.interval + Duration::from_millis(2));
}

#[test]
fn a_flood_of_changes_is_asked_about_at_most_ten_times_a_second() {
    let mut world = World::new();
    let mut told = 0;
    for number in 0..1000_u32 {
        told += world
            .at_once(reading(u64::from(number) + 1, number))
            .1
            .len();
    }
    assert_eq!(told, 1000);
    assert!(world.now >= Duration::from_secs(100), "{:?}", world.now);
}

#[test]
fn a_new_agent_is_asked_at_once_and_only_differences_are_told() {
    let mut world = World::new();
    world.at_once(reading(100, 0));
    world.cursor.on_moved(world.now);
    let (question, reports) = world.at_once(reading(3, 0));
    assert_eq!((question.index, reports), (None, vec![]));
}

#[test]
fn two_hundred_watches_do_not_come_back_together() {
    let mut returns: Vec<_> = (0..200)
        .map(|seed| {
            let mut cursor: Cursor<u32> = Cursor::new(PACE, seed);
            for _ in 0..5 {
                cursor.on_failed(Duration::ZERO, refused());
            }
            cursor.question().at.as_millis() / 250
        })
        .collect();
    returns.sort_unstable();
    let fullest = returns.chunk_by(|a, b| a == b).map(<[_]>::len).max();
    assert!(fullest < Some(40), "{fullest:?} within 250 ms");
}

/// How the catalog misbehaves for one question.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Honest,
    NoIndex,
    ZeroIndex,
    HugeIndex,
    EarlierIndex,
    Early,
    Failure,
}

fn answers() -> impl Strategy<Value = Vec<(Answer, bool)>> {
    let answer = prop_oneof![
        Just(Answer::Honest),
        Just(Answer::NoIndex),
        Just(Answer::ZeroIndex),
        Just(Answer::HugeIndex),
        Just(Answer::EarlierIndex),
        Just(Answer::Early),
        Just(Answer::Failure),
    ];
    proptest::collection::vec((answer, any::<bool>()), 1..60)
}

proptest! {
    /// Whatever the catalog did before, once it is honest the last value is told within one
    /// interval or back-off, and at no time are there more than ten questions a second.
    #[test]
    fn no_change_is_missed_and_the_rate_is_bounded(history in answers()) {
        let mut world = World::new();
        let (mut value, mut index, mut told) = (0, 100_u64, None);
        let mut asked = Vec::new();
        for (answer, changes) in history {
            if changes {
                value += 1;
                index += 1;
            }
            let said = match answer {
                Answer::Honest | Answer::Early => Ok(reading(index, value)),
                Answer::NoIndex => Ok(reading(None, value)),
                Answer::ZeroIndex => Ok(reading(0, value)),
                Answer::HugeIndex => Ok(reading(u64::MAX, value)),
                Answer::EarlierIndex => Ok(reading(index / 2, value)),
                Answer::Failure => Err(refused()),
            };
            let (question, reports) = world.answer(Duration::from_millis(1), said);
            asked.push(question.at);
            for report in reports {
                if let Report::Update(update) = report {
                    prop_assert_ne!(told, Some(update));
                    told = Some(update);
                }
            }
        }
        value += 1;
        index += 1;
        let before = world.now;
        // An honest catalog answers at once if we wait for an index that is over.
        prop_assert!(world.cursor.question().index.is_none_or(|waited| waited < index));
        let (_, reports) = world.at_once(reading(index, value));
        prop_assert!(reports.contains(&Report::Update(value)));
        prop_assert!(world.now - before <= Duration::from_secs(11));
        for (earlier, later) in asked.iter().zip(asked.iter().skip(10)) {
            prop_assert!(*later - *earlier >= Duration::from_millis(900));
        }
    }
}
