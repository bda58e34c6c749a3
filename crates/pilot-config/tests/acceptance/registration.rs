//! What Consul can be told of a service beyond its place, and of the way to it.

use std::time::Duration;

use expect_test::expect;
use pilot_config::Catalog;
use pilot_core::spec::{CheckKind, Leaves, OutOfService};

use crate::harness::{check_reasons, job, load_in};

#[test]
fn everything_consul_can_be_told_of_a_service() {
    let job = job(
        "name: 'web', exec: 'web', port: 80, interfaces: 'static:10.0.0.5', health: { interval: 5, ttl: 15 },
        weights: { passing: 10 }, maintenance: 'mark', stopLast: true,
        taggedAddresses: { wan: '203.0.113.7:8080', lan: { address: '10.0.0.5' }, v6: '[2001:db8::1]:81', bare: '2001:db8::2' },
        consul: { checks: [
            { http: 'https://localhost/x', method: 'HEAD', headers: { A: 'b' }, verify: false, interval: '10s', timeout: 2 },
            { name: 'port', tcp: 'localhost:80', interval: '1m' },
            { alias: 'db-host' },
        ] }",
    );
    assert_eq!(job.leaves, Leaves::Last);
    let service = job.service.unwrap();
    assert_eq!(service.maintenance, OutOfService::Marked);
    let weights = service.weights.unwrap();
    assert_eq!((weights.passing, weights.warning), (10, 1));
    let places = service.tagged_addresses.iter();
    let places: Vec<_> = places
        .map(|place| (&*place.tag, &*place.address, place.port))
        .collect();
    let expected = [
        ("wan", "203.0.113.7", 8080),
        ("lan", "10.0.0.5", 80),
        ("v6", "2001:db8::1", 81),
        ("bare", "2001:db8::2", 80),
    ];
    assert_eq!(places, expected);
    let [http, tcp, alias] = &service.checks[..] else {
        panic!("{:?}", service.checks);
    };
    assert_eq!(
        (&*http.name, http.timeout),
        ("http", Some(Duration::from_secs(2)))
    );
    assert!(
        matches!(&http.kind, CheckKind::Http { verify: false, .. }),
        "{http:?}"
    );
    assert_eq!(
        (&*tcp.name, tcp.interval),
        ("port", Some(Duration::from_secs(60)))
    );
    assert_eq!((&*alias.name, alias.interval), ("alias", None));
}

