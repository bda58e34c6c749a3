//! Pauses between attempts: doubling, capped, and never in step with anyone else's.

use std::time::Duration;

/// A small deterministic source of chance, so that a seed replays a whole run.
#[derive(Clone, Debug)]
pub(crate) struct Jitter(u64);

impl Jitter {
    /// Starts the sequence that belongs to a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Draws a duration between half of `longest` and `longest`.
    pub(crate) fn upper_half(&mut self, longest: Duration) -> Duration {
        longest - longest.mul_f64(self.fraction() / 2.0)
    }

    /// Draws a duration up to `longest`.
    pub(crate) fn within(&mut self, longest: Duration) -> Duration {
        longest.mul_f64(self.fraction())
    }

    /// Draws a number from 0 up to, but not including, 1 (splitmix64).
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((word ^ (word >> 31)) >> 40) as f64 / (1_u64 << 24) as f64
    }
}

/// The pauses of one row of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    /// The longest first pause.
    pub(crate) initial: Duration,
    /// The longest pause at all.
    pub(crate) cap: Duration,
}

impl Backoff {
    /// Draws the pause after the given number of failures in a row.
    pub(crate) fn pause(&self, failures: u32, jitter: &mut Jitter) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let longest = self.initial.saturating_mul(1 << doublings).min(self.cap);
        jitter.upper_half(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        initial: Duration::from_millis(500),
        cap: Duration::from_secs(30),
    };

    #[test]
    fn pauses_double_up_to_the_cap() {
        let mut jitter = Jitter::new(1);
        for (failures, longest) in [(1, 500), (2, 1000), (3, 2000), (7, 30_000), (4000, 30_000)] {
            let pause = BACKOFF.pause(failures, &mut jitter);
            let longest = Duration::from_millis(longest);
            assert!(
                pause <= longest && pause >= longest / 2,
                "{failures}: {pause:?}"
            );
        }
    }

    #[test]
    fn two_hundred_clients_spread_over_the_window() {
        let mut pauses: Vec<_> = (0..200)
            .map(|seed| BACKOFF.pause(3, &mut Jitter::new(seed)))
            .collect();
        pauses.sort();
        let fullest = pauses
            .chunk_by(|a, b| a.as_millis() / 100 == b.as_millis() / 100)
            .map(<[_]>::len)
            .max();
        assert!(fullest < Some(40), "{fullest:?} of 200 within 100 ms");
    }
}
