//! Signals from the first instruction on: held back until there are ears, then passed on as facts.

use std::{io, mem::MaybeUninit};

use pilot_core::Signal;
use tokio::{
    signal::unix::{Signal as Stream, SignalKind, signal},
    sync::mpsc,
};

/// Signals that mean a fault of the helper itself, that nothing can catch, or that are its own
/// business: CHLD tells the reaper, PIPE is an error of a write, and a stop from the terminal
/// belongs to the shell in front of it.
const NOT_HEARD: [i32; 13] = [
    libc::SIGKILL,
    libc::SIGSTOP,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGSEGV,
    libc::SIGSYS,
    libc::SIGCHLD,
    libc::SIGPIPE,
    libc::SIGTTIN,
    libc::SIGTTOU,
];

/// How many signals may wait to be looked at; each number is there once at most.
const QUEUE: usize = 64;

/// Holds all signals back. To be called before anything else: a signal that reaches PID 1 before
/// it has a handler is dropped by the kernel, one that is held back is not.
pub(crate) fn hold() {
    set_mask(libc::SIG_BLOCK);
}

/// Lets signals do what they always do, for commands that only ask something.
pub(crate) fn release() {
    set_mask(libc::SIG_UNBLOCK);
}

fn set_mask(how: i32) {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset initialises the set that pthread_sigmask reads; neither keeps a pointer.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(how, all.as_ptr(), std::ptr::null_mut());
    }
}

/// Opens ears for every signal that can be caught, and lets go those that were held back.
///
/// Must be called within a tokio runtime. The mask is empty afterwards, since children inherit it;
/// handlers are taken away from them by exec.
pub(crate) fn listen() -> io::Result<(Stream, mpsc::Receiver<Signal>)> {
    let (heard, ears) = mpsc::channel(QUEUE);
    let children = signal(SignalKind::child())?;
    let wanted = (1..=libc::SIGRTMAX()).filter(|number| !NOT_HEARD.contains(number));
    for number in wanted {
        // The C library keeps the first real-time signals for itself and refuses them.
        if let Ok(stream) = signal(SignalKind::from_raw(number)) {
            tokio::spawn(pass_on(stream, Signal(number), heard.clone()));
        }
    }
    set_mask(libc::SIG_UNBLOCK);
    Ok((children, ears))
}

async fn pass_on(mut stream: Stream, signal: Signal, heard: mpsc::Sender<Signal>) {
    while stream.recv().await.is_some() {
        if heard.send(signal).await.is_err() {
            return;
        }
    }
}
