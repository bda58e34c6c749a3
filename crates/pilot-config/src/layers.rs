//! Several documents as one: what a later one says counts, and what it does not say stays.
//!
//! Objects are merged key by key. The entries of lists that hold named things, such as `jobs`,
//! are put behind those of earlier documents, or take the place of the one of their name. Any
//! other value, lists too, is taken as it is.

mod names;

use std::fmt;

use self::names::Named;
use crate::{
    Dialect, Place, Problem, Severity,
    decode::last_of_each,
    findings::Findings,
    problem::Texts,
    raw::v2,
    value::{Kind, Member, Span, Value},
};

/// Something that one file says in place of an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// What it is, such as `logging.level` or `job[web]`.
    pub what: String,
    /// Where the earlier file says it.
    pub earlier: Place,
    /// Where the later file says it.
    pub later: Place,
    /// Whether the later file says no more than `null`, which takes it back.
    pub taken_back: bool,
}

impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.taken_back {
            "takes back"
        } else {
            "replaces"
        };
        let (later, earlier) = (self.later.short(), self.earlier.short());
        write!(f, "`{}`: {later} {verb} {earlier}", self.what)
    }
}

/// Puts the documents over each other, the first at the bottom.
pub(crate) fn merge(
    documents: Vec<Value>,
    texts: &Texts<'_>,
    findings: &Findings,
) -> (Value, Vec<Override>) {
    let mut documents = documents.into_iter();
    let mut whole = documents.next().unwrap_or(Value {
        span: Span::default(),
        kind: Kind::Null,
    });
    let mut overrides = Vec::new();
    for later in documents {
        let mut merge = Merge {
            // All offsets of earlier texts are less.
            begin: later.span.start,
            texts,
            findings,
            overrides: &mut overrides,
        };
        merge.document(&mut whole, later);
    }
    (whole, overrides)
}

/// Says that documents are in different dialects, which cannot be put over each other.
pub(crate) fn mixed(documents: &[Value], texts: &Texts<'_>) -> Option<Problem> {
    let mut tell = documents.iter().filter_map(v2::telling_key);
    let (dialect, first) = tell.next()?;
    let (other, key) = tell.find(|(other, _)| *other != dialect)?;
    let earlier = texts.place(first.span)?;
    let reason = format!(
        "cannot put files of two dialects together: `{}` is of {}, and `{}` at {} is of {}",
        key.value,
        called(other),
        first.value,
        earlier.short(),
        called(dialect),
    );
    Some(Problem {
        severity: Severity::Error,
        place: texts.place(key.span),
        reason,
        hint: None,
    })
}

fn called(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::V2 => "ContainerPilot 1 and 2",
        Dialect::V3 => "ContainerPilot 3",
    }
}

/// Puts one document over those before it.
struct Merge<'a> {
    begin: usize,
    texts: &'a Texts<'a>,
    findings: &'a Findings,
    overrides: &'a mut Vec<Override>,
}

/// The two ways to name the one catalog.
const CATALOGS: [&str; 2] = ["consul", "catalog"];

impl Merge<'_> {
    fn document(&mut self, whole: &mut Value, later: Value) {
        match (&mut whole.kind, later.kind) {
            // A file of comments says nothing.
            (_, Kind::Null) => {}
            (Kind::Object(members), Kind::Object(later)) => {
                self.drop_other_catalog(members, &later);
                self.object(members, &later, "");
            }
            // A file that holds no object is an error, which no other file may hide.
            (Kind::Object(_) | Kind::Null, kind) => {
                whole.span = later.span;
                whole.kind = kind;
            }
            (Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::List(_), _) => {}
        }
    }

    /// Drops an earlier `catalog` for `consul` and the other way round: there is one catalog.
    fn drop_other_catalog(&mut self, members: &mut Vec<Member>, later: &[Member]) {
        let is_catalog = |member: &Member| CATALOGS.contains(&member.key.value.as_str());
        for one in later
            .iter()
            .filter(|one| is_catalog(one) && !one.value.is_null())
        {
            let other = |member: &Member| is_catalog(member) && member.key.value != one.key.value;
            if let Some(at) = members.iter().position(other) {
                let earlier = members.remove(at);
                self.note(earlier.key.value, earlier.key.span, one.key.span, false);
            }
        }
    }

    fn object(&mut self, members: &mut Vec<Member>, later: &[Member], path: &str) {
        *members = self.once(members);
        for member in self.once(later) {
            let what = join(path, &member.key.value);
            match self.earlier(members, &member.key.value) {
                None => members.push(member),
                Some(_) if says_nothing(&member.value) => {}
                Some(at) if members[at].value.is_null() => members[at] = member,
                Some(at) if member.value.is_null() => {
                    let earlier = members.remove(at);
                    self.note(what, earlier.key.span, member.key.span, true);
                }
                Some(at) => self.member(&mut members[at], member, what),
            }
        }
    }

    fn once(&self, members: &[Member]) -> Vec<Member> {
        let members = last_of_each(members, self.findings);
        members.into_iter().cloned().collect()
    }

    /// Finds what an earlier document calls by this name, in any letter case.
    fn earlier(&self, members: &[Member], name: &str) -> Option<usize> {
        let name = name.to_lowercase();
        let same =
            |one: &Member| self.is_earlier(one.key.span) && one.key.value.to_lowercase() == name;
        members.iter().position(same)
    }

    fn member(&mut self, earlier: &mut Member, later: Member, what: String) {
        let named = Named::of(&what);
        match (&mut earlier.value.kind, &later.value.kind, named) {
            (Kind::List(items), Kind::List(later), Some(named)) => {
                self.list(items, later, named);
            }
            (Kind::Object(members), Kind::Object(later), None)
                if one_thing(&what, members, later) =>
            {
                self.object(members, later, &what);
            }
            _ => {
                self.note(what, earlier.key.span, later.key.span, false);
                *earlier = later;
            }
        }
    }

    fn list(&mut self, items: &mut Vec<Value>, later: &[Value], named: Named) {
        for item in later {
            let name = named.name(item);
            let same = |one: &Value| self.is_earlier(one.span) && named.name(one) == name;
            let at = name.as_ref().and_then(|_| items.iter().position(same));
            match (at, name) {
                (Some(at), Some(name)) => {
                    let what = format!("{}[{name}]", named.kind);
                    self.note(what, named.at(&items[at]), named.at(item), false);
                    items[at] = item.clone();
                }
                _ => items.push(item.clone()),
            }
        }
    }

    fn is_earlier(&self, span: Span) -> bool {
        span.start < self.begin
    }

    fn note(&mut self, what: String, earlier: Span, later: Span, taken_back: bool) {
        if let (Some(earlier), Some(later)) = (self.texts.place(earlier), self.texts.place(later)) {
            self.overrides.push(Override {
                what,
                earlier,
                later,
                taken_back,
            });
        }
    }
}

/// An empty YAML value is a heading under which everything was left out. `null` that was written
/// means to take something back.
fn says_nothing(value: &Value) -> bool {
    value.is_null() && value.span.start == value.span.end
}

/// Whether two objects say something of the same thing: of one catalog, not of two.
fn one_thing(what: &str, earlier: &[Member], later: &[Member]) -> bool {
    let key = |members: &[Member]| members.first().map(|member| member.key.value.clone());
    what != "catalog" || key(earlier) == key(later)
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}
