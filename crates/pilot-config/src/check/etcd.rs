//! etcd: where its members are, and who to be for them.

use std::path::PathBuf;

use super::{Ground, catalog::fault_of, text};
use crate::{
    Credentials, Etcd, Password, Secret, Tls,
    raw::{RawEtcd, RawTls},
    value::Spanned,
};

/// What ContainerPilot 2 wrote its services under.
const PREFIX: &str = "/containerpilot";

pub(super) fn check(raw: &RawEtcd, ground: Ground<'_>) -> Option<Etcd> {
    if raw.endpoints.is_empty() {
        if !raw.broken {
            let hint = "such as `\"http://localhost:2379\"`";
            let reason = "Must provide etcd endpoints";
            ground.findings.hinted(raw.span, reason, hint);
        }
        return None;
    }
    let mut is_sound = true;
    for endpoint in &raw.endpoints {
        is_sound &= check_endpoint(endpoint, ground);
    }
    let login = login(raw, ground);
    let is_private = |one: &Spanned<String>| one.value.starts_with("https://");
    let has_tls = raw.endpoints.iter().any(is_private);
    if login.is_some() && !raw.endpoints.iter().all(is_private) {
        let at = raw.username.as_ref().map_or(raw.span, |name| name.span);
        let reason = "the password goes to etcd in the clear: an endpoint is not `https://`";
        ground.findings.warn(at, reason);
    }
    let tls = tls(&raw.tls, raw, has_tls, ground);
    is_sound.then(|| Etcd {
        endpoints: raw.endpoints.iter().map(|one| one.value.clone()).collect(),
        prefix: text(raw.prefix.as_ref()).unwrap_or_else(|| PREFIX.to_owned()),
        keys: text(raw.keys.as_ref()).unwrap_or_else(|| "/".to_owned()),
        login,
        tls,
    })
}

fn check_endpoint(endpoint: &Spanned<String>, ground: Ground<'_>) -> bool {
    let (scheme, rest) = endpoint
        .value
        .split_once("://")
        .unwrap_or(("http", &endpoint.value));
    let fault = match scheme {
        "http" | "https" => fault_of(rest),
        _ => Some("its scheme is neither http nor https"),
    };
    if let Some(fault) = fault {
        let reason = format!("cannot use etcd's endpoint `{}`: {fault}", endpoint.value);
        let hint = "it is such as `http://localhost:2379`";
        ground.findings.hinted(endpoint.span, reason, hint);
    }
    fault.is_none()
}

/// Lets the variables of etcd's own tool win over the file.
fn login(raw: &RawEtcd, ground: Ground<'_>) -> Option<Credentials> {
    if let (Some(_), Some(file)) = (&raw.password, &raw.password_file) {
        let reason = "cannot use `passwordFile` beside `password`: there is one password";
        ground.findings.error(file.span, reason);
    }
    let user = ground.world.filled("ETCDCTL_USER");
    let (user, beside) = match user.and_then(|user| user.split_once(':')) {
        Some((user, password)) => (Some(user), Some(password)),
        None => (user, None),
    };
    let own = ground.world.filled("ETCDCTL_PASSWORD").or(beside);
    let written = raw.password.as_ref().map(|password| &*password.value);
    let file = raw.password_file.as_ref().map(|file| file.value.clone());
    let password = match (own, written, file) {
        (Some(password), _, _) | (None, Some(password), _) => {
            Some(Password::Value(Secret::new(password.to_owned())))
        }
        (None, None, Some(file)) => Some(Password::File(PathBuf::from(file))),
        (None, None, None) => None,
    };
    let written = text(raw.username.as_ref());
    match (user.map(str::to_owned).or(written), password) {
        (Some(user), Some(password)) => Some(Credentials { user, password }),
        (None, None) => None,
        (Some(user), None) => {
            let at = raw.username.as_ref().map_or(raw.span, |name| name.span);
            let reason = format!("cannot be `{user}` for etcd: the password is missing");
            let hint = "add `password` or `passwordFile`, or set ETCDCTL_PASSWORD";
            ground.findings.hinted(at, reason, hint);
            None
        }
        (None, Some(_)) => {
            let written = raw.password.as_ref().or(raw.password_file.as_ref());
            let at = written.map_or(raw.span, |password| password.span);
            let reason = "there is a password for etcd, but no `username`";
            let hint = "add `username`, or set ETCDCTL_USER";
            ground.findings.hinted(at, reason, hint);
            None
        }
    }
}

fn tls(raw: &RawTls, etcd: &RawEtcd, has_tls: bool, ground: Ground<'_>) -> Tls {
    let path = |name: &str, written: &Option<Spanned<String>>| {
        let own = ground.world.filled(name).map(str::to_owned);
        own.or_else(|| text(written.as_ref())).map(PathBuf::from)
    };
    let tls = Tls {
        ca_file: path("ETCDCTL_CACERT", &raw.ca_file),
        ca_path: text(raw.ca_path.as_ref()).map(PathBuf::from),
        client_cert: path("ETCDCTL_CERT", &raw.client_cert),
        client_key: path("ETCDCTL_KEY", &raw.client_key),
        server_name: text(raw.server_name.as_ref()),
        verify: raw.verify.as_ref().is_none_or(|verify| verify.value),
    };
    if let Some(verify) = raw.verify.as_ref().filter(|verify| !verify.value) {
        let reason = "etcd's certificate is not verified: `verify: false`";
        ground.findings.warn(verify.span, reason);
    }
    if tls.client_cert.is_some() != tls.client_key.is_some() {
        let reason =
            "the client certificate has no effect: `clientcert` and `clientkey` go together";
        ground.findings.warn(etcd.span, reason);
    }
    let written = [
        &raw.ca_file,
        &raw.ca_path,
        &raw.client_cert,
        &raw.server_name,
    ];
    if let Some(first) = written.into_iter().flatten().next()
        && !has_tls
    {
        let reason = "`tls` has no effect: no endpoint begins with `https://`";
        ground.findings.warn(first.span, reason);
    }
    tls
}
