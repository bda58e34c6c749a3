//! How Consul is found, and how long it is waited for.

use std::time::Duration;

use pilot_config::{Config, Deduplicate, Scheme};
use pilot_core::spec::Stay;

use super::{Given, by_file, by_flags, consul};

fn in_environment(environment: &[(&str, &str)], text: &str) -> Config {
    Given {
        environment,
        files: &[("ct.hcl", text)],
        ..Given::default()
    }
    .loaded()
}

#[test]
fn the_environment_says_what_the_file_does_not() {
    let all = [
        ("CONSUL_HTTP_ADDR", "env:1"),
        ("CONSUL_HTTP_TOKEN", "second"),
        ("CONSUL_TOKEN", "first"),
        ("CONSUL_HTTP_AUTH", "u:p"),
        ("CONSUL_HTTP_SSL", "true"),
        ("CONSUL_HTTP_SSL_VERIFY", "false"),
        ("CONSUL_CACERT", "/ca"),
    ];
    let config = in_environment(&all, "");
    let way = consul(&config);
    assert_eq!((way.address.as_str(), way.scheme), ("env:1", Scheme::Https));
    assert_eq!(way.token.as_ref().unwrap().reveal(), "first");
    assert_eq!(way.login.as_ref().unwrap().user, "u");
    assert!(!way.tls.verify);
    assert_eq!(way.tls.ca_file.as_deref(), Some("/ca".as_ref()));
    let config = in_environment(
        &all,
        "consul { address = \"file:1\" token = \"own\" ssl { enabled = false verify = true } }",
    );
    let way = consul(&config);
    assert_eq!((way.address.as_str(), way.scheme), ("file:1", Scheme::Http));
    assert_eq!(way.token.as_ref().unwrap().reveal(), "own");
    assert!(way.tls.verify);
    let config = in_environment(&all, "consul { token_file = \"/token\" }");
    assert_eq!(consul(&config).token, None);
    assert_eq!(
        consul(&config).token_file.as_deref(),
        Some("/token".as_ref())
    );
}

#[test]
fn without_a_word_it_is_on_this_machine() {
    let config = by_flags(&[]);
    let way = consul(&config);
    assert_eq!(
        (way.address.as_str(), way.scheme),
        ("127.0.0.1:8500", Scheme::Http)
    );
    assert_eq!(way.max_stale, Some(Duration::from_secs(2)));
    assert!(way.tls.verify);
}

#[test]
fn who_renders_once_asks_the_leader_unless_told_otherwise() {
    let max_stale = |flags: &[&str]| consul(&by_flags(flags)).max_stale;
    assert_eq!(max_stale(&["-once"]), Some(Duration::ZERO));
    let told = ["-once", "-max-stale=3s"];
    assert_eq!(max_stale(&told), Some(Duration::from_secs(3)));
}

#[test]
fn an_address_may_have_a_scheme() {
    for (written, address, scheme) in [
        ("https://c:1", "c:1", Scheme::Https),
        ("http://c:1", "c:1", Scheme::Http),
        ("unix:///run/c", "/run/c", Scheme::Unix),
        ("c:1", "c:1", Scheme::Http),
    ] {
        let config = by_flags(&["-consul-addr", written]);
        let way = consul(&config);
        assert_eq!((way.address.as_str(), way.scheme), (address, scheme));
    }
    let config = by_file("consul { ssl { ca_cert = \"/ca\" } }");
    assert_eq!(consul(&config).scheme, Scheme::Https);
}

#[test]
fn commands_and_templates_find_consul_as_we_do() {
    let variables = |config: &Config| -> Vec<String> {
        let pair = |(name, value): &(String, String)| format!("{name}={value}");
        config.addresses.iter().map(pair).collect()
    };
    let config = by_flags(&["-consul-addr=c:1", "-consul-auth=u:p", "-consul-token=t"]);
    assert_eq!(
        variables(&config),
        [
            "CONSUL_HTTP_ADDR=c:1",
            "CONSUL_HTTP_AUTH=u:p",
            "CONSUL_HTTP_TOKEN=t",
            "CONSUL_HTTP_SSL=false",
            "CONSUL_HTTP_SSL_VERIFY=true"
        ]
    );
    assert_eq!(
        variables(&by_flags(&[])),
        ["CONSUL_HTTP_SSL=false", "CONSUL_HTTP_SSL_VERIFY=true"]
    );
}

#[test]
fn once_waits_as_long_as_all_pauses_together() {
    let patience = |line: &[&str]| {
        let all: Vec<&str> = ["-once"].iter().chain(line).copied().collect();
        match by_flags(&all).spec.stay {
            Stay::UntilRendered { patience } => patience,
            other @ (Stay::WithJobs | Stay::UntilAsked) => panic!("{other:?}"),
        }
    };
    let millis = |millis| Some(Duration::from_millis(millis));
    assert_eq!(patience(&[]), millis(63_750 + 4 * 60_000));
    assert_eq!(patience(&["-consul-retry-attempts=0"]), None);
    assert_eq!(patience(&["-consul-retry=false"]), millis(0));
    assert_eq!(
        patience(&["-consul-retry-attempts=3"]),
        millis(250 + 500 + 1000)
    );
    let line = [
        "-consul-retry-attempts=3",
        "-consul-retry-max-backoff=300ms",
    ];
    assert_eq!(patience(&line), millis(250 + 300 + 300));
    let line = ["-consul-retry-attempts=20", "-consul-retry-max-backoff=0s"];
    assert_eq!(patience(&line), millis(250 * ((1 << 20) - 1)));
    let line = [
        "-consul-retry-attempts=2147483647",
        "-consul-retry-backoff=0s",
    ];
    assert_eq!(patience(&line), millis(0));
    // More than time itself is for ever, or nearly so.
    let line = [
        "-consul-retry-attempts=2147483647",
        "-consul-retry-max-backoff=0s",
    ];
    assert_eq!(patience(&line), Some(Duration::MAX));
}

#[test]
fn work_is_shared_if_asked_for() {
    let shared = Deduplicate {
        prefix: "consul-template/dedup/".to_owned(),
        ttl: Duration::from_secs(15),
        max_stale: Duration::from_secs(2),
    };
    assert_eq!(by_flags(&["-dedup"]).deduplicate, Some(shared.clone()));
    assert_eq!(by_flags(&["-dedup", "-once"]).deduplicate, None);
    let config = by_file("deduplicate { prefix = \"x\" ttl = \"30s\" }");
    assert_eq!(
        config.deduplicate,
        Some(Deduplicate {
            prefix: "x/".to_owned(),
            ttl: Duration::from_secs(30),
            ..shared
        })
    );
    assert_eq!(
        by_file("deduplicate { enabled = false prefix = \"x\" }").deduplicate,
        None
    );
}
