//! What the helper counts about itself, one file per subject.

mod catalog;
mod job;
mod process;
mod shell;
mod template;

pub use self::{
    job::Exit,
    process::ProcessReading,
    shell::Queue,
    template::{Rendered, TemplateCommand},
};

use self::{catalog::Catalogs, job::Jobs, process::Process, shell::Shell, template::Templates};
use crate::family::Family;

/// The helper's own metrics.
#[derive(Clone, Debug)]
pub(super) struct Own {
    shell: Shell,
    jobs: Jobs,
    catalogs: Catalogs,
    templates: Templates,
    process: Process,
}

impl Own {
    pub(super) fn new(control_paths: &'static [&'static str]) -> Self {
        Self {
            shell: Shell::new(control_paths),
            jobs: Jobs::new(),
            catalogs: Catalogs::new(),
            templates: Templates::new(),
            process: Process::default(),
        }
    }

    pub(super) fn families(&self) -> Vec<Family<'_>> {
        let mut families = self.shell.families();
        families.extend(self.jobs.families());
        families.extend(self.catalogs.families());
        families.extend(self.templates.families());
        families.extend(self.process.families());
        families
    }
}

/// How something went, as a label says it.
fn result(passed: bool) -> &'static str {
    if passed { "passed" } else { "failed" }
}
