//! A token that is taken away and given back.

use std::time::Duration;

use serde_json::json;

use super::{
    faults,
    kind::Kind,
    scene::{Scene, Setting, View},
    server::Server,
    together,
};
use crate::harness::over_tcp;

/// The token that may do everything.
const MASTER: &str = "6d61a2ee-0000-4000-8000-000000000001";
/// That of the helpers under test.
const OWN: &str = "6d61a2ee-0000-4000-8000-000000000002";
const OWN_ACCESSOR: &str = "6d61a2ee-0000-4000-8000-000000000003";
/// What it may do: no more than they need.
const POLICY: &str =
    "service \"app\" { policy = \"write\" } service \"batch\" { policy = \"write\" }
    service \"leaver\" { policy = \"write\" } service \"db\" { policy = \"read\" }
    node_prefix \"\" { policy = \"read\" }";

fn put(server: &Server, path: &str, body: &serde_json::Value) {
    let path = format!("{path}?token={MASTER}");
    let answer = over_tcp(server.client(), "PUT", &path, &body.to_string());
    answer.unwrap().expect(200);
}

fn grant(server: &mut Server) {
    let token = json!({"AccessorID": OWN_ACCESSOR, "SecretID": OWN, "Policies": [{"Name": "own"}]});
    put(server, "/v1/acl/token", &token);
}

fn revoke(server: &mut Server) {
    let path = format!("/v1/acl/token/{OWN_ACCESSOR}?token={MASTER}");
    let answer = over_tcp(server.client(), "DELETE", &path, "");
    answer.unwrap().expect(200);
}

fn revoked_and_restored(kind: Kind) {
    let mut server = Server::guarded(kind, MASTER);
    let policy = json!({"Name": "own", "Rules": POLICY});
    put(&server, "/v1/acl/policy", &policy);
    grant(&mut server);
    let with = |token: &str| {
        format!(
            "consul: {{ address: '{}', token: '{token}' }}",
            server.client()
        )
    };
    let mut scene = Scene::start(&Setting {
        title: "token revoked and restored",
        view: View {
            kind,
            server: server.client(),
            token: MASTER,
        },
        way: with(OWN),
        under: &[],
        // It may not take itself out, and its agent may not even say that its TTL is over.
        leaver_is_told: false,
        aside: with(MASTER),
    });
    scene.survives(&mut server, Duration::from_secs(6), revoke, grant);
    assert_eq!(scene.subject.count(OWN), 0, "the token is in the log");
    scene.leaves();
}

#[test]
fn consul_denies() {
    together(Kind::Consul, faults!(revoked_and_restored));
}
