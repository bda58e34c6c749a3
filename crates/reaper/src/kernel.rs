//! The system calls no safe library offers in the form needed here.
//!
//! `waitid` must tell which pid it looked at, and signals must carry real-time numbers.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::{Signal, Status};

/// What a look at the children shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// This child ended with this status and waits to be reaped.
    Zombie { pid: u32, status: Status },
    /// There are children, none of which has ended.
    Quiet,
    /// There is no child at all.
    Childless,
}

/// Whether a process group has members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Empty,
    Peopled,
}

/// Looks at the children without reaping any.
pub(crate) fn look() -> Look {
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
    match waitid(libc::P_ALL, 0, options) {
        Ok(info) => read(&info),
        Err(_) => Look::Childless,
    }
}

/// Reaps exactly this child, and says whether it was there to be reaped.
pub(crate) fn reap(pid: u32) -> bool {
    let options = libc::WEXITED | libc::WNOHANG | libc::__WALL;
    waitid(libc::P_PID, pid, options).is_ok_and(|info| read(&info) != Look::Quiet)
}

/// Whether any child of this process is in a process group.
pub(crate) fn has_child_in(group: u32) -> bool {
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
    group > 1 && waitid(libc::P_PGID, group, options).is_ok()
}

/// What this child was stopped by since somebody last asked, if it is stopped.
pub(crate) fn stopped_by(pid: u32) -> Option<Signal> {
    let info = waitid(libc::P_PID, pid, libc::WSTOPPED | libc::WNOHANG).ok()?;
    // SAFETY: `waitid` filled the structure as for SIGCHLD, or left it zeroed.
    let (pid, number) = unsafe { (info.si_pid(), info.si_status()) };
    (pid != 0).then_some(Signal(number))
}

fn waitid(kind: libc::idtype_t, id: u32, options: i32) -> io::Result<libc::siginfo_t> {
    loop {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        // SAFETY: `info` is a writable siginfo_t, and all zeroes is a valid one.
        let (result, info) = unsafe {
            let result = libc::waitid(kind, id, info.as_mut_ptr(), options);
            (result, info.assume_init())
        };
        if result == 0 {
            return Ok(info);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

fn read(info: &libc::siginfo_t) -> Look {
    // SAFETY: `waitid` filled the structure as for SIGCHLD, or left it zeroed.
    let (pid, number) = unsafe { (info.si_pid(), info.si_status()) };
    if pid == 0 {
        return Look::Quiet;
    }
    let status = match info.si_code {
        libc::CLD_EXITED => Status::Exited(number.to_le_bytes()[0]),
        code => Status::Signaled {
            signal: Signal(number),
            core: code == libc::CLD_DUMPED,
        },
    };
    Look::Zombie {
        pid: pid.cast_unsigned(),
        status,
    }
}

/// Signals every member of a process group. The caller knows that the number is still theirs.
pub(crate) fn kill_group(group: u32, signal: Signal) -> bool {
    // SAFETY: `kill` touches no memory of this process.
    group > 1 && unsafe { libc::kill(-group.cast_signed(), signal.0) } == 0
}

/// Asks whether a process group has any member; a zombie is one.
pub(crate) fn probe_group(group: u32) -> Group {
    // SAFETY: `kill` touches no memory of this process, and signal 0 sends nothing.
    let result = unsafe { libc::kill(-group.cast_signed(), 0) };
    let absent = || io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH);
    if result != 0 && absent() {
        Group::Empty
    } else {
        Group::Peopled
    }
}

/// Signals the process behind a pidfd.
pub(crate) fn kill_pidfd(pidfd: BorrowedFd<'_>, signal: Signal) -> bool {
    let none = std::ptr::null::<libc::siginfo_t>();
    let call = libc::SYS_pidfd_send_signal;
    // SAFETY: the descriptor is open, and the kernel takes a null siginfo for a plain `kill`.
    unsafe { libc::syscall(call, pidfd.as_raw_fd(), signal.0, none, 0) == 0 }
}

/// Signals a pid; for kernels without pidfds.
pub(crate) fn kill_pid(pid: u32, signal: Signal) -> bool {
    // SAFETY: `kill` touches no memory of this process.
    pid > 1 && unsafe { libc::kill(pid.cast_signed(), signal.0) } == 0
}

/// Does something with the file access rights of somebody else.
///
/// A container's root may not look into the processes of other users, but it may look with their
/// eyes.
pub(crate) fn with_eyes_of<T>(uid: u32, gid: u32, look: impl FnOnce() -> T) -> T {
    // SAFETY: these calls change nothing but the file access ids of this thread, and both are put
    // back; where they are not allowed they do nothing.
    let (own_uid, own_gid) = unsafe {
        let own_gid = libc::setfsgid(gid);
        (libc::setfsuid(uid), own_gid)
    };
    let seen = look();
    // SAFETY: as above.
    unsafe {
        libc::setfsuid(own_uid.cast_unsigned());
        libc::setfsgid(own_gid.cast_unsigned());
    }
    seen
}

/// Does something while a signal is held back from this thread. Nothing may be spawned inside, as
/// a child inherits the mask.
pub(crate) fn with_blocked<T>(signal: i32, act: impl FnOnce() -> T) -> T {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigemptyset` initialises `set`, and `pthread_sigmask` writes `before`.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), signal);
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), before.as_mut_ptr());
    }
    let result = act();
    // SAFETY: `before` was written above.
    unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut());
    }
    result
}

/// Becomes somebody else for good. Safe to call between fork and exec: it only makes system calls.
pub(crate) fn become_identity(uid: u32, gid: u32, groups: &[u32]) -> io::Result<()> {
    // SAFETY: the pointer and length describe the slice.
    let grouped = unsafe { libc::setgroups(groups.len(), groups.as_ptr()) };
    let calls: [fn(u32) -> i32; 2] = [
        // SAFETY: `setgid` touches no memory of this process.
        |gid| unsafe { libc::setgid(gid) },
        // SAFETY: `setuid` touches no memory of this process.
        |uid| unsafe { libc::setuid(uid) },
    ];
    if grouped == 0 && calls[0](gid) == 0 && calls[1](uid) == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
