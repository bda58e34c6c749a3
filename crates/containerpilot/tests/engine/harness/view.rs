//! What Consul and nginx take to be there, as sets of `ADDRESS:PORT`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Container, docker::try_docker, until};

/// How many workers nginx has, as `nginx.conf.ctmpl` says.
const WORKERS: usize = 2;

/// The instances in an answer of Consul's to `/v1/health/service/NAME`; none if it is no such answer.
pub(super) fn instances(answer: &str) -> BTreeSet<String> {
    let one = |it: &Value| {
        let service = &it["Service"];
        let address = service["Address"].as_str().unwrap();
        format!("{address}:{}", service["Port"])
    };
    match serde_json::from_str::<Value>(answer) {
        Ok(Value::Array(all)) => all.iter().map(one).collect(),
        Ok(_) | Err(_) => BTreeSet::new(),
    }
}

/// The servers of a service in nginx's configuration as it stands; none if nginx is just not there.
pub(super) fn servers(nginx: &Container, service: &str) -> BTreeSet<String> {
    let file = nginx.read("/etc/nginx/nginx.conf").unwrap_or_default();
    let Some((_, block)) = file.split_once(&format!("upstream {service} {{")) else {
        return BTreeSet::new();
    };
    let (block, _) = block.split_once('}').unwrap();
    let server = |line: &str| {
        let server = line.trim().strip_prefix("server ")?.strip_suffix(';')?;
        Some(server.to_owned())
    };
    block.lines().filter_map(server).collect()
}

/// Waits until all of nginx's workers have its newest configuration: those of the one before accept
/// connections until they have found the time to hear that they are to quit.
#[track_caller]
pub(crate) fn wait_for_newest(nginx: &Container) {
    let workers = || {
        let all = try_docker(&["top", &nginx.name, "-o", "pid,args"]);
        all.unwrap_or_else(|error| error)
    };
    until("no worker of nginx is an older one", workers, || {
        let count = workers().matches("nginx: worker process").count();
        (count == WORKERS).then_some(())
    });
}
