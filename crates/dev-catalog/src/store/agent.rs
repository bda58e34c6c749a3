//! What the agent was told: services, their checks, and how long each check is still believed.

mod check;

use std::{collections::BTreeMap, time::Duration};

use self::check::Check;
use super::{Fact, timetable::Timetable};
use crate::{
    definition::{CheckDefinition, ServiceDefinition},
    record::{CheckRecord, ServiceRecord},
    request::Command,
    status::Status,
};

/// The agent's own view.
#[derive(Debug, Default)]
pub(super) struct Agent {
    services: BTreeMap<String, ServiceRecord>,
    checks: BTreeMap<String, Check>,
    /// When each check needs to be looked at.
    timetable: Timetable,
}

/// What the agent finds when it compares itself with the catalog.
#[derive(Debug)]
pub(super) struct Synced {
    pub(super) facts: Vec<Fact>,
    /// Services of its node that it does not know.
    pub(super) strangers: Vec<String>,
}

/// Why the agent does not do what it is asked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AgentError {
    #[error("CheckID {0:?} does not have associated TTL")]
    UnknownTtl(String),
    #[error("ServiceID {0:?} does not exist")]
    OrphanCheck(String),
    #[error("No service registered with ID {0:?}")]
    UnknownService(String),
}

impl AgentError {
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::UnknownTtl(_) | Self::OrphanCheck(_) => 500,
            Self::UnknownService(_) => 404,
        }
    }
}

impl Agent {
    pub(super) fn apply(
        &mut self,
        now: Duration,
        command: Command,
    ) -> Result<Vec<Fact>, AgentError> {
        match command {
            Command::RegisterService {
                service,
                replace_checks,
            } => Ok(self.register_service(now, *service, replace_checks)),
            Command::DeregisterService(id) => Ok(self.deregister_service(&id)),
            Command::RegisterCheck(check) => self.register_check(now, *check),
            Command::DeregisterCheck(id) => Ok(self.deregister_check(&id)),
            Command::UpdateCheck { id, status, output } => {
                self.update_check(now, id, status, &output)
            }
            Command::EnterMaintenance { service_id, reason } => {
                self.enter_maintenance(service_id, reason)
            }
            Command::LeaveMaintenance { service_id } => self.leave_maintenance(service_id),
            Command::PutKey { .. }
            | Command::DeleteKey { .. }
            | Command::DeleteTree { .. }
            | Command::CreateSession(_)
            | Command::RenewSession(_)
            | Command::DestroySession(_)
            | Command::RegisterNode(_)
            | Command::Deregister(_)
            | Command::Transact(_) => Ok(Vec::new()),
        }
    }

    pub(super) fn services(&self) -> &BTreeMap<String, ServiceRecord> {
        &self.services
    }

    pub(super) fn service(&self, id: &str) -> Option<&ServiceRecord> {
        self.services.get(id)
    }

    pub(super) fn check(&self, id: &str) -> Option<&CheckRecord> {
        self.checks.get(id).map(|check| &check.record)
    }

    pub(super) fn checks(&self) -> BTreeMap<&str, &CheckRecord> {
        self.checks
            .iter()
            .map(|(id, check)| (id.as_str(), &check.record))
            .collect()
    }

    /// Lets checks run out, late texts go out, and services go that were critical for too long.
    pub(super) fn expire(&mut self, now: Duration) -> Vec<Fact> {
        let mut facts = Vec::new();
        let mut doomed = Vec::new();
        for id in self.timetable.due(now) {
            let Some(check) = self.checks.get_mut(&id) else {
                continue;
            };
            if check.expire(now) {
                facts.push(Fact::CheckKnown(id.clone()));
            }
            if check.dooms_service(now) {
                doomed.push(check.record.service_id.clone());
            }
            self.schedule(&id);
        }
        for id in doomed {
            facts.append(&mut self.deregister_service(&id));
        }
        facts
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.timetable.next()
    }

    fn schedule(&mut self, id: &str) {
        let check = self.checks.get(id);
        self.timetable.set(id, check.and_then(Check::next_deadline));
    }

