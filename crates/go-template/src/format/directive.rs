//! The walk over a format: which argument each verb takes, and how.

use super::{Printer, Spec};
use crate::{character, value::Value};

/// No width, precision or argument index can be larger, as in Go.
const MAX_NUMBER: usize = 1_000_000;

pub(super) struct Directives<'f> {
    format: &'f [u8],
    values: &'f [Value],
    offset: usize,
    /// The argument the next verb takes.
    next: usize,
    /// Whether the directive at hand names arguments that exist.
    good_index: bool,
    /// Whether the index was the last thing read.
    after_index: bool,
    /// Whether any directive chose its argument, so that leftovers are no mistake.
    reordered: bool,
    printer: Printer,
}

impl<'f> Directives<'f> {
    pub(super) fn new(format: &'f [u8], values: &'f [Value]) -> Self {
        Self {
            format,
            values,
            offset: 0,
            next: 0,
            good_index: true,
            after_index: false,
            reordered: false,
            printer: Printer::default(),
        }
    }

    pub(super) fn print(mut self) -> Vec<u8> {
        while let Some(percent) = self.rest().iter().position(|&byte| byte == b'%') {
            self.printer
                .out
                .extend_from_slice(&self.format[self.offset..self.offset + percent]);
            self.offset += percent + 1;
            self.directive();
        }
        self.printer
            .out
            .extend_from_slice(&self.format[self.offset..]);
        if !self.reordered {
            self.extra();
        }
        self.printer.out
    }

    fn rest(&self) -> &'f [u8] {
        &self.format[self.offset..]
    }

    fn directive(&mut self) {
        self.good_index = true;
        self.after_index = false;
        self.printer.spec = Spec::default();
        self.flags();
        self.index();
        self.width();
        self.precision();
        if !self.after_index {
            self.index();
        }
        let Some(rune) = character::runes(self.rest()).next() else {
            self.printer.out.extend_from_slice(b"%!(NOVERB)");
            return;
        };
        self.offset += rune.invalid.map_or(rune.char.len_utf8(), |_| 1);
        self.verb(rune.char);
    }

    fn flags(&mut self) {
        while let Some(&flag) = self.rest().first() {
            let spec = &mut self.printer.spec;
            match flag {
                b'#' => spec.sharp = true,
                b'0' => spec.zero = true,
                b'+' => spec.plus = true,
                b'-' => spec.minus = true,
                b' ' => spec.space = true,
                _ => break,
            }
            self.offset += 1;
        }
    }

    /// Reads `[n]`, the number of the argument to take next.
    fn index(&mut self) {
        self.after_index = false;
        let rest = self.rest();
        if rest.first() != Some(&b'[') {
            return;
        }
        self.reordered = true;
        let Some(close) = rest
            .iter()
            .position(|&byte| byte == b']')
            .filter(|_| rest.len() >= 3)
        else {
            self.good_index = false;
            self.offset += 1;
            return;
        };
        self.offset += close + 1;
        let number = whole_number(&rest[1..close]);
        match number
            .and_then(|number| number.checked_sub(1))
            .filter(|&index| index < self.values.len())
        {
            Some(index) => self.next = index,
            None => self.good_index = false,
        }
        self.after_index = number.is_some();
    }

    fn width(&mut self) {
        if self.rest().first() != Some(&b'*') {
            self.printer.spec.width = self.number();
            // The index belongs before the verb, not before the width.
            self.good_index &= !(self.after_index && self.printer.spec.width.is_some());
            return;
        }
        self.offset += 1;
        self.after_index = false;
        match self.number_argument() {
            Some(width) => {
                self.printer.spec.width = Some(usize::try_from(width.unsigned_abs()).unwrap_or(0));
                self.printer.spec.minus |= width < 0;
            }
            None => self.printer.out.extend_from_slice(b"%!(BADWIDTH)"),
        }
    }

    fn precision(&mut self) {
        if self.rest().first() != Some(&b'.') {
            return;
        }
        self.offset += 1;
        self.good_index &= !self.after_index;
        self.index();
        if self.rest().first() != Some(&b'*') {
            self.printer.spec.precision = Some(self.number().unwrap_or(0));
            return;
        }
        self.offset += 1;
        self.after_index = false;
        self.printer.spec.precision = self
            .number_argument()
            .and_then(|precision| usize::try_from(precision).ok());
        if self.printer.spec.precision.is_none() {
            self.printer.out.extend_from_slice(b"%!(BADPREC)");
        }
    }

    /// Reads digits; a number that is too large swallows the rest of the format.
    fn number(&mut self) -> Option<usize> {
        let digits = self
            .rest()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let number = whole_number(&self.rest()[..digits]);
        self.offset = if number.is_none() && digits > 0 {
            self.format.len()
        } else {
            self.offset + digits
        };
        number
    }

    /// Takes an argument for a `*`.
    fn number_argument(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        let number = value
            .as_int()
            .or_else(|| value.as_uint().and_then(|uint| i64::try_from(uint).ok()))?;
        (number.unsigned_abs() <= MAX_NUMBER as u64).then_some(number)
    }

    fn verb(&mut self, verb: char) {
        if verb == '%' {
            self.printer.out.push(b'%');
            return;
        }
        if !self.good_index {
            self.complain(verb, "BADINDEX");
            return;
        }
        let Some(value) = self.values.get(self.next) else {
            self.complain(verb, "MISSING");
            return;
        };
        if matches!(verb, 'v' | 'w') {
            self.printer.spec.for_value();
        }
        self.next += 1;
        self.printer.argument(value, verb);
    }

    fn complain(&mut self, verb: char, trouble: &str) {
        self.printer
            .out
            .extend_from_slice(format!("%!{verb}({trouble})").as_bytes());
    }

    fn extra(&mut self) {
        let Some(extra) = self
            .values
            .get(self.next..)
            .filter(|extra| !extra.is_empty())
        else {
            return;
        };
        self.printer.spec = Spec::default();
        self.printer.out.extend_from_slice(b"%!(EXTRA ");
        for (index, value) in extra.iter().enumerate() {
            if index > 0 {
                self.printer.out.extend_from_slice(b", ");
            }
            self.printer.typed(value);
        }
        self.printer.out.push(b')');
    }
}

/// Reads a number that consists of digits and is not too large.
fn whole_number(digits: &[u8]) -> Option<usize> {
    let number = |number: usize, &digit: &u8| {
        let fits = digit.is_ascii_digit() && number <= MAX_NUMBER;
        fits.then(|| number * 10 + usize::from(digit - b'0'))
    };
    if digits.is_empty() {
        None
    } else {
        digits.iter().try_fold(0, number)
    }
}
