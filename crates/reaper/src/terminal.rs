//! Who is in the foreground of the terminal on stdin.

use rustix::process::{Pid, getpgrp};
use rustix::stdio::stdin;
use rustix::termios::{tcgetpgrp, tcsetpgrp};

use crate::{Signal, kernel};

/// Hands the terminal to a process group, and says whether there was one to hand over.
///
/// The child runs already and may have touched the terminal too early, which stops it. Hence the
/// SIGCONT: a stopped `read` starts over, and who was not stopped does not notice.
pub(crate) fn hand_to(group: u32) -> bool {
    let handed = set_foreground(group);
    if handed {
        kernel::kill_group(group, Signal::CONT);
    }
    handed
}

/// Takes the terminal back from a group that is about to vanish, so that Ctrl-C reaches somebody.
pub(crate) fn take_back_from(group: u32) {
    let holder = tcgetpgrp(stdin()).map(|pid| pid.as_raw_nonzero().get());
    if holder == Ok(group.cast_signed()) {
        set_foreground(getpgrp().as_raw_nonzero().get().cast_unsigned());
    }
}

/// Who is not in the foreground gets SIGTTOU for this call, unless it is held back.
fn set_foreground(group: u32) -> bool {
    let Some(group) = Pid::from_raw(group.cast_signed()) else {
        return false;
    };
    kernel::with_blocked(libc::SIGTTOU, || tcsetpgrp(stdin(), group).is_ok())
}
