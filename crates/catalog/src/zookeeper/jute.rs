//! ZooKeeper's notation on the wire: numbers with the highest byte first, texts and lists with
//! their length before them.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

/// No answer of a sound server is larger.
pub(super) const FRAME_LIMIT: usize = 64 * 1024 * 1024;

/// What is missing or wrong in bytes that should be an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable(pub(super) &'static str);

/// A message that is being written, with room for its length before it.
pub(super) struct Writer(BytesMut);

/// A message that is being read.
pub(super) struct Reader(Bytes);

impl Writer {
    pub(super) fn new() -> Self {
        Self(BytesMut::from(&[0; 4][..]))
    }

    pub(super) fn int(&mut self, value: i32) -> &mut Self {
        self.0.put_i32(value);
        self
    }

    pub(super) fn long(&mut self, value: i64) -> &mut Self {
        self.0.put_i64(value);
        self
    }

    pub(super) fn truth(&mut self, value: bool) -> &mut Self {
        self.0.put_u8(value.into());
        self
    }

    pub(super) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.int(length(value.len()));
        self.0.put_slice(value);
        self
    }

    pub(super) fn text(&mut self, value: &str) -> &mut Self {
        self.bytes(value.as_bytes())
    }

    /// Gives the message with its length before it.
    pub(super) fn finish(mut self) -> Bytes {
        let size = length(self.0.len() - 4);
        self.0[..4].copy_from_slice(&size.to_be_bytes());
        self.0.freeze()
    }
}

// What we write is a record of ours or a value of a template, far below two gigabytes; what is
// longer is a message that no server takes.
fn length(size: usize) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}

impl Reader {
    pub(super) fn new(message: Bytes) -> Self {
        Self(message)
    }

    pub(super) fn int(&mut self) -> Result<i32, Unreadable> {
        self.0.try_get_i32().map_err(|_| SHORT)
    }

    pub(super) fn long(&mut self) -> Result<i64, Unreadable> {
        self.0.try_get_i64().map_err(|_| SHORT)
    }

    pub(super) fn truth(&mut self) -> Result<bool, Unreadable> {
        Ok(self.0.try_get_u8().map_err(|_| SHORT)? != 0)
    }

    /// Reads bytes; none at all are as good as an empty row of them.
    pub(super) fn bytes(&mut self) -> Result<Bytes, Unreadable> {
        let size = usize::try_from(self.int()?).unwrap_or(0);
        if size > self.0.len() {
            return Err(SHORT);
        }
        Ok(self.0.split_to(size))
    }

    pub(super) fn text(&mut self) -> Result<String, Unreadable> {
        let bytes = self.bytes()?;
        String::from_utf8(bytes.into()).map_err(|_| Unreadable("a name that is no text"))
    }

    pub(super) fn texts(&mut self) -> Result<Vec<String>, Unreadable> {
        let count = usize::try_from(self.int()?).unwrap_or(0);
        // Each has at least its length before it, so that a wrong count costs no memory.
        if count > self.0.len() / 4 {
            return Err(SHORT);
        }
        (0..count).map(|_| self.text()).collect()
    }
}

const SHORT: Unreadable = Unreadable("it ends too early");

/// Takes the next whole message off what was read so far, if there is one.
pub(super) fn frame(input: &mut BytesMut) -> Result<Option<Bytes>, Unreadable> {
    let Some(head) = input.first_chunk::<4>() else {
        return Ok(None);
    };
    let size = usize::try_from(i32::from_be_bytes(*head)).unwrap_or(usize::MAX);
    if size > FRAME_LIMIT {
        return Err(Unreadable("it is no answer of ZooKeeper's"));
    }
    if input.len() < 4 + size {
        input.reserve(4 + size - input.len());
        return Ok(None);
    }
    input.advance(4);
    Ok(Some(input.split_to(size).freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::new();
        writer
            .int(-1)
            .long(1 << 40)
            .truth(true)
            .text("é")
            .bytes(b"");
        let mut input = BytesMut::from(&writer.finish()[..]);
        let message = frame(&mut input).unwrap().unwrap();
        assert!(input.is_empty());
        let mut reader = Reader::new(message);
        assert_eq!(reader.int(), Ok(-1));
        assert_eq!(reader.long(), Ok(1 << 40));
        assert_eq!(reader.truth(), Ok(true));
        assert_eq!(reader.text().as_deref(), Ok("é"));
        assert_eq!(reader.bytes(), Ok(Bytes::new()));
        assert_eq!(reader.int(), Err(SHORT));
    }

    #[test]
    fn half_a_message_waits_and_a_wrong_one_does_not() {
        let mut input = BytesMut::from(&[0, 0, 0, 2, 7][..]);
        assert_eq!(frame(&mut input), Ok(None));
        input.put_u8(8);
        assert_eq!(frame(&mut input), Ok(Some(Bytes::from_static(&[7, 8]))));
        let mut input = BytesMut::from(&b"HTTP/1.1 400"[..]);
        assert!(frame(&mut input).is_err());
        let mut lie = Reader::new(Bytes::from_static(&[0x7f, 0, 0, 0, 1]));
        assert_eq!(lie.texts(), Err(SHORT));
    }
}
