//! The addresses of the machine: looked at when the kernel says that they have changed.

use std::{collections::BTreeSet, mem, time::Duration};

use pilot_config::{Config, Interface, Selection};
use pilot_core::{Input, JobName, Level};
use tokio::time::{Instant, timeout_at};

use super::Shell;
use crate::{
    machine::{self, News},
    source::plain,
};

/// An interface is set up in several steps: how long nothing must change before it is looked at,
/// and how long that may be put off.
const QUIET: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(1);

/// Follows the addresses of the machine, while a job chooses among them.
#[derive(Default)]
pub(super) struct Addresses {
    news: Option<News>,
    /// Something has changed that was not looked at yet.
    burst: Option<Burst>,
    /// Jobs of which the core was told last that nothing fits.
    missing: BTreeSet<String>,
}

#[derive(Clone, Copy)]
struct Burst {
    look_at: Instant,
    at_the_latest: Instant,
}

impl Addresses {
    /// Waits until addresses may have changed, and the burst is over.
    pub(super) async fn changed(&mut self) {
        let Some(news) = &self.news else {
            return std::future::pending().await;
        };
        loop {
            let Some(burst) = self.burst else {
                news.heard().await;
                let now = Instant::now();
                self.burst = Some(Burst {
                    look_at: now + QUIET,
                    at_the_latest: now + LONGEST,
                });
                continue;
            };
            if timeout_at(burst.look_at, news.heard()).await.is_err() {
                self.burst = None;
                return;
            }
            self.burst = Some(Burst {
                look_at: burst.at_the_latest.min(Instant::now() + QUIET),
                ..burst
            });
        }
    }
}

impl Shell {
    /// Listens for changes if anybody chooses among the addresses of the machine, and says what
    /// was chosen that `before` did not have.
    pub(super) fn follow_addresses(&mut self, before: &[Selection]) {
        let selections = &self.config.selections;
        if !selections.iter().any(Selection::looks_at_interfaces) {
            self.addresses = Addresses::default();
        } else if self.addresses.news.is_none() {
            match News::listen() {
                Ok(news) => self.addresses.news = Some(news),
                Err(error) => {
                    let message = format!(
                        "cannot follow the addresses of this machine: {}; they are looked at when the configuration is loaded",
                        plain(&error)
                    );
                    self.say(Level::Warn, &message);
                }
            }
        }
        self.say_addresses(before);
    }

    fn say_addresses(&self, before: &[Selection]) {
        let said = |one: &&Selection| {
            let same = |old: &Selection| old.job == one.job && old.chosen == one.chosen;
            one.chosen.is_some() && !before.iter().any(same)
        };
        let mut fresh = self.config.selections.iter().filter(said).peekable();
        if fresh.peek().is_none() {
            return;
        }
        let interfaces = machine::interfaces();
        for selection in fresh {
            if let Some(line) = in_one_line(selection, &interfaces) {
                self.say(Level::Info, &line);
            }
        }
    }

    /// Chooses anew, and tells the core what came of it where that is another than before.
    pub(super) fn look_at_addresses(&mut self) {
        let selections = self.config.selections.clone();
        let mut wanted = selections
            .iter()
            .filter(|selection| selection.looks_at_interfaces())
            .peekable();
        if wanted.peek().is_none() {
            return;
        }
        let interfaces = machine::interfaces();
        for selection in wanted {
            self.choose_anew(selection, &interfaces);
        }
    }

    fn choose_anew(&mut self, selection: &Selection, interfaces: &[Interface]) {
        let job = JobName::from(selection.job.as_str());
        let chosen = match selection.choose(interfaces) {
            Ok(chosen) => chosen,
            Err(reason) => {
                self.addresses.missing.insert(selection.job.clone());
                self.inputs.push_back(Input::AddressMissing { job, reason });
                return;
            }
        };
        let was_missing = self.addresses.missing.remove(&selection.job);
        let before = selection.chosen.as_ref();
        let same = before.is_some_and(|before| before.address == chosen.address);
        let (address, reason) = (chosen.address.to_string(), chosen.reason(interfaces));
        self.config.take_address(&selection.job, &chosen);
        if same && !was_missing {
            return;
        }
        // Whoever starts from now on knows it, those that wait for it first of all.
        self.announce_addresses();
        self.serve_telemetry();
        self.inputs.push_back(Input::AddressFound {
            job,
            address,
            reason,
        });
    }

    /// Lets jobs of a new configuration keep the addresses that they have, if they would choose as
    /// before: a reload is no reason to change one.
    pub(super) fn keep_addresses(&mut self, config: &mut Config) {
        self.look_at_addresses();
        config.keep_addresses(&self.config.selections);
        let missing = mem::take(&mut self.addresses.missing);
        let stays = |job: &String| config.selections.iter().any(|one| one.job == *job);
        self.addresses.missing = missing.into_iter().filter(stays).collect();
    }
}

/// What was chosen, how, and among what; nothing while it is waited for.
pub(crate) fn in_one_line(selection: &Selection, interfaces: &[Interface]) -> Option<String> {
    let chosen = selection.chosen.as_ref()?;
    let reason = chosen.reason(interfaces);
    Some(format!("address of {}: {chosen} {reason}", selection.job))
}
