//! What must hold of watches: what stands is what was answered last, and every change of that is
//! told in time.

use std::{collections::BTreeMap, time::Duration};

use pilot_core::{
    Effect, Event, EventKind, Input, Sight, Source, Time,
    spec::{OnEmpty, WatchId, WatchSpec},
    status::{Status, WatchStatus},
};

use super::{Verdict, must};

/// The watches that are looked after.
#[derive(Debug, Default)]
pub(super) struct Watches {
    followed: BTreeMap<WatchId, Followed>,
    /// What came before anything was followed, as it is taken up then.
    early: Vec<Input>,
    begun: bool,
}

#[derive(Debug)]
struct Followed {
    spec: WatchSpec,
    /// The last answer that counts.
    last: Option<Sight>,
    /// What stood after the fact before.
    stood: Option<Sight>,
    /// Since when something else stands than was answered last.
    behind_since: Option<Time>,
    is_lost: bool,
    holds: bool,
    told_changed: bool,
    told_stale: bool,
}

impl Watches {
    pub(super) fn on_input(&mut self, input: &Input) {
        let is_of_watch = matches!(
            input,
            Input::WatchAnswered { .. } | Input::WatchLost { .. } | Input::WatchBack { .. }
        );
        if *input == Input::Started {
            self.begun = true;
        } else if is_of_watch && !self.begun {
            self.early.push(input.clone());
        } else {
            self.take(input);
        }
    }

    fn take(&mut self, input: &Input) {
        let (Input::WatchAnswered { watch, .. }
        | Input::WatchLost { watch, .. }
        | Input::WatchBack { watch }) = input
        else {
            return;
        };
        let Some(followed) = self.followed.get_mut(watch) else {
            return;
        };
        if let Input::WatchAnswered { sight, .. } = input {
            let before = followed.last.as_ref();
            let was_there = before.is_some_and(|sight| !sight.is_empty());
            let holds = followed.spec.on_empty == OnEmpty::Hold;
            followed.holds = holds && was_there && sight.is_empty();
            if !followed.holds {
                followed.last = Some(sight.clone());
            }
        } else {
            followed.is_lost = matches!(input, Input::WatchLost { .. });
        }
    }

    pub(super) fn on_effect(&mut self, effect: &Effect) {
        if let Effect::Follow { watch } = effect {
            let followed = Followed {
                spec: watch.clone(),
                last: None,
                stood: None,
                behind_since: None,
                is_lost: false,
                holds: false,
                told_changed: false,
                told_stale: false,
            };
            self.followed.insert(watch.id(), followed);
            // The first watch is followed before anything early is taken up.
            for input in self.early.clone() {
                self.take(&input);
            }
        } else if let Effect::Unfollow { watch } = effect {
            self.followed.remove(watch);
        }
    }

    pub(super) fn on_announced(&mut self, event: &Event) -> Verdict {
        let Source::Watch(name) = &event.source else {
            return Ok(());
        };
        let mut named = self.followed.values_mut().filter(|f| f.spec.name == *name);
        let followed = named.next().ok_or("an event of a watch that is no more")?;
        if event.kind == EventKind::Changed {
            followed.told_changed = true;
        }
        let begins = event.kind == EventKind::Stale;
        if begins || event.kind == EventKind::Fresh {
            must(followed.told_stale != begins, "stale or fresh twice")?;
            followed.told_stale = begins;
        }
        Ok(())
    }

    pub(super) fn on_status(&mut self, status: &Status, now: Time) -> Verdict {
        let catches_up = self.begun && !std::mem::take(&mut self.early).is_empty();
        for watch in &status.watches {
            let mut all = self.followed.values_mut();
            if let Some(followed) = all.find(|f| f.spec.name == watch.name) {
                if catches_up {
                    // Several answers at once have left what stands now.
                    followed.told_changed = false;
                    followed.stood.clone_from(&watch.sight);
                }
                followed.compare(watch, now)?;
            }
        }
        Ok(())
    }
}

