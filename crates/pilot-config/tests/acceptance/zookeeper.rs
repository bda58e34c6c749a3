//! ZooKeeper as a catalog.

use std::time::Duration;

use expect_test::expect;
use pilot_config::{Catalog, Zookeeper};

use crate::harness::{check_reasons, loaded};

#[track_caller]
fn zookeeper(text: &str) -> Zookeeper {
    match loaded(text).catalog {
        Catalog::Zookeeper(zookeeper) => *zookeeper,
        other @ (Catalog::None | Catalog::Etcd(_) | Catalog::Consul(_) | Catalog::Embedded(_)) => {
            panic!("{other:?}")
        }
    }
}

#[test]
fn the_short_form_is_what_its_own_clients_take() {
    let short = zookeeper("{ catalog: { zookeeper: \"zk1:2181,zk2:2181/teams/blue\" } }");
    assert_eq!(short.connect, "zk1:2181,zk2:2181/teams/blue");
    assert_eq!(short.root, "/containerpilot");
    assert_eq!(short.keys, "");
    let long = "{ catalog: { zookeeper: { servers: [\"zk1:2181\", \"zk2:2181\"], chroot: \"/teams/blue/\" } } }";
    assert_eq!(zookeeper(long), short);
}

#[test]
fn everything_that_may_be_said() {
    let own = zookeeper(
        "{ catalog: { zookeeper: { servers: \"zk\", root: \"/apps\", keys: \"/conf\", \
         user: \"me\", password: \"hush\", acl: \"creator\", sessionTimeout: \"15s\", \
         tls: { cafile: \"/ca.pem\" } } } }",
    );
    assert_eq!((own.root.as_str(), own.keys.as_str()), ("/apps", "/conf"));
    assert_eq!(own.session_timeout, Some(Duration::from_secs(15)));
    assert!(own.is_closed && own.tls.as_ref().is_some_and(|tls| tls.verify));
    let login = own.login.as_ref().unwrap();
    let password = pilot_config::Password::Value(pilot_config::Secret::new("hush"));
    assert_eq!(login.password, password);
    assert!(!format!("{own:?}").contains("hush"));
}

#[test]
fn what_cannot_work_says_why() {
    let with =
        |rest: &str| format!("{{ catalog: {{ zookeeper: {{ servers: \"zk\", {rest} }} }} }}");
    let texts = [
        "{ catalog: \"zookeeper\" }".to_owned(),
        "{ catalog: { zookeeper: 5 } }".to_owned(),
        "{ catalog: { zookeeper: \"zk1,,zk2\" } }".to_owned(),
        "{ catalog: { zookeeper: \"zk:port\" } }".to_owned(),
        "{ catalog: { zookeeper: { servers: \"zk/a\", chroot: \"/b\" } } }".to_owned(),
        with("chroot: \"blue\""),
        with("root: \"/\""),
        with("keys: \"/a//b\""),
        with("user: \"me\""),
        with("password: \"hush\""),
        with("user: \"me\", password: \"hush\", passwordFile: \"/hush\""),
        with("acl: \"creator\""),
        with("acl: \"closed\""),
        with("sessionTimeout: \"10\""),
        with("tls: { clientcert: \"/c\", verify: false }"),
        with("servrs: \"zk\""),
    ];
    check_reasons(
        texts.each_ref().map(String::as_str),
        &expect![[r#"
            { catalog: "zookeeper" }
              error: cannot reach ZooKeeper: no `servers`
              hint: write `servers: "zk1:2181,zk2:2181"`
            { catalog: { zookeeper: 5 } }
              error: cannot use `catalog.zookeeper`: neither text nor object
              hint: write `catalog: {zookeeper: "zk1:2181,zk2:2181"}`
            { catalog: { zookeeper: "zk1,,zk2" } }
              error: cannot use ZooKeeper's server ``: it names no host
              hint: write `servers: "zk1:2181,zk2:2181"`
            { catalog: { zookeeper: "zk:port" } }
              error: cannot use ZooKeeper's server `zk:port`: its port is not a number up to 65535
              hint: write `servers: "zk1:2181,zk2:2181"`
            { catalog: { zookeeper: { servers: "zk/a", chroot: "/b" } } }
              error: cannot use `chroot` beside `/a` after the servers
            { catalog: { zookeeper: { servers: "zk", chroot: "blue" } } }
              error: cannot use `blue` as `chroot`: it does not begin with `/`
            { catalog: { zookeeper: { servers: "zk", root: "/" } } }
              error: cannot use `/` as `root`: services would lie among all else there
            { catalog: { zookeeper: { servers: "zk", keys: "/a//b" } } }
              error: cannot use `/a//b` as `keys`: a part of it is empty, `.`, `..` or holds control characters
            { catalog: { zookeeper: { servers: "zk", user: "me" } } }
              error: cannot use `user` without `password` or `passwordFile`
            { catalog: { zookeeper: { servers: "zk", password: "hush" } } }
              error: cannot use a password without `user`
            { catalog: { zookeeper: { servers: "zk", user: "me", password: "hush", passwordFile: "/hush" } } }
              error: cannot use `passwordFile` beside `password`
            { catalog: { zookeeper: { servers: "zk", acl: "creator" } } }
              error: cannot use `acl: "creator"` without `user`: nobody could change it
            { catalog: { zookeeper: { servers: "zk", acl: "closed" } } }
              error: cannot use `closed` as `acl`
              hint: one of "open", "creator"
            { catalog: { zookeeper: { servers: "zk", sessionTimeout: "10" } } }
              accepted
            { catalog: { zookeeper: { servers: "zk", tls: { clientcert: "/c", verify: false } } } }
              warning: the client certificate has no effect: `clientcert` and `clientkey` go together
              warning: the servers' certificates are not verified: `verify: false`
            { catalog: { zookeeper: { servers: "zk", servrs: "zk" } } }
              error: cannot use key `servrs`: 'catalog.zookeeper' has invalid keys: servrs
              hint: did you mean `servers`?
        "#]],
    );
}

#[test]
fn what_zookeeper_does_not_have_is_refused() {
    check_reasons(
        [
            "{ catalog: { zookeeper: \"zk\" }, watches: [{ name: \"db\", interval: 1, dc: \"east\", near: \"_agent\", filter: \"Service.Port == 1\" }] }",
            "{ catalog: { zookeeper: \"zk\" }, jobs: [{ name: \"web\", exec: \"w\", port: 80, interfaces: \"static:10.0.0.5\", health: { interval: 5, ttl: 15 }, consul: { checks: [{ tcp: \"a:1\", interval: \"1s\" }] } }] }",
        ],
        &expect![[r#"
            { catalog: { zookeeper: "zk" }, watches: [{ name: "db", interval: 1, dc: "east", near: "_agent", filter: "Service.Port == 1" }] }
              error: cannot use watch[db].dc: ZooKeeper has no datacenters
              hint: leave it out
              error: cannot use watch[db].near: ZooKeeper has no notion of who is near
              hint: leave it out
              error: cannot use watch[db].filter: ZooKeeper has no filters
              hint: choose by `tag`: filters are in Consul's language
            { catalog: { zookeeper: "zk" }, jobs: [{ name: "web", exec: "w", port: 80, interfaces: "static:10.0.0.5", health: { interval: 5, ttl: 15 }, consul: { checks: [{ tcp: "a:1", interval: "1s" }] } }] }
              error: cannot use job[web].consul.checks: ZooKeeper has no agent that runs them
              hint: check it with `health`
        "#]],
    );
}
