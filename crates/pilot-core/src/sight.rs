//! What a watch sees: enough to tell a change and to show it, and nothing that must be kept secret.

use std::fmt;

use crate::Instance;

/// What a watch sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The instances of a service; in another order they are the same.
    Instances(Vec<Instance>),
    /// The value of a key; none if there is no such key.
    Value(Option<Fingerprint>),
    /// The keys under a prefix, sorted, each with its value.
    Keys(Vec<(String, Fingerprint)>),
    /// A file.
    File(FileSight),
}

/// What is where a file should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileSight {
    /// A file that can be read.
    Readable(Fingerprint),
    /// Nothing.
    Absent,
    /// Something that cannot be read like a file.
    Unreadable {
        /// Why, for people.
        reason: String,
    },
}

/// What stands for some content: the same for the same, and another for another. It holds within
/// one run of the helper, and tells nobody what the content is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(pub u128);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Sight {
    /// Whether there is nothing of what is looked for.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Instances(instances) => instances.is_empty(),
            Self::Value(value) => value.is_none(),
            Self::Keys(keys) => keys.is_empty(),
            Self::File(file) => !matches!(file, FileSight::Readable(_)),
        }
    }

    /// Whether it shows what the other does. The order of instances says which are near, and
    /// changes with every breath of the network.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let (Self::Instances(one), Self::Instances(another)) = (self, other) else {
            return self == other;
        };
        let sorted = |instances: &[Instance]| {
            let mut sorted = instances.to_vec();
            sorted.sort();
            sorted
        };
        one == another || (one.len() == another.len() && sorted(one) == sorted(another))
    }

    /// Whether it is enough.
    pub(crate) fn suffices(&self, min: usize) -> bool {
        match self {
            Self::Instances(instances) => !instances.is_empty() && instances.len() >= min,
            Self::Value(_) | Self::Keys(_) | Self::File(_) => !self.is_empty(),
        }
    }
}

/// How much of it there is, for people.
impl fmt::Display for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instances(instances) => write!(f, "{} instances", instances.len()),
            Self::Value(Some(_)) => f.write_str("present"),
            Self::Keys(keys) => write!(f, "{} keys", keys.len()),
            Self::File(FileSight::Readable(_)) => f.write_str("readable"),
            Self::Value(None) | Self::File(FileSight::Absent) => f.write_str("absent"),
            Self::File(FileSight::Unreadable { reason }) => f.write_str(reason),
        }
    }
}
