//! Work that several helpers share, as `deduplicate` of consul-template says: whoever holds a lock
//! asks the catalog, and leaves the answers in it for the others.

mod data;
mod share;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use catalog::{
    CatalogError, FollowEvent, Lock, LockEvent, LockSettings, answer::Answer, consul::Client,
    query::Query,
};
use ctmpl::{Known, Source};
use pilot_core::{Level, TemplateName};
use tokio::{sync::mpsc, task::JoinSet};

use self::{
    data::{Answers, Writing},
    share::{Order, Share},
};
use super::{
    Shell,
    follows::{INTERVAL, Way},
    link::LEAVE,
};

/// How long nobody gets a lock whose holder fell silent. The holder knows by then: it counts its
/// time from when it asked, the catalog from when it heard, and waits up to twice as long.
const DELAY: Duration = Duration::from_secs(1);
/// What the sessions are called in Consul, as by the original.
const SESSION: &str = "Consul-Template de-duplication";

/// What makes two templates the same work: see [`ctmpl::Language::fingerprint`].
pub(super) type Work = String;

/// Everything that is shared.
#[derive(Default)]
pub(super) struct Shares {
    desks: BTreeMap<Work, Desk>,
    writing: JoinSet<(Work, Result<(), CatalogError>)>,
}

/// One piece of work, and what it takes.
struct Desk {
    share: Share,
    templates: BTreeSet<TemplateName>,
    /// The key that the answers are left under.
    key: String,
    client: Arc<Client>,
    lock: Option<Lock>,
    events: mpsc::Receiver<LockEvent>,
}

/// What happened to something that is shared.
pub(super) enum News {
    Lock(Work, LockEvent),
    Written(Work, Result<(), CatalogError>),
}

