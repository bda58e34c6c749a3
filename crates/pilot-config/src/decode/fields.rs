//! The members of an object, taken one by one; what is left over is unknown.

use super::weak;
use crate::{
    duration,
    findings::Findings,
    spelling,
    value::{Kind, Member, Span, Spanned, Value},
};

/// An object whose members are being taken.
///
/// The names that are asked for are the names that exist, so the schema is written once, where it
/// is read.
pub(crate) struct Fields<'v, 'f> {
    span: Span,
    path: String,
    members: Vec<&'v Member>,
    known: Vec<&'static str>,
    findings: &'f Findings,
}

impl<'v, 'f> Fields<'v, 'f> {
    /// Opens an object; anything else is reported.
    pub(crate) fn open(value: &'v Value, path: &str, findings: &'f Findings) -> Option<Self> {
        let members = match &value.kind {
            Kind::Object(members) => members.as_slice(),
            // The weak mode of mapstructure takes an empty list for an empty object.
            Kind::List(items) if items.is_empty() => &[],
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::List(_) => {
                let got = value.go_kind();
                findings.error(
                    value.head(),
                    format!("'{path}' expected a map, got '{got}'"),
                );
                return None;
            }
        };
        let fields = Self {
            span: value.head(),
            path: path.to_owned(),
            members: last_of_each(members, findings),
            known: Vec::new(),
            findings,
        };
        Some(fields)
    }

