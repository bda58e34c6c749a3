//! A summary: quantiles of what was observed of late, with the defaults of the Go client.

mod sketch;

use std::time::Duration;

use self::sketch::Sketch;
use crate::family::Reading;

/// The quantiles shown.
pub(crate) const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

/// How many windows there are; the oldest is the one that is shown.
const WINDOWS: usize = 5;

/// How long after one window the next begins: five make up the Go client's ten minutes.
const STEP: Duration = Duration::from_secs(10 * 60 / WINDOWS as u64);

/// What was observed, all of it as a sum and of late as quantiles.
///
/// A window begins every two minutes and sees everything from then on. The one that is shown began
/// eight to ten minutes ago, so old observations leave a fifth of the time at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    sum: f64,
    count: u64,
    windows: Vec<Window>,
}

/// All observations since some moment.
#[derive(Clone, Debug)]
struct Window {
    /// The number of its step.
    began: u64,
    sketch: Sketch,
}

impl Summary {
    pub(crate) fn observe(&mut self, now: Duration, number: f64) {
        self.sum += number;
        self.count += 1;
        let wanted = shown_at(now)..=shown_at(now) + WINDOWS as u64 - 1;
        self.windows.retain(|window| wanted.contains(&window.began));
        // A window that is missing has missed nothing: with each observation come all that see it.
        let newest = self.windows.last().map(|window| window.began);
        let missing = wanted.filter(|began| newest.is_none_or(|newest| *began > newest));
        self.windows.extend(missing.map(Window::new));
        for window in &mut self.windows {
            window.sketch.insert(number);
        }
    }

    pub(crate) fn reading(&self, now: Duration) -> Reading<'_> {
        let shown = shown_at(now);
        let window = self.windows.iter().find(|window| window.began == shown);
        let values = window.map_or([f64::NAN; 3], |window| window.sketch.quantiles(QUANTILES));
        let mut quantiles = QUANTILES.map(|quantile| (quantile, f64::NAN));
        for (quantile, value) in quantiles.iter_mut().zip(values) {
            quantile.1 = value;
        }
        Reading::Summary {
            quantiles,
            sum: self.sum,
            count: self.count,
        }
    }
}

impl Window {
    fn new(began: u64) -> Self {
        Self {
            began,
            sketch: Sketch::default(),
        }
    }
}

/// The number of the step whose window is shown; the current step is the last of [`WINDOWS`].
fn shown_at(now: Duration) -> u64 {
    now.as_secs() / STEP.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(summary: &Summary, now: Duration) -> [f64; 3] {
        let Reading::Summary { quantiles, .. } = summary.reading(now) else {
            panic!("a summary reads as one");
        };
        quantiles.map(|(_, value)| value)
    }

    // ContainerPilot 3.8: telemetry/metrics_test.go
    #[test]
    fn gives_the_values_of_the_go_client() {
        let mut summary = Summary::default();
        let now = Duration::from_secs(7);
        assert!(seen(&summary, now).iter().all(|value| value.is_nan()));
        for number in 1..=10 {
            summary.observe(now, f64::from(number));
        }
        assert_eq!(seen(&summary, now), [5.0, 9.0, 10.0]);
        for number in 1..=5 {
            summary.observe(now, f64::from(number));
        }
        assert_eq!(seen(&summary, now), [4.0, 9.0, 10.0]);
        assert_eq!((summary.sum, summary.count), (70.0, 15));
    }

    #[test]
    fn an_observation_is_seen_for_eight_to_ten_minutes() {
        for at in [0, 1, 119, 120, 1000, 86_399] {
            let mut summary = Summary::default();
            let at = Duration::from_secs(at);
            summary.observe(at, 7.0);
            for later in [0, 60, 479] {
                let now = at + Duration::from_secs(later);
                assert_eq!(seen(&summary, now), [7.0; 3], "{at:?} {later}");
            }
            let now = at + Duration::from_secs(600);
            assert!(seen(&summary, now).iter().all(|value| value.is_nan()));
            assert_eq!((summary.sum, summary.count), (7.0, 1));
        }
    }

    #[test]
    fn a_window_shows_what_came_since_it_began() {
        let mut summary = Summary::default();
        for minute in 0..60_u32 {
            let now = Duration::from_secs(60 * u64::from(minute));
            summary.observe(now, f64::from(minute));
            assert!(summary.windows.len() <= WINDOWS);
            let oldest = (minute / 2).saturating_sub(4) * 2;
            let span = f64::from(minute - oldest + 1);
            let median = f64::from(oldest) + (span / 2.0).ceil() - 1.0;
            assert_eq!(seen(&summary, now)[0], median, "{minute}");
        }
    }

    #[test]
    fn a_pause_leaves_nothing_behind() {
        let mut summary = Summary::default();
        summary.observe(Duration::ZERO, 1.0);
        let later = Duration::from_secs(300);
        summary.observe(later, 3.0);
        assert_eq!(seen(&summary, later), [1.0, 3.0, 3.0]);
        let much_later = Duration::from_secs(10_000);
        summary.observe(much_later, 5.0);
        assert_eq!(seen(&summary, much_later), [5.0; 3]);
        assert_eq!(summary.windows.len(), WINDOWS);
    }
}