impl Shares {
    /// Waits until something happens; for ever while nothing is shared.
    pub(super) async fn news(&mut self) -> News {
        poll_fn(|context| {
            for (work, desk) in &mut self.desks {
                // One that has ended says nothing more.
                if let Poll::Ready(Some(event)) = desk.events.poll_recv(context) {
                    return Poll::Ready(News::Lock(work.clone(), event));
                }
            }
            // A fault in a writing ends it: it counts as going on, and what was left stands.
            while let Poll::Ready(Some(done)) = self.writing.poll_join_next(context) {
                if let Ok((work, written)) = done {
                    return Poll::Ready(News::Written(work, written));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// How something comes to a template.
    pub(super) fn way(&self, template: &TemplateName, source: &Source) -> Way {
        match (source, self.work_of(template)) {
            (Source::Catalog(query), Some((_, desk))) => desk.share.way(query),
            (Source::Catalog(_) | Source::File(_), _) => Way::Asked,
        }
    }

    /// The work that a template takes part in.
    fn work_of(&self, template: &TemplateName) -> Option<(&Work, &Desk)> {
        let mut desks = self.desks.iter();
        desks.find(|(_, desk)| desk.templates.contains(template))
    }

    /// Gives all locks back, so that others get them at once.
    pub(super) async fn leave(&mut self) {
        let mut released = JoinSet::new();
        for (_, desk) in std::mem::take(&mut self.desks) {
            desk.lock.map(|lock| released.spawn(lock.release()));
        }
        let all = async { while released.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LEAVE, all).await;
    }
}

impl Desk {
    fn left(&self) -> Query {
        Query::Pairs {
            prefix: self.key.clone(),
            dc: None,
        }
    }

    /// Gives the lock back, beside whatever else is done.
    fn release(&mut self) {
        if let Some(lock) = self.lock.take() {
            drop(tokio::spawn(lock.release()));
        }
    }
}

impl Shell {
    /// A template takes part in work, or in none.
    pub(super) fn take_part(&mut self, template: &TemplateName, work: Option<&Work>) {
        let present = self.shares.work_of(template).map(|(at, _)| at.clone());
        if present.as_ref() == work {
            return;
        }
        if let Some(present) = present {
            self.part_with(template, &present);
        }
        let Some(work) = work else {
            return;
        };
        if !self.shares.desks.contains_key(work) {
            self.open_desk(work);
        }
        if let Some(desk) = self.shares.desks.get_mut(work) {
            desk.templates.insert(template.clone());
        }
    }

    fn part_with(&mut self, template: &TemplateName, work: &Work) {
        let Some(desk) = self.shares.desks.get_mut(work) else {
            return;
        };
        desk.templates.remove(template);
        if desk.templates.is_empty() {
            desk.release();
            let left = desk.left();
            self.link.unfollow(&left);
            self.shares.desks.remove(work);
        }
    }

    fn open_desk(&mut self, work: &Work) {
        let Some(client) = self.link.consul() else {
            return;
        };
        let Some(settings) = &self.config.deduplicate else {
            return;
        };
        let place = format!("{}{work}", settings.prefix);
        let (sender, events) = mpsc::channel(super::QUEUE);
        let lock = LockSettings {
            key: format!("{place}/lock"),
            dc: None,
            name: SESSION.to_owned(),
            value: Bytes::from_static(b"containerpilot"),
            ttl: settings.ttl,
            delay: DELAY,
        };
        let key = format!("{place}/data");
        let desk = Desk {
            share: Share::new(key.clone()),
            templates: BTreeSet::new(),
            key,
            lock: Some(Lock::spawn(client.clone(), lock, sender)),
            client,
            events,
        };
        self.link.follow(desk.left(), INTERVAL);
        self.shares.desks.insert(work.clone(), desk);
    }

    /// Begins to share anew, as a new configuration says.
    pub(super) fn share_anew(&mut self) {
        for (_, mut desk) in std::mem::take(&mut self.shares.desks) {
            desk.release();
            self.link.unfollow(&desk.left());
        }
        for template in self.desk.templates() {
            self.look_again(&template);
        }
    }

    pub(super) fn on_share_news(&mut self, news: News) {
        let work = match news {
            News::Lock(work, event) => {
                if let Some(desk) = self.shares.desks.get_mut(&work) {
                    desk.share.on_lock(&event);
                    let message = told(&event, &desk.templates);
                    self.say(Level::Debug, &message);
                }
                work
            }
            News::Written(work, written) => {
                let mut templates = BTreeSet::new();
                if let Some(desk) = self.shares.desks.get_mut(&work) {
                    desk.share.on_written(written.err().as_ref());
                    templates.clone_from(&desk.templates);
                }
                // There may be something newer by now.
                templates.iter().for_each(|name| self.look_ahead(name));
                work
            }
        };
        self.settle(&work);
    }

    /// The catalog told something of a query; tells whether it is about what others leave.
    pub(super) fn on_left(&mut self, query: &Query, event: &FollowEvent) -> bool {
        let mut desks = self.shares.desks.iter_mut();
        let Some((work, desk)) = desks.find(|(_, desk)| desk.left() == *query) else {
            return false;
        };
        let work = work.clone();
        match event {
            FollowEvent::Update(Answer::Pairs(pairs)) => desk.share.on_left(pairs),
            FollowEvent::Lost { reason } => desk.share.on_unread(reason),
            FollowEvent::Update(
                Answer::Instances(_)
                | Answer::Services(_)
                | Answer::Nodes(_)
                | Answer::Node(_)
                | Answer::Datacenters(_)
                | Answer::Value(_),
            )
            | FollowEvent::Back => {}
        }
        self.settle(&work);
        true
    }

    /// A template was executed over all that it needs.
    pub(super) fn on_complete(&mut self, template: &TemplateName) {
        let Some(work) = self.shares.work_of(template).map(|(work, _)| work.clone()) else {
            return;
        };
        let mut answers = Answers::new();
        for source in self.needs(template) {
            if let (Source::Catalog(query), Some(Known::Answer(answer))) =
                (source, self.follows.brain.known(source))
            {
                answers.insert(query.clone(), answer.clone());
            }
        }
        if let Some(desk) = self.shares.desks.get_mut(&work) {
            desk.share.on_rendered(answers);
        }
    }

    /// What a template looks at changed: those who wait for what we leave need not wait until it is
    /// rendered here, which may take as long as it has to be quiet before, or a command takes.
    pub(super) fn look_ahead(&mut self, template: &TemplateName) {
        let share = self.shares.work_of(template);
        if !share.is_some_and(|(_, desk)| desk.share.can_leave()) {
            return;
        }
        self.look_through(template);
        self.settle_share_of(template);
    }

    /// Does what follows for the work that a template takes part in.
    pub(super) fn settle_share_of(&mut self, template: &TemplateName) {
        if let Some((work, _)) = self.shares.work_of(template) {
            let work = work.clone();
            self.settle(&work);
        }
    }

    /// Does what follows from how things stand with a piece of work.
    fn settle(&mut self, work: &Work) {
        let Some(desk) = self.shares.desks.get_mut(work) else {
            return;
        };
        let order = desk.share.take_order();
        if desk.share.is_for_good() {
            desk.release();
            self.link.unfollow(&desk.left());
        }
        let words = desk.share.take_words();
        let templates = desk.templates.clone();
        let answers = desk.share.answers();
        let answers: Vec<_> = answers.map(|(q, a)| (q.clone(), a.clone())).collect();
        if let Some(order) = order {
            self.shares.write(work, order);
        }
        for word in words {
            let message = format!("templates {}: {word}", names(&templates));
            self.say(Level::Warn, &message);
        }
        for template in &templates {
            self.look_again(template);
        }
        for (query, answer) in answers {
            let audience = self.follows.on_left(&query, answer);
            self.tell_templates(&Source::Catalog(query), audience.templates);
        }
    }
}

impl Shares {
    fn write(&mut self, work: &Work, order: Order) {
        let Some(desk) = self.desks.get(work) else {
            return;
        };
        let (client, key) = (desk.client.clone(), desk.key.clone());
        let work = work.clone();
        self.writing.spawn(async move {
            tokio::time::sleep(order.pause).await;
            (work, write(&client, &key, order.writing).await)
        });
    }
}

async fn write(client: &Client, key: &str, writing: Writing) -> Result<(), CatalogError> {
    for (end, value) in writing.keys {
        let key = format!("{key}{end}");
        client.put_key(&key, None, value, 0).await?;
    }
    Ok(())
}

fn told(event: &LockEvent, templates: &BTreeSet<TemplateName>) -> String {
    let names = names(templates);
    match event {
        LockEvent::Held => format!("templates {names}: this helper asks the catalog for all"),
        LockEvent::Lost => format!("templates {names}: another helper asks the catalog"),
        LockEvent::Failing { reason } => {
            format!("templates {names}: who asks the catalog cannot be settled: {reason}")
        }
    }
}

fn names(templates: &BTreeSet<TemplateName>) -> String {
    let names: Vec<&str> = templates.iter().map(TemplateName::as_str).collect();
    names.join(", ")
}
