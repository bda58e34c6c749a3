//! The section `consul`.

use std::{path::PathBuf, time::Duration};

use super::take;
use crate::{
    Consul, Login, Retry, Scheme, Secret, World, check::catalog::fault_of, decode::Fields,
    findings::Findings, value::Spanned,
};

/// Where an agent listens when nothing says otherwise.
const AGENT: &str = "127.0.0.1:8500";

/// The section, as it is written.
#[derive(Default)]
pub(super) struct Section {
    address: Option<Spanned<String>>,
    token: Option<String>,
    token_file: Option<String>,
    login: Option<Login>,
    tls: Tls,
    retries: Retries,
}

#[derive(Default)]
struct Tls {
    enabled: Option<bool>,
    verify: Option<bool>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    ca_cert: Option<PathBuf>,
    ca_path: Option<PathBuf>,
    server_name: Option<String>,
}

/// How often is tried again, and when.
struct Retries {
    enabled: bool,
    /// None is for ever.
    attempts: Option<u32>,
    backoff: Duration,
    /// None is no limit.
    max_backoff: Option<Duration>,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            enabled: true,
            attempts: Some(12),
            backoff: Duration::from_millis(250),
            max_backoff: Some(Duration::from_secs(60)),
        }
    }
}

impl Section {
    pub(super) fn read(mut fields: Fields<'_, '_>) -> Self {
        let section = Self {
            address: fields.filled("address"),
            token: take::text(&mut fields, "token"),
            token_file: take::text(&mut fields, "token_file"),
            login: fields.object("auth").and_then(login),
            tls: fields.object("ssl").map(tls).unwrap_or_default(),
            retries: fields.object("retry").map(retries).unwrap_or_default(),
        };
        if let Some(mut transport) = fields.object("transport") {
            transport.ignore(&[
                "dial_keep_alive",
                "dial_timeout",
                "disable_keep_alives",
                "idle_conn_timeout",
                "max_conns_per_host",
                "max_idle_conns",
                "max_idle_conns_per_host",
                "tls_handshake_timeout",
            ]);
            transport.finish();
        }
        fields.ignore(&["namespace"]);
        fields.finish();
        section
    }

    /// Makes the way to Consul; what is not written, the environment may say.
    pub(super) fn consul(
        &self,
        max_stale: Duration,
        world: &World<'_>,
        findings: &Findings,
    ) -> Consul {
        let own = self.address.as_ref().map(|address| address.value.as_str());
        let written = own.or(world.filled("CONSUL_HTTP_ADDR"));
        let tls = &self.tls;
        let secure = if tls.enabled() || self.asks_environment_for_tls(world) {
            Scheme::Https
        } else {
            Scheme::Http
        };
        let (address, scheme) = match written.unwrap_or(AGENT).split_once("://") {
            Some(("http", rest)) => (rest, Scheme::Http),
            Some(("https", rest)) => (rest, Scheme::Https),
            Some(("unix", rest)) => (rest, Scheme::Unix),
            Some((other, rest)) => {
                let reason = format!("cannot reach Consul by `{other}://`");
                let span = self.address.as_ref().map(|address| address.span);
                let hint = "one of http, https, unix";
                findings.hinted(span.unwrap_or_default(), reason, hint);
                (rest, secure)
            }
            None => (written.unwrap_or(AGENT), secure),
        };
        let faulty = matches!(scheme, Scheme::Http | Scheme::Https);
        if let Some(fault) = fault_of(address).filter(|_| faulty) {
            let reason = format!("cannot use Consul's address `{address}`: {fault}");
            let span = self.address.as_ref().map(|address| address.span);
            let hint = "it is HOST:PORT, such as `localhost:8500`";
            findings.hinted(span.unwrap_or_default(), reason, hint);
        }
        let token = self.token(world);
        let file = |written: Option<&PathBuf>, name: &str| {
            written
                .cloned()
                .or_else(|| world.filled(name).map(PathBuf::from))
        };
        let token_file = self.token_file.as_ref().map(PathBuf::from);
        Consul {
            address: address.to_owned(),
            scheme,
            token_file: file(token_file.as_ref(), "CONSUL_HTTP_TOKEN_FILE")
                .filter(|_| token.is_none()),
            token: token.map(Secret::new),
            login: self
                .login
                .clone()
                .or_else(|| world.filled("CONSUL_HTTP_AUTH").map(parse_login)),
            max_stale: Some(max_stale),
            datacenter: None,
            namespace: None,
            partition: None,
            wait: None,
            once: false,
            retry: Some(Retry {
                backoff: self.retries.backoff,
                max_backoff: self.retries.max_backoff,
            }),
            tls: crate::Tls {
                ca_file: file(tls.ca_cert.as_ref(), "CONSUL_CACERT"),
                ca_path: file(tls.ca_path.as_ref(), "CONSUL_CAPATH"),
                client_cert: file(tls.cert.as_ref(), "CONSUL_CLIENT_CERT"),
                client_key: file(tls.key.as_ref(), "CONSUL_CLIENT_KEY"),
                server_name: tls
                    .server_name
                    .clone()
                    .or_else(|| world.filled("CONSUL_TLS_SERVER_NAME").map(str::to_owned)),
                verify: tls
                    .verify
                    .unwrap_or_else(|| says(world, "CONSUL_HTTP_SSL_VERIFY") != Some(false)),
            },
        }
    }

