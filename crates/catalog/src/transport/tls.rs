//! rustls with ring, built only when https is asked for.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    },
};

use super::{Endpoint, Tls};
use crate::{Backend, SettingsError, error::reason};

/// What turns a stream into one that is private and proven, made anew when its files change.
pub(crate) struct Security {
    who: Backend,
    tls: Tls,
    server_name: ServerName<'static>,
    // Only ever held while the files are looked at, and read when they have changed.
    made: Mutex<Made>,
}

struct Made {
    stamps: Vec<Stamp>,
    connector: TlsConnector,
    /// Why the files as they are now cannot be used, until somebody has asked.
    notice: Option<SettingsError>,
}

/// What a file is known by; none if it is not there.
type Stamp = Option<(SystemTime, u64)>;

impl Security {
    pub(crate) fn new(who: Backend, endpoint: &Endpoint, tls: &Tls) -> Result<Self, SettingsError> {
        let stamps = stamps(tls);
        let made = Made {
            stamps,
            connector: connector(who, tls)?,
            notice: None,
        };
        Ok(Self {
            who,
            server_name: server_name(who, endpoint, tls)?,
            tls: tls.clone(),
            made: Mutex::new(made),
        })
    }

    /// Gives what to connect with now, and the name to verify. Files that cannot be used leave what
    /// was made from the ones before.
    pub(crate) fn connector(&self) -> (TlsConnector, ServerName<'static>) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = stamps(&self.tls);
        if made.stamps != stamps {
            made.stamps = stamps;
            match connector(self.who, &self.tls) {
                Ok(connector) => {
                    made.connector = connector;
                    made.notice = None;
                }
                Err(error) => made.notice = Some(error),
            }
        }
        (made.connector.clone(), self.server_name.clone())
    }

    /// Says why files that have changed cannot be used, once.
    pub(crate) fn notice(&self) -> Option<SettingsError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.notice.take()
    }
}

fn connector(who: Backend, tls: &Tls) -> Result<TlsConnector, SettingsError> {
    Ok(TlsConnector::from(Arc::new(config(who, tls)?)))
}

/// A directory has another time when a file in it is made, replaced or removed.
fn stamps(tls: &Tls) -> Vec<Stamp> {
    let files = [
        &tls.ca_file,
        &tls.ca_path,
        &tls.client_cert,
        &tls.client_key,
    ];
    let stamp = |path: &PathBuf| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    files.into_iter().flatten().map(stamp).collect()
}

fn server_name(
    who: Backend,
    endpoint: &Endpoint,
    tls: &Tls,
) -> Result<ServerName<'static>, SettingsError> {
    let host = match endpoint {
        Endpoint::Tcp { host, .. } => host.as_str(),
        Endpoint::Unix(_) => "localhost",
    };
    let name = tls.server_name.as_deref().unwrap_or(host);
    ServerName::try_from(name.to_owned()).map_err(|_| SettingsError::ServerName {
        who,
        name: name.to_owned(),
    })
}

fn config(who: Backend, tls: &Tls) -> Result<ClientConfig, SettingsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring speaks every version that rustls does");
    let builder = if tls.verify {
        builder.with_root_certificates(roots(who, tls)?)
    } else {
        let verifier = Arc::new(Unverified(provider));
        builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
    };
    match (&tls.client_cert, &tls.client_key) {
        (Some(cert), Some(key)) => {
            let chain = certificates(cert, "the client certificate")?;
            let key = private_key(key)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                SettingsError::ClientCertificate {
                    reason: error.to_string(),
                }
            })
        }
        (Some(_) | None, None) | (None, Some(_)) => Ok(builder.with_no_client_auth()),
    }
}

fn roots(who: Backend, tls: &Tls) -> Result<RootCertStore, SettingsError> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = &tls.ca_file {
        roots.add_parsable_certificates(certificates(file, CA_FILE)?);
    }
    if let Some(folder) = &tls.ca_path {
        for file in files_in(folder)? {
            // A folder of certificates may hold other things too, as OpenSSL's does.
            roots.add_parsable_certificates(certificates(&file, CA_FILE).unwrap_or_default());
        }
    }
    if tls.ca_file.is_none() && tls.ca_path.is_none() {
        let bundle = tls.system_roots.iter().find(|path| path.exists());
        let bundle = bundle.ok_or(SettingsError::NoRoots { who })?;
        roots.add_parsable_certificates(certificates(bundle, CA_FILE)?);
    }
    if roots.is_empty() {
        return Err(SettingsError::NoRoots { who });
    }
    Ok(roots)
}

const CA_FILE: &str = "CA file";

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, SettingsError> {
    let entries = std::fs::read_dir(folder).map_err(|error| SettingsError::File {
        role: "CA folder",
        path: folder.display().to_string(),
        reason: reason(&error),
    })?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

fn read(path: &Path, role: &'static str) -> Result<Vec<u8>, SettingsError> {
    std::fs::read(path).map_err(|error| SettingsError::File {
        role,
        path: path.display().to_string(),
        reason: reason(&error),
    })
}

fn certificates(
    path: &Path,
    role: &'static str,
) -> Result<Vec<CertificateDer<'static>>, SettingsError> {
    let text = read(path, role)?;
    let content = |reason: String| SettingsError::Content {
        role,
        path: path.display().to_string(),
        reason,
    };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if found.is_empty() => Err(content("no certificate in it".to_owned())),
        Ok(found) => Ok(found),
        Err(error) => Err(content(error.to_string())),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, SettingsError> {
    let role = "the client key";
    let text = read(path, role)?;
    // The error is not passed on: nothing of a key belongs in a log.
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| SettingsError::Content {
        role,
        path: path.display().to_string(),
        reason: "no private key in it".to_owned(),
    })
}

/// Takes any certificate, because the user said `verify: false`.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, tokio_rustls::rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, tokio_rustls::rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, tokio_rustls::rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
