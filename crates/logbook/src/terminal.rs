//! Writing to a terminal that a job is in front of.

use std::mem::MaybeUninit;

/// Lets this thread write to a terminal from the background, whatever modes the terminal is in.
///
/// After `stty tostop` who writes from the background gets SIGTTOU, which stops the whole program,
/// or an error where nobody could continue it; who holds the signal back writes. To be called by a
/// thread that starts no processes, which would inherit that.
pub(crate) fn allow_background() {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigemptyset` initialises the set that the other calls use; none keeps a pointer.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGTTOU);
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
    }
}
