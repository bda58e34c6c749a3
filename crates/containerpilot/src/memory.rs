//! Gives back what only the start needed.

unsafe extern "C" {
    // Marks that the linker sets around everything of the program that is read and never written.
    safe static __executable_start: u8;
    safe static etext: u8;
}

const PAGE: usize = 4096;

/// Lets go of the pages of code and constants that were mapped so far.
///
/// Reading a configuration and setting up touches most of the program; waiting touches little of
/// it. What is needed again comes back from the page cache, sixteen pages at a touch.
pub(crate) fn forget() {
    let begin = (&raw const __executable_start)
        .addr()
        .next_multiple_of(PAGE);
    let end = (&raw const etext).addr() / PAGE * PAGE;
    let first = (&raw const __executable_start).with_addr(begin);
    // SAFETY: the range lies within this program's own image, whose pages between these marks are
    // private, mapped from its file and never written to; the kernel reads them again when they
    // are touched, this function's own included.
    unsafe {
        libc::madvise(
            first.cast_mut().cast(),
            end.saturating_sub(begin),
            libc::MADV_DONTNEED,
        );
    }
}