    fn asks_environment_for_tls(&self, world: &World<'_>) -> bool {
        self.tls.enabled.is_none() && says(world, "CONSUL_HTTP_SSL") == Some(true)
    }

    fn token(&self, world: &World<'_>) -> Option<String> {
        let names = ["CONSUL_TOKEN", "CONSUL_HTTP_TOKEN"];
        let from_environment = || names.iter().find_map(|name| world.filled(name));
        match (&self.token, &self.token_file) {
            (Some(token), _) => Some(token.clone()),
            (None, Some(_)) => None,
            (None, None) => from_environment().map(str::to_owned),
        }
    }

    /// The variables by which commands and templates find Consul as we do.
    pub(super) fn variables(&self, consul: &Consul) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        let mut add = |name: &str, value: String| variables.push((name.to_owned(), value));
        if let Some(address) = &self.address {
            add("CONSUL_HTTP_ADDR", address.value.clone());
        }
        if let Some(login) = &consul.login {
            let password = login.password.reveal();
            add("CONSUL_HTTP_AUTH", format!("{}:{password}", login.user));
        }
        if let Some(token) = &consul.token {
            add("CONSUL_HTTP_TOKEN", token.reveal().to_owned());
        }
        if let Some(file) = &consul.token_file {
            add("CONSUL_HTTP_TOKEN_FILE", file.display().to_string());
        }
        let secure = consul.scheme == Scheme::Https;
        add("CONSUL_HTTP_SSL", secure.to_string());
        add("CONSUL_HTTP_SSL_VERIFY", consul.tls.verify.to_string());
        variables
    }

    /// How long a catalog that does not answer is waited for: all the pauses together.
    pub(super) fn patience(&self) -> Option<Duration> {
        let retries = &self.retries;
        if !retries.enabled {
            return Some(Duration::ZERO);
        }
        let attempts = retries.attempts?;
        let longest = retries.max_backoff.unwrap_or(Duration::MAX);
        let (mut pause, mut total) = (retries.backoff, Duration::ZERO);
        for passed in 0..attempts {
            if pause.is_zero() || pause >= longest {
                // From here on all pauses are the same.
                let rest = pause.min(longest).saturating_mul(attempts - passed);
                return Some(total.saturating_add(rest));
            }
            total = total.saturating_add(pause);
            pause = pause.saturating_mul(2);
        }
        Some(total)
    }
}

impl Tls {
    /// Whoever says anything about TLS wants it.
    fn enabled(&self) -> bool {
        let files = [&self.cert, &self.key, &self.ca_cert, &self.ca_path];
        let any = files.iter().any(|file| file.is_some())
            || self.server_name.is_some()
            || self.verify.is_some();
        self.enabled.unwrap_or(any)
    }
}

fn says(world: &World<'_>, name: &str) -> Option<bool> {
    match world.filled(name)? {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn login(mut fields: Fields<'_, '_>) -> Option<Login> {
    let enabled = fields.truth("enabled");
    let user = take::text(&mut fields, "username");
    let password = take::text(&mut fields, "password");
    fields.finish();
    let given = user.is_some() || password.is_some();
    enabled
        .map_or(given, |enabled| enabled.value)
        .then(|| Login {
            user: user.unwrap_or_default(),
            password: Secret::new(password.unwrap_or_default()),
        })
}

fn parse_login(text: &str) -> Login {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    Login {
        user: user.to_owned(),
        password: Secret::new(password),
    }
}

fn tls(mut fields: Fields<'_, '_>) -> Tls {
    let mut path = |name| take::text(&mut fields, name).map(PathBuf::from);
    let (cert, key) = (path("cert"), path("key"));
    let (ca_cert, ca_path) = (path("ca_cert"), path("ca_path"));
    let tls = Tls {
        enabled: fields.truth("enabled").map(|truth| truth.value),
        verify: fields.truth("verify").map(|truth| truth.value),
        cert,
        key,
        ca_cert,
        ca_path,
        server_name: take::text(&mut fields, "server_name"),
    };
    fields.finish();
    tls
}

fn retries(mut fields: Fields<'_, '_>) -> Retries {
    let usual = Retries::default();
    let attempts = take::count(&mut fields, "attempts");
    let max_backoff = take::length(&mut fields, "max_backoff");
    let retries = Retries {
        enabled: take::truth(&mut fields, "enabled", usual.enabled),
        attempts: attempts.map_or(usual.attempts, |count| {
            Some(count).filter(|count| *count > 0)
        }),
        backoff: take::length(&mut fields, "backoff").unwrap_or(usual.backoff),
        max_backoff: max_backoff.map_or(usual.max_backoff, |pause| {
            Some(pause).filter(|pause| !pause.is_zero())
        }),
    };
    fields.finish();
    retries
}
