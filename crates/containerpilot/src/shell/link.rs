//! The way to the catalog, whichever it is; without one, every order is carried out by doing
//! nothing.

mod zookeeper;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use catalog::{
    Backend, CallCount, CatalogEvent, CatalogHandle, CatalogStatus, Query, Settings,
    consul::{self, Auth, Client, Token},
    etcd,
    transport::{Endpoint, Login, Password, Scheme, Secret, Tls},
};
use logbook::{Level, Logbook, Record};
use pilot_config::{Catalog, Consul, Credentials, Embedded, Etcd};
use pilot_core::{
    JobName,
    spec::{ServiceSpec, Status},
};
use tokio::sync::mpsc;

use super::QUEUE;

/// Where the embedded catalog listens unless the configuration says otherwise: where Consul would.
pub(crate) const EMBEDDED: &str = "127.0.0.1:8500";
/// How long the end may take; what is out of the catalog is out already.
pub(super) const LEAVE: Duration = Duration::from_millis(300);

/// How long a catalog that is given up may take to let our services go.
const GIVE_UP: Duration = Duration::from_secs(10);

/// The way to the catalog.
pub(super) struct Link {
    handle: Option<CatalogHandle>,
    events: mpsc::Sender<CatalogEvent>,
    log: Logbook,
}

impl Link {
    /// Makes the way, but walks none of it yet.
    pub(super) fn open(
        catalog: &Catalog,
        log: Logbook,
    ) -> Result<(Self, mpsc::Receiver<CatalogEvent>), String> {
        let (events, heard) = mpsc::channel(QUEUE);
        let handle = match settings(catalog, &log)? {
            Some(settings) => Some(
                CatalogHandle::spawn(settings, events.clone())
                    .map_err(|error| error.to_string())?,
            ),
            None => None,
        };
        let link = Self {
            handle,
            events,
            log,
        };
        Ok((link, heard))
    }

    /// Tells whether there is a catalog to ask.
    pub(super) fn is_there(&self) -> bool {
        self.handle.is_some()
    }

    /// Changes where it leads.
    pub(super) fn lead_to(&mut self, catalog: &Catalog) -> Result<(), String> {
        match (settings(catalog, &self.log)?, &self.handle) {
            (Some(settings), Some(handle)) => handle
                .replace_settings(settings)
                .map_err(|error| error.to_string()),
            (Some(settings), None) => {
                let handle = CatalogHandle::spawn(settings, self.events.clone());
                self.handle = Some(handle.map_err(|error| error.to_string())?);
                Ok(())
            }
            (None, _) => {
                if let Some(handle) = self.handle.take() {
                    drop(tokio::spawn(give_up(handle)));
                }
                Ok(())
            }
        }
    }

    pub(super) fn publish(
        &self,
        job: &JobName,
        service: &ServiceSpec,
        status: Status,
        output: &str,
    ) {
        if let Some(handle) = &self.handle {
            handle.publish(job, service, status, output);
        }
    }

    pub(super) fn maintain(&self, job: &JobName, reason: Option<&str>) {
        if let Some(handle) = &self.handle {
            handle.maintain(job, reason);
        }
    }

    /// Tells whether an answer will come.
    pub(super) fn withdraw(&self, job: &JobName) -> bool {
        if let Some(handle) = &self.handle {
            handle.withdraw(job);
        }
        self.handle.is_some()
    }

    pub(super) fn follow(&self, query: Query, interval: Duration) {
        if let Some(handle) = &self.handle {
            handle.follow(query, interval);
        }
    }

    pub(super) fn unfollow(&self, query: &Query) {
        if let Some(handle) = &self.handle {
            handle.unfollow(query);
        }
    }

    /// The client of Consul's API, for calls of one's own; none where there is no Consul.
    pub(super) fn consul(&self) -> Option<Arc<Client>> {
        self.handle.as_ref().and_then(CatalogHandle::consul)
    }

    /// How many calls the catalog has been sent, by what they were about and what came of them.
    pub(super) fn calls(&self) -> Vec<CallCount> {
        let handle = self.handle.as_ref();
        handle.map_or_else(Vec::new, CatalogHandle::calls)
    }

    pub(super) fn status(&self) -> Option<CatalogStatus> {
        self.handle.as_ref().map(CatalogHandle::status)
    }

    pub(super) async fn leave(&mut self) {
        if let Some(handle) = self.handle.take() {
            let _ = tokio::time::timeout(LEAVE, handle.left()).await;
            handle.shutdown().await;
        }
    }
}

