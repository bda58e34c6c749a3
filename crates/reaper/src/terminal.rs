//! Who is in the foreground of the terminal on stdin.

use rustix::process::{Pid, getpgrp, getpid, getsid};
use rustix::stdio::stdin;
use rustix::termios::{
    OptionalActions, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr, tcsetpgrp,
};

use crate::{Signal, kernel};

/// Tells whether stdin is a terminal that this process may hand to a run: it leads the session, as
/// in a container, or it is in the foreground. In the background of a shell the terminal is the
/// shell's.
pub fn has_terminal() -> bool {
    isatty(stdin()) && (getsid(None) == Ok(getpid()) || tcgetpgrp(stdin()) == Ok(getpgrp()))
}

/// A terminal that was handed over, and the modes it was in.
#[derive(Clone, Debug)]
pub(crate) struct Handed {
    modes: Option<Termios>,
}

/// Hands the terminal to a process group, if there is one to hand over.
///
/// The child runs already and may have touched the terminal too early, which stops it. Hence the
/// SIGCONT: a stopped `read` starts over, and who was not stopped does not notice.
pub(crate) fn hand_to(group: u32) -> Option<Handed> {
    if !has_terminal() {
        return None;
    }
    let modes = tcgetattr(stdin()).ok();
    let handed = set_foreground(group);
    if handed {
        kernel::kill_group(group, Signal::CONT);
    }
    handed.then_some(Handed { modes })
}

impl Handed {
    /// Takes the terminal back from a group that is about to vanish, so that Ctrl-C reaches
    /// somebody, and puts it into the modes it was in: who was killed has not done that.
    pub(crate) fn take_back_from(&self, group: u32) {
        if holder() != Some(group) {
            return;
        }
        set_foreground(getpgrp().as_raw_nonzero().get().cast_unsigned());
        if let Some(modes) = &self.modes {
            // A terminal that has gone needs no modes.
            let _ = tcsetattr(stdin(), OptionalActions::Now, modes);
        }
    }
}

/// Wakes up whom the terminal has stopped: there is no shell in front of it that would.
///
/// Not only Ctrl-Z does. Who found itself in the background a moment before the terminal was handed
/// over may be stopped for it a moment after, when the SIGCONT of the handing over has passed: an
/// interactive shell looks first and then stops itself.
pub(crate) fn wake(leader: u32) {
    let wanted = match kernel::stopped_by(leader) {
        Some(Signal::TSTP) => true,
        // In the background it would be stopped again, and again.
        Some(Signal(libc::SIGTTIN | libc::SIGTTOU)) => holder() == Some(leader),
        Some(_) | None => false,
    };
    if wanted {
        kernel::kill_group(leader, Signal::CONT);
    }
}

/// The process group in the foreground.
fn holder() -> Option<u32> {
    let group = tcgetpgrp(stdin()).ok()?;
    Some(group.as_raw_nonzero().get().cast_unsigned())
}

/// Who is not in the foreground gets SIGTTOU for this call, unless it is held back.
fn set_foreground(group: u32) -> bool {
    let Some(group) = Pid::from_raw(group.cast_signed()) else {
        return false;
    };
    kernel::with_blocked(libc::SIGTTOU, || tcsetpgrp(stdin(), group).is_ok())
}
