//! Keys by Consul's API, read once; what any catalog promises is in `suite`.

use bytes::Bytes;
use catalog::consul::Client;

use crate::{
    backend::{Backend, Eye, contract},
    pilot::settings,
};

contract! {
    a_key_is_read_once,
}

async fn a_key_is_read_once(backend: Backend) {
    let eye = Eye(backend.address());
    let client = Client::new(settings(backend.address())).unwrap();
    assert_eq!(client.key("once/not yet", None).await.unwrap(), None);
    eye.put("/v1/kv/once/not%20yet", "now").await;
    let value = client.key("once/not yet", None).await.unwrap();
    assert_eq!(value, Some(Bytes::from("now")));
}
