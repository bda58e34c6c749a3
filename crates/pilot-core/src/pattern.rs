//! Patterns of names, those of Go's `filepath.Match`: `*`, `?`, `[a-z]`, `[^a-z]`, and `\` before
//! a character that stands for itself. A pattern that is none matches nothing.

/// Tells whether a name matches a pattern as a whole. As in a path, `*` and `?` pass no `/`.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where to go on if what follows the last `*` does not match: it takes one character more.
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() || p < pattern.len() {
        if pattern.get(p) == Some(&'*') {
            retry = Some((p, n));
            p += 1;
            continue;
        }
        let one = name.get(n).and_then(|c| one(&pattern[p..], *c));
        match (one, retry) {
            (Some(length), _) => (p, n) = (p + length, n + 1),
            (None, Some((star, from))) if name.get(from).is_some_and(|c| *c != '/') => {
                retry = Some((star, from + 1));
                (p, n) = (star + 1, from + 1);
            }
            (None, _) => return false,
        }
    }
    true
}

/// Matches one character, and tells how long the part of the pattern was that did.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => (c != '/').then_some(1),
        ['[', ..] => class(pattern, c),
        ['\\', wanted, ..] => (*wanted == c).then_some(2),
        ['\\'] | [] => None,
        [wanted, ..] => (*wanted == c).then_some(1),
    }
}

fn class(pattern: &[char], c: char) -> Option<usize> {
    let negated = pattern.get(1) == Some(&'^');
    let mut at = if negated { 2 } else { 1 };
    let begin = at;
    let mut found = false;
    while pattern.get(at) != Some(&']') || at == begin {
        let (low, next) = bound(pattern, at)?;
        let (high, next) = if pattern.get(next) == Some(&'-') {
            bound(pattern, next + 1)?
        } else {
            (low, next)
        };
        found |= (low..=high).contains(&c);
        at = next;
    }
    (found != negated).then_some(at + 1)
}

fn bound(pattern: &[char], at: usize) -> Option<(char, usize)> {
    match pattern.get(at)? {
        '-' | ']' => None,
        '\\' => Some((*pattern.get(at + 1)?, at + 2)),
        c => Some((*c, at + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_go() {
        for (pattern, name, expected) in [
            ("PATH", "PATH", true),
            ("PATH", "PATHS", false),
            ("CONSUL_*", "CONSUL_HTTP_ADDR", true),
            ("*_ADDR", "CONSUL_HTTP_ADDR", true),
            ("*_TOKEN", "CONSUL_HTTP_ADDR", false),
            ("*HTTP*", "CONSUL_HTTP_ADDR", true),
            ("*", "", true),
            ("**a", "bca", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2b3", false),
            ("?", "", false),
            ("A?", "AB", true),
            ("[A-C]X", "BX", true),
            ("[A-C]X", "DX", false),
            ("[^A-C]X", "DX", true),
            ("[^A-C]X", "AX", false),
            ("[A-", "A", false),
            ("[]a]", "a", false),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("a\\", "a", false),
            ("*", "a/b", false),
            ("a/*", "a/b", true),
            ("env*", "envOrDefault", true),
            ("to*SON", "toJSON", true),
            ("env", "envOrDefault", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
