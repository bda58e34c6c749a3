//! Which entries of lists have names, and which are theirs.

use crate::value::{Kind, Span, Spanned, Value};

/// A list of named things.
#[derive(Clone, Copy)]
pub(super) struct Named {
    path: &'static str,
    /// How messages call an entry.
    pub(super) kind: &'static str,
    by: By,
}

/// What makes two entries the same thing.
#[derive(Clone, Copy)]
enum By {
    Name,
    /// Its name, or else the file name of its destination.
    NameOrFile,
    /// The three parts of a metric's name.
    FullName,
}

/// The lists of both dialects.
const LISTS: [Named; 9] = [
    Named::new("jobs", "job", By::Name),
    Named::new("watches", "watch", By::Name),
    Named::new("templates", "template", By::NameOrFile),
    Named::new("telemetry.metrics", "metric", By::FullName),
    Named::new("telemetry.sensors", "sensor", By::FullName),
    Named::new("services", "service", By::Name),
    Named::new("backends", "backend", By::Name),
    Named::new("tasks", "task", By::Name),
    Named::new("coprocesses", "coprocess", By::Name),
];

impl Named {
    const fn new(path: &'static str, kind: &'static str, by: By) -> Self {
        Self { path, kind, by }
    }

    /// Finds the list of this path.
    pub(super) fn of(path: &str) -> Option<Self> {
        let is_it = |list: &&Self| list.path.eq_ignore_ascii_case(path);
        LISTS.iter().find(is_it).copied()
    }

    /// Gives the name of an entry, if it has one.
    pub(super) fn name(self, entry: &Value) -> Option<String> {
        let text = |key| text(entry, key).map(|text| text.value);
        match self.by {
            By::Name => text("name"),
            By::NameOrFile => text("name").or_else(|| {
                let path = text("destination")?;
                let file = path.rsplit('/').find(|part| !part.is_empty())?;
                Some(file.to_owned())
            }),
            By::FullName => {
                let name = text("name")?;
                let parts = [text("namespace"), text("subsystem"), Some(name)];
                let parts: Vec<String> = parts.into_iter().flatten().collect();
                Some(parts.join("_"))
            }
        }
    }

    /// Tells where an entry says its name, or else where it stands.
    pub(super) fn at(self, entry: &Value) -> Span {
        let name = text(entry, "name").or_else(|| text(entry, "destination"));
        name.map_or(entry.head(), |name| name.span)
    }
}

/// Finds a text that is not empty by its key, in any letter case.
fn text(entry: &Value, key: &str) -> Option<Spanned<String>> {
    let Kind::Object(members) = &entry.kind else {
        return None;
    };
    let member = members
        .iter()
        .rfind(|member| member.key.value.eq_ignore_ascii_case(key))?;
    match &member.value.kind {
        Kind::Text(text) if !text.is_empty() => Some(Spanned::new(member.value.span, text.clone())),
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::Text(_)
        | Kind::List(_)
        | Kind::Object(_) => None,
    }
}
