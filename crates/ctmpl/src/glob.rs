//! Patterns of names, as a shell matches them.

/// Tells whether a whole name fits a pattern, in which `*` is any text and `?` any character.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return name.is_empty();
    };
    let rest = &pattern[first.len_utf8()..];
    let mut after = name.chars();
    match first {
        '*' => {
            let mut starts = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            starts.any(|start| fits(rest, &name[start..]))
        }
        '?' => after.next().is_some() && fits(rest, after.as_str()),
        c => after.next() == Some(c) && fits(rest, after.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        assert!(fits("env", "env") && fits("env*", "envOrDefault") && fits("*", ""));
        assert!(fits("?nv", "env") && fits("to*SON", "toJSON"));
        assert!(!fits("env", "envOrDefault") && !fits("env?", "env") && !fits("", "env"));
    }
}