    /// Where the object stands.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// How messages call the object.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Where problems go.
    pub(crate) fn findings(&self) -> &'f Findings {
        self.findings
    }

    /// Takes a member as it is: by its exact name, else by its name in other letter case.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'v Member> {
        let same = |member: &&'v Member| member.key.value.to_lowercase() == name.to_lowercase();
        let exact = self.members.iter().position(|one| one.key.value == name);
        let at = exact.or_else(|| self.members.iter().position(same));
        self.remove(name, at)
    }

    /// Takes a member as it is by its exact name, as at the top level.
    pub(crate) fn take_exact(&mut self, name: &'static str) -> Option<&'v Member> {
        let at = self.members.iter().position(|one| one.key.value == name);
        self.remove(name, at)
    }

    fn remove(&mut self, name: &'static str, at: Option<usize>) -> Option<&'v Member> {
        self.known.push(name);
        let member = self.members.remove(at?);
        (!member.value.is_null()).then_some(member)
    }

    /// Takes a value as it is.
    pub(crate) fn value(&mut self, name: &'static str) -> Option<&'v Value> {
        self.take(name).map(|member| &member.value)
    }

    /// Takes a text.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<Spanned<String>> {
        self.read(name, weak::text)
    }

    /// Takes a text; an empty one is none.
    pub(crate) fn filled(&mut self, name: &'static str) -> Option<Spanned<String>> {
        self.text(name).filter(|text| !text.value.is_empty())
    }

    /// Takes a whole number.
    pub(crate) fn number(&mut self, name: &'static str) -> Option<Spanned<i64>> {
        let path = self.path_of(name);
        let value = self.value(name)?;
        match weak::number(value, &path) {
            Ok(number) => Some(Spanned::new(value.span, number)),
            Err(reason) => {
                let hint = weak::text(value, &path);
                let hint = hint.ok().and_then(|text| hint_of_number(name, &text));
                self.findings.guessed(value.head(), reason, hint);
                None
            }
        }
    }

    /// Takes a yes or no.
    pub(crate) fn truth(&mut self, name: &'static str) -> Option<Spanned<bool>> {
        self.read(name, weak::truth)
    }

    /// Takes a list of texts.
    pub(crate) fn texts(&mut self, name: &'static str) -> Option<Spanned<Vec<String>>> {
        self.read(name, weak::texts)
    }

    /// Takes a list of texts, or one text in place of a list of one.
    pub(crate) fn one_or_more(&mut self, name: &'static str) -> Option<Spanned<Vec<String>>> {
        self.read(name, |value, path| {
            if let Kind::Text(text) = &value.kind {
                return Ok(vec![text.clone()]);
            }
            weak::texts(value, path)
        })
    }

    /// Takes an object.
    pub(crate) fn object(&mut self, name: &'static str) -> Option<Fields<'v, 'f>> {
        let path = self.path_of(name);
        let value = self.value(name)?;
        Fields::open(value, &path, self.findings)
    }

    /// Takes an object of names and texts.
    pub(crate) fn pairs(&mut self, name: &'static str) -> Vec<(Spanned<String>, String)> {
        let Some(fields) = self.object(name) else {
            return Vec::new();
        };
        let read = |member: &&Member| {
            let path = format!("{}.{}", fields.path, member.key.value);
            let text = fields.keep(member.value.head(), weak::text(&member.value, &path))?;
            Some((member.key.clone(), text))
        };
        fields.members.iter().filter_map(read).collect()
    }

    /// Passes over names that ContainerPilot 3 took without using them.
    pub(crate) fn ignore(&mut self, names: &[&'static str]) {
        for name in names {
            if let Some(member) = self.take(name) {
                let reason = format!("the key `{}` has no effect", member.key.value);
                self.findings.warn(member.key.span, reason);
            }
            // What has no effect is nothing to suggest.
            self.known.pop();
        }
    }

    /// Refuses names that have a meaning, but not yet.
    pub(crate) fn refuse(&mut self, names: &[&'static str]) {
        for name in names {
            if let Some(member) = self.take(name) {
                let reason = format!("cannot use key `{}`: not supported yet", member.key.value);
                self.findings.error(member.key.span, reason);
            }
            self.known.pop();
        }
    }

    /// Reports what was not taken.
    pub(crate) fn finish(self) {
        let mut left: Vec<&str> = self
            .members
            .iter()
            .map(|one| one.key.value.as_str())
            .collect();
        left.sort_unstable();
        let left = left.join(", ");
        for member in &self.members {
            let (name, path) = (&member.key.value, &self.path);
            let reason = format!("cannot use key `{name}`: '{path}' has invalid keys: {left}");
            let hint = spelling::hint(name, self.known.iter().copied());
            self.findings.guessed(member.key.span, reason, hint);
        }
    }

    /// Gives what was not taken, with the names that were asked for.
    pub(crate) fn left(self) -> (Vec<&'v Member>, Vec<&'static str>) {
        (self.members, self.known)
    }

    fn read<T>(
        &mut self,
        name: &'static str,
        read: fn(&Value, &str) -> Result<T, String>,
    ) -> Option<Spanned<T>> {
        let path = self.path_of(name);
        let value = self.value(name)?;
        let read = self.keep(value.head(), read(value, &path))?;
        Some(Spanned::new(value.span, read))
    }

    /// Keeps what was read, or reports why it could not be.
    fn keep<T>(&self, span: Span, read: Result<T, String>) -> Option<T> {
        read.map_err(|reason| self.findings.error(span, reason))
            .ok()
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}

/// Drops members that a later one of the same name replaces.
pub(crate) fn last_of_each<'v>(members: &'v [Member], findings: &Findings) -> Vec<&'v Member> {
    let mut kept: Vec<&Member> = Vec::new();
    for member in members {
        if let Some(at) = kept
            .iter()
            .position(|one| one.key.value == member.key.value)
        {
            let name = &member.key.value;
            let reason = format!("the key `{name}` is given twice, and only the last one counts");
            findings.warn(member.key.span, reason);
            kept.remove(at);
        }
        kept.push(member);
    }
    kept
}

/// Guesses what was meant by a text that is no whole number.
fn hint_of_number(name: &str, text: &str) -> Option<String> {
    let digits = text.trim_start_matches('0');
    if text.starts_with('0') && !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit()) {
        return Some(format!("a 0 in front makes it octal: write {digits}"));
    }
    let unit = if name == "port" { "" } else { " of seconds" };
    // The likely mistake: `interval` here, but a duration in `when.interval`.
    let duration = duration::parse(text).is_ok();
    duration.then(|| format!("`{name}` is a whole number{unit}"))
}
