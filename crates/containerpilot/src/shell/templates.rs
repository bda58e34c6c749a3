//! Files rendered from the catalog: reads templates, renders them, writes candidates, puts them
//! in place. When to do which, the core decides.

mod candidate;
mod functions;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
};

use go_template::{MissingKey, Options, Template, Value};
use pilot_core::{
    Input, Rendering, TemplateName,
    spec::{TemplateSource, TemplateSpec},
};

use tokio::task::JoinSet;

use self::candidate::{Candidate, Written};
pub(super) use self::functions::Facts;
use super::{Shell, follows::Need};
use crate::source::{plain, read_regular};

/// The templates of the configuration.
#[derive(Default)]
pub(super) struct Desk {
    sheets: BTreeMap<TemplateName, Sheet>,
    /// Writing takes as long as the disk likes, and the loop must not wait for it.
    writing: JoinSet<Done>,
}

/// What came of work on the file of a template.
pub(super) enum Done {
    Written(TemplateName, Result<Written, String>),
    Installed(TemplateName, Option<String>),
}

struct Sheet {
    spec: TemplateSpec,
    candidate: Option<Candidate>,
}

impl Desk {
    pub(super) fn discard(&mut self, name: &TemplateName) {
        if let Some(sheet) = self.sheets.get_mut(name) {
            sheet.candidate = None;
        }
    }

    /// Waits for work on a file to be over; for ever while there is none.
    pub(super) async fn done(&mut self) -> Done {
        loop {
            match self.writing.join_next().await {
                Some(Ok(done)) => return done,
                // A fault in such work ends it, and the template waits for its data to change.
                Some(Err(_)) => {}
                None => return std::future::pending().await,
            }
        }
    }
}

impl Shell {
    pub(super) fn load_template(&mut self, spec: TemplateSpec) {
        let template = spec.name.clone();
        let sheet = Sheet {
            spec,
            candidate: None,
        };
        self.desk.sheets.insert(template.clone(), sheet);
        self.inputs
            .push_back(Input::TemplateDataChanged { template });
    }

    pub(super) fn drop_template(&mut self, name: &TemplateName) {
        self.desk.sheets.remove(name);
        for ask in self.follows.set_needs(name, &BTreeSet::new()) {
            self.ask(ask);
        }
    }

    pub(super) fn render(&mut self, template: TemplateName) {
        let Some(sheet) = self.desk.sheets.get(&template) else {
            return;
        };
        let facts = Facts::new(&self.follows, self.environment.as_text());
        // A fault of ours must not take the application with it: the file stays as it is.
        let rendered = catch_unwind(AssertUnwindSafe(|| execute(&sheet.spec, facts)));
        let fault = || {
            (
                Err("a fault of containerpilot itself".to_owned()),
                BTreeSet::new(),
            )
        };
        let (text, needs) = rendered.unwrap_or_else(|_| fault());
        for ask in self.follows.set_needs(&template, &needs) {
            self.ask(ask);
        }
        let missing = self.missing(&needs);
        let rendering = match text {
            _ if !missing.is_empty() => Rendering::Missing(missing),
            Ok(text) => return self.write(template, text),
            Err(reason) => Rendering::Failed(reason),
        };
        self.inputs.push_back(Input::TemplateRendered {
            template,
            rendering,
        });
    }

    /// Writes the text beside the file, or shows it where nothing shall be written.
    fn write(&mut self, template: TemplateName, text: String) {
        let Some(sheet) = self.desk.sheets.get(&template) else {
            return;
        };
        if sheet.spec.writing.dry {
            crate::say::out(&format!("> {}\n{text}", sheet.spec.destination));
            let rendering = Rendering::Unchanged;
            self.inputs.push_back(Input::TemplateRendered {
                template,
                rendering,
            });
            return;
        }
        let spec = sheet.spec.clone();
        self.desk.writing.spawn_blocking(move || {
            let written = candidate::write(&spec, text.as_bytes());
            Done::Written(template, written)
        });
    }

    /// Work on a file is over.
    pub(super) fn on_file_done(&mut self, done: Done) {
        let input = match done {
            Done::Written(template, written) => Input::TemplateRendered {
                rendering: self.take_up_written(&template, written),
                template,
            },
            Done::Installed(template, failure) => Input::TemplateInstalled { template, failure },
        };
        self.inputs.push_back(input);
    }

    fn take_up_written(
        &mut self,
        name: &TemplateName,
        written: Result<Written, String>,
    ) -> Rendering {
        match (written, self.desk.sheets.get_mut(name)) {
            (Ok(Written::Candidate(candidate)), Some(sheet)) => {
                let path = candidate.path().display().to_string();
                sheet.candidate = Some(candidate);
                Rendering::Candidate { path }
            }
            (Ok(Written::Candidate(_) | Written::Stands), _) => Rendering::Unchanged,
            (Err(reason), _) => Rendering::Failed(reason),
        }
    }

    /// What the catalog has not answered yet.
    fn missing(&self, needs: &BTreeSet<Need>) -> Vec<String> {
        let unknown = |need: &&Need| match need {
            Need::Service(query) => self.follows.instances(query).is_none(),
            Need::Key(key) => !self.follows.knows_key(key),
        };
        let word = |need: &Need| match need {
            Need::Service(query) => format!("service {query}"),
            Need::Key(key) => format!("key {key}"),
        };
        needs.iter().filter(unknown).map(word).collect()
    }

    pub(super) fn install(&mut self, template: TemplateName) {
        let sheet = self.desk.sheets.get_mut(&template);
        let Some(candidate) = sheet.and_then(|sheet| sheet.candidate.take()) else {
            let failure = Some("there is no candidate to put in place".to_owned());
            self.inputs
                .push_back(Input::TemplateInstalled { template, failure });
            return;
        };
        self.desk
            .writing
            .spawn_blocking(move || Done::Installed(template, candidate.install().err()));
    }
}

/// Renders, and tells everything that was looked at.
fn execute(spec: &TemplateSpec, facts: Facts) -> (Result<String, String>, BTreeSet<Need>) {
    let (asked, needs) = mpsc::channel();
    let text = source(spec).and_then(|(name, text)| {
        let functions = functions::all(&Arc::new(facts), &asked);
        let options = Options {
            missing_key: MissingKey::Default,
            ..Options::default()
        };
        let template = Template::parse(&name, &text, &options, &functions);
        let rendered = template.and_then(|template| template.execute(&Value::Nil));
        rendered.map_err(|error| error.to_string())
    });
    drop(asked);
    (text, needs.into_iter().collect())
}

fn source(spec: &TemplateSpec) -> Result<(String, String), String> {
    match &spec.source {
        TemplateSource::Inline(text) => Ok((spec.name.to_string(), text.clone())),
        TemplateSource::File(path) => {
            let failed = |reason: String| format!("cannot read {path}: {reason}");
            let bytes = read_regular(path.as_ref()).map_err(|error| failed(plain(&error)))?;
            let text = String::from_utf8(bytes).map_err(|error| failed(error.to_string()))?;
            Ok((path.clone(), text))
        }
    }
}
