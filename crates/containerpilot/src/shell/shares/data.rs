//! What a helper leaves in the catalog for others that render the same: the answers that its
//! template was made of.
//!
//! A key holds no more than half a megabyte, so the text is cut into parts: the first behind a
//! line of its own under `data`, the others under `data/1`, `data/2` and so on. The line says how
//! many there are and what all of them sum up to, so that parts of two writings are never taken
//! for one.

use std::collections::BTreeMap;

use bytes::Bytes;
use catalog::{
    answer::{Answer, Pair},
    copy,
    query::Query,
};

/// Answers with their questions.
pub(super) type Answers = BTreeMap<Query, Answer>;

/// The form of the text. Others are not read.
const FORM: &str = "containerpilot 1";
/// How many bytes of the text go under one key; Consul takes 524,288 with the line before them.
const PART: usize = 500_000;
/// How many keys there may be: together they must fit into one answer of Consul, in base64.
const PARTS: usize = 16;

/// A text as it goes under its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Writing {
    /// What the text sums up to.
    pub(super) sum: u64,
    /// What comes behind the name of the key, and the value; in the order to write them.
    pub(super) keys: Vec<(String, Bytes)>,
}

/// What is under the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Nothing, or not all of it yet.
    Nothing,
    /// Answers.
    Answers(Answers),
    /// That the answers are too large to be left.
    TooLarge,
    /// Something else.
    Unreadable,
}

impl Writing {
    /// Writes answers, or that they are too large.
    pub(super) fn new(answers: &Answers) -> Self {
        Self::of_text(copy::write(answers))
    }

    fn of_text(text: Vec<u8>) -> Self {
        let sum = sum(&text);
        let text = Bytes::from(text);
        let count = text.len().div_ceil(PART).max(1);
        if count > PARTS {
            let head = Bytes::from(format!("{FORM} 0 {sum:016x}\n"));
            let keys = vec![(String::new(), head)];
            return Self { sum, keys };
        }
        let part = |number: usize| text.slice(number * PART..text.len().min((number + 1) * PART));
        let mut keys: Vec<_> = (1..count)
            .map(|number| (format!("/{number}"), part(number)))
            .collect();
        let mut head = format!("{FORM} {count} {sum:016x}\n").into_bytes();
        head.extend_from_slice(&part(0));
        // The others are there before somebody looks for them.
        keys.push((String::new(), head.into()));
        Self { sum, keys }
    }

    /// Whether it only says that there is too much to say.
    pub(super) fn is_too_large(&self) -> bool {
        read_head(&self.keys[0].1).is_some_and(|(head, _)| head.count == 0)
    }
}

struct Head {
    count: usize,
    sum: u64,
}

/// Tells what the text under a key sums up to, without reading it.
pub(super) fn sum_of(key: &str, pairs: &[Pair]) -> Option<u64> {
    read_head(value(key, pairs)?).map(|(head, _)| head.sum)
}

/// Reads what is under a key, and under those behind it.
pub(super) fn read(key: &str, pairs: &[Pair]) -> Reading {
    let Some(first) = value(key, pairs) else {
        return Reading::Nothing;
    };
    let Some((head, first)) = read_head(first) else {
        return Reading::Unreadable;
    };
    if head.count == 0 {
        return Reading::TooLarge;
    }
    let mut text = first.to_vec();
    for number in 1..head.count.min(PARTS) {
        match value(&format!("{key}/{number}"), pairs) {
            Some(part) => text.extend_from_slice(part),
            None => return Reading::Nothing,
        }
    }
    if sum(&text) != head.sum {
        return Reading::Nothing;
    }
    match copy::read(&text) {
        Ok(answers) => Reading::Answers(answers),
        Err(_) => Reading::Unreadable,
    }
}

fn value<'a>(key: &str, pairs: &'a [Pair]) -> Option<&'a [u8]> {
    let pair = pairs.iter().find(|pair| &*pair.path == key)?;
    Some(&pair.value)
}

/// Reads the first line; gives it and what is behind it.
fn read_head(value: &[u8]) -> Option<(Head, &[u8])> {
    let end = value.iter().position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(&value[..end]).ok()?;
    let (count, sum) = line.strip_prefix(FORM)?.trim().split_once(' ')?;
    let head = Head {
        count: count.parse().ok()?,
        sum: u64::from_str_radix(sum, 16).ok()?,
    };
    Some((head, &value[end + 1..]))
}

/// FNV-1a: tells a text from another one that was torn, and protects nothing.
fn sum(text: &[u8]) -> u64 {
    let mix = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    text.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn answers(value: &str) -> Answers {
        let query = Query::Key {
            path: "a".to_owned(),
            dc: None,
        };
        let value = Bytes::copy_from_slice(value.as_bytes());
        Answers::from([(query, Answer::Value(Some(value)))])
    }

    /// What is under `k/data` after something was written there.
    pub(in super::super) fn under(writing: &Writing) -> Vec<Pair> {
        let keys = writing.keys.iter();
        keys.map(|(end, value)| pair(&format!("k/data{end}"), value))
            .collect()
    }

    pub(in super::super) fn pair(path: &str, value: &[u8]) -> Pair {
        Pair {
            path: path.into(),
            value: Bytes::copy_from_slice(value),
            create_index: 1,
            modify_index: 1,
            lock_index: 0,
            flags: 0,
            session: "".into(),
        }
    }

    #[test]
    fn a_small_text_goes_under_one_key_and_a_large_one_under_many() {
        let large = "x".repeat(PART);
        for (value, keys) in [("small", 1), (large.as_str(), 2)] {
            let writing = Writing::new(&answers(value));
            let pairs = under(&writing);
            assert_eq!(pairs.len(), keys);
            let read = read("k/data", &pairs);
            assert_eq!(read, Reading::Answers(answers(value)));
            assert_eq!(sum_of("k/data", &pairs), Some(writing.sum));
        }
    }

    #[test]
    fn parts_of_two_writings_are_never_taken_for_one() {
        let one = under(&Writing::new(&answers(&"x".repeat(PART))));
        let other = under(&Writing::new(&answers(&"y".repeat(PART))));
        let head = one.len() - 1;
        let torn = [&one[..head], &other[head..]].concat();
        assert_eq!(read("k/data", &torn), Reading::Nothing);
        assert_eq!(read("k/data", &one[head..]), Reading::Nothing);
        assert_eq!(read("k/data", &[]), Reading::Nothing);
    }

    #[test]
    fn too_much_is_said_to_be_too_much() {
        let writing = Writing::of_text(vec![b'x'; PART * PARTS + 1]);
        assert!(writing.is_too_large());
        assert_eq!(read("k/data", &under(&writing)), Reading::TooLarge);
        assert!(!Writing::of_text(vec![b'x'; PART * PARTS]).is_too_large());
    }

    #[test]
    fn what_others_wrote_is_not_guessed_at() {
        let texts = ["", "x", "containerpilot 2 1 0\n", "containerpilot 1 1\n"];
        for text in texts {
            let pairs = [pair("k/data", text.as_bytes())];
            assert_eq!(read("k/data", &pairs), Reading::Unreadable, "{text:?}");
        }
    }
}
