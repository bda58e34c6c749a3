//! Keys: read once, and followed.

use bytes::Bytes;
use catalog::{Answer, Query, consul::Client};

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
    let query = Query::Key {
        path: "followed/key".to_owned(),
        dc: None,
    };
    pilot.follow(&query);
    assert_eq!(pilot.answer(&query).await, Answer::Value(None));
    for text in ["one", "", "two"] {
        eye.put("/v1/kv/followed/key", text).await;
        let value = Some(Bytes::from(text));
        assert_eq!(pilot.answer(&query).await, Answer::Value(value));
    }
    // The same text again is no change.
    eye.put("/v1/kv/followed/key", "two").await;
    crate::backend::request(backend.address(), "DELETE", "/v1/kv/followed/key", "").await;
    assert_eq!(pilot.answer(&query).await, Answer::Value(None));
}