fn settings(catalog: &Catalog, log: &Logbook) -> Result<Option<Settings>, String> {
    match catalog {
        Catalog::None => Ok(None),
        Catalog::Consul(consul) => Ok(Some(consul_settings(consul)?.into())),
        Catalog::Etcd(etcd) => Ok(Some(etcd_settings(etcd)?.into())),
        Catalog::Zookeeper(own) => Ok(Some(zookeeper::settings(own)?.into())),
        Catalog::Embedded(embedded) => {
            let address = embedded_address(embedded)?;
            start_or_join(address, log)?;
            let settings = consul::Settings::parse(&address.to_string());
            Ok(Some(settings.map_err(|error| error.to_string())?.into()))
        }
    }
}

fn consul_settings(consul: &Consul) -> Result<consul::Settings, String> {
    let scheme = match consul.scheme {
        pilot_config::Scheme::Http | pilot_config::Scheme::Unix => Scheme::Http,
        pilot_config::Scheme::Https => Scheme::Https,
    };
    let (endpoint, scheme) = if consul.scheme == pilot_config::Scheme::Unix {
        (Endpoint::Unix(consul.address.clone().into()), scheme)
    } else {
        Endpoint::parse(Backend::Consul, &consul.address, scheme)
            .map_err(|error| error.to_string())?
    };
    let mut settings = consul::Settings::new(endpoint, scheme);
    settings.token = match (&consul.token, &consul.token_file) {
        (Some(token), _) => Token::Value(Secret::new(token.reveal())),
        (None, Some(file)) => Token::File(file.clone()),
        (None, None) => Token::None,
    };
    settings.auth = consul.login.as_ref().map(|login| Auth {
        user: login.user.clone(),
        password: Secret::new(login.password.reveal()),
    });
    settings.once = consul.once;
    settings.max_stale = consul.max_stale.filter(|age| !age.is_zero());
    settings.datacenter.clone_from(&consul.datacenter);
    settings.namespace.clone_from(&consul.namespace);
    settings.partition.clone_from(&consul.partition);
    settings.timeouts.wait = consul.wait.unwrap_or(settings.timeouts.wait);
    settings.tls = tls(&consul.tls);
    Ok(settings)
}

fn etcd_settings(etcd: &Etcd) -> Result<etcd::Settings, String> {
    let addresses = etcd.endpoints.iter().map(String::as_str);
    let mut settings = etcd::Settings::parse(addresses).map_err(|error| error.to_string())?;
    settings.prefix.clone_from(&etcd.prefix);
    settings.keys.clone_from(&etcd.keys);
    settings.login = etcd.login.as_ref().map(login);
    settings.node = crate::machine::hostname();
    settings.tls = tls(&etcd.tls);
    Ok(settings)
}

/// How to trust a server, and what to show it.
fn tls(written: &pilot_config::Tls) -> Tls {
    let defaults = Tls::default();
    let bundle = std::env::var_os("SSL_CERT_FILE").map(|bundle| vec![bundle.into()]);
    Tls {
        ca_file: written.ca_file.clone(),
        ca_path: written.ca_path.clone(),
        client_cert: written.client_cert.clone(),
        client_key: written.client_key.clone(),
        server_name: written.server_name.clone(),
        verify: written.verify,
        system_roots: bundle.unwrap_or(defaults.system_roots),
    }
}

/// Who to be, and how to prove it.
fn login(written: &Credentials) -> Login {
    Login {
        user: written.user.clone(),
        password: match &written.password {
            pilot_config::Password::Value(secret) => Password::Value(Secret::new(secret.reveal())),
            pilot_config::Password::File(path) => Password::File(path.clone()),
        },
    }
}

fn embedded_address(embedded: &Embedded) -> Result<SocketAddr, String> {
    let address = embedded.address.as_deref().unwrap_or(EMBEDDED);
    address.parse().map_err(|_| {
        format!("cannot serve the embedded catalog at `{address}`: not an IP address and port")
    })
}

/// Takes everything out of a catalog that is no longer wanted. One that does not answer finds out
/// by its TTLs.
async fn give_up(handle: CatalogHandle) {
    let services = handle.status().services;
    services.keys().for_each(|job| handle.withdraw(job));
    // Either way the handle is dropped now, and what it did ends.
    let _ = tokio::time::timeout(GIVE_UP, handle.left()).await;
}

/// Serves the embedded catalog, unless somebody on this machine already does.
fn start_or_join(address: SocketAddr, log: &Logbook) -> Result<(), String> {
    match dev_catalog::DevCatalog::bind(address) {
        Ok(server) => {
            let place = server.local_addr();
            log.record(Record::own(
                Level::Info,
                format!(
                    "serving the embedded catalog at http://{place}, with a page at http://{place}/ui/; it is for development, kept in memory only and forgotten at the end"
                ),
            ));
            // It ends with the helper.
            drop(tokio::spawn(server.serve(std::future::pending())));
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            log.record(Record::own(
                Level::Info,
                format!(
                    "joining the embedded catalog at http://{address}, which somebody else serves"
                ),
            ));
            Ok(())
        }
        Err(error) => Err(format!(
            "cannot serve the embedded catalog at {address}: {error}"
        )),
    }
}
