//! What loops said, for executions to come.

use std::collections::HashMap;

use crate::{node::BodyId, value::List};

/// Remembers, from one execution of a template to the next, what each loop said over each list, as
/// far as that can depend on nothing else. Where little changed, little is executed again.
///
/// Belongs to one template. Holds the lists and the texts of the last execution.
#[derive(Default)]
pub struct Memory {
    said: HashMap<(BodyId, usize), Said>,
    /// Which execution is on.
    turn: u64,
}

struct Said {
    /// Held so that no other list can come to lie where this one does.
    list: List,
    text: Box<[u8]>,
    turn: u64,
}

impl Memory {
    /// Remembers nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn begin(&mut self) {
        self.turn += 1;
    }

    /// Forgets what this execution did not come to.
    pub(crate) fn end(&mut self) {
        let turn = self.turn;
        self.said.retain(|_, said| said.turn == turn);
    }

    /// Gives what the loop with this body said over the list.
    pub(crate) fn recall(&mut self, body: BodyId, list: &List) -> Option<&[u8]> {
        let said = self.said.get_mut(&(body, list.identity()?))?;
        if !said.list.is_same(list) {
            return None;
        }
        said.turn = self.turn;
        Some(&said.text)
    }

    pub(crate) fn note(&mut self, body: BodyId, list: List, text: &[u8]) {
        if let Some(identity) = list.identity() {
            let (text, turn) = (text.into(), self.turn);
            self.said
                .insert((body, identity), Said { list, text, turn });
        }
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memory of {} loops", self.said.len())
    }
}
