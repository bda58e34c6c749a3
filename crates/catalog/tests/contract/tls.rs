//! TLS, proven in both directions, and Unix sockets (acceptance 144, 145).

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use catalog::{
    Backend, CatalogError, CatalogEvent, FollowEvent, Instance, LinkEvent, Query, ServiceEvent,
    SettingsError,
    consul::{Client, Settings},
    query::ServiceQuery,
    transport::Tls,
};
use pilot_core::spec::Status;
use serde_json::json;
use tempfile::TempDir;

use crate::{
    backend::Eye,
    consul::{Consul, Kind},
    pilot::{Pilot, service, settings},
};

/// A CA of our own, and what it signed.
pub(crate) struct Authority(TempDir);

impl Authority {
    pub(crate) fn new() -> Self {
        let authority = Self(tempfile::tempdir().unwrap());
        authority.run(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
             -subj /CN=ca -keyout ca.key -out ca.pem \
             -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign",
        );
        for name in ["server", "client"] {
            authority.run(&format!(
                "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} \
                 -keyout {name}.key -out {name}.csr && \
                 printf 'subjectAltName=DNS:localhost,DNS:server.dc1.consul,IP:127.0.0.1\\n\
                 extendedKeyUsage=serverAuth,clientAuth\\n' > {name}.ext && \
                 openssl x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
                 -days 2 -extfile {name}.ext -out {name}.pem"
            ));
        }
        authority
    }

