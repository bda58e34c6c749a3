//! Which known word an unknown one may stand for.

/// Finds the known word that is nearest to the written one, if any is near enough to be meant.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |word: &str| word.to_lowercase().replace(['_', '-', ' '], "");
    let wanted = plain(written);
    let most = (wanted.chars().count() / 3).clamp(1, 3);
    let near = known
        .into_iter()
        .map(|word| (steps(&wanted, &plain(word)), word));
    let (steps, word) = near.min_by_key(|(steps, _)| *steps)?;
    (steps <= most).then_some(word)
}

/// Makes the hint for it.
pub fn hint<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(written, known).map(|word| format!("did you mean `{word}`?"))
}

/// Counts how far one word is from another; one that goes on from the other is near.
fn steps(written: &str, known: &str) -> usize {
    let (short, long) = if written.len() < known.len() {
        (written, known)
    } else {
        (known, written)
    };
    if short.len() > 2 && long.starts_with(short) && long.len() - short.len() < 4 {
        return 1;
    }
    distance(written, known)
}

/// Counts the insertions, deletions, replacements and swaps of neighbours from one to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for i in 1..=from.len() {
        let mut next = vec![i; to.len() + 1];
        for j in 1..=to.len() {
            let replaced = row[j - 1] + usize::from(from[i - 1] != to[j - 1]);
            next[j] = replaced.min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                next[j] = next[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let known = [
            "stopTimeout",
            "timeout",
            "tags",
            "port",
            "initial_status",
            "exec",
        ];
        let cases = [
            ("stoptimout", Some("stopTimeout")),
            ("tiemout", Some("timeout")),
            ("initialStatus", Some("initial_status")),
            ("prot", Some("port")),
            ("tag", Some("tags")),
            ("bogus", None),
            ("", None),
        ];
        for (written, expected) in cases {
            assert_eq!(nearest(written, known), expected, "{written}");
        }
    }
}
