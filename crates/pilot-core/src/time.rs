//! Time as the core knows it: a value it is told, never one it asks for.

use std::{
    ops::{Add, Sub},
    time::Duration,
};

/// A moment on a clock that only goes forward, counted from the helper's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(Duration);

impl Time {
    /// The helper's start.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// The moment so long after the start.
    pub fn after_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// How long after the start this is.
    pub fn since_start(self) -> Duration {
        self.0
    }

    /// The beat after the one that was due at `due`; beats that were missed are not made up for.
    pub(crate) fn next_beat(self, due: Self, period: Duration) -> Self {
        let next = due + period;
        if next > self { next } else { self + period }
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
}

impl Sub for Time {
    type Output = Duration;

    /// The span between two moments; nothing when the other is later.
    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}