impl Followed {
    fn compare(&mut self, watch: &WatchStatus, now: Time) -> Verdict {
        let known = watch.sight.is_some();
        must(known == self.last.is_some(), "known, but never answered")?;
        let doubted = known && (self.is_lost || self.holds);
        must(
            watch.stale.is_some() == doubted,
            "stale is not what is in doubt",
        )?;
        must(self.told_stale == doubted, "stale, and nobody was told")?;
        let is_nothing = |sight: &Option<Sight>| sight.as_ref().is_none_or(Sight::is_empty);
        let is_change =
            watch.sight != self.stood && !(is_nothing(&watch.sight) && is_nothing(&self.stood));
        must(
            self.told_changed == is_change,
            "a change that was not told, or none that was",
        )?;
        self.told_changed = false;
        self.stood.clone_from(&watch.sight);
        if self.last == watch.sight {
            self.behind_since = None;
            return Ok(());
        }
        must(watch.settling, "not what was answered last, and at rest")?;
        let since = *self.behind_since.get_or_insert(now);
        let longest: Duration = self.spec.debounce * WatchSpec::LONGEST_DEBOUNCE;
        must(now - since <= longest, "a change that waits for too long")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    /// What breaks when a watch that saw `x`, and was told so, sees this and stands like that.
    fn broken(sight: Option<&[&str]>, shown: &[&str], settling: bool, told: &str) -> Verdict {
        let mut watches = Watches::default();
        let spec = read::watch("w");
        watches.on_input(&Input::Started);
        watches.on_effect(&Effect::Follow {
            watch: spec.clone(),
        });
        let answer = |ids: &[&str]| Input::WatchAnswered {
            watch: "w".into(),
            sight: read::instances(ids),
        };
        let status = |ids: &[&str], settling| Status {
            jobs: Vec::new(),
            watches: vec![WatchStatus {
                name: "w".into(),
                subject: spec.subject.clone(),
                sight: Some(read::instances(ids)),
                health: "healthy",
                stale: None,
                settling,
            }],
            templates: Vec::new(),
            maintenance: false,
            stopping: false,
        };
        watches.on_input(&answer(&["x"]));
        watches.on_announced(&read::event("changed(watch.w)"))?;
        watches.on_status(&status(&["x"], false), Time::ZERO)?;
        if let Some(ids) = sight {
            watches.on_input(&answer(ids));
        } else {
            watches.on_input(&Input::WatchLost {
                watch: "w".into(),
                reason: "no leader".to_owned(),
            });
        }
        if !told.is_empty() {
            watches.on_announced(&read::event(told))?;
        }
        watches.on_status(&status(shown, settling), Time::ZERO)?;
        let later = Time::after_start(Duration::from_millis(1));
        watches.on_status(&status(shown, settling), later)
    }

    #[test]
    fn the_law_of_watches_can_be_broken() {
        let changed = "changed(watch.w)";
        assert_eq!(broken(Some(&["y"]), &["y"], false, changed), Ok(()));
        assert_eq!(
            broken(Some(&["y"]), &["y"], false, ""),
            Err("a change that was not told, or none that was")
        );
        assert_eq!(
            broken(Some(&["x"]), &["x"], false, changed),
            Err("a change that was not told, or none that was")
        );
        assert_eq!(
            broken(Some(&["y"]), &["x"], false, ""),
            Err("not what was answered last, and at rest")
        );
        assert_eq!(
            broken(Some(&["y"]), &["x"], true, ""),
            Err("a change that waits for too long")
        );
        assert_eq!(
            broken(None, &["x"], false, ""),
            Err("stale is not what is in doubt")
        );
        assert_eq!(
            broken(Some(&["x"]), &["x"], false, "fresh(watch.w)"),
            Err("stale or fresh twice")
        );
        assert_eq!(
            broken(Some(&["x"]), &["x"], false, "changed(watch.v)"),
            Err("an event of a watch that is no more")
        );
    }
}
