//! The way to ZooKeeper, from what the configuration says.

use catalog::{
    transport::Scheme,
    zookeeper::{Acl, Settings},
};
use pilot_config::Zookeeper;

use crate::machine;

pub(super) fn settings(written: &Zookeeper) -> Result<Settings, String> {
    let mut settings = Settings::parse(&written.connect).map_err(|error| error.to_string())?;
    settings.root.clone_from(&written.root);
    settings.keys.clone_from(&written.keys);
    settings.login = written.login.as_ref().map(super::login);
    settings.acl = if written.is_closed {
        Acl::Creator
    } else {
        Acl::Open
    };
    settings.session_timeout = written.session_timeout;
    settings.node = machine::hostname();
    if let Some(tls) = &written.tls {
        settings.scheme = Scheme::Https;
        settings.tls = super::tls(tls);
    }
    Ok(settings)
}
