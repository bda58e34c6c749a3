//! Files rendered from the catalog: reads templates, renders them, writes candidates, puts them
//! in place. When to do which, the core decides.

mod candidate;
mod plugins;
mod scenery;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use catalog::answer::Answer;
use ctmpl::{Dependency, Known, Memory, Pass, Source};
use pilot_core::{
    Input, Rendering, TemplateName,
    spec::{TemplateSource, TemplateSpec},
};
use tokio::task::JoinSet;

use self::{
    candidate::{Candidate, Written},
    plugins::{Answers, Plugins, Said},
    scenery::Scenery,
};
use super::{Shell, follows::Needs, shares::Work};
use crate::source::{plain, read_regular};

/// The templates of the configuration.
#[derive(Default)]
pub(super) struct Desk {
    sheets: BTreeMap<TemplateName, Sheet>,
    /// Writing takes as long as the disk likes, and the loop must not wait for it.
    writing: JoinSet<Done>,
    plugins: Plugins,
}

/// What came of work for a template.
pub(super) enum Done {
    Said(reaper::RunId, Said),
    Written(TemplateName, Result<Written, String>),
    Installed(TemplateName, Option<String>),
}

/// One template at work.
struct Sheet {
    spec: TemplateSpec,
    parsed: Option<Parsed>,
    /// What it said before, so that a change costs as much as it changes.
    memory: Memory,
    /// What it looks at.
    needs: Needs,
    /// What it cannot go on without; whether it must also be there, besides being known.
    waiting: BTreeMap<Source, bool>,
    plugins: Answers,
    candidate: Option<Candidate>,
}

/// The text a template was parsed from, and what came of that.
struct Parsed {
    text: String,
    template: ctmpl::Template,
    work: Work,
}

impl Sheet {
    fn new(spec: TemplateSpec) -> Self {
        Self {
            spec,
            parsed: None,
            memory: Memory::new(),
            needs: Needs::new(),
            waiting: BTreeMap::new(),
            plugins: Answers::default(),
            candidate: None,
        }
    }

    /// The template as its source is now; parsed again only if that changed.
    fn parse(&mut self) -> Result<ctmpl::Template, String> {
        let (name, text) = source(&self.spec)?;
        if let Some(parsed) = self.parsed.as_ref().filter(|parsed| parsed.text == text) {
            return Ok(parsed.template.clone());
        }
        let language = &self.spec.language;
        let template = ctmpl::Template::parse(name, &text, language)?;
        let work = ctmpl::fingerprint(language, &text);
        self.parsed = Some(Parsed {
            text,
            template: template.clone(),
            work,
        });
        self.memory = Memory::new();
        Ok(template)
    }

    /// Takes note of an answer; tells whether the template can go on.
    fn hear(&mut self, source: &Source, known: Option<&Known>) -> bool {
        if let Some(must_be_there) = self.waiting.get(source)
            && !(*must_be_there && known.is_some_and(is_nothing))
        {
            self.waiting.remove(source);
        }
        self.waiting.is_empty()
    }
}

impl Desk {
    pub(super) fn discard(&mut self, name: &TemplateName) {
        if let Some(sheet) = self.sheets.get_mut(name) {
            sheet.candidate = None;
        }
    }

    pub(super) fn templates(&self) -> Vec<TemplateName> {
        self.sheets.keys().cloned().collect()
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
        self.desk.sheets.insert(template.clone(), Sheet::new(spec));
        self.inputs
            .push_back(Input::TemplateDataChanged { template });
    }

    /// Their texts may have changed with the configuration.
    pub(super) fn look_at_templates_again(&mut self) {
        for (template, sheet) in &self.desk.sheets {
            if let TemplateSource::File(_) = sheet.spec.source {
                let template = template.clone();
                self.inputs
                    .push_back(Input::TemplateDataChanged { template });
            }
        }
    }

    pub(super) fn drop_template(&mut self, name: &TemplateName) {
        if let Some(sheet) = self.desk.sheets.remove(name) {
            let none = Needs::new();
            self.take_part(name, None);
            for ask in self.follows.change_needs(name, &sheet.needs, &none) {
                self.ask(ask);
            }
            self.look_at_files();
        }
    }

    /// Something that templates look at is known anew.
    pub(super) fn tell_templates(&mut self, source: &Source, templates: Vec<TemplateName>) {
        for template in templates {
            let known = self.follows.brain.known(source);
            let sheet = self.desk.sheets.get_mut(&template);
            if sheet.is_some_and(|sheet| sheet.hear(source, known)) {
                self.look_ahead(&template);
                self.inputs
                    .push_back(Input::TemplateDataChanged { template });
            }
        }
    }

