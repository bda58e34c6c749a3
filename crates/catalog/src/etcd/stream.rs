//! What a watch tells: one word of JSON after the other, each on a line of its own, for as long as
//! the connection stands.

use bytes::{Buf as _, Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::cluster::BODY_LIMIT;
use crate::{Backend, CatalogError, transport::Connection};

/// Where to ask for it.
pub(super) const WATCH: &str = "/v3/watch";

/// A watch that has begun; dropping it ends it.
pub(super) struct Stream {
    body: Incoming,
    buffer: BytesMut,
    /// Up to where there is no end of a line.
    searched: usize,
    address: String,
    _connection: Connection,
}

impl Stream {
    pub(super) fn new(body: Incoming, connection: Connection, address: String) -> Self {
        Self {
            body,
            buffer: BytesMut::new(),
            searched: 0,
            address,
            _connection: connection,
        }
    }

    fn end_of_line(&mut self) -> Option<usize> {
        let found = self.buffer[self.searched..]
            .iter()
            .position(|&byte| byte == b'\n');
        match found {
            Some(at) => Some(self.searched + at),
            None => {
                self.searched = self.buffer.len();
                None
            }
        }
    }

    /// Gives the next line. Whoever stops waiting loses nothing.
    pub(super) async fn line(&mut self) -> Result<Bytes, CatalogError> {
        loop {
            if let Some(end) = self.end_of_line() {
                let line = self.buffer.split_to(end).freeze();
                self.buffer.advance(1);
                self.searched = 0;
                return Ok(line);
            }
            let address = &self.address;
            let frame = match self.body.frame().await {
                Some(frame) => frame.map_err(|error| interrupted(address, WATCH, &error))?,
                None => {
                    return Err(CatalogError::Interrupted {
                        who: Backend::Etcd,
                        address: address.clone(),
                        call: WATCH.to_owned(),
                        reason: "the stream has ended".to_owned(),
                    });
                }
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if self.buffer.len() + data.len() > BODY_LIMIT {
                return Err(oversized(WATCH));
            }
            self.buffer.extend_from_slice(&data);
        }
    }
}

/// What broke off an answer.
pub(super) fn interrupted(address: &str, path: &str, error: &hyper::Error) -> CatalogError {
    let cause = std::error::Error::source(error);
    CatalogError::Interrupted {
        who: Backend::Etcd,
        address: address.to_owned(),
        call: path.to_owned(),
        reason: cause.map_or_else(|| error.to_string(), ToString::to_string),
    }
}

/// What no sound answer is.
pub(super) fn oversized(path: &str) -> CatalogError {
    CatalogError::Oversized {
        who: Backend::Etcd,
        call: path.to_owned(),
        limit: BODY_LIMIT,
    }
}