    fn run(&self, script: &str) {
        let mut child = Command::new("sh")
            .args(["-ec", script])
            .current_dir(self.0.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
        let status = child.wait().unwrap();
        assert!(status.success(), "openssl is missing or refuses: {script}");
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn consul(&self, and: &str) -> Kind {
        let file = |name: &str| self.file(name).display().to_string();
        Kind::With(format!(
            "ca_file = \"{}\" cert_file = \"{}\" key_file = \"{}\" {and}",
            file("ca.pem"),
            file("server.pem"),
            file("server.key"),
        ))
    }
}

fn https(address: SocketAddr, tls: Tls) -> Settings {
    let mut settings = settings(address);
    settings.scheme = catalog::transport::Scheme::Https;
    settings.tls = tls;
    settings
}

fn trusting(ca_file: &Path) -> Tls {
    Tls {
        ca_file: Some(ca_file.to_owned()),
        ..Tls::default()
    }
}

async fn failure(settings: Settings) -> String {
    let mut pilot = Pilot::with(settings);
    pilot.publish("web", &service("web-host", 1), Status::Passing);
    let event = pilot.service("web").await;
    let ServiceEvent::Failing { reason, .. } = event else {
        panic!("{event:?}");
    };
    reason.to_string()
}

async fn registers(settings: Settings, eye: Eye, id: &str) {
    let mut pilot = Pilot::with(settings);
    pilot
        .register("web", &service(id, 1), Status::Passing)
        .await;
    eye.until_status(id, "passing").await;
    pilot.withdrawn("web").await;
}

#[tokio::test]
async fn a_server_is_verified_unless_the_user_says_otherwise() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let consul = Consul::start(ours.consul("")).await;
    let (eye, address) = (Eye(consul.http()), consul.https());

    registers(
        https(address, trusting(&ours.file("ca.pem"))),
        eye,
        "verified",
    )
    .await;

    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(ours.file("ca.pem"), folder.path().join("a.pem")).unwrap();
    std::fs::write(folder.path().join("b.txt"), "not a certificate").unwrap();
    let tls = Tls {
        ca_path: Some(folder.path().to_owned()),
        ..Tls::default()
    };
    registers(https(address, tls), eye, "by-folder").await;

    let bundle = ours.file("ca.pem").display().to_string();
    let settings = https(address, Tls::default())
        .overridden_by(|name| (name == "SSL_CERT_FILE").then(|| bundle.clone()));
    registers(settings, eye, "by-bundle").await;

    let unknown = https(address, trusting(&theirs.file("ca.pem")));
    let said = failure(unknown).await;
    let start = format!("cannot reach Consul at {address}: invalid peer certificate");
    assert!(said.starts_with(&start), "{said}");

    let misnamed = Tls {
        server_name: Some("other.example".to_owned()),
        ..trusting(&ours.file("ca.pem"))
    };
    let said = failure(https(address, misnamed)).await;
    assert!(said.starts_with(&start), "{said}");

    let named = Tls {
        server_name: Some("server.dc1.consul".to_owned()),
        ..trusting(&ours.file("ca.pem"))
    };
    registers(https(address, named), eye, "named").await;

    let careless = Tls {
        verify: false,
        ..trusting(&theirs.file("ca.pem"))
    };
    registers(https(address, careless), eye, "careless").await;

    let plain = failure(crate::pilot::settings(address)).await;
    assert!(plain.contains("400"), "{plain}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_wanted() {
    let authority = Authority::new();
    let consul = Consul::start(authority.consul("verify_incoming_https = true")).await;
    let (eye, address) = (Eye(consul.http()), consul.https());
    let tls = trusting(&authority.file("ca.pem"));
    let said = failure(https(address, tls.clone())).await;
    assert!(said.contains(&address.to_string()), "{said}");
    let tls = Tls {
        client_cert: Some(authority.file("client.pem")),
        client_key: Some(authority.file("client.key")),
        ..tls
    };
    registers(https(address, tls), eye, "mutual").await;
}

/// A new certificate is shown from the next connection on; a broken one leaves the old in use.
#[tokio::test]
async fn certificates_that_are_renewed_are_read_again() {
    let (old, new) = (Authority::new(), Authority::new());
    let mut consul = Consul::start(old.consul("verify_incoming_https = true")).await;
    let address = consul.https();
    let folder = tempfile::tempdir().unwrap();
    let files = ["ca.pem", "client.pem", "client.key"];
    let place = |name: &str| folder.path().join(name);
    let renew = |authority: &Authority| {
        for name in files {
            std::fs::copy(authority.file(name), place(name)).unwrap();
        }
    };
    renew(&old);
    let tls = Tls {
        client_cert: Some(place("client.pem")),
        client_key: Some(place("client.key")),
        ..trusting(&place("ca.pem"))
    };
    let mut pilot = Pilot::with(https(address, tls));
    let spec = service("renewed", 1);
    pilot.register("web", &spec, Status::Passing).await;
    // Half of a renewal: the key is not there yet.
    std::fs::write(place("client.key"), "not yet").unwrap();
    consul.kill();
    assert!(consul.resume().await);
    let mut beat = tokio::time::interval(std::time::Duration::from_millis(200));
    let mut unrenewed = Vec::new();
    loop {
        tokio::select! {
            event = pilot.next() => match event {
                CatalogEvent::Link(LinkEvent::Unrenewed { reason }) => {
                    unrenewed.push(reason.to_string());
                }
                CatalogEvent::Service { event: ServiceEvent::Registered, .. } => break,
                CatalogEvent::Service { .. }
                | CatalogEvent::Link(_)
                | CatalogEvent::Answer { .. } => {}
            },
            _ = beat.tick() => pilot.publish("web", &spec, Status::Passing),
        }
    }
    let key = place("client.key");
    let said = format!(
        "cannot use the client key {}: no private key in it",
        key.display()
    );
    assert_eq!(unrenewed, [said]);
    // Everything is another's now, on both sides.
    renew(&new);
    consul.kill();
    for name in ["ca.pem", "server.pem", "server.key"] {
        std::fs::copy(new.file(name), old.file(name)).unwrap();
    }
    assert!(consul.resume().await);
    loop {
        tokio::select! {
            event = pilot.service("web") => if event == ServiceEvent::Registered { break },
            _ = beat.tick() => pilot.publish("web", &spec, Status::Passing),
        }
    }
    pilot.withdrawn("web").await;
}

/// The policy of the documentation is enough for everything, and not for more.
#[tokio::test]
async fn the_documented_policy_is_enough() {
    let master = "11111111-2222-3333-4444-555555555555";
    let consul = Consul::start(Kind::Guarded(master.to_owned())).await;
    let eye = Eye(consul.http());
    let document = include_str!("../../../../docs/catalogs.md");
    let rules = document.split("```hcl\n").nth(1).unwrap();
    let rules = rules.split("```").next().unwrap();
    let put = |path: &str, body: serde_json::Value| {
        let path = format!("{path}?token={master}");
        async move { assert_eq!(eye.put(&path, &body.to_string()).await, 200, "{path}") }
    };
    put("/v1/acl/policy", json!({"Name": "pilot", "Rules": rules})).await;
    let secret = "99999999-2222-3333-4444-555555555555";
    let token = json!({"SecretID": secret, "Policies": [{"Name": "pilot"}]});
    put("/v1/acl/token", token).await;
    put("/v1/kv/app/greeting", json!("hello")).await;
    let mut settings = settings(consul.http());
    settings.token = catalog::consul::Token::Value(catalog::transport::Secret::new(secret));
    let mut pilot = Pilot::with(settings);
    let mut spec = service("web-host", 1);
    spec.enable_tag_override = true;
    pilot.register("web", &spec, Status::Passing).await;
    let name = pilot_core::JobName::from("web");
    // All that an update does, looks included.
    spec.meta = vec![("version".to_owned(), "2".to_owned())];
    pilot.register("web", &spec, Status::Passing).await;
    let watch = crate::pilot::passing("web");
    pilot.follow(&watch);
    while pilot.instances(&watch).await.len() != 1 {}
    pilot.handle.maintain(&name, Some("work"));
    while !pilot.instances(&watch).await.is_empty() {}
    let any = Query::Service(ServiceQuery {
        any_status: true,
        ..ServiceQuery::passing("web")
    });
    pilot.follow(&any);
    pilot.handle.maintain(&name, Some("other work"));
    let is_so = |one: &Instance| one.checks.iter().any(|check| *check.notes == *"other work");
    pilot.until_one(&any, "the other reason", is_so).await;
    pilot.handle.maintain(&name, None);
    while pilot.instances(&watch).await.len() != 1 {}
    for query in [
        Query::Services { dc: None },
        Query::Nodes {
            dc: None,
            near: None,
        },
        Query::Key {
            path: "app/greeting".to_owned(),
            dc: None,
        },
        Query::Pairs {
            prefix: "app".to_owned(),
            dc: None,
        },
    ] {
        pilot.follow(&query);
        let event = pilot.follows(&query).await;
        assert!(
            matches!(event, FollowEvent::Update(_)),
            "{query}: {event:?}"
        );
    }
    pilot.withdrawn("web").await;
    // Another service, and other keys, are none of its business.
    pilot.publish("bank", &service("bank-host", 1), Status::Passing);
    let event = pilot.service("bank").await;
    assert!(matches!(event, ServiceEvent::Failing { .. }), "{event:?}");
}

#[tokio::test]
async fn files_that_do_not_serve_are_found_before_anything_starts() {
    let authority = Authority::new();
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let refused = |tls| Client::new(https(address, tls)).err();
    let missing = PathBuf::from("/nowhere/ca.pem");
    let said = refused(trusting(&missing)).map(|error| error.to_string());
    let expected = "cannot read CA file /nowhere/ca.pem: no such file or directory";
    assert_eq!(said.as_deref(), Some(expected));
    let rootless = Tls {
        system_roots: vec![missing],
        ..Tls::default()
    };
    assert_eq!(
        refused(rootless),
        Some(SettingsError::NoRoots {
            who: Backend::Consul
        })
    );
    let key_for_cert = trusting(&authority.file("ca.key"));
    assert!(matches!(
        refused(key_for_cert),
        Some(SettingsError::Content { .. })
    ));
    let mismatched = Tls {
        client_cert: Some(authority.file("client.pem")),
        client_key: Some(authority.file("server.key")),
        ..trusting(&authority.file("ca.pem"))
    };
    let said = refused(mismatched);
    assert!(
        matches!(said, Some(SettingsError::ClientCertificate { .. })),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_token_opens_an_agent_that_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let master = "11111111-2222-3333-4444-555555555555";
    let consul = Consul::start(Kind::Guarded(master.to_owned())).await;
    let token = folder.path().join("token");
    std::fs::write(&token, "00000000-0000-0000-0000-00000000dead").unwrap();
    let mut settings = settings(consul.http());
    settings.token = catalog::consul::Token::File(token.clone());
    let mut pilot = Pilot::with(settings.clone());
    pilot.publish("web", &service("web-host", 1), Status::Passing);
    let ServiceEvent::Failing { reason, .. } = pilot.service("web").await else {
        panic!("the token is not known");
    };
    let said = reason.to_string();
    assert!(
        said.starts_with("Consul answered 403 to PUT /v1/agent/service/register: "),
        "{said}"
    );
    assert!(!said.contains("dead"), "{said}");
    assert!(matches!(reason, CatalogError::Refused { status: 403, .. }));

    std::fs::write(&token, master).unwrap();
    // A new look at the settings, as after a reload, ends the wait after a denial.
    settings.timeouts.call *= 2;
    pilot.handle.replace_settings(settings).unwrap();
    assert_eq!(pilot.service("web").await, ServiceEvent::Registered);
    pilot.withdrawn("web").await;
}

#[tokio::test]
async fn a_unix_socket_serves_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("consul.sock");
    let addresses = format!(
        "addresses {{ http = \"127.0.0.1 unix://{}\" }}",
        path.display()
    );
    let consul = Consul::start(Kind::With(addresses)).await;
    let settings = Settings::parse(&format!("unix://{}", path.display())).unwrap();
    registers(settings, Eye(consul.http()), "by-socket").await;
}
