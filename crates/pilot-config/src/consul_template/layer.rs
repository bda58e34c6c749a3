//! Several configurations, one over the other.
//!
//! Sections are merged key by key and the later value wins; lists of templates are joined.

use crate::{
    findings::Findings,
    value::{Kind, Member, Span, Spanned, Value},
};

/// Sections that before 0.18 stood at the top, and now stand in `consul`.
const MOVED: [&str; 4] = ["auth", "retry", "ssl", "token"];

/// What has been merged so far.
#[derive(Default)]
pub(super) struct Layers {
    members: Vec<Member>,
    templates: Vec<Value>,
}

impl Layers {
    /// Puts the members of a configuration over those before it. `base` is where its text begins.
    pub(super) fn put(&mut self, members: Vec<Member>, base: usize, findings: &Findings) {
        for member in members {
            if member.key.value == "template" {
                self.put_templates(member.value, base, findings);
            } else {
                put(&mut self.members, in_its_place(member), base, findings);
            }
        }
    }

    fn put_templates(&mut self, value: Value, base: usize, findings: &Findings) {
        match value.kind {
            Kind::List(items) => {
                for item in items {
                    self.put_templates(item, base, findings);
                }
            }
            Kind::Object(members) => {
                let mut merged = Vec::new();
                for member in members {
                    put(&mut merged, member, base, findings);
                }
                self.templates.push(Value {
                    span: value.span,
                    kind: Kind::Object(merged),
                });
            }
            Kind::Null => {}
            Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => self.templates.push(value),
        }
    }

    /// Gives the sections as one object, and the templates.
    pub(super) fn into_parts(self) -> (Value, Vec<Value>) {
        let whole = Value {
            span: Span::default(),
            kind: Kind::Object(self.members),
        };
        (whole, self.templates)
    }
}

/// Reads what has an older spelling as the newer one.
fn in_its_place(member: Member) -> Member {
    let Member { key, value } = member;
    let span = value.span;
    let within = |name: &str, value: Value| Member {
        key: Spanned::new(key.span, name.to_owned()),
        value,
    };
    let object = |member: Member| Value {
        span,
        kind: Kind::Object(vec![member]),
    };
    let is_text = matches!(value.kind, Kind::Text(_));
    match key.value.as_str() {
        "consul" if is_text => within("consul", object(within("address", value))),
        "retry" if is_text => {
            let backoff = object(within("backoff", value));
            within("consul", object(within("retry", backoff)))
        }
        name if MOVED.contains(&name) => within("consul", object(within(name, value))),
        _ => Member { key, value },
    }
}

fn put(into: &mut Vec<Member>, member: Member, base: usize, findings: &Findings) {
    let Member { key, value } = member;
    match value.kind {
        // A block that may stand several times is a list of objects in JSON.
        Kind::List(items) if is_blocks(&items) => {
            for item in items {
                put_one(into, key.clone(), item, base, findings);
            }
        }
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::Text(_)
        | Kind::List(_)
        | Kind::Object(_) => put_one(into, key, value, base, findings),
    }
}

fn is_blocks(items: &[Value]) -> bool {
    !items.is_empty()
        && items
            .iter()
            .all(|item| matches!(item.kind, Kind::Object(_)))
}

fn put_one(
    into: &mut Vec<Member>,
    key: Spanned<String>,
    value: Value,
    base: usize,
    findings: &Findings,
) {
    let at = into.iter().position(|one| one.key.value == key.value);
    let old = at.map(|at| into.remove(at));
    let members = match value.kind {
        Kind::Object(members) => members,
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::List(_) => {
            if old.is_some_and(|old| old.key.span.start >= base) {
                let name = &key.value;
                let reason =
                    format!("the key `{name}` is given twice, and only the last one counts");
                findings.warn(key.span, reason);
            }
            into.push(Member { key, value });
            return;
        }
    };
    let mut merged = match old.map(|old| old.value.kind) {
        Some(Kind::Object(old)) => old,
        _ => Vec::new(),
    };
    for member in members {
        put(&mut merged, member, base, findings);
    }
    let kind = Kind::Object(merged);
    let span = value.span;
    into.push(Member {
        key,
        value: Value { span, kind },
    });
}
