//! Templates: how they are rendered, put in place and taken up.

use std::time::Duration;

use crate::{
    Registry,
    family::Family,
    labelled::Labelled,
    value::{BOUNDS, Histogram},
};

/// What came of rendering a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendered {
    /// A text that differs from the file.
    Changed,
    /// The text that is in the file already.
    Unchanged,
    /// Nothing yet: the catalog has not answered all it asks for.
    Waiting,
    /// Nothing: it cannot be rendered.
    Failed,
}

/// A command that belongs to a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateCommand {
    /// The check of a candidate.
    Check,
    /// What makes an application take the new file up.
    OnChange,
}

#[derive(Clone, Debug)]
pub(super) struct Templates {
    renders: Labelled<f64, 2>,
    render_seconds: Labelled<Histogram, 1>,
    installs: Labelled<f64, 2>,
    commands: Labelled<f64, 3>,
}

impl Registry {
    /// Counts a rendering by what came of it and how long it took, its file included.
    pub fn template_render(&mut self, template: &str, rendered: Rendered, took: Duration) {
        let templates = &mut self.own.templates;
        *templates.renders.at([template, rendered.word()]) += 1.0;
        let seconds = templates.render_seconds.at([template]);
        seconds.observe(took.as_secs_f64());
    }

    /// Counts an attempt to put a rendered file in place.
    pub fn template_install(&mut self, template: &str, passed: bool) {
        let installs = &mut self.own.templates.installs;
        *installs.at([template, super::result(passed)]) += 1.0;
    }

    /// Counts a run of a command of a template.
    pub fn template_command(&mut self, template: &str, command: TemplateCommand, passed: bool) {
        let labels = [template, command.word(), super::result(passed)];
        *self.own.templates.commands.at(labels) += 1.0;
    }
}

impl Rendered {
    fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
        }
    }
}

impl TemplateCommand {
    fn word(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::OnChange => "onChange",
        }
    }
}

impl Templates {
    pub(super) fn new() -> Self {
        Self {
            renders: Labelled::counter(
                "containerpilot_template_renders_total",
                ["template", "result"],
                "Renderings of each template, by result: changed, unchanged, waiting, failed.",
            ),
            render_seconds: Labelled::histogram(
                "containerpilot_template_render_seconds",
                ["template"],
                "How long each template took from the order to render it to its written file.",
                BOUNDS,
            ),
            installs: Labelled::counter(
                "containerpilot_template_installs_total",
                ["template", "result"],
                "Rendered files that were put in place, by result: passed, failed.",
            ),
            commands: Labelled::counter(
                "containerpilot_template_commands_total",
                ["template", "command", "result"],
                "Runs of each template's check and onChange, by result: passed, failed.",
            ),
        }
    }

    pub(super) fn families(&self) -> Vec<Family<'_>> {
        vec![
            self.renders.family(),
            self.render_seconds.family(),
            self.installs.family(),
            self.commands.family(),
        ]
    }
}
