//! Programs that templates ask with `plugin`. A pass of a template never waits: what it asked is
//! run beside the loop, and when all answers are there the template is rendered once more.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    io,
    os::fd::OwnedFd,
    time::Duration,
};

use ctmpl::PluginFailure;
use pilot_core::{Level, TemplateName, spec::Command};
use reaper::{Launch, Rest, RunId, Signal, Status};
use tokio::{io::AsyncReadExt, net::unix::pipe};

use super::{Done, Shell};

/// How long a program may take, as in consul-template.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of its output counts.
const OUTPUT: u64 = 1024 * 1024;

/// A program and its arguments.
pub(super) type Line = Vec<String>;
/// What a program said, or why it said nothing of use.
pub(super) type Answer = Result<Vec<u8>, PluginFailure>;

/// What the programs of one template have answered, and what it asks besides.
#[derive(Default)]
pub(super) struct Answers {
    known: BTreeMap<Line, Answer>,
    wanted: RefCell<BTreeSet<Line>>,
}

impl Answers {
    /// Forgets what is wanted of programs; tells whether anything was.
    pub(super) fn forget_wanted(&mut self) -> bool {
        !std::mem::take(self.wanted.get_mut()).is_empty()
    }

    /// Gives the answer of a program, or notes that it is wanted.
    pub(super) fn ask(&self, program: &str, arguments: &[String]) -> Answer {
        let line: Line = [program]
            .into_iter()
            .chain(arguments.iter().map(String::as_str))
            .map(str::to_owned)
            .collect();
        if let Some(answer) = self.known.get(&line) {
            return answer.clone();
        }
        self.wanted.borrow_mut().insert(line);
        Err(failure("it has not answered yet"))
    }
}

/// Programs that are running for templates.
#[derive(Default)]
pub(in crate::shell) struct Plugins {
    running: BTreeMap<RunId, Plugin>,
    begun: u64,
}

struct Plugin {
    template: TemplateName,
    line: Line,
    status: Option<Status>,
    said: Option<Said>,
}

/// What was read from a program until it closed its ends, or was out of time.
pub(in crate::shell) struct Said {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    late: bool,
}

impl Shell {
    /// Starts what a template asks; tells whether there is something to wait for.
    pub(super) fn start_plugins(&mut self, template: &TemplateName) -> bool {
        let Some(sheet) = self.desk.sheets.get_mut(template) else {
            return false;
        };
        let wanted = std::mem::take(&mut *sheet.plugins.wanted.borrow_mut());
        let asked = !wanted.is_empty();
        for line in wanted {
            self.start_plugin(template, line);
        }
        if asked {
            self.render_when_answered(template);
        }
        asked
    }

    fn start_plugin(&mut self, template: &TemplateName, line: Line) {
        // The core counts its runs from below.
        let run = RunId(u64::MAX - self.desk.plugins.begun);
        self.desk.plugins.begun += 1;
        let mut launch = Launch::new(&line[0]);
        launch.args = line[1..].iter().map(Into::into).collect();
        launch.env = self.environment.for_child(&Command::default());
        launch.output = reaper::Output::Piped;
        let plugin = Plugin {
            template: template.clone(),
            line,
            status: None,
            said: None,
        };
        match self.reaper.spawn(run, &launch) {
            Ok(spawned) => {
                self.desk.plugins.running.insert(run, plugin);
                let ends = (spawned.stdout, spawned.stderr);
                self.desk
                    .writing
                    .spawn(async move { Done::Said(run, listen(ends).await) });
            }
            Err(error) => self.note_answer(plugin, Err(failure(&error.to_string()))),
        }
    }

    /// The process of a run ended; tells whether that was a plugin's.
    pub(in crate::shell) fn on_plugin_exited(
        &mut self,
        run: RunId,
        status: Status,
        rest: Rest,
    ) -> bool {
        let Some(plugin) = self.desk.plugins.running.get_mut(&run) else {
            return false;
        };
        plugin.status = Some(status);
        if rest == Rest::Remaining {
            self.reaper.kill_tree(run, Signal::KILL);
        }
        self.finish_plugin(run);
        true
    }

    pub(super) fn on_plugin_said(&mut self, run: RunId, said: Said) {
        if let Some(plugin) = self.desk.plugins.running.get_mut(&run) {
            if said.late {
                self.reaper.kill_tree(run, Signal::KILL);
            }
            plugin.said = Some(said);
        }
        self.finish_plugin(run);
    }

    fn finish_plugin(&mut self, run: RunId) {
        let running = &mut self.desk.plugins.running;
        let over = |plugin: &Plugin| plugin.status.is_some() && plugin.said.is_some();
        if !running.get(&run).is_some_and(over) {
            return;
        }
        if let Some(mut plugin) = running.remove(&run)
            && let (Some(status), Some(said)) = (plugin.status.take(), plugin.said.take())
        {
            let template = plugin.template.clone();
            self.note_answer(plugin, answer(status, said));
            self.render_when_answered(&template);
        }
    }

    fn note_answer(&mut self, plugin: Plugin, answer: Answer) {
        if let Err(failure) = &answer {
            let (program, reason) = (&plugin.line[0], &failure.reason);
            self.say(Level::Debug, &format!("plugin {program}: {reason}"));
        }
        let Plugin { template, line, .. } = plugin;
        if let Some(sheet) = self.desk.sheets.get_mut(&template) {
            sheet.plugins.known.insert(line, answer);
        }
    }

    fn render_when_answered(&mut self, template: &TemplateName) {
        let running = &self.desk.plugins.running;
        if !running.values().any(|other| other.template == *template) {
            self.render(template);
        }
    }
}

fn answer(status: Status, said: Said) -> Answer {
    let reason = match status {
        _ if said.late => format!("it did not end within {PATIENCE:?}"),
        Status::Exited(0) => return Ok(said.stdout),
        Status::Exited(code) => format!("exit status {code}"),
        Status::Signaled { signal, .. } => format!("ended by signal {}", signal.0),
    };
    Err(PluginFailure {
        reason,
        stdout: said.stdout,
        stderr: said.stderr,
    })
}

fn failure(reason: &str) -> PluginFailure {
    PluginFailure {
        reason: reason.to_owned(),
        ..PluginFailure::default()
    }
}

async fn listen((stdout, stderr): (Option<OwnedFd>, Option<OwnedFd>)) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let both = async {
        let (heard, also) = tokio::join!(read(stdout, &mut out), read(stderr, &mut err));
        heard.and(also)
    };
    let late = tokio::time::timeout(PATIENCE, both).await.is_err();
    Said {
        stdout: out,
        stderr: err,
        late,
    }
}

async fn read(end: Option<OwnedFd>, said: &mut Vec<u8>) -> io::Result<()> {
    let Some(end) = end else { return Ok(()) };
    let end = pipe::Receiver::from_owned_fd(end)?;
    // Whoever writes more writes into a closed pipe.
    end.take(OUTPUT).read_to_end(said).await?;
    Ok(())
}
