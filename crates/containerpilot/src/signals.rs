//! Signals from the first instruction on: held back until there are ears, then told as facts.
//!
//! A handler sets the signal's bit and rings a bell, a pipe that the loop waits on like any other
//! descriptor. Like the kernel's own pending set, the bits hold each signal once, and none is
//! lost: a bit is set before the bell rings, the bell is silenced before bits are taken, and a
//! pipe that is full rings as well as one that is not.
//! Handlers rather than a signalfd, because that needs the signals blocked, and children inherit
//! the mask; handlers they lose at exec.

use std::{
    io,
    mem::MaybeUninit,
    os::fd::AsRawFd,
    sync::atomic::{AtomicI32, AtomicU64, Ordering},
};

use pilot_core::Signal;
use tokio::net::unix::pipe;

/// Signals that mean a fault of the helper itself, that nothing can catch, or that are nobody's
/// business here: PIPE is an error of a write, and a stop from the terminal belongs to the shell
/// in front of it.
const NOT_HEARD: [i32; 12] = [
    libc::SIGKILL,
    libc::SIGSTOP,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGSEGV,
    libc::SIGSYS,
    libc::SIGPIPE,
    libc::SIGTTIN,
    libc::SIGTTOU,
];

/// A child has ended; the reaper's business.
pub(crate) const CHLD: Signal = Signal(libc::SIGCHLD);

/// The signals that have arrived and were not told yet, as bits.
static PENDING: AtomicU64 = AtomicU64::new(0);
/// The end of the pipe that says so.
static BELL: AtomicI32 = AtomicI32::new(-1);

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

extern "C" fn on_signal(
    number: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    // SAFETY: everything here may be done in a handler: reading what the kernel tells with the
    // signal, atomics, a write that does not block, and putting errno back, which whoever was
    // interrupted may be about to read.
    unsafe {
        if is_of_the_terminal(number, (*info).si_code) {
            return;
        }
        let errno = *libc::__errno_location();
        PENDING.fetch_or(bit(number), Ordering::SeqCst);
        let ring = 0_u8;
        libc::write(BELL.load(Ordering::SeqCst), (&raw const ring).cast(), 1);
        *libc::__errno_location() = errno;
    }
}

/// Whether it tells of the terminal that the helper itself is in front of: its size, Ctrl-Z. The
/// application, which is not in front of it, must not take that for an order: to nginx and Apache
/// WINCH is one to stop, and nobody would wake up what TSTP has stopped. Sent by somebody, both
/// are signals like others.
fn is_of_the_terminal(number: i32, code: i32) -> bool {
    [libc::SIGWINCH, libc::SIGTSTP].contains(&number) && code == libc::SI_KERNEL
}

fn bit(number: i32) -> u64 {
    1 << (number - 1)
}

/// What hears signals.
pub(crate) struct Ears {
    bell: pipe::Receiver,
    // The handler writes to its descriptor.
    _rope: pipe::Sender,
}

/// Opens ears for every signal that can be caught, and lets go those that were held back.
///
/// Must be called within a tokio runtime, once. The mask is empty afterwards.
pub(crate) fn listen() -> io::Result<Ears> {
    let (rope, bell) = pipe::pipe()?;
    BELL.store(rope.as_raw_fd(), Ordering::SeqCst);
    let wanted = (1..=libc::SIGRTMAX()).filter(|number| !NOT_HEARD.contains(number));
    for number in wanted {
        handle(number);
    }
    release();
    Ok(Ears { bell, _rope: rope })
}

/// The C library keeps the first real-time signals for itself and refuses them.
fn handle(number: i32) {
    let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) = on_signal;
    // SAFETY: an action of zeroes is a valid one with an empty mask; sigaction copies it.
    unsafe {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_RESTART | libc::SA_SIGINFO;
        libc::sigaction(number, &raw const action, std::ptr::null_mut());
    }
}

impl Ears {
    /// Waits until signals have arrived, and tells each once, in the order of their numbers.
    pub(crate) async fn heard(&self) -> impl Iterator<Item = Signal> + use<> {
        // Rope and bell live as long as the ears, so that neither wait nor read can fail.
        let _ = self.bell.readable().await;
        while self.bell.try_read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
        let pending = PENDING.swap(0, Ordering::SeqCst);
        (1..=64)
            .filter(move |number| pending & bit(*number) != 0)
            .map(Signal)
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        // A late signal rings no bell, least of all one whose number was given away.
        BELL.store(-1, Ordering::SeqCst);
    }
}
