//! Keys: read once, and followed.

use std::time::Duration;

use bytes::Bytes;
use catalog::{KeyEvent, consul::Client};

use crate::{
    backend::{Backend, Eye, contract},
    pilot::{Pilot, settings},
};

contract! {
    a_key_is_read_once,
    a_key_is_followed_from_absence_to_absence,
}

async fn a_key_is_read_once(backend: Backend) {
    let eye = Eye(backend.address());
    let client = Client::new(settings(backend.address())).unwrap();
    assert_eq!(client.key("once/not yet", None).await.unwrap(), None);
    eye.put("/v1/kv/once/not%20yet", "now").await;
    let value = client.key("once/not yet", None).await.unwrap();
    assert_eq!(value, Some(Bytes::from("now")));
}

async fn a_key_is_followed_from_absence_to_absence(backend: Backend) {
    let eye = Eye(backend.address());
    let mut pilot = Pilot::at(backend.address());
    pilot
        .handle
        .watch_key("followed/key", None, Duration::from_secs(1));
    assert_eq!(
        pilot.key("followed/key").await,
        KeyEvent::Update { value: None }
    );
    for text in ["one", "", "two"] {
        eye.put("/v1/kv/followed/key", text).await;
        let value = Some(Bytes::from(text));
        assert_eq!(pilot.key("followed/key").await, KeyEvent::Update { value });
    }
    // The same text again is no change.
    eye.put("/v1/kv/followed/key", "two").await;
    crate::backend::request(backend.address(), "DELETE", "/v1/kv/followed/key", "").await;
    assert_eq!(
        pilot.key("followed/key").await,
        KeyEvent::Update { value: None }
    );
}
