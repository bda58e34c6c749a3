//! Every flag of consul-template, from 0.14 to 0.42.

/// A flag.
pub(super) struct Flag {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    /// The key of the file that says the same.
    pub(super) path: &'static str,
    /// What the usage says; nothing leaves the flag out of it.
    pub(super) about: &'static str,
}

/// What only the command line can say.
#[derive(Clone, Copy)]
pub(super) enum Alone {
    Help,
    Version,
    Dry,
    ParseOnly,
}

/// What a flag takes.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    /// Nothing, and no file can say it.
    Nothing(Alone),
    Config,
    Template,
    Text,
    /// A text that is not shown.
    Secret,
    /// A text each time it is given.
    Each,
    Truth,
    Number,
    Duration,
    Signal,
    Wait,
    Login,
}

impl Takes {
    /// What messages show of a value.
    pub(super) fn shown(self, value: &str) -> &str {
        match self {
            // A variable for a program may be a secret too.
            Self::Secret | Self::Login | Self::Each => "***",
            Self::Nothing(_)
            | Self::Config
            | Self::Template
            | Self::Text
            | Self::Truth
            | Self::Number
            | Self::Duration
            | Self::Signal
            | Self::Wait => value,
        }
    }
}

const fn flag(name: &'static str, takes: Takes, path: &'static str, about: &'static str) -> Flag {
    Flag {
        name,
        takes,
        path,
        about,
    }
}

