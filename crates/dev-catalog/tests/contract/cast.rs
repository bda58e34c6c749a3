//! Sessions in a case: two agents name them differently, the record names them alike.

use super::{agent::Agent, answer::Answer};

/// Sessions that two agents name differently, by the names that the record has for them.
pub(super) struct Cast<'a> {
    agent: &'a Agent,
    ids: Vec<String>,
}

impl<'a> Cast<'a> {
    pub(super) fn new(agent: &'a Agent, sessions: &[&str]) -> Self {
        let ids = sessions.iter().map(|body| {
            let answer = agent.quietly("PUT", "/v1/session/create", body).json();
            let id = answer["ID"].as_str();
            id.expect("a session has an identity").to_owned()
        });
        Self {
            agent,
            ids: ids.collect(),
        }
    }

    pub(super) fn put(&self, path: &str, body: &str) {
        self.send("PUT", path, body);
    }

    /// Sends what stands for the n-th session as `$n`, and records it so.
    pub(super) fn send(&self, method: &str, path: &str, body: &str) {
        let answer = self.quietly(method, path, body);
        self.tell(&format!("{method} {path} {body}"), &answer);
    }

    pub(super) fn get(&self, path: &str) {
        self.send("GET", path, "");
    }

    /// Sends the same, and leaves it to the case what becomes part of the record.
    pub(super) fn quietly(&self, method: &str, path: &str, body: &str) -> Answer {
        self.agent
            .quietly(method, &self.meant(path), &self.meant(body))
    }

    /// Asks for something newer than `index` while something happens.
    pub(super) fn watch(
        &self,
        path: &str,
        index: u64,
        wait: &str,
        during: impl FnOnce(),
    ) -> Answer {
        let path = format!("{}?index={index}&wait={wait}", self.meant(path));
        self.agent.while_asking(&path, during)
    }

    /// Records an answer with the names of the record.
    pub(super) fn tell(&self, what: &str, answer: &Answer) {
        let told = self.names().fold(answer.to_string(), |told, (id, name)| {
            told.replace(id, name)
        });
        self.agent.note(&format!("{what}\n{told}"));
    }

    /// A text with the identities that stand for `$n`.
    pub(super) fn meant(&self, text: &str) -> String {
        let full = text.to_owned();
        self.names()
            .fold(full, |full, (id, name)| full.replace(name, id))
    }

    fn names(&self) -> impl Iterator<Item = (&String, &'static str)> {
        self.ids.iter().zip(["$0", "$1", "$2"])
    }
}
