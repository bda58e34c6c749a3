//! The status page, in the shape of ContainerPilot 3.

use serde_json::Value;

/// A job that no catalog knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobStatus<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its health: unknown, healthy, unhealthy, maintenance.
    pub status: &'a str,
}

/// A job that is advertised as a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceStatus<'a> {
    /// Its name.
    pub name: &'a str,
    /// The address it is advertised at.
    pub address: &'a str,
    /// The port it is advertised at.
    pub port: u16,
    /// Its health: unknown, healthy, unhealthy, maintenance.
    pub status: &'a str,
}

/// Writes the status page: one line, with `null` for what there is none of.
///
/// A watch is named as the configuration does, without `watch.` before it.
#[must_use]
pub fn status_json(
    version: &str,
    jobs: &[JobStatus<'_>],
    services: &[ServiceStatus<'_>],
    watches: &[&str],
) -> String {
    // The order of the keys is part of the shape, and a JSON map of ours would sort them.
    format!(
        "{{\"Version\":{},\"Jobs\":{},\"Services\":{},\"Watches\":{}}}\n",
        text(version),
        list(jobs.iter().map(job)),
        list(services.iter().map(service)),
        list(watches.iter().map(|name| text(name))),
    )
}

fn job(job: &JobStatus<'_>) -> String {
    let (name, status) = (text(job.name), text(job.status));
    format!("{{\"Name\":{name},\"Status\":{status}}}")
}

fn service(service: &ServiceStatus<'_>) -> String {
    format!(
        "{{\"Name\":{},\"Address\":{},\"Port\":{},\"Status\":{}}}",
        text(service.name),
        text(service.address),
        service.port,
        text(service.status),
    )
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        "null".to_owned()
    } else {
        format!("[{}]", items.join(","))
    }
}

fn text(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    // ContainerPilot 3.8: telemetry/status_test.go
    #[test]
    fn has_the_shape_of_containerpilot_3() {
        let unknown = |name| JobStatus {
            name,
            status: "unknown",
        };
        let service = ServiceStatus {
            name: "myjob2",
            address: "1.2.3.4",
            port: 80,
            status: "unknown",
        };
        let page = status_json(
            "3.8.0",
            &[unknown("myjob1"), unknown("myjob3")],
            &[service],
            &["watch1", "watch2"],
        );
        expect![[r#"
            {"Version":"3.8.0","Jobs":[{"Name":"myjob1","Status":"unknown"},{"Name":"myjob3","Status":"unknown"}],"Services":[{"Name":"myjob2","Address":"1.2.3.4","Port":80,"Status":"unknown"}],"Watches":["watch1","watch2"]}
        "#]].assert_eq(&page);
    }

    #[test]
    fn what_there_is_none_of_is_null() {
        let page = status_json("", &[], &[], &[]);
        expect![[r#"
            {"Version":"","Jobs":null,"Services":null,"Watches":null}
        "#]]
        .assert_eq(&page);
    }

    #[test]
    fn stays_one_line_of_json_whatever_the_names() {
        let job = JobStatus {
            name: "a\"\n\\\u{1}é",
            status: "healthy",
        };
        let page = status_json("v", &[job], &[], &["w\r\n"]);
        assert_eq!(page.lines().count(), 1);
        let value: Value = serde_json::from_str(&page).unwrap();
        assert_eq!(value["Jobs"][0]["Name"], job.name);
        assert_eq!(value["Watches"][0], "w\r\n");
    }
}