    pub(super) fn render(&mut self, template: &TemplateName) {
        self.render_over_what_is_known(template.clone());
        self.settle_share_of(template);
    }

    fn render_over_what_is_known(&mut self, template: TemplateName) {
        let rendering = match self.pass(&template) {
            // The pass asked for what programs have yet to say; it is made again when they have.
            Ok(_) if self.start_plugins(&template) => return,
            Ok(pass) => match self.take_up_pass(&template, pass) {
                Ok(text) => return self.write(template, text),
                Err(rendering) => rendering,
            },
            Err(reason) => Rendering::Failed(reason),
        };
        self.inputs.push_back(Input::TemplateRendered {
            template,
            rendering,
        });
    }

    /// Executes a template over what is known.
    fn pass(&mut self, name: &TemplateName) -> Result<Pass, String> {
        // A fault of ours must not take the application with it: the file stays as it is.
        let passed = catch_unwind(AssertUnwindSafe(|| self.execute(name)));
        let fault = || Err("a fault of containerpilot itself".to_owned());
        passed.unwrap_or_else(|_| fault())
    }

    /// Executes a template to see what it looks at; nothing comes of it where that hangs on what
    /// programs have yet to say.
    pub(super) fn look_through(&mut self, name: &TemplateName) {
        // What is wrong with it is told when it is rendered.
        let Ok(pass) = self.pass(name) else {
            return;
        };
        let sheet = self.desk.sheets.get_mut(name);
        if sheet.is_some_and(|sheet| !sheet.plugins.forget_wanted()) {
            self.note_pass(name, &pass);
        }
    }

    /// Executes a template; files are read as it comes to them.
    fn execute(&mut self, name: &TemplateName) -> Result<Pass, String> {
        let sheet = self.desk.sheets.get_mut(name);
        let sheet = sheet.ok_or("the template is gone")?;
        let template = sheet.parse()?;
        let sandbox = sheet.spec.language.sandbox.clone();
        loop {
            let scenery = Scenery::new(&self.environment, &sheet.plugins);
            let pass = template.execute_again(&self.follows.brain, &scenery, &mut sheet.memory);
            let mut read = false;
            for dependency in &pass.missing {
                if let Dependency::File(path) = dependency {
                    // What changes after it was read is told.
                    self.files.look_again([Path::new(path)]);
                    let bytes = scenery::read(path, sandbox.as_deref())?;
                    let (source, known) = (dependency.source(), Known::File(bytes.into()));
                    self.follows.brain.remember(source, known);
                    read = true;
                }
            }
            if !read {
                return Ok(pass);
            }
        }
    }

    /// Looks at what the template looks at, and gives its text if it has one.
    fn take_up_pass(&mut self, name: &TemplateName, pass: Pass) -> Result<Vec<u8>, Rendering> {
        let gone = || Rendering::Failed("the template is gone".to_owned());
        let sheet = self.desk.sheets.get_mut(name).ok_or_else(gone)?;
        // What programs say holds for one rendering.
        sheet.plugins = Answers::default();
        self.note_pass(name, &pass);
        if pass.missing.is_empty() {
            return pass.text.map_err(Rendering::Failed);
        }
        let missing: Vec<String> = pass.missing.iter().map(ToString::to_string).collect();
        if !self.link.is_there() {
            let asked = missing.join(", ");
            let reason = format!("it asks for {asked}, but there is no catalog; add `consul`");
            return Err(Rendering::Failed(reason));
        }
        Err(Rendering::Missing(missing))
    }

    /// Looks at what the template looks at, whatever it says.
    fn note_pass(&mut self, name: &TemplateName, pass: &Pass) {
        let missing = pass.missing.iter().map(|d| (d.source(), blocks(d)));
        if let Some(sheet) = self.desk.sheets.get_mut(name) {
            sheet.waiting = missing.collect();
        }
        self.look_at(name, pass.used.iter().map(Dependency::source).collect());
        if pass.missing.is_empty() {
            self.on_complete(name);
        }
    }

