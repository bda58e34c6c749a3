//! Quantiles of a stream of numbers in little memory.
//!
//! The first [`PENDING_MAX`] numbers are kept, and quantiles are exact. From then on the numbers are
//! merged into samples, each of which stands for a run of neighbours, as in Cormode, Korn,
//! Muthukrishnan and Srivastava, "Effective computation of biased quantiles over data streams"
//! (ICDE 2005): the runs are short where a quantile is asked for, and long elsewhere. The Go client
//! uses the same method with the same errors, so that its summaries and ours agree within them.

/// How many numbers are kept before they are merged.
const PENDING_MAX: usize = 500;

/// How many samples there may be, several times what numbers in a usual order take.
const SAMPLES_MAX: usize = 256;

/// The quantiles that are asked for, each with the error in rank that is allowed, as a share of all.
const TARGETS: [(f64, f64); 3] = [(0.5, 0.05), (0.9, 0.01), (0.99, 0.001)];

/// A summary of numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Sketch {
    samples: Vec<Sample>,
    /// How many numbers the samples stand for.
    merged: u64,
    pending: Vec<f64>,
}

/// A number that stands for a run of neighbours up to it.
#[derive(Clone, Copy, Debug)]
struct Sample {
    value: f64,
    /// How many numbers it stands for.
    width: u64,
    /// By how much its rank may be higher than the widths tell.
    slack: u64,
}

impl Sketch {
    pub(super) fn insert(&mut self, number: f64) {
        self.pending.push(number);
        if self.pending.len() == PENDING_MAX {
            self.merge();
        }
    }

    /// Gives the value at each quantile; NaN while there is none.
    pub(super) fn quantiles(&self, quantiles: [f64; 3]) -> [f64; 3] {
        let mut sketch = self.clone();
        if sketch.samples.is_empty() {
            sketch.pending.sort_by(f64::total_cmp);
            return quantiles.map(|quantile| nearest_rank(&sketch.pending, quantile));
        }
        sketch.merge();
        quantiles.map(|quantile| sketch.estimate(quantile))
    }

    fn estimate(&self, quantile: f64) -> f64 {
        let rank = (quantile * self.merged as f64).ceil();
        let most = rank + (allowance(rank, self.merged) / 2.0).ceil();
        let mut before = 0;
        let mut found = f64::NAN;
        for sample in &self.samples {
            let highest = (before + sample.width + sample.slack) as f64;
            if highest > most && !found.is_nan() {
                return found;
            }
            found = sample.value;
            before += sample.width;
        }
        found
    }

    /// Puts what is pending between the samples, in order, and then takes out what is not needed.
    fn merge(&mut self) {
        self.pending.sort_by(f64::total_cmp);
        let mut old = std::mem::take(&mut self.samples).into_iter().peekable();
        for value in self.pending.drain(..) {
            while let Some(sample) = old.next_if(|sample| sample.value <= value) {
                self.samples.push(sample);
            }
            // Somewhere inside the run of the next sample; at either end there is no doubt.
            let slack = match old.peek() {
                Some(next) if !self.samples.is_empty() => next.width + next.slack - 1,
                Some(_) | None => 0,
            };
            let width = 1;
            self.samples.push(Sample {
                value,
                width,
                slack,
            });
        }
        self.samples.extend(old);
        self.merged = self.samples.iter().map(|sample| sample.width).sum();
        self.compress();
        // Numbers that close in on one value from both sides leave doubt after doubt behind, and
        // would take up a share of all there are. Then memory goes before precision.
        if self.samples.len() > SAMPLES_MAX {
            self.samples.iter_mut().for_each(|sample| sample.slack = 0);
            self.compress();
        }
    }

    /// Lets a sample stand for the one before it wherever the doubt stays small enough.
    fn compress(&mut self) {
        let mut kept: Vec<Sample> = Vec::new();
        let mut before = self.merged;
        for sample in self.samples.drain(..).rev() {
            before -= sample.width;
            match kept.last_mut() {
                // The smallest number is always itself.
                Some(next) if before > 0 && joins(before, sample, *next, self.merged) => {
                    next.width += sample.width;
                }
                Some(_) | None => kept.push(sample),
            }
        }
        kept.reverse();
        self.samples = kept;
    }
}

/// Tells whether two samples may become one, by what is allowed at either end of their run.
fn joins(before: u64, sample: Sample, next: Sample, count: u64) -> bool {
    let width = sample.width + next.width;
    let doubt = (width + next.slack) as f64;
    let mut ends = [before, before + width].into_iter();
    ends.all(|rank| doubt <= allowance(rank as f64, count))
}

/// How much doubt there may be about a rank: the least that any target asks for.
fn allowance(rank: f64, count: u64) -> f64 {
    let count = count as f64;
    let allowed = TARGETS.map(|(quantile, error)| {
        if quantile * count <= rank {
            2.0 * error * rank / quantile
        } else {
            2.0 * error * (count - rank) / (1.0 - quantile)
        }
    });
    allowed.into_iter().fold(f64::INFINITY, f64::min)
}

fn nearest_rank(sorted: &[f64], quantile: f64) -> f64 {
    let rank = (quantile * sorted.len() as f64).ceil() as usize;
    let at = rank.saturating_sub(1);
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::QUANTILES;

    #[track_caller]
    fn check(errors: [f64; 3], numbers: impl Iterator<Item = u64>) {
        let mut sketch = Sketch::default();
        let mut all = Vec::new();
        for number in numbers {
            all.push(number);
            sketch.insert(number as f64);
            assert!(sketch.pending.len() < PENDING_MAX);
            assert!(sketch.samples.len() <= SAMPLES_MAX);
        }
        all.sort_unstable();
        let count = all.len() as f64;
        let values = sketch.quantiles(QUANTILES);
        for ((quantile, error), value) in QUANTILES.into_iter().zip(errors).zip(values) {
            let lowest = all.partition_point(|number| (*number as f64) < value) as f64;
            let highest = all.partition_point(|number| *number as f64 <= value) as f64;
            let (from, to) = ((quantile - error) * count, (quantile + error) * count);
            assert!(
                lowest <= to + 1.0 && highest >= from - 1.0,
                "{quantile} of {count} is {value}, which has the ranks {lowest} to {highest}"
            );
        }
    }

    /// Numbers in no order, the same ones each time.
    fn shuffled(count: u64) -> impl Iterator<Item = u64> {
        (0..count).scan(88_172_645_463_325_252_u64, |state, _| {
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            Some(*state >> 12)
        })
    }

    #[test]
    fn keeps_its_promise_in_any_usual_order() {
        let errors = TARGETS.map(|(_, error)| error);
        for count in [1, 10, 499, 500, 501, 1_000, 7_777, 50_000] {
            check(errors, 0..count);
            check(errors, (0..count).rev());
            check(errors, shuffled(count));
            check(errors, shuffled(count).map(|number| number % 7));
            let big = |number| if number % 2 == 0 { number } else { 1 << 40 };
            check(errors, (0..count).map(big));
        }
    }

    #[test]
    fn stays_small_in_the_worst_order() {
        for count in [7_777, 50_000] {
            let closing_in = |number| {
                if number % 2 == 0 {
                    number
                } else {
                    2 * count - number
                }
            };
            check([0.2; 3], (0..count).map(closing_in));
        }
    }

    #[test]
    fn nothing_has_no_quantiles() {
        let none = Sketch::default().quantiles(QUANTILES);
        assert!(none.iter().all(|value| value.is_nan()));
    }
}