    fn register_service(
        &mut self,
        now: Duration,
        mut service: ServiceDefinition,
        replace_checks: bool,
    ) -> Vec<Fact> {
        let id = service.id.clone();
        let checks = std::mem::take(&mut service.checks);
        self.services.insert(id.clone(), service.into());
        let mut facts = vec![Fact::ServiceKnown(id.clone())];
        if replace_checks {
            let stays = |check: &str| checks.iter().any(|wanted| wanted.id == check);
            let leaving = self
                .checks_of(&id)
                .into_iter()
                .filter(|check| !stays(check));
            facts.extend(
                leaving
                    .collect::<Vec<_>>()
                    .iter()
                    .flat_map(|check| self.deregister_check(check)),
            );
        }
        for check in checks {
            facts.push(self.add_check(now, check));
        }
        facts
    }

    fn deregister_service(&mut self, id: &str) -> Vec<Fact> {
        if self.services.remove(id).is_none() {
            return Vec::new();
        }
        let checks = self.checks_of(id);
        let mut facts: Vec<_> = checks
            .iter()
            .flat_map(|check| self.deregister_check(check))
            .collect();
        facts.push(Fact::ServiceGone(id.to_owned()));
        facts
    }

    fn register_check(
        &mut self,
        now: Duration,
        check: CheckDefinition,
    ) -> Result<Vec<Fact>, AgentError> {
        if !check.service_id.is_empty() && !self.services.contains_key(&check.service_id) {
            return Err(AgentError::OrphanCheck(check.service_id));
        }
        Ok(vec![self.add_check(now, check)])
    }

    fn deregister_check(&mut self, id: &str) -> Vec<Fact> {
        let gone = self.checks.remove(id);
        self.schedule(id);
        let fact = gone.map(|_| Fact::CheckGone(id.to_owned()));
        fact.into_iter().collect()
    }

    fn update_check(
        &mut self,
        now: Duration,
        id: String,
        status: Status,
        output: &str,
    ) -> Result<Vec<Fact>, AgentError> {
        let check = self.checks.get_mut(&id);
        let told = check.and_then(|check| check.update(now, status, output));
        self.schedule(&id);
        match told {
            None => Err(AgentError::UnknownTtl(id)),
            Some(true) => Ok(vec![Fact::CheckKnown(id)]),
            Some(false) => Ok(Vec::new()),
        }
    }

    fn enter_maintenance(
        &mut self,
        service_id: Option<String>,
        reason: String,
    ) -> Result<Vec<Fact>, AgentError> {
        let service = service_id.map(|id| self.known(id)).transpose()?;
        let check = Check::maintenance(service, reason);
        let id = check.record.id.clone();
        // Entering twice keeps the first reason.
        if self.checks.contains_key(&id) {
            return Ok(Vec::new());
        }
        self.checks.insert(id.clone(), check);
        Ok(vec![Fact::CheckKnown(id)])
    }

    fn leave_maintenance(&mut self, service_id: Option<String>) -> Result<Vec<Fact>, AgentError> {
        let service = service_id.map(|id| self.known(id)).transpose()?;
        let id = check::maintenance_id(service);
        Ok(self.deregister_check(&id))
    }

    fn known(&self, id: String) -> Result<&ServiceRecord, AgentError> {
        self.services.get(&id).ok_or(AgentError::UnknownService(id))
    }

    /// Compares what it told with the tags that the catalog has for each service of the node.
    pub(super) fn compare(&mut self, mut heard: BTreeMap<String, Vec<String>>) -> Synced {
        for service in self.services.values_mut() {
            if let Some(tags) = heard.remove(&service.id)
                && service.enable_tag_override
            {
                service.tags = tags;
            }
        }
        heard.remove("consul");
        let services = self.services.keys().cloned().map(Fact::ServiceKnown);
        let checks = self.checks.keys().cloned().map(Fact::CheckKnown);
        Synced {
            facts: services.chain(checks).collect(),
            strangers: heard.into_keys().collect(),
        }
    }

    /// Adds a check or replaces one; a check that is registered again keeps its health.
    fn add_check(&mut self, now: Duration, definition: CheckDefinition) -> Fact {
        let service = self.services.get(&definition.service_id);
        let before = self.checks.get(&definition.id).map(|check| &check.record);
        let check = Check::ttl(now, definition, service, before);
        let id = check.record.id.clone();
        self.checks.insert(id.clone(), check);
        self.schedule(&id);
        Fact::CheckKnown(id)
    }

    fn checks_of(&self, service_id: &str) -> Vec<String> {
        let own = self
            .checks
            .values()
            .filter(|check| check.record.service_id == service_id);
        own.map(|check| check.record.id.clone()).collect()
    }
}