    /// A template looks at this and nothing else, each in the way that it comes to it now.
    fn look_at(&mut self, name: &TemplateName, sources: Vec<Source>) {
        let is_of_catalog = |source: &Source| matches!(source, Source::Catalog(_));
        let shares = sources.iter().any(is_of_catalog);
        let sheet = self.desk.sheets.get(name);
        let parsed = sheet.and_then(|sheet| sheet.parsed.as_ref());
        let work = parsed.map(|parsed| parsed.work.clone());
        self.take_part(name, work.filter(|_| shares).as_ref());
        let with_way = |source: Source| {
            let way = self.shares.way(name, &source);
            (source, way)
        };
        let needs: Needs = sources.into_iter().map(with_way).collect();
        let Some(sheet) = self.desk.sheets.get_mut(name) else {
            return;
        };
        if sheet.needs != needs {
            let before = std::mem::replace(&mut sheet.needs, needs.clone());
            for ask in self.follows.change_needs(name, &before, &needs) {
                self.ask(ask);
            }
            self.look_at_files();
        }
    }

    /// Looks at what a template looks at in the way that it comes to it now.
    pub(super) fn look_again(&mut self, name: &TemplateName) {
        if let Some(sheet) = self.desk.sheets.get(name) {
            self.look_at(name, sheet.needs.keys().cloned().collect());
        }
    }

    /// What a template looks at.
    pub(super) fn needs(&self, name: &TemplateName) -> impl Iterator<Item = &Source> {
        let sheet = self.desk.sheets.get(name);
        sheet.into_iter().flat_map(|sheet| sheet.needs.keys())
    }

    /// Writes the text beside the file, or shows it where nothing shall be written.
    fn write(&mut self, template: TemplateName, text: Vec<u8>) {
        let Some(sheet) = self.desk.sheets.get(&template) else {
            return;
        };
        if sheet.spec.writing.dry {
            let text = String::from_utf8_lossy(&text);
            // The line's own end is added.
            let text = text.strip_suffix('\n').unwrap_or(&text);
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
            let written = candidate::write(&spec, &text);
            Done::Written(template, written)
        });
    }

    /// Work on a file is over.
    pub(super) fn on_file_done(&mut self, done: Done) {
        let input = match done {
            Done::Said(run, said) => return self.on_plugin_said(run, said),
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

/// Why the text of a template is of no use.
pub(crate) enum TemplateFault {
    /// It cannot be read.
    Unreadable(String),
    /// It is not a template.
    Malformed(String),
}

/// Reads and parses the text of a template, and sees what it asks for first.
pub(crate) fn prove_template(spec: &TemplateSpec, catalog: bool) -> Result<(), TemplateFault> {
    let (name, text) = source(spec).map_err(TemplateFault::Unreadable)?;
    let template = ctmpl::Template::parse(name, &text, &spec.language);
    let template = template.map_err(TemplateFault::Malformed)?;
    let pass = template.execute(&ctmpl::Brain::new(), &scenery::Nowhere);
    let asked = pass
        .used
        .iter()
        .find(|d| matches!(d.source(), Source::Catalog(_)));
    match asked.filter(|_| !catalog) {
        Some(asked) => Err(TemplateFault::Malformed(format!(
            "it asks for {asked}, but there is no catalog; add `consul`"
        ))),
        None => Ok(()),
    }
}

/// What messages call the source of a template.
fn title(spec: &TemplateSpec) -> &str {
    match &spec.source {
        TemplateSource::Inline(_) => "contents",
        TemplateSource::File(path) => path,
    }
}

fn source(spec: &TemplateSpec) -> Result<(&str, String), String> {
    match &spec.source {
        TemplateSource::Inline(text) => Ok((title(spec), text.clone())),
        TemplateSource::File(path) => {
            let failed = |reason: String| format!("cannot read {path}: {reason}");
            let bytes = read_regular(path.as_ref()).map_err(|error| failed(plain(&error)))?;
            let text = String::from_utf8(bytes).map_err(|error| failed(error.to_string()))?;
            Ok((path, text))
        }
    }
}

/// Whether the template waits until there is such a thing, not only until it is known.
fn blocks(dependency: &Dependency) -> bool {
    match dependency {
        Dependency::Key { blocks, .. } | Dependency::Pairs { blocks, .. } => *blocks,
        Dependency::Service(..)
        | Dependency::Services { .. }
        | Dependency::Nodes { .. }
        | Dependency::Node { .. }
        | Dependency::Datacenters { .. }
        | Dependency::File(_) => false,
    }
}

fn is_nothing(known: &Known) -> bool {
    match known {
        Known::Answer(Answer::Value(value)) => value.is_none(),
        Known::Answer(Answer::Pairs(pairs)) => pairs.is_empty(),
        Known::Answer(
            Answer::Instances(_)
            | Answer::Services(_)
            | Answer::Nodes(_)
            | Answer::Node(_)
            | Answer::Datacenters(_),
        )
        | Known::File(_) => false,
    }
}
