//! One check of the agent: its health, and what time does to it.

use std::time::Duration;

use crate::{
    definition::CheckDefinition,
    record::{CheckRecord, Empty, Indexes, ServiceRecord},
    status::Status,
    store::catalog::NODE,
};

/// How long Consul holds back a change of the text alone (`check_update_interval`).
const OUTPUT_DELAY: Duration = Duration::from_secs(300);

/// What Consul keeps of the text of a check (`check_output_max_size`).
const OUTPUT_MAX: usize = 4096;

const NODE_MAINTENANCE: &str = "_node_maintenance";

/// A check as the agent knows it.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) record: CheckRecord,
    kind: Kind,
    deregister_after: Option<Duration>,
    critical_at: Option<Duration>,
    output_due_at: Option<Duration>,
}

#[derive(Debug)]
enum Kind {
    /// Critical unless heard of in time.
    Ttl {
        ttl: Duration,
        expires_at: Option<Duration>,
        last_output: String,
    },
    /// Critical as long as it is there.
    Maintenance,
}

impl Check {
    pub(super) fn ttl(
        now: Duration,
        definition: CheckDefinition,
        service: Option<&ServiceRecord>,
        before: Option<&CheckRecord>,
    ) -> Self {
        let record = CheckRecord {
            node: NODE.to_owned(),
            id: definition.id,
            name: definition.name,
            status: before.map_or(definition.status, |check| check.status),
            notes: definition.notes,
            output: before.map(|check| check.output.clone()).unwrap_or_default(),
            service_id: definition.service_id,
            service_name: service
                .map(|service| service.name.clone())
                .unwrap_or_default(),
            service_tags: service
                .map(|service| service.tags.clone())
                .unwrap_or_default(),
            kind: "ttl",
            definition: Empty {},
            indexes: Indexes::default(),
            since: Duration::ZERO,
        };
        let kind = Kind::Ttl {
            ttl: definition.ttl,
            expires_at: Some(now + definition.ttl),
            last_output: String::new(),
        };
        let deregister_after = definition.deregister_after;
        Self {
            record,
            kind,
            deregister_after,
            critical_at: None,
            output_due_at: None,
        }
    }

    /// A check that keeps a service, or the whole node, from being used.
    pub(super) fn maintenance(service: Option<&ServiceRecord>, reason: String) -> Self {
        let (name, what) = match service {
            Some(_) => ("Service Maintenance Mode", "service"),
            None => ("Node Maintenance Mode", "node"),
        };
        let unsaid = || {
            let text = "but no reason was provided. This is a default message.";
            format!("Maintenance mode is enabled for this {what}, {text}")
        };
        let text = |part: fn(&ServiceRecord) -> &String| service.map(part).cloned();
        let record = CheckRecord {
            node: NODE.to_owned(),
            id: maintenance_id(service),
            name: name.to_owned(),
            status: Status::Critical,
            notes: if reason.is_empty() { unsaid() } else { reason },
            output: String::new(),
            service_id: text(|service| &service.id).unwrap_or_default(),
            service_name: text(|service| &service.name).unwrap_or_default(),
            service_tags: service
                .map(|service| service.tags.clone())
                .unwrap_or_default(),
            kind: "maintenance",
            definition: Empty {},
            indexes: Indexes::default(),
            since: Duration::ZERO,
        };
        Self {
            record,
            kind: Kind::Maintenance,
            deregister_after: None,
            critical_at: None,
            output_due_at: None,
        }
    }

    /// Takes a sign of life; whether the catalog has to know, or nothing if this check takes none.
    pub(super) fn update(&mut self, now: Duration, status: Status, output: &str) -> Option<bool> {
        let Kind::Ttl {
            ttl,
            expires_at,
            last_output,
        } = &mut self.kind
        else {
            return None;
        };
        let output = shorten(output);
        *expires_at = Some(now + *ttl);
        last_output.clone_from(&output);
        Some(self.set(now, status, output))
    }

    /// Lets happen what is due; whether the catalog has to know.
    pub(super) fn expire(&mut self, now: Duration) -> bool {
        let mut worth_telling = false;
        if let Kind::Ttl {
            expires_at,
            last_output,
            ..
        } = &mut self.kind
            && let Some(due_at) = expires_at.filter(|due_at| *due_at <= now)
        {
            *expires_at = None;
            let output = match last_output.as_str() {
                "" => "TTL expired".to_owned(),
                said => format!("TTL expired (last output before timeout follows): {said}"),
            };
            worth_telling |= self.set(due_at, Status::Critical, output);
        }
        if self.output_due_at.is_some_and(|due_at| due_at <= now) {
            self.output_due_at = None;
            worth_telling = true;
        }
        worth_telling
    }

    /// Whether the check was critical for so long that its service has to go.
    pub(super) fn dooms_service(&self, now: Duration) -> bool {
        self.dooms_at().is_some_and(|at| at <= now)
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let expires_at = match &self.kind {
            Kind::Ttl { expires_at, .. } => *expires_at,
            Kind::Maintenance => None,
        };
        [expires_at, self.output_due_at, self.dooms_at()]
            .into_iter()
            .flatten()
            .min()
    }

    fn dooms_at(&self) -> Option<Duration> {
        if self.record.service_id.is_empty() {
            return None;
        }
        Some(self.critical_at? + self.deregister_after?)
    }

    /// Changes the health; a change of the text alone is not told at once, as heartbeats may carry
    /// a different text each time.
    fn set(&mut self, now: Duration, status: Status, output: String) -> bool {
        self.critical_at = match status {
            Status::Critical => self.critical_at.or(Some(now)),
            Status::Passing | Status::Warning => None,
        };
        let record = &mut self.record;
        if record.status == status {
            if record.output != output {
                record.output = output;
                self.output_due_at = self.output_due_at.or(Some(now + OUTPUT_DELAY));
            }
            return false;
        }
        record.status = status;
        record.output = output;
        self.output_due_at = None;
        true
    }
}

pub(super) fn maintenance_id(service: Option<&ServiceRecord>) -> String {
    match service {
        Some(service) => format!("_service_maintenance:{}", service.id),
        None => NODE_MAINTENANCE.to_owned(),
    }
}

fn shorten(output: &str) -> String {
    if output.len() <= OUTPUT_MAX {
        return output.to_owned();
    }
    let kept = &output[..output.floor_char_boundary(OUTPUT_MAX)];
    format!(
        "{kept} ... (captured {OUTPUT_MAX} of {} bytes)",
        output.len()
    )
}
