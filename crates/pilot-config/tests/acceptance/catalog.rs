//! The catalog: section J where it shows in a file, and the rules of Consul's own library.

use expect_test::{Expect, expect};
use pilot_config::{Catalog, Consul, Embedded, Password};

use crate::harness::{check_reasons, load_in, loaded};

#[track_caller]
fn consul(catalog: Catalog) -> Consul {
    let Catalog::Consul(consul) = catalog else {
        panic!("{catalog:?}");
    };
    *consul
}

#[track_caller]
fn check(entries: &[(&str, &str)], written: &[&str], expect: &Expect) {
    let mut said = String::new();
    for written in written {
        said.push_str(written);
        match load_in(&format!("{{ {written} }}"), entries) {
            Ok(config) => {
                let consul = consul(config.catalog);
                said.push_str(&format!(" => {} {:?}", consul.address, consul.scheme));
            }
            Err(problems) => said.push_str(&format!("\n  {}", problems.list[0].reason)),
        }
        said.push('\n');
    }
    expect.assert_eq(&said);
}

#[test]
fn case_131_consul_as_text() {
    let written = [
        "consul: \"https://consul:8500\"",
        "consul: \"http://consul:8500\"",
        "consul: \"consul:8500\"",
        "consul: \"http://https://consul:8500\"",
        "consul: \"unix:///run/consul.sock\"",
        "consul: \"consul:8500https://\"",
        "consul: \"ftp://consul:8500\"",
        "consul: \"\"",
        "catalog: \"consul\"",
        "catalog: { consul: \"consul:8501\" }",
    ];
    check(
        &[],
        &written,
        &expect![[r#"
        consul: "https://consul:8500" => consul:8500 Https
        consul: "http://consul:8500" => consul:8500 Http
        consul: "consul:8500" => consul:8500 Http
        consul: "http://https://consul:8500" => consul:8500 Https
        consul: "unix:///run/consul.sock" => /run/consul.sock Unix
        consul: "consul:8500https://"
          Unknown protocol scheme: consul:8500https
        consul: "ftp://consul:8500"
          Unknown protocol scheme: ftp
        consul: "" => 127.0.0.1:8500 Http
        catalog: "consul" => 127.0.0.1:8500 Http
        catalog: { consul: "consul:8501" } => consul:8501 Http
    "#]],
    );
    let entries = [
        ("CONSUL_HTTP_ADDR", "https://agent:1"),
        ("CONSUL_HTTP_SSL", "true"),
    ];
    check(
        &entries,
        &[
            "consul: \"\"",
            "consul: \"c:1\"",
            "consul: { address: \"c:1\" }",
        ],
        &expect![[r#"
            consul: "" => agent:1 Https
            consul: "c:1" => c:1 Http
            consul: { address: "c:1" } => c:1 Https
        "#]],
    );
}

#[test]
fn case_132_consul_key_by_key() {
    let text = "{ consul: { address: \"consul.local:8501\", scheme: \"https\", token: \"t0k\",
        tls: { cafile: \"/etc/ca.pem\", capath: \"/etc/ca\", clientcert: \"/etc/c.pem\", clientkey: \"/etc/k.pem\",
        servername: \"consul\" } } }";
    expect![[r#"
        Consul(
            Consul {
                address: "consul.local:8501",
                scheme: Https,
                token: Some(
                    ***,
                ),
                token_file: None,
                login: None,
                max_stale: None,
                datacenter: None,
                namespace: None,
                partition: None,
                wait: None,
                once: false,
                retry: None,
                tls: Tls {
                    ca_file: Some(
                        "/etc/ca.pem",
                    ),
                    ca_path: Some(
                        "/etc/ca",
                    ),
                    client_cert: Some(
                        "/etc/c.pem",
                    ),
                    client_key: Some(
                        "/etc/k.pem",
                    ),
                    server_name: Some(
                        "consul",
                    ),
                    verify: true,
                },
            },
        )
    "#]]
    .assert_debug_eq(&loaded(text).catalog);
}

#[test]
fn the_environment_wins() {
    let entries = [
        ("CONSUL_HTTP_TOKEN", "env-token"),
        ("CONSUL_CACERT", "/env/ca"),
        ("CONSUL_CAPATH", "/env/path"),
        ("CONSUL_CLIENT_CERT", "/env/cert"),
        ("CONSUL_CLIENT_KEY", "/env/key"),
        ("CONSUL_TLS_SERVER_NAME", "env-name"),
        ("CONSUL_HTTP_SSL_VERIFY", "FALSE"),
    ];
    let text =
        "{ consul: { address: \"c:1\", token: \"t\", tls: { cafile: \"/ca\", verify: true } } }";
    let config = load_in(text, &entries).unwrap();
    let consul = &consul(config.catalog);
    assert_eq!(consul.token.as_ref().unwrap().reveal(), "env-token");
    assert!(!format!("{consul:?}{}", consul.token.as_ref().unwrap()).contains("env-token"));
    expect![[r#"
        Consul {
            address: "c:1",
            scheme: Http,
            token: Some(
                ***,
            ),
            token_file: None,
            login: None,
            max_stale: None,
            datacenter: None,
            namespace: None,
            partition: None,
            wait: None,
            once: false,
            retry: None,
            tls: Tls {
                ca_file: Some(
                    "/env/ca",
                ),
                ca_path: Some(
                    "/env/path",
                ),
                client_cert: Some(
                    "/env/cert",
                ),
                client_key: Some(
                    "/env/key",
                ),
                server_name: Some(
                    "env-name",
                ),
                verify: false,
            },
        }
    "#]]
    .assert_debug_eq(consul);
    expect!["the agent's certificate is not verified: CONSUL_HTTP_SSL_VERIFY"]
        .assert_eq(&config.warnings[0].reason);
}

#[test]
fn tokens_may_come_from_a_file() {
    let text = "{ consul: { token: \"t\" } }";
    let token = |entries: &[(&str, &str)]| {
        let consul = consul(load_in(text, entries).unwrap().catalog);
        (
            consul.token.map(|token| token.reveal().to_owned()),
            consul.token_file.map(|path| path.display().to_string()),
        )
    };
    let file = ("CONSUL_HTTP_TOKEN_FILE", "/run/token");
    assert_eq!(token(&[]), (Some("t".into()), None));
    assert_eq!(token(&[file]), (None, Some("/run/token".into())));
    assert_eq!(
        token(&[file, ("CONSUL_HTTP_TOKEN", "e")]),
        (Some("e".into()), None)
    );
}

#[test]
fn certificates_are_verified_unless_told_otherwise() {
    check_reasons(
        [
            "{ consul: { address: \"c:1\", scheme: \"https\" } }",
            "{ consul: { address: \"c:1\", tls: { verify: false } } }",
            "{ consul: { address: \"c:1\", tls: { clientcert: \"/c\" } } }",
            "{ consul: { address: \"c:1\", scheme: \"ftp\", tls: { verfiy: true } } }",
        ],
        &expect![[r#"
            { consul: { address: "c:1", scheme: "https" } }
              accepted
            { consul: { address: "c:1", tls: { verify: false } } }
              warning: the agent's certificate is not verified: `verify: false`
            { consul: { address: "c:1", tls: { clientcert: "/c" } } }
              warning: the client certificate has no effect: `clientcert` and `clientkey` go together
            { consul: { address: "c:1", scheme: "ftp", tls: { verfiy: true } } }
              error: Unknown protocol scheme: ftp
              hint: one of http, https, unix
              error: cannot use key `verfiy`: 'consul.tls' has invalid keys: verfiy
              hint: did you mean `verify`?
        "#]],
    );
}

#[test]
fn other_catalogs() {
    assert_eq!(
        loaded("{ catalog: \"none\", jobs: [] }").catalog,
        Catalog::None
    );
    let embedded = |address: Option<&str>| {
        Catalog::Embedded(Embedded {
            address: address.map(str::to_owned),
        })
    };
    assert_eq!(loaded("{ catalog: \"embedded\" }").catalog, embedded(None));
    let text = "{ catalog: { embedded: { address: \"127.0.0.1:8500\" } } }";
    assert_eq!(loaded(text).catalog, embedded(Some("127.0.0.1:8500")));
    check_reasons(
        [
            "{ catalog: \"etcd\" }",
            "{ catalog: { zookeeper: \"zk:2181\" } }",
            "{ catalog: \"nomad\" }",
            "{ catalog: 5 }",
            "{ catalog: {} }",
            "{ catalog: { embedded: { adress: 1 } } }",
            "{ catalog: \"none\", consul: \"c:1\" }",
        ],
        &expect![[r#"
            { catalog: "etcd" }
              error: cannot use the catalog `etcd`: its endpoints are missing
              hint: write `catalog: { etcd: "localhost:2379" }`
            { catalog: { zookeeper: "zk:2181" } }
              accepted
            { catalog: "nomad" }
              error: cannot use this as `catalog`: not a catalog
              hint: one of "none", "embedded", {embedded: {address}}, {consul: {…}}, {etcd: {…}}, {zookeeper: {…}}
            { catalog: 5 }
              error: cannot use this as `catalog`: not a catalog
              hint: one of "none", "embedded", {embedded: {address}}, {consul: {…}}, {etcd: {…}}, {zookeeper: {…}}
            { catalog: {} }
              error: cannot use this as `catalog`: not a catalog
              hint: one of "none", "embedded", {embedded: {address}}, {consul: {…}}, {etcd: {…}}, {zookeeper: {…}}
            { catalog: { embedded: { adress: 1 } } }
              error: cannot use key `adress`: 'catalog.embedded' has invalid keys: adress
              hint: did you mean `address`?
            { catalog: "none", consul: "c:1" }
              error: cannot use `catalog` beside `consul`: there is one catalog
        "#]],
    );
}

#[test]
fn no_catalog_is_fine_where_none_is_needed() {
    check_reasons(
        [
            "{ jobs: [{ name: \"a\", exec: \"x\" }] }",
            "{ jobs: [{ name: \"ab\", exec: \"x\", port: 80, health: { interval: 1, ttl: 5 } }] }",
            "{ jobs: [{ name: \"a\" }], watches: [{ name: \"db\", interval: 1 }] }",
            "{ jobs: [{ name: \"a\" }], templates: [{ contents: \"{{ `{{ range service \\\"x\\\" }}` }}\", destination: \"/a\" }] }",
            "{ jobs: [{ name: \"a\" }], templates: [{ contents: \"plain\", destination: \"/a\" }] }",
            "{ jobs: [{ name: \"a\" }], telemetry: {} }",
            "{ catalog: \"none\", jobs: [{ name: \"ab\", port: 80, health: { interval: 1, ttl: 5 } }] }",
            "{ catalog: \"none\", watches: [{ name: \"db\", interval: 1 }] }",
        ],
        &expect![[r#"
            { jobs: [{ name: "a", exec: "x" }] }
              accepted
            { jobs: [{ name: "ab", exec: "x", port: 80, health: { interval: 1, ttl: 5 } }] }
              error: no discovery backend defined, but job[ab] has a 'port'
              hint: add `consul: "localhost:8500"`, or `catalog: "none"` to do without
            { jobs: [{ name: "a" }], watches: [{ name: "db", interval: 1 }] }
              error: no discovery backend defined, but there is watch[db]
              hint: add `consul: "localhost:8500"`, or `catalog: "none"` to do without
            { jobs: [{ name: "a" }], templates: [{ contents: "{{ `{{ range service \"x\" }}` }}", destination: "/a" }] }
              error: no discovery backend defined, but a template asks for services
              hint: add `consul: "localhost:8500"`, or `catalog: "none"` to do without
            { jobs: [{ name: "a" }], templates: [{ contents: "plain", destination: "/a" }] }
              accepted
            { jobs: [{ name: "a" }], telemetry: {} }
              accepted
            { catalog: "none", jobs: [{ name: "ab", port: 80, health: { interval: 1, ttl: 5 } }] }
              warning: job[ab] has a 'port', but there is no catalog to announce it in
            { catalog: "none", watches: [{ name: "db", interval: 1 }] }
              warning: there are watches, but no catalog to watch
        "#]],
    );
}

#[track_caller]
fn etcd(text: &str, env: &[(&str, &str)]) -> pilot_config::Etcd {
    match load_in(text, env).expect("it loads").catalog {
        Catalog::Etcd(etcd) => *etcd,
        other @ (Catalog::None
        | Catalog::Consul(_)
        | Catalog::Embedded(_)
        | Catalog::Zookeeper(_)) => {
            panic!("not etcd: {other:?}")
        }
    }
}

#[test]
fn etcd_is_a_catalog() {
    let short = etcd("{ catalog: { etcd: \"e1:2379, https://e2\" } }", &[]);
    assert_eq!(short.endpoints, ["e1:2379", "https://e2"]);
    assert_eq!((&*short.prefix, &*short.keys), ("/containerpilot", "/"));
    assert!(short.login.is_none() && short.tls.verify);
    let long =
        "{ catalog: { etcd: { endpoints: [\"https://e1:2379\"], prefix: \"/s\", keys: \"/k\",
        username: \"me\", passwordFile: \"/pw\", tls: { cafile: \"/ca\", verify: true } } } }";
    let found = etcd(long, &[]);
    assert_eq!((&*found.prefix, &*found.keys), ("/s", "/k"));
    assert_eq!(found.tls.ca_file.as_deref(), Some("/ca".as_ref()));
    let file = |login: Option<pilot_config::Credentials>| match login.unwrap().password {
        Password::File(path) => path.display().to_string(),
        Password::Value(secret) => format!("the text {}", secret.reveal()),
    };
    assert_eq!(file(found.login), "/pw");
    // The variables of etcd's own tool win.
    let env = [("ETCDCTL_USER", "you:hush"), ("ETCDCTL_CACERT", "/other")];
    let found = etcd(long, &env);
    assert!(!format!("{found:?}").contains("hush"), "{found:?}");
    assert_eq!(found.login.as_ref().unwrap().user, "you");
    assert_eq!(file(found.login), "the text hush");
    assert_eq!(found.tls.ca_file.as_deref(), Some("/other".as_ref()));
}

#[test]
fn mistakes_about_etcd_are_found() {
    check_reasons(
        [
            "{ catalog: { etcd: {} } }",
            "{ catalog: { etcd: \"\" } }",
            "{ catalog: { etcd: { endpoints: [\"ftp://e:1\", \"e:x\"] } } }",
            "{ catalog: { etcd: { endpoint: \"e:1\" } } }",
            "{ catalog: { etcd: { endpoints: \"https://e:1\", username: \"me\" } } }",
            "{ catalog: { etcd: { endpoints: \"https://e:1\", password: \"hush\" } } }",
            "{ catalog: { etcd: { endpoints: \"e:1\", username: \"me\", password: \"hush\", passwordFile: \"/pw\" } } }",
            "{ catalog: { etcd: { endpoints: \"e:1\", tls: { cafile: \"/ca\" } } } }",
            "{ catalog: { etcd: \"e:1\" }, watches: [{ name: \"db\", interval: 1, dc: \"east\", near: \"_agent\", filter: \"Service.Port == 1\" }] }",
            "{ catalog: { etcd: \"e:1\" }, jobs: [{ name: \"web\", exec: \"w\", port: 80, interfaces: \"static:10.0.0.5\", health: { interval: 5, ttl: 15 }, consul: { checks: [{ tcp: \"a:1\", interval: \"1s\" }] } }] }",
        ],
        &expect![[r#"
            { catalog: { etcd: {} } }
              error: Must provide etcd endpoints
              hint: such as `"http://localhost:2379"`
            { catalog: { etcd: "" } }
              error: Must provide etcd endpoints
              hint: such as `"http://localhost:2379"`
            { catalog: { etcd: { endpoints: ["ftp://e:1", "e:x"] } } }
              error: cannot use etcd's endpoint `ftp://e:1`: its scheme is neither http nor https
              hint: it is such as `http://localhost:2379`
              error: cannot use etcd's endpoint `e:x`: its port is not a number up to 65535
              hint: it is such as `http://localhost:2379`
            { catalog: { etcd: { endpoint: "e:1" } } }
              error: Must provide etcd endpoints
              hint: such as `"http://localhost:2379"`
              error: cannot use key `endpoint`: 'catalog.etcd' has invalid keys: endpoint
              hint: did you mean `endpoints`?
            { catalog: { etcd: { endpoints: "https://e:1", username: "me" } } }
              error: cannot be `me` for etcd: the password is missing
              hint: add `password` or `passwordFile`, or set ETCDCTL_PASSWORD
            { catalog: { etcd: { endpoints: "https://e:1", password: "hush" } } }
              error: there is a password for etcd, but no `username`
              hint: add `username`, or set ETCDCTL_USER
            { catalog: { etcd: { endpoints: "e:1", username: "me", password: "hush", passwordFile: "/pw" } } }
              warning: the password goes to etcd in the clear: an endpoint is not `https://`
              error: cannot use `passwordFile` beside `password`: there is one password
            { catalog: { etcd: { endpoints: "e:1", tls: { cafile: "/ca" } } } }
              warning: `tls` has no effect: no endpoint begins with `https://`
            { catalog: { etcd: "e:1" }, watches: [{ name: "db", interval: 1, dc: "east", near: "_agent", filter: "Service.Port == 1" }] }
              error: cannot use watch[db].dc: etcd has no datacenters
              hint: leave it out
              error: cannot use watch[db].near: etcd has no notion of who is near
              hint: leave it out
              error: cannot use watch[db].filter: etcd has no filters
              hint: choose by `tag`: filters are in Consul's language
            { catalog: { etcd: "e:1" }, jobs: [{ name: "web", exec: "w", port: 80, interfaces: "static:10.0.0.5", health: { interval: 5, ttl: 15 }, consul: { checks: [{ tcp: "a:1", interval: "1s" }] } }] }
              error: cannot use job[web].consul.checks: etcd has no agent that runs them
              hint: check it with `health`
        "#]],
    );
}
