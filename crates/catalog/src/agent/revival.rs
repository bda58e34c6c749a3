//! When everything is asked anew because the agent answers again: pure.
//!
//! It answered nobody for a while. What it was asked before that may hang on a connection that it
//! knows nothing of any more, as after a network was cut, and would wait there until the question
//! is over. What failed meanwhile was put off, and need not be any longer.

use std::time::Duration;

use crate::Link;

/// When everything is asked anew.
#[derive(Debug, Default)]
pub(super) struct Revival {
    /// Whether it answered nothing when it was last looked at.
    is_down: bool,
    due_at: Option<Duration>,
    last_at: Option<Duration>,
}

impl Revival {
    /// The least time between two, however often the agent goes and comes.
    const REST: Duration = Duration::from_secs(10);

    /// Takes note of how the agent stands.
    pub(super) fn note(&mut self, now: Duration, link: &Link) {
        match link {
            Link::Down { .. } => self.is_down = true,
            Link::Up { .. } if self.is_down => {
                self.is_down = false;
                let rested_at = self.last_at.map_or(now, |last| last + Self::REST);
                self.due_at = Some(rested_at.max(now));
            }
            Link::Up { .. } | Link::Untried => {}
        }
    }

    /// Says when to look whether it begins.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.due_at
    }

    /// Tells whether it begins now.
    pub(super) fn begins(&mut self, now: Duration) -> bool {
        let begins = self.due_at.is_some_and(|at| at <= now);
        if begins {
            self.due_at = None;
            self.last_at = Some(now);
        }
        begins
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::CatalogError;

    fn up() -> Link {
        let since = Instant::now();
        Link::Up { since }
    }

    fn down() -> Link {
        let (since, after) = (Instant::now(), Duration::ZERO);
        let reason = CatalogError::Overdue { after };
        Link::Down { since, reason }
    }

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_begins_when_an_agent_that_was_lost_answers() {
        let mut revival = Revival::default();
        revival.note(at(0), &Link::Untried);
        revival.note(at(1), &up());
        assert_eq!(revival.deadline(), None);
        revival.note(at(2), &down());
        assert_eq!(revival.deadline(), None);
        revival.note(at(50), &up());
        assert_eq!(revival.deadline(), Some(at(50)));
        assert!(revival.begins(at(50)));
        assert!(!revival.begins(at(51)));
    }

    #[test]
    fn an_agent_that_comes_and_goes_is_not_flooded() {
        let mut revival = Revival::default();
        let mut begun = 0;
        for second in 0..600 {
            let link = if second % 2 == 0 { down() } else { up() };
            revival.note(at(second), &link);
            begun += usize::from(revival.begins(at(second)));
        }
        assert!((55..=60).contains(&begun), "{begun}");
        // The last one is not lost.
        revival.note(at(600), &down());
        revival.note(at(601), &up());
        assert!(revival.deadline().is_some_and(|due| due <= at(611)));
    }
}
