//! The text that problems are about: offsets to lines, rendered lines to lines of the source.

use crate::{
    problem::{Excerpt, Place},
    value::Span,
};

/// Past this many characters a line is not shown: it was made by a program.
const LONGEST_LINE: usize = 240;
/// Past this many pairs of lines the two texts are compared only from both ends.
const MOST_PAIRS: usize = 1 << 20;

/// A rendered text and what it was rendered from.
pub(crate) struct Text<'a> {
    name: &'a str,
    rendered: &'a str,
    starts: Vec<usize>,
    /// For each rendered line the line of the source it came from, from 0; none where it is the
    /// same line in the same place.
    origins: Vec<Option<usize>>,
}

impl<'a> Text<'a> {
    pub(crate) fn new(name: &'a str, source: &str, rendered: &'a str) -> Self {
        let breaks = rendered
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0)
            .chain(breaks.map(|(at, _)| at + 1))
            .collect();
        let origins = if source == rendered {
            Vec::new()
        } else {
            origins(source, rendered)
        };
        Self {
            name,
            rendered,
            starts,
            origins,
        }
    }

    /// How long the rendered text is, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.rendered.len()
    }

    /// Finds the place of a span, with its line to show.
    pub(crate) fn place(&self, span: Span) -> Place {
        let (line, column) = self.position(span.start);
        let shown = self.line(line);
        let end = self.position(span.end);
        let rest = shown.chars().count().saturating_sub(column - 1);
        let width = if end.0 == line { end.1 - column } else { rest };
        let excerpt = if shown.chars().count() > LONGEST_LINE {
            Excerpt::None
        } else {
            Excerpt::Line {
                line: shown.to_owned(),
                width: width.max(1),
            }
        };
        self.at(line, column, excerpt)
    }

    /// Finds the place of a syntax error, with its line and the one before.
    pub(crate) fn syntax(&self, offset: usize) -> Place {
        let (line, column) = self.position(offset);
        let before = (line > 1).then(|| self.line(line - 1).to_owned());
        let excerpt = Excerpt::Syntax {
            before,
            line: self.line(line).to_owned(),
        };
        self.at(line, column, excerpt)
    }

    /// Counts line and column, both from 1, columns in characters; within a character, those of
    /// the next one.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.rendered.len());
        while !self.rendered.is_char_boundary(offset) {
            offset += 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        (line, self.rendered[start..offset].chars().count() + 1)
    }

    /// Finds the offset of a line that counts from 1 and a column in bytes from 0.
    pub(crate) fn offset(&self, line: usize, column: usize) -> usize {
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or_default();
        let mut offset = (start + column).min(self.rendered.len());
        while !self.rendered.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    fn at(&self, line: usize, column: usize, excerpt: Excerpt) -> Place {
        let origin = self.origins.get(line - 1).copied().flatten();
        let source_line = origin.map(|origin| origin + 1);
        Place {
            name: self.name.to_owned(),
            line,
            column,
            source_line,
            excerpt,
        }
    }

    fn line(&self, line: usize) -> &'a str {
        let rest = &self.rendered[self.starts[line - 1]..];
        let end = rest.find('\n').unwrap_or(rest.len());
        rest[..end].trim_end_matches('\r')
    }
}

/// Guesses for every rendered line the line of the source that made it.
///
/// Lines without template actions come out as they went in, so the longest common sequence of
/// lines pins most of them; a line between two pins is taken to come from the stretch between
/// them, as far down as it stands itself.
fn origins(source: &str, rendered: &str) -> Vec<Option<usize>> {
    let from: Vec<&str> = source.split('\n').collect();
    let to: Vec<&str> = rendered.split('\n').collect();
    let mut origins = Vec::with_capacity(to.len());
    let mut next = 0;
    let pins = common_lines(&from, &to);
    for (i, j) in pins.into_iter().chain([(from.len(), to.len())]) {
        let last = i.saturating_sub(1).max(next).min(from.len() - 1);
        let gap = j - origins.len();
        origins.extend((0..gap).map(|step| Some((next + step).min(last))));
        if j < to.len() {
            origins.push((i != j).then_some(i));
        }
        next = i + 1;
    }
    origins
}

/// Pairs of equal lines, in order: ends first, then the longest common sequence of the middle.
fn common_lines(from: &[&str], to: &[&str]) -> Vec<(usize, usize)> {
    let head = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    let ends = from[head..].iter().rev().zip(to[head..].iter().rev());
    let tail = ends.take_while(|(a, b)| a == b).count();
    let (rows, columns) = (from.len() - tail, to.len() - tail);
    let middle = common_sequence(&from[head..rows], &to[head..columns]);
    let mut pairs: Vec<(usize, usize)> = (0..head).map(|at| (at, at)).collect();
    pairs.extend(middle.into_iter().map(|(i, j)| (i + head, j + head)));
    pairs.extend((0..tail).map(|at| (rows + at, columns + at)));
    pairs
}

fn common_sequence(from: &[&str], to: &[&str]) -> Vec<(usize, usize)> {
    let width = to.len() + 1;
    if (from.len() + 1).saturating_mul(width) > MOST_PAIRS {
        return Vec::new();
    }
    let mut lengths = vec![0_u32; (from.len() + 1) * width];
    for i in (0..from.len()).rev() {
        for j in (0..to.len()).rev() {
            lengths[i * width + j] = if from[i] == to[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    walk(from, to, &lengths)
}

fn walk(from: &[&str], to: &[&str], lengths: &[u32]) -> Vec<(usize, usize)> {
    let width = to.len() + 1;
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < from.len() && j < to.len() {
        if from[i] == to[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}
