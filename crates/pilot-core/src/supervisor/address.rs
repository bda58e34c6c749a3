//! Addresses of services: what a job hears of them, and what is still to become one.

use super::Supervisor;
use crate::{JobName, spec::JobSpec, step::Step};

impl Supervisor {
    pub(super) fn on_address_found(
        &mut self,
        name: &JobName,
        address: &str,
        reason: &str,
        step: &mut Step<'_>,
    ) {
        if let Some(spec) = &mut self.postponed {
            let own = spec.jobs.iter_mut().find(|job| job.name == *name);
            own.into_iter().for_each(|job| job.take_address(address));
        }
        self.with_job(name, |job| job.on_address_found(address, reason, step));
    }
}

impl JobSpec {
    /// Its service is reached there from now on, and nothing waits for an address any more.
    pub fn take_address(&mut self, address: &str) {
        if let Some(service) = &mut self.service {
            address.clone_into(&mut service.address);
            self.address_within = None;
        }
    }
}
