//! Commands as consul-template writes them.

/// What means something to a shell wherever it stands.
const SPECIAL: &[char] = &[
    '|', '&', ';', '<', '>', '(', ')', '$', '`', '\\', '"', '\'', '*', '?', '[', '{', '}', '!',
    '\n',
];

/// Words that a shell understands by itself, and that are no programs, or not the same.
const WORDS: &[&str] = &[
    ".", ":", "alias", "bg", "case", "cd", "command", "eval", "exec", "exit", "export", "fg",
    "for", "getopts", "hash", "if", "jobs", "local", "read", "readonly", "return", "set", "shift",
    "source", "times", "trap", "type", "ulimit", "umask", "unalias", "unset", "until", "wait",
    "while",
];

/// Makes the program and its arguments of a text.
///
/// One that a shell would only split is not given to it: there are images without a shell.
pub(super) fn arguments(text: &str) -> Vec<String> {
    if wants_shell(text) {
        return vec!["sh".to_owned(), "-c".to_owned(), text.to_owned()];
    }
    text.split_whitespace().map(str::to_owned).collect()
}

fn wants_shell(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    let assigns = first.contains('=') || WORDS.contains(&first);
    let begins = |word: &str| word.starts_with(['~', '#']);
    text.contains(SPECIAL) || assigns || text.split_whitespace().any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_a_shell_gets_one() {
        for (text, expected) in [
            ("nginx -s reload", vec!["nginx", "-s", "reload"]),
            ("  a   b\t", vec!["a", "b"]),
            (
                "curl --url=http://x/%41",
                vec!["curl", "--url=http://x/%41"],
            ),
            ("kill -HUP #1", vec!["sh", "-c", "kill -HUP #1"]),
            ("A=1 b", vec!["sh", "-c", "A=1 b"]),
            (
                "exec nginx -s reload",
                vec!["sh", "-c", "exec nginx -s reload"],
            ),
            (". ./env", vec!["sh", "-c", ". ./env"]),
            ("! false", vec!["sh", "-c", "! false"]),
            ("a && b", vec!["sh", "-c", "a && b"]),
            ("echo \"a b\"", vec!["sh", "-c", "echo \"a b\""]),
            ("cp ~/a b", vec!["sh", "-c", "cp ~/a b"]),
            ("", vec![]),
        ] {
            assert_eq!(arguments(text), expected, "{text}");
        }
    }
}
