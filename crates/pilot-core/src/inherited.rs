//! Which of the helper's own variables a command gets.

use crate::pattern::matches;

/// Which of the helper's own variables a command gets; its own come on top in any case.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Inherited {
    /// All of them.
    #[default]
    All,
    /// None of them.
    Nothing,
    /// Those whose names match. The patterns are those of [`crate::pattern`].
    Matching {
        /// Only these; an empty list is all.
        allowed: Vec<String>,
        /// Not these, even if they are allowed.
        denied: Vec<String>,
    },
}

impl Inherited {
    /// Tells whether a variable is passed on.
    pub fn holds(&self, variable: &str) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Matching { allowed, denied } => {
                let any = |patterns: &[String]| patterns.iter().any(|one| matches(one, variable));
                (allowed.is_empty() || any(allowed)) && !any(denied)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_denied_is_denied_even_if_allowed() {
        let some = Inherited::Matching {
            allowed: vec!["A*".to_owned()],
            denied: vec!["AB".to_owned()],
        };
        let held = ["A", "AB", "ABC", "B"].map(|name| some.holds(name));
        assert_eq!(held, [true, false, true, false]);
        let all = Inherited::Matching {
            allowed: Vec::new(),
            denied: Vec::new(),
        };
        assert!(all.holds("A"));
        assert!(!Inherited::Nothing.holds("A"));
    }
}
