//! What answers take that were made and not yet read.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;

use crate::reply::Reply;

/// What all answers under way may take, in bytes. A further one is refused, so that clients who ask
/// for everything and read nothing cannot fill the memory.
const UNREAD_MAX: usize = 256 << 20;

/// Answers below this are not counted: there are no more of them than connections.
const SMALL: usize = 64 << 10;

/// Counts what is under way.
#[derive(Debug, Default)]
pub(super) struct Unread(Arc<AtomicUsize>);

impl Unread {
    /// Makes an answer, unless too much is under way.
    pub(super) fn answer(&self, make: impl FnOnce() -> Reply) -> Reply {
        if self.0.load(Ordering::Relaxed) > UNREAD_MAX {
            return Reply::text(503, "too many answers are waiting to be read");
        }
        let reply = make();
        if reply.body.len() < SMALL {
            return reply;
        }
        self.0.fetch_add(reply.body.len(), Ordering::Relaxed);
        let under_way = UnderWay {
            body: reply.body,
            count: Arc::clone(&self.0),
        };
        Reply {
            body: Bytes::from_owner(under_way),
            ..reply
        }
    }
}

/// A body that counts until it is let go.
struct UnderWay {
    body: Bytes,
    count: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for UnderWay {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.count.fetch_sub(self.body.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_makes_room() {
        let unread = Unread::default();
        let large = || Reply {
            body: Bytes::from(vec![0; 32 << 20]),
            ..Reply::empty(200)
        };
        let mut held: Vec<_> = (0..20).map(|_| unread.answer(large)).collect();
        let made = held.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(made, 9);
        held.clear();
        assert_eq!(unread.answer(large).status, 200);
    }
}
