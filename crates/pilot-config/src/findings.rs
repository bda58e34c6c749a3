//! Where every stage puts what it finds, so that one run finds all of it.

use std::cell::RefCell;

use crate::{Place, Problem, Severity, value::Span};

/// What has been found so far.
#[derive(Default)]
pub(crate) struct Findings {
    list: RefCell<Vec<Finding>>,
}

struct Finding {
    severity: Severity,
    /// Where it is; none when it is about the whole.
    span: Option<Span>,
    reason: String,
    hint: Option<String>,
}

impl Findings {
    /// Notes what makes the configuration useless.
    pub(crate) fn error(&self, span: Span, reason: impl Into<String>) {
        self.note(Severity::Error, Some(span), reason.into(), None);
    }

    /// Notes an error, and what to do about it.
    pub(crate) fn hinted(&self, span: Span, reason: impl Into<String>, hint: impl Into<String>) {
        self.note(
            Severity::Error,
            Some(span),
            reason.into(),
            Some(hint.into()),
        );
    }

    /// Notes an error, and what to do about it where that is known.
    pub(crate) fn guessed(&self, span: Span, reason: impl Into<String>, hint: Option<String>) {
        self.note(Severity::Error, Some(span), reason.into(), hint);
    }

    /// Notes what may not be meant.
    pub(crate) fn warn(&self, span: Span, reason: impl Into<String>) {
        self.note(Severity::Warning, Some(span), reason.into(), None);
    }

    /// Notes what may not be meant, and what to do about it.
    pub(crate) fn warn_hinted(&self, span: Span, reason: String, hint: String) {
        self.note(Severity::Warning, Some(span), reason, Some(hint));
    }

    /// Notes what may not be meant, and is about no place of the text.
    pub(crate) fn warn_of_the_whole(&self, reason: String, hint: &str) {
        self.note(Severity::Warning, None, reason, Some(hint.to_owned()));
    }

    /// Counts the errors so far.
    pub(crate) fn count(&self) -> usize {
        let list = self.list.borrow();
        list.iter()
            .filter(|finding| finding.severity == Severity::Error)
            .count()
    }

    pub(crate) fn any_error(&self) -> bool {
        self.list
            .borrow()
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// Gives the problems in the order of the text.
    pub(crate) fn into_problems(self, place: impl Fn(Span) -> Option<Place>) -> Vec<Problem> {
        let mut list = self.list.into_inner();
        list.sort_by_key(|finding| finding.span.map(|span| span.start));
        let problem = |finding: Finding| Problem {
            severity: finding.severity,
            place: finding.span.and_then(&place),
            reason: finding.reason,
            hint: finding.hint,
        };
        list.into_iter().map(problem).collect()
    }

    fn note(&self, severity: Severity, span: Option<Span>, reason: String, hint: Option<String>) {
        self.list.borrow_mut().push(Finding {
            severity,
            span,
            reason,
            hint,
        });
    }
}
