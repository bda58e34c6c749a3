//! Flags, width and precision, and the padding they ask for.

use super::Printer;
use crate::character;

/// How one value is to be printed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spec {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`: with the names of fields.
    pub(super) names: bool,
    /// `%#v`: in Go syntax.
    pub(super) syntax: bool,
}

impl Spec {
    /// Gives `+` and `#` the meaning they have for `%v`.
    pub(super) fn for_value(&mut self) {
        (self.syntax, self.sharp) = (self.sharp, false);
        (self.names, self.plus) = (self.plus, false);
    }

    /// Gives the width to fill with zeros from the left, if that is asked for.
    pub(super) fn zero_width(&self) -> Option<usize> {
        self.width.filter(|_| self.zero && !self.minus)
    }

    /// Keeps as many runes as the precision allows.
    pub(super) fn truncated<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        self.precision
            .map_or(bytes, |precision| character::first_runes(bytes, precision))
    }
}

impl Printer {
    /// Writes text in the width asked for, which counts runes.
    pub(super) fn pad(&mut self, text: &[u8]) {
        let length = character::runes(text).count();
        self.pad_as(length, |out| out.extend_from_slice(text));
    }

    /// Writes text in the width asked for, never filling with zeros.
    pub(super) fn pad_with_spaces(&mut self, text: &[u8]) {
        let zero = std::mem::replace(&mut self.spec.zero, false);
        self.pad(text);
        self.spec.zero = zero;
    }

    /// Fills up around something of a known length.
    pub(super) fn pad_as(&mut self, length: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let missing = self.spec.width.unwrap_or(0).saturating_sub(length);
        if self.spec.minus {
            write(&mut self.out);
            self.fill(missing);
        } else {
            self.fill(missing);
            write(&mut self.out);
        }
    }

    /// Writes the character that fills up.
    pub(super) fn fill(&mut self, count: usize) {
        let filler = if self.spec.zero && !self.spec.minus {
            b'0'
        } else {
            b' '
        };
        self.out.extend(std::iter::repeat_n(filler, count));
    }
}
