//! Services, and commands that ask the helper itself.
//!
//! A service stays a job of its own, without a process: then a reload that changes it does not touch
//! the application.

use super::{Carry, for_shell, get, list, number, same, text};
use crate::{
    migrate::{
        action::is_of_a_mark,
        page::{Entry, Node},
    },
    value::Value,
};

impl<'a> Carry<'a> {
    /// Gives every service its name, in letters that ContainerPilot 3 takes.
    pub(super) fn service_names(&mut self) -> Vec<(String, &'a Value)> {
        let services = list(self.document, "services");
        services
            .into_iter()
            .map(|service| (self.service_name(service), service))
            .collect()
    }

    fn service_name(&mut self, service: &Value) -> String {
        let written = text(service, "name").unwrap_or_default();
        let wanted = legal(&written);
        let mut name = wanted.clone();
        let mut number = 1;
        while !self.names.insert(name.clone()) {
            number += 1;
            name = format!("{wanted}-{number}");
        }
        if name != written {
            self.report.push(format!(
                "ContainerPilot 3 takes no service with the name `{written}`: it is `{name}` now, \
                 for whoever looks for it."
            ));
        }
        name
    }

    pub(super) fn service(&mut self, name: &str, service: &Value) -> (Vec<String>, Node) {
        let mut entries = vec![Entry::new("name", Node::text(name))];
        entries.extend(self.start());
        let keys = ["port", "interfaces", "tags", "consul"];
        entries.extend(keys.into_iter().filter_map(|key| same(service, key)));
        let mut health: Vec<Entry> = Vec::new();
        let exec = get(service, "health");
        health.extend(exec.map(|exec| Entry::new("exec", Node::value(exec))));
        health.extend(get(service, "poll").map(|poll| Entry::new("interval", Node::value(poll))));
        health.extend(self.ttl(service));
        let timeout = same(service, "timeout");
        let limited = timeout.is_some() || exec.is_none();
        health.extend(timeout);
        let health = Entry::new("health", Node::Object(health));
        entries.push(if limited {
            health
        } else {
            health.noted("A check may take as long as its interval now; it had no limit before.")
        });
        (Vec::new(), Node::Object(entries))
    }

    /// A status that lapses between two reports is refused by ContainerPilot 3.
    fn ttl(&mut self, service: &Value) -> Option<Entry> {
        let ttl = get(service, "ttl")?;
        let poll = get(service, "poll").and_then(number);
        if let (Some(poll), Some(written)) = (poll, number(ttl))
            && written < poll
        {
            let longer = poll.saturating_mul(2);
            self.report.push(format!(
                "A `ttl` of {written} with a `poll` of {poll} let the service lapse between two \
                 checks: it is {longer} now."
            ));
            let node = Node::Inline(longer.to_string());
            return Some(Entry::new("ttl", node));
        }
        Some(Entry::new("ttl", Node::value(ttl)))
    }

    /// A command that asks the helper itself, at the socket of this very file.
    pub(super) fn own_command(&self, what: &str) -> Node {
        let Some(socket) = self.socket() else {
            return Node::text(&format!("containerpilot -{what}"));
        };
        let words = ["containerpilot", what, "--socket", &socket];
        Node::texts(&words.map(str::to_owned))
    }

    /// The words of a shell that record a metric, up to its name.
    pub(super) fn recording(&self) -> String {
        match self.socket() {
            None => "containerpilot -putmetric".to_owned(),
            Some(socket) => format!("containerpilot metric --socket {}", for_shell(&socket)),
        }
    }

    fn socket(&self) -> Option<String> {
        let socket = text(get(self.document, "control")?, "socket")?;
        (!socket.is_empty()).then_some(socket)
    }
}

/// Makes a name that ContainerPilot 3 takes for a service: it begins with a small letter, and has
/// two at least.
fn legal(written: &str) -> String {
    let mut name = in_legal_letters(written);
    if name.is_empty() {
        return name;
    }
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    let first_fits = name.starts_with(|c: char| c.is_ascii_lowercase() || is_of_a_mark(c));
    if first_fits && name.chars().count() > 1 {
        name
    } else {
        format!("service-{}", name.trim_start_matches('-'))
    }
}

/// Puts a dash for every letter that ContainerPilot 3 takes in no name; marks stay.
pub(super) fn in_legal_letters(name: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || is_of_a_mark(c);
    name.chars()
        .map(|c| if legal(c) { c } else { '-' })
        .collect()
}
