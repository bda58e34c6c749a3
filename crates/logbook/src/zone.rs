//! How far the local time is from UTC.

/// The seconds that local time is ahead of UTC at a moment, as `TZ` or `/etc/localtime` say.
///
/// Zero when neither is there, or the year is beyond what the system can tell.
pub(crate) fn ahead_of_utc(unix_seconds: i64) -> i64 {
    // SAFETY: `tm` is plain numbers and one pointer, for which all zeroes are valid.
    let mut local: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to values of ours that outlive the call, and nothing in this process
    // changes its environment, which the call may read.
    let answer = unsafe { libc::localtime_r(&raw const unix_seconds, &raw mut local) };
    if answer.is_null() { 0 } else { local.tm_gmtoff }
}
