//! The way to the catalog, whichever it is; without one, every order is carried out by doing
//! nothing.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use catalog::{
    CatalogEvent, CatalogHandle, CatalogStatus, Query,
    consul::{Auth, CallCount, Client, Endpoint, Scheme, Secret, Settings, Token},
};
use pilot_config::{Catalog, Consul, Embedded};
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
}

impl Link {
    /// Makes the way, but walks none of it yet.
    pub(super) fn open(catalog: &Catalog) -> Result<(Self, mpsc::Receiver<CatalogEvent>), String> {
        let (events, heard) = mpsc::channel(QUEUE);
        let handle = match settings(catalog)? {
            Some(settings) => Some(
                CatalogHandle::spawn(settings, events.clone())
                    .map_err(|error| error.to_string())?,
            ),
            None => None,
        };
        Ok((Self { handle, events }, heard))
    }

    /// Tells whether there is a catalog to ask.
    pub(super) fn is_there(&self) -> bool {
        self.handle.is_some()
    }

    /// Changes where it leads.
    pub(super) fn lead_to(&mut self, catalog: &Catalog) -> Result<(), String> {
        match (settings(catalog)?, &self.handle) {
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

    /// The client in use, for calls of one's own; none where there is no catalog.
    pub(super) fn client(&self) -> Option<Arc<Client>> {
        self.handle.as_ref().map(CatalogHandle::client)
    }

    /// How many calls the catalog has been sent, by what they were about and what came of them.
    pub(super) fn calls(&self) -> Vec<CallCount> {
        let handle = self.handle.as_ref();
        handle.map_or_else(Vec::new, |handle| handle.client().calls())
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

fn settings(catalog: &Catalog) -> Result<Option<Settings>, String> {
    match catalog {
        Catalog::None => Ok(None),
        Catalog::Consul(consul) => Ok(Some(consul_settings(consul)?)),
        Catalog::Embedded(embedded) => {
            let address = embedded_address(embedded)?;
            start_or_join(address)?;
            let settings = Settings::parse(&address.to_string());
            Ok(Some(settings.map_err(|error| error.to_string())?))
        }
    }
}

fn consul_settings(consul: &Consul) -> Result<Settings, String> {
    let scheme = match consul.scheme {
        pilot_config::Scheme::Http | pilot_config::Scheme::Unix => Scheme::Http,
        pilot_config::Scheme::Https => Scheme::Https,
    };
    let (endpoint, scheme) = if consul.scheme == pilot_config::Scheme::Unix {
        (Endpoint::Unix(consul.address.clone().into()), scheme)
    } else {
        Endpoint::parse(&consul.address, scheme).map_err(|error| error.to_string())?
    };
    let mut settings = Settings::new(endpoint, scheme);
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
    settings.tls.ca_file.clone_from(&consul.ca_file);
    settings.tls.ca_path.clone_from(&consul.ca_path);
    settings.tls.client_cert.clone_from(&consul.client_cert);
    settings.tls.client_key.clone_from(&consul.client_key);
    settings.tls.server_name.clone_from(&consul.server_name);
    settings.tls.verify = consul.verify;
    if let Some(bundle) = std::env::var_os("SSL_CERT_FILE") {
        settings.tls.system_roots = vec![bundle.into()];
    }
    Ok(settings)
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
fn start_or_join(address: SocketAddr) -> Result<(), String> {
    match dev_catalog::DevCatalog::bind(address) {
        Ok(server) => {
            // It ends with the helper.
            drop(tokio::spawn(server.serve(std::future::pending())));
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Ok(()),
        Err(error) => Err(format!(
            "cannot serve the embedded catalog at {address}: {error}"
        )),
    }
}
