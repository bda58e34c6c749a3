//! ZooKeeper: where it is, who we are there, and what it does not have.

use std::path::PathBuf;

use super::{Ground, catalog::fault_of, text};
use crate::{
    Secret,
    config::{Credentials, Password, Tls, Zookeeper},
    raw::{RawTls, RawZookeeper},
    value::Spanned,
};

const ROOT: &str = "/containerpilot";

pub(super) fn check(raw: &RawZookeeper, ground: Ground<'_>) -> Option<Zookeeper> {
    let connect = connect(raw, ground);
    let root = node(raw.root.as_ref(), "root", ground);
    let keys = node(raw.keys.as_ref(), "keys", ground);
    let login = login(raw, ground);
    let is_closed = is_closed(raw, ground);
    let session_timeout = match &raw.session_timeout {
        Some(text) => Some(ground.span_of_time(text, "sessionTimeout")?),
        None => None,
    };
    let root = root?;
    if raw.root.is_some() && root.is_empty() {
        let reason = "cannot use `/` as `root`: services would lie among all else there";
        ground.findings.error(raw.root.as_ref()?.span, reason);
        return None;
    }
    Some(Zookeeper {
        connect: connect?,
        root: if root.is_empty() {
            ROOT.to_owned()
        } else {
            root
        },
        keys: keys?,
        login: login?,
        is_closed: is_closed?,
        session_timeout: session_timeout.filter(|timeout| !timeout.is_zero()),
        tls: raw.tls.as_ref().map(|raw| tls(raw, ground)),
    })
}

/// Puts servers and chroot into the form that ZooKeeper's own clients take.
fn connect(raw: &RawZookeeper, ground: Ground<'_>) -> Option<String> {
    let hint = "write `servers: \"zk1:2181,zk2:2181\"`";
    let Some(servers) = raw
        .servers
        .as_ref()
        .filter(|servers| servers.value.iter().any(|text| !text.trim().is_empty()))
    else {
        let reason = "cannot reach ZooKeeper: no `servers`";
        ground.findings.hinted(raw.span, reason, hint);
        return None;
    };
    let joined = servers.value.join(",");
    let (hosts, below) = match joined.find('/') {
        Some(at) => joined.split_at(at),
        None => (joined.as_str(), ""),
    };
    for server in hosts.split(',').map(str::trim) {
        let fault = match server {
            "" => Some("it names no host"),
            _ if server.starts_with(':') => Some("it names no host"),
            _ => fault_of(server),
        };
        if let Some(fault) = fault {
            let reason = format!("cannot use ZooKeeper's server `{server}`: {fault}");
            ground.findings.hinted(servers.span, reason, hint);
            return None;
        }
    }
    let written = Spanned::new(servers.span, below.to_owned());
    let below = node(Some(&written), "servers", ground)?;
    let chroot = node(raw.chroot.as_ref(), "chroot", ground)?;
    if !below.is_empty() && !chroot.is_empty() {
        let reason = format!("cannot use `chroot` beside `{below}` after the servers");
        ground.findings.error(raw.chroot.as_ref()?.span, reason);
        return None;
    }
    Some(format!("{hosts}{below}{chroot}"))
}

/// Reads the path of a node; `/` itself is empty.
fn node(written: Option<&Spanned<String>>, key: &str, ground: Ground<'_>) -> Option<String> {
    let Some(written) = written else {
        return Some(String::new());
    };
    let path = written.value.trim_end_matches('/');
    let is_wrong = |part: &str| matches!(part, "" | "." | "..") || part.contains(char::is_control);
    let fault = match path.strip_prefix('/') {
        _ if path.is_empty() => None,
        None => Some("it does not begin with `/`"),
        Some(parts) if parts.split('/').any(is_wrong) => {
            Some("a part of it is empty, `.`, `..` or holds control characters")
        }
        Some(_) => None,
    };
    match fault {
        Some(fault) => {
            let reason = format!("cannot use `{}` as `{key}`: {fault}", written.value);
            ground.findings.error(written.span, reason);
            None
        }
        None => Some(path.to_owned()),
    }
}

fn login(raw: &RawZookeeper, ground: Ground<'_>) -> Option<Option<Credentials>> {
    let (value, file) = (raw.password.as_ref(), raw.password_file.as_ref());
    let fail = |span, reason: &str| {
        ground.findings.error(span, reason);
        None
    };
    match (&raw.user, value, file) {
        (None, None, None) => Some(None),
        (_, Some(_), Some(file)) => fail(file.span, "cannot use `passwordFile` beside `password`"),
        (None, Some(password), None) | (None, None, Some(password)) => {
            fail(password.span, "cannot use a password without `user`")
        }
        (Some(user), None, None) => fail(
            user.span,
            "cannot use `user` without `password` or `passwordFile`",
        ),
        (Some(user), _, _) if user.value.contains(':') => fail(
            user.span,
            "cannot use this `user`: ZooKeeper's users have no `:` in their names",
        ),
        (Some(user), Some(password), None) => {
            let password = Password::Value(Secret::new(password.value.clone()));
            let user = user.value.clone();
            Some(Some(Credentials { user, password }))
        }
        (Some(user), None, Some(file)) => {
            let password = Password::File(PathBuf::from(&file.value));
            let user = user.value.clone();
            Some(Some(Credentials { user, password }))
        }
    }
}

fn is_closed(raw: &RawZookeeper, ground: Ground<'_>) -> Option<bool> {
    let Some(acl) = &raw.acl else {
        return Some(false);
    };
    match acl.value.as_str() {
        "open" => Some(false),
        "creator" if raw.user.is_none() => {
            let reason = "cannot use `acl: \"creator\"` without `user`: nobody could change it";
            ground.findings.error(acl.span, reason);
            None
        }
        "creator" => Some(true),
        other => {
            let reason = format!("cannot use `{other}` as `acl`");
            let hint = "one of \"open\", \"creator\"";
            ground.findings.hinted(acl.span, reason, hint);
            None
        }
    }
}

fn tls(raw: &RawTls, ground: Ground<'_>) -> Tls {
    let path = |written: &Option<Spanned<String>>| text(written.as_ref()).map(PathBuf::from);
    let verify = raw.verify.as_ref().is_none_or(|verify| verify.value);
    if let Some(verify) = raw.verify.as_ref().filter(|verify| !verify.value) {
        let reason = "the servers' certificates are not verified: `verify: false`";
        ground.findings.warn(verify.span, reason);
    }
    for (one, other) in [
        (&raw.client_cert, &raw.client_key),
        (&raw.client_key, &raw.client_cert),
    ] {
        if let (Some(one), None) = (one, other) {
            let reason =
                "the client certificate has no effect: `clientcert` and `clientkey` go together";
            ground.findings.warn(one.span, reason);
        }
    }
    Tls {
        ca_file: path(&raw.ca_file),
        ca_path: path(&raw.ca_path),
        client_cert: path(&raw.client_cert),
        client_key: path(&raw.client_key),
        server_name: text(raw.server_name.as_ref()),
        verify,
    }
}