#[test]
fn what_it_cannot_be_told_says_why() {
    let around = |body: &str| {
        format!(
            "{{ consul: 'c:1', jobs: [{{ name: 'web', exec: 'w', port: 80, interfaces: 'static:10.0.0.5', health: {{ interval: 5, ttl: 15 }}, {body} }}] }}"
        )
    };
    let texts = [
        "weights: { passing: 0, warning: 70000 }",
        "maintenance: 'leave'",
        "taggedAddresses: { wan: { port: 80 }, lan: 'a:b' }",
        "consul: { checks: [{ interval: '1s' }, { http: 'x' }, { tcp: 'a:1', http: 'b', interval: '1s' }] }",
        "consul: { checks: [{ tcp: 'a:1', interval: '1s' }, { tcp: 'b:1', interval: '1s' }] }",
        "consul: { checks: [{ args: ['x'], interval: '1s' }, { ttl: '1s' }] }",
    ]
    .map(around);
    check_reasons(
        texts.iter().map(String::as_str),
        &expect![[r#"
        { consul: 'c:1', jobs: [{ name: 'web', exec: 'w', port: 80, interfaces: 'static:10.0.0.5', health: { interval: 5, ttl: 15 }, weights: { passing: 0, warning: 70000 } }] }
          error: job[web].weights.passing must be 1 to 65535
          error: job[web].weights.warning must be 0 to 65535
        { consul: 'c:1', jobs: [{ name: 'web', exec: 'w', port: 80, interfaces: 'static:10.0.0.5', health: { interval: 5, ttl: 15 }, maintenance: 'leave' }] }
          error: cannot use `leave` as job[web].maintenance
          hint: one of deregister, mark
        { consul: 'c:1', jobs: [{ name: 'web', exec: 'w', port: 80, interfaces: 'static:10.0.0.5', health: { interval: 5, ttl: 15 }, taggedAddresses: { wan: { port: 80 }, lan: 'a:b' } }] }
          error: job[web].taggedAddresses.wan has no address
          hint: write it as "HOST:PORT", or as {address, port}
          error: cannot use -1 as job[web].taggedAddresses.lan.port: not between 0 and 65535
        { consul: 'c:1', jobs: [{ name: 'web', exec: 'w', port: 80, interfaces: 'static:10.0.0.5', health: { interval: 5, ttl: 15 }, consul: { checks: [{ interval: '1s' }, { http: 'x' }, { tcp: 'a:1', http: 'b', interval: '1s' }] } }] }
          error: job[web].consul.checks[0] must have one of `http`, `tcp` and `alias`
          error: job[web].consul.checks[1] needs an `interval`
          hint: such as `interval: "10s"`
          error: job[web].consul.checks[2] must have one of `http`, `tcp` and `alias`
        { consul: 'c:1', jobs: [{ name: 'web', exec: 'w', port: 80, interfaces: 'static:10.0.0.5', health: { interval: 5, ttl: 15 }, consul: { checks: [{ tcp: 'a:1', interval: '1s' }, { tcp: 'b:1', interval: '1s' }] } }] }
          error: job[web].consul.checks[1]: there is another check with the name `tcp`
          hint: give each its own `name`
        { consul: 'c:1', jobs: [{ name: 'web', exec: 'w', port: 80, interfaces: 'static:10.0.0.5', health: { interval: 5, ttl: 15 }, consul: { checks: [{ args: ['x'], interval: '1s' }, { ttl: '1s' }] } }] }
          error: job[web].consul.checks[0] must have one of `http`, `tcp` and `alias`
          error: cannot use `[0].consul.checks[0].args`: the agent would run a program
          hint: on its own machine; what runs in the container goes into `health.exec`
          error: job[web].consul.checks[1] must have one of `http`, `tcp` and `alias`
          error: cannot use `[0].consul.checks[1].ttl`: nobody would report it
          hint: the TTL of the service is `health.ttl`
    "#]],
    );
}

#[test]
fn the_way_to_consul_key_by_key() {
    let text = "{ consul: { address: 'c:1', tokenFile: '/run/token', datacenter: 'dc2', namespace: 'a', partition: 'b', maxStale: '10s', wait: '90s' } }";
    let read = |entries: &[(&str, &str)]| {
        let Catalog::Consul(consul) = load_in(text, entries).unwrap().catalog else {
            panic!("no Consul");
        };
        consul
    };
    let consul = read(&[("CONSUL_NAMESPACE", "env")]);
    assert_eq!(consul.token_file, Some("/run/token".into()));
    assert_eq!(consul.datacenter.as_deref(), Some("dc2"));
    assert_eq!(consul.namespace.as_deref(), Some("env"));
    assert_eq!(consul.partition.as_deref(), Some("b"));
    assert_eq!(consul.max_stale, Some(Duration::from_secs(10)));
    assert_eq!(consul.wait, Some(Duration::from_secs(90)));
    let consul = read(&[("CONSUL_HTTP_TOKEN_FILE", "/env")]);
    assert_eq!(consul.token_file, Some("/env".into()));
    let consul = read(&[("CONSUL_HTTP_TOKEN", "secret")]);
    assert_eq!(consul.token_file, None);
    check_reasons(
        [
            "{ consul: { address: 'c:1', token: 't', tokenFile: '/t' } }",
            "{ consul: { address: 'c:1', wait: '1h' } }",
        ],
        &expect![[r#"
            { consul: { address: 'c:1', token: 't', tokenFile: '/t' } }
              error: cannot use `tokenFile` beside `token`: there is one token
            { consul: { address: 'c:1', wait: '1h' } }
              error: cannot use `1h` as consul.wait
              hint: from 1s to 10m
        "#]],
    );
}