#[rustfmt::skip]
pub(super) const FLAGS: &[Flag] = &[
    flag("config", Takes::Config, "", "A configuration file, or a folder of them; repeatable, later ones win, flags win over all"),
    flag("template", Takes::Template, "template", "A template; repeatable"),
    flag("once", Takes::Truth, "once", "Render everything once, and end"),
    flag("dry", Takes::Nothing(Alone::Dry), "", "Show what would be written, on stdout"),
    flag("wait", Takes::Wait, "wait", "How long changes have to settle before a template is rendered"),
    flag("max-stale", Takes::Duration, "max_stale", "How old an answer of Consul may be"),
    flag("log-level", Takes::Text, "log_level", "trace, debug, info, warn or err"),
    flag("log-file", Takes::Text, "log_file.path", "Log to this file"),
    flag("log-rotate-bytes", Takes::Number, "log_file.log_rotate_bytes", ""),
    flag("log-rotate-duration", Takes::Duration, "log_file.log_rotate_duration", ""),
    flag("log-rotate-max-files", Takes::Number, "log_file.log_rotate_max_files", ""),
    flag("pid-file", Takes::Text, "pid_file", "Keep the process ID in this file"),
    flag("kill-signal", Takes::Signal, "kill_signal", "The signal that asks to end; INT"),
    flag("reload-signal", Takes::Signal, "reload_signal", "The signal that asks to read the configuration anew; HUP"),
    flag("dedup", Takes::Truth, "deduplicate.enabled", "Share the work with other instances; of no effect with -once"),
    flag("default-left-delimiter", Takes::Text, "default_delimiters.left", "What begins an action of a template"),
    flag("default-right-delimiter", Takes::Text, "default_delimiters.right", "What ends it"),
    flag("template-error-fatal", Takes::Truth, "template_error_fatal", ""),
    flag("parse-only", Takes::Nothing(Alone::ParseOnly), "", "Load the configuration, and end"),
    flag("syslog", Takes::Truth, "syslog.enabled", ""),
    flag("syslog-facility", Takes::Text, "syslog.facility", ""),
    flag("syslog-name", Takes::Text, "syslog.name", ""),

    flag("consul-addr", Takes::Text, "consul.address", "Where Consul is, host:port"),
    flag("consul-auth", Takes::Login, "consul.auth", "User and password for a proxy before Consul"),
    flag("consul-token", Takes::Secret, "consul.token", "The token to send"),
    flag("consul-token-file", Takes::Text, "consul.token_file", "A file that holds the token"),
    flag("consul-retry", Takes::Truth, "consul.retry.enabled", "Whether to try again when Consul does not answer"),
    flag("consul-retry-attempts", Takes::Number, "consul.retry.attempts", "How often, with -once; 0 is for ever"),
    flag("consul-retry-backoff", Takes::Duration, "consul.retry.backoff", "The first pause before trying again; doubles each time"),
    flag("consul-retry-max-backoff", Takes::Duration, "consul.retry.max_backoff", "The longest pause"),
    flag("consul-ssl", Takes::Truth, "consul.ssl.enabled", "Use TLS"),
    flag("consul-ssl-ca-cert", Takes::Text, "consul.ssl.ca_cert", "A file with the authorities to trust"),
    flag("consul-ssl-ca-path", Takes::Text, "consul.ssl.ca_path", "A folder with the authorities to trust"),
    flag("consul-ssl-cert", Takes::Text, "consul.ssl.cert", "The certificate to show"),
    flag("consul-ssl-key", Takes::Text, "consul.ssl.key", "Its key"),
    flag("consul-ssl-server-name", Takes::Text, "consul.ssl.server_name", "The name that Consul's certificate must carry"),
    flag("consul-ssl-verify", Takes::Truth, "consul.ssl.verify", "Whether Consul's certificate is verified"),
    flag("consul-transport-dial-keep-alive", Takes::Duration, "consul.transport.dial_keep_alive", ""),
    flag("consul-transport-dial-timeout", Takes::Duration, "consul.transport.dial_timeout", ""),
    flag("consul-transport-disable-keep-alives", Takes::Truth, "consul.transport.disable_keep_alives", ""),
    flag("consul-transport-max-conns-per-host", Takes::Number, "consul.transport.max_conns_per_host", ""),
    flag("consul-transport-max-idle-conns-per-host", Takes::Number, "consul.transport.max_idle_conns_per_host", ""),
    flag("consul-transport-tls-handshake-timeout", Takes::Duration, "consul.transport.tls_handshake_timeout", ""),

    flag("exec", Takes::Text, "exec.command", "A command to run and look after, once all is rendered"),
    flag("exec-kill-signal", Takes::Signal, "exec.kill_signal", "The signal that asks it to end; INT"),
    flag("exec-kill-timeout", Takes::Duration, "exec.kill_timeout", "How long it may take to end"),
    flag("exec-reload-signal", Takes::Signal, "exec.reload_signal", "The signal on a change; none restarts it"),
    flag("exec-splay", Takes::Duration, "exec.splay", "The longest random pause before a restart"),
    flag("exec-env-pristine", Takes::Truth, "exec.env.pristine", "Whether it gets an empty environment"),
    flag("exec-env-custom", Takes::Each, "exec.env.custom", "A variable for it, as KEY=VALUE; repeatable"),
    flag("exec-env-allowlist", Takes::Each, "exec.env.allowlist", "A pattern of variables it may have; repeatable"),
    flag("exec-env-denylist", Takes::Each, "exec.env.denylist", "A pattern of variables it may not have; repeatable"),
    flag("exec-env-whitelist", Takes::Each, "exec.env.whitelist", ""),
    flag("exec-env-blacklist", Takes::Each, "exec.env.blacklist", ""),

    flag("v", Takes::Nothing(Alone::Version), "", ""),
    flag("version", Takes::Nothing(Alone::Version), "", "Print the version"),
    flag("h", Takes::Nothing(Alone::Help), "", ""),
    flag("help", Takes::Nothing(Alone::Help), "", "Print this"),

    // Spellings from before 0.19.
    flag("consul", Takes::Text, "consul.address", ""),
    flag("auth", Takes::Login, "consul.auth", ""),
    flag("token", Takes::Secret, "consul.token", ""),
    flag("retry", Takes::Duration, "consul.retry.backoff", ""),
    flag("ssl", Takes::Truth, "consul.ssl.enabled", ""),
    flag("ssl-ca-cert", Takes::Text, "consul.ssl.ca_cert", ""),
    flag("ssl-ca-path", Takes::Text, "consul.ssl.ca_path", ""),
    flag("ssl-cert", Takes::Text, "consul.ssl.cert", ""),
    flag("ssl-key", Takes::Text, "consul.ssl.key", ""),
    flag("ssl-server-name", Takes::Text, "consul.ssl.server_name", ""),
    flag("ssl-verify", Takes::Truth, "consul.ssl.verify", ""),

    // What is not there, but may be switched off.
    flag("vault-addr", Takes::Text, "vault.address", ""),
    flag("vault-agent-token-file", Takes::Text, "vault.vault_agent_token_file", ""),
    flag("vault-client-user-agent", Takes::Text, "vault.client_user_agent", ""),
    flag("vault-default-lease-duration", Takes::Duration, "vault.default_lease_duration", ""),
    flag("vault-grace", Takes::Duration, "vault.grace", ""),
    flag("vault-namespace", Takes::Text, "vault.namespace", ""),
    flag("vault-renew-token", Takes::Truth, "vault.renew_token", ""),
    flag("vault-retry", Takes::Truth, "vault.retry.enabled", ""),
    flag("vault-retry-attempts", Takes::Number, "vault.retry.attempts", ""),
    flag("vault-retry-backoff", Takes::Duration, "vault.retry.backoff", ""),
    flag("vault-retry-max-backoff", Takes::Duration, "vault.retry.max_backoff", ""),
    flag("vault-ssl", Takes::Truth, "vault.ssl.enabled", ""),
    flag("vault-ssl-ca-cert", Takes::Text, "vault.ssl.ca_cert", ""),
    flag("vault-ssl-ca-path", Takes::Text, "vault.ssl.ca_path", ""),
    flag("vault-ssl-cert", Takes::Text, "vault.ssl.cert", ""),
    flag("vault-ssl-key", Takes::Text, "vault.ssl.key", ""),
    flag("vault-ssl-server-name", Takes::Text, "vault.ssl.server_name", ""),
    flag("vault-ssl-verify", Takes::Truth, "vault.ssl.verify", ""),
    flag("vault-token", Takes::Secret, "vault.token", ""),
    flag("vault-unwrap-token", Takes::Truth, "vault.unwrap_token", ""),
    flag("vault-transport-dial-keep-alive", Takes::Duration, "vault.transport.dial_keep_alive", ""),
    flag("vault-transport-dial-timeout", Takes::Duration, "vault.transport.dial_timeout", ""),
    flag("vault-transport-disable-keep-alives", Takes::Truth, "vault.transport.disable_keep_alives", ""),
    flag("vault-transport-max-conns-per-host", Takes::Number, "vault.transport.max_conns_per_host", ""),
    flag("vault-transport-max-idle-conns-per-host", Takes::Number, "vault.transport.max_idle_conns_per_host", ""),
    flag("vault-transport-tls-handshake-timeout", Takes::Duration, "vault.transport.tls_handshake_timeout", ""),
];
