//! The events of a text, with their places in bytes.

use saphyr_parser::{Event, Marker, Parser};

use super::hint;
use crate::{syntax::SyntaxError, value::Span};

/// Reads all events; the first thing that is wrong ends it.
pub(super) fn all(text: &str) -> Result<Vec<(Event<'_>, Span)>, SyntaxError> {
    let bytes = Bytes::of(text);
    let mut events = Vec::new();
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        match next {
            Ok((event, span)) => {
                let (start, end) = (bytes.at(span.start), bytes.at(span.end));
                // A scalar is said to reach over the blanks behind it.
                let end = if matches!(event, Event::Scalar(..)) {
                    start + text[start..end].trim_end().len()
                } else {
                    end
                };
                events.push((event, Span::new(start, end)));
            }
            Err(error) => {
                let offset = bytes.at(*error.marker());
                let reason = error.info().to_owned();
                let hint = hint::find(text, offset, &reason);
                return Err(SyntaxError {
                    offset,
                    reason,
                    hint,
                });
            }
        }
    }
    Ok(events)
}

/// The offset of each character, in a text where that is not its number.
struct Bytes {
    offsets: Vec<usize>,
    len: usize,
}

impl Bytes {
    fn of(text: &str) -> Self {
        let offsets = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(offset, _)| offset).collect()
        };
        Self {
            offsets,
            len: text.len(),
        }
    }

    fn at(&self, marker: Marker) -> usize {
        if self.offsets.is_empty() {
            return marker.index().min(self.len);
        }
        self.offsets
            .get(marker.index())
            .copied()
            .unwrap_or(self.len)
    }
}
