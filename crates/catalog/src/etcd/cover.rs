//! Few stretches that contain many: pure.
//!
//! The gateway takes one watch per connection (of several that are asked for at once it may pass
//! over all but the first), so a thousand services cannot have one each. What lies between those
//! that are covered together is heard of too, and passed over; so those that have little in common
//! are kept apart.

use super::layout::Stretch;

/// Covers all stretches with at most so many.
pub(super) fn cover(stretches: impl Iterator<Item = Stretch>, most: usize) -> Vec<Stretch> {
    let mut stretches: Vec<_> = stretches.collect();
    stretches.sort_by(|one, other| one.begin.cmp(&other.begin));
    let mut merged = Vec::<Stretch>::new();
    for stretch in stretches {
        match merged.last_mut() {
            Some(last) if last.contains(&stretch.begin) => last.extend(&stretch),
            Some(_) | None => merged.push(stretch),
        }
    }
    let mut gaps: Vec<_> = (1..merged.len())
        .map(|at| (common(&merged[at - 1].begin, &merged[at].begin), at))
        .collect();
    gaps.sort_unstable();
    let mut apart: Vec<_> = gaps.into_iter().take(most - 1).map(|(_, at)| at).collect();
    apart.sort_unstable();
    let mut covers = Vec::<Stretch>::new();
    for (at, stretch) in merged.into_iter().enumerate() {
        match covers.last_mut() {
            Some(last) if apart.binary_search(&at).is_err() => last.extend(&stretch),
            Some(_) | None => covers.push(stretch),
        }
    }
    covers
}

/// How many bytes two keys begin with in common.
fn common(one: &[u8], other: &[u8]) -> usize {
    let pairs = one.iter().zip(other);
    pairs.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(prefixes: &[&str], most: usize) -> String {
        let stretches = prefixes
            .iter()
            .map(|&prefix| match prefix.strip_suffix('*') {
                Some(prefix) => Stretch::under(prefix.to_owned()),
                None => Stretch::one(prefix.to_owned()),
            });
        let covers = cover(stretches, most);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', "0");
        let words = covers.iter().map(|cover| match &cover.end {
            Some(end) => format!("{}..{}", text(&cover.begin), text(end)),
            None => text(&cover.begin),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_few_stay_as_they_are() {
        assert_eq!(covered(&[], 4), "");
        assert_eq!(covered(&["/b/*", "/a"], 4), "/a /b/../b0");
        assert_eq!(covered(&["/a", "/a"], 4), "/a");
    }

    #[test]
    fn what_lies_in_another_needs_none_of_its_own() {
        assert_eq!(covered(&["/a/*", "/a/b/*", "/a/c"], 4), "/a/../a0");
        assert_eq!(covered(&["*", "/a"], 4), "0..0");
    }

    #[test]
    fn those_that_have_most_in_common_are_joined() {
        let many = ["/s/a/*", "/app/x", "/s/b/*", "/s/c/*", "/app/y", "/zone"];
        assert_eq!(
            covered(&many, 4),
            "/app/x../app/y0 /s/a/../s/a0 /s/b/../s/c0 /zone"
        );
        assert_eq!(covered(&many, 1), "/app/x../zone0");
    }
}
