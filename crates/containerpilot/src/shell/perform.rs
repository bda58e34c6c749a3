//! Carries out orders, one by one and in order.

use pilot_core::{Effect, Input, Level};

use super::Shell;

impl Shell {
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Spawn {
                run,
                purpose,
                command,
            } => self.spawn(run, purpose, &command),
            Effect::Signal { run, signal } => self.signal_run(run, signal),
            Effect::StopTree { run, signal } => self.stop_tree(run, signal),
            Effect::KillTree { run } => self.kill_tree(run),
            Effect::Publish {
                job,
                service,
                status,
                output,
            } => {
                self.journal.know(&job, &service);
                self.link.publish(&job, &service, status, &output);
            }
            Effect::Maintain { job, reason } => self.link.maintain(&job, reason.as_deref()),
            Effect::Withdraw { job } => {
                if !self.link.withdraw(&job) {
                    self.inputs.push_back(Input::Withdrawn { job });
                }
            }
            Effect::Follow { watch } => self.follow(watch),
            Effect::Unfollow { watch } => self.unfollow(&watch),
            Effect::LoadTemplate { template } => self.load_template(*template),
            Effect::DropTemplate { template } => self.drop_template(&template),
            Effect::Render { template } => {
                self.meter.begin_rendering(&template);
                self.render(&template);
            }
            Effect::Install { template } => self.install(template),
            Effect::Discard { template } => self.desk.discard(&template),
            Effect::Reload => {
                // Nobody has asked who could be answered, so that the log has all of it.
                if let Err(reason) = self.reload() {
                    let rest = reason.lines().skip(1).filter(|line| !line.is_empty());
                    rest.for_each(|line| self.say(Level::Error, line));
                }
            }
            Effect::Announce(event) => {
                let (code, source) = (event.kind.code(), event.source.to_string());
                self.meter.registry.event(code, &source);
                self.meter.note_stale(&event);
                self.say(Level::Debug, &format!("event: {{{code} {source}}}"));
            }
            Effect::Log { level, message } => self.say(level, &message),
            Effect::Exit { code } => self.exit = Some(code),
        }
    }
}
