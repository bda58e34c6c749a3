//! Locks: one of many holds a key.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use catalog::{Lock, LockEvent, LockSettings, consul::Client};
use serde_json::Value;
use tokio::{sync::mpsc, time::timeout};

use crate::{
    backend::{Backend, DEADLINE, Eye, contract},
    pilot::settings,
    proxy::{Fault, Proxy},
};

contract! {
    one_holds_it_and_the_next_gets_it,
    a_holder_hears_that_it_was_taken_away,
    a_session_that_is_gone_is_replaced,
    a_key_is_written_with_its_flags,
    who_comes_late_or_in_vain_says_why,
}

/// One that wants the lock.
struct Rival {
    lock: Lock,
    events: mpsc::Receiver<LockEvent>,
}

fn wanted(key: &str) -> LockSettings {
    LockSettings {
        key: key.to_owned(),
        dc: None,
        name: "rival".to_owned(),
        value: Bytes::from("here"),
        ttl: Duration::from_secs(10),
        delay: Duration::ZERO,
    }
}

impl Rival {
    fn at(address: std::net::SocketAddr, key: &str) -> Self {
        let client = Arc::new(Client::new(settings(address)).unwrap());
        let (sender, events) = mpsc::channel(4);
        let lock = Lock::spawn(client, wanted(key), sender);
        Self { lock, events }
    }

    async fn next(&mut self) -> LockEvent {
        let event = timeout(DEADLINE, self.events.recv()).await;
        event.expect("an event in time").expect("the lock is there")
    }
}

async fn holder(eye: Eye, key: &str) -> String {
    let pairs = eye.get(&format!("/v1/kv/{key}")).await;
    let session = pairs[0]["Session"].as_str();
    session.unwrap_or_default().to_owned()
}

async fn one_holds_it_and_the_next_gets_it(backend: Backend) {
    let eye = Eye(backend.address());
    let key = "lock/next";
    let mut first = Rival::at(backend.address(), key);
    assert_eq!(first.next().await, LockEvent::Held);
    let held = holder(eye, key).await;
    assert!(!held.is_empty());
    let mut second = Rival::at(backend.address(), key);
    let mut third = Rival::at(backend.address(), key);
    first.lock.release().await;
    let next = tokio::select! {
        event = second.next() => event,
        event = third.next() => event,
    };
    assert_eq!(next, LockEvent::Held);
    let taken = holder(eye, key).await;
    assert!(!taken.is_empty() && taken != held);
    second.lock.release().await;
    third.lock.release().await;
    eye.until("nobody holds it", async || {
        holder(eye, key).await.is_empty().then_some(())
    })
    .await;
}

async fn a_holder_hears_that_it_was_taken_away(backend: Backend) {
    let eye = Eye(backend.address());
    let key = "lock/away";
    let mut rival = Rival::at(backend.address(), key);
    assert_eq!(rival.next().await, LockEvent::Held);
    crate::backend::request(backend.address(), "DELETE", "/v1/kv/lock/away", "").await;
    assert_eq!(rival.next().await, LockEvent::Lost);
    assert_eq!(rival.next().await, LockEvent::Held);
    assert!(!holder(eye, key).await.is_empty());
}

async fn a_session_that_is_gone_is_replaced(backend: Backend) {
    let eye = Eye(backend.address());
    let key = "lock/replaced";
    let mut rival = Rival::at(backend.address(), key);
    assert_eq!(rival.next().await, LockEvent::Held);
    let held = holder(eye, key).await;
    assert_eq!(
        eye.put(&format!("/v1/session/destroy/{held}"), "").await,
        200
    );
    assert_eq!(rival.next().await, LockEvent::Lost);
    loop {
        match rival.next().await {
            LockEvent::Held => break,
            LockEvent::Failing { .. } => {}
            LockEvent::Lost => panic!("lost twice"),
        }
    }
    assert_ne!(holder(eye, key).await, held);
}

async fn a_key_is_written_with_its_flags(backend: Backend) {
    let client = Client::new(settings(backend.address())).unwrap();
    let key = "lock/data";
    assert_eq!(client.pair(key, None).await.unwrap(), None);
    let flags = 0x22b9_a127_a2c0_3520;
    let value = Bytes::from_static(b"\0any bytes\xFF");
    client
        .put_key(key, None, value.clone(), flags)
        .await
        .unwrap();
    let pair = client.pair(key, None).await.unwrap().unwrap();
    assert_eq!((pair.value, pair.flags), (value, flags));
}

async fn who_comes_late_or_in_vain_says_why(backend: Backend) {
    let proxy = Proxy::before(backend.address()).await;
    proxy.set(Fault::Answer(403, "Permission denied"));
    let key = "lock/vain";
    let mut rival = Rival::at(proxy.address(), key);
    let LockEvent::Failing { reason } = rival.next().await else {
        panic!("it was denied");
    };
    let said = "Consul answered 403 to PUT /v1/session/create: Permission denied";
    assert_eq!(reason.to_string(), said);
    proxy.set(Fault::None);
    assert_eq!(rival.next().await, LockEvent::Held);
    // A holder that cannot be heard of any more lets go before others get it.
    proxy.set(Fault::Refuse);
    let lost = timeout(Duration::from_secs(20), rival.events.recv()).await;
    assert_eq!(lost.unwrap(), Some(LockEvent::Lost));
    let eye = Eye(backend.address());
    let sessions = eye.get("/v1/kv/lock/vain").await;
    assert_ne!(
        sessions,
        Value::Null,
        "the session outlives what we made of it"
    );
}
