//! A helper whose catalog is ZooKeeper.

use crate::harness::{Pilot, Zookeeper};

const TEMPLATE: &str =
    "{{ range service \"db\" }}{{ .Address }}:{{ .Port }};{{ end }}{{ key \"app/color\" }}";

/// A helper that has this catalog and these jobs.
fn pilot(zookeeper: &Zookeeper, top: &str, jobs: &str) -> Pilot {
    Pilot::new().config(&format!(
        "{{ catalog: {{ zookeeper: {{ servers: ['{}'], chroot: '/team', root: '/apps' }} }}, \
         control: {{ socket: '@DIR/socket' }}, {top} jobs: [{jobs}] }}",
        zookeeper.address()
    ))
}

#[test]
fn zookeeper_is_a_catalog_like_any_other() {
    let zookeeper = Zookeeper::start();
    let app = pilot(
        &zookeeper,
        "watches: [{ name: 'db', interval: 1 }], \
         templates: [{ destination: '@DIR/out', source: '@DIR/in' }],",
        "{ name: 'main', exec: 'sleep 1000' }, \
         { name: 'on-healthy', exec: 'echo db healthy', when: { source: 'watch.db', each: 'healthy' } }, \
         { name: 'on-unhealthy', exec: 'echo db unhealthy', when: { source: 'watch.db', each: 'unhealthy' } },",
    )
    .file("in", TEMPLATE)
    .start()
    .ready();
    app.wait_for_lines("db unhealthy", 1);
    let db = pilot(
        &zookeeper,
        "",
        "{ name: 'db', exec: 'sleep 1000', port: 5432, interfaces: ['static:10.0.0.7'], \
         health: { exec: 'true', interval: 1, ttl: 5 } },",
    )
    .start()
    .ready();
    app.wait_for_lines("db healthy", 1);
    let names = zookeeper.run(&["ls", "-R", "/team"]);
    assert!(names.contains("/team/apps/db/db-"), "{names}");
    zookeeper.run(&["create", "/team/app"]);
    zookeeper.run(&["create", "/team/app/color", "blue"]);
    app.until("the template has both", || {
        (app.read("out") == "10.0.0.7:5432;blue").then_some(())
    });
    zookeeper.run(&["set", "/team/app/color", "green"]);
    app.until("the template has the other color", || {
        (app.read("out") == "10.0.0.7:5432;green").then_some(())
    });
    db.stop().expect_code(0);
    app.wait_for_lines("db unhealthy", 2);
    let names = zookeeper.run(&["ls", "-R", "/team/apps"]);
    assert!(!names.contains("/team/apps/db/db-"), "{names}");
    app.stop().expect_code(0);
}
