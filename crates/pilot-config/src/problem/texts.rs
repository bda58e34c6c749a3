//! Several texts, one behind the other, so that a span tells by itself which of them it is in.

use super::{Place, text::Text};
use crate::value::Span;

/// The texts of a configuration, each with the offset at which it begins.
///
/// Offset 0 is in none of them: what stands there was written nowhere.
#[derive(Default)]
pub(crate) struct Texts<'a> {
    texts: Vec<(usize, Text<'a>)>,
    end: usize,
}

impl<'a> Texts<'a> {
    /// Adds a text, and tells where it begins.
    pub(crate) fn add(&mut self, text: Text<'a>) -> usize {
        let base = self.end + 1;
        self.end = base + text.len();
        self.texts.push((base, text));
        base
    }

    /// Finds the place of a span, with its line to show.
    pub(crate) fn place(&self, span: Span) -> Option<Place> {
        let after = self.texts.partition_point(|(base, _)| *base <= span.start);
        let (base, text) = self.texts.get(after.checked_sub(1)?)?;
        Some(text.place(Span::new(span.start - base, span.end - base)))
    }
}
