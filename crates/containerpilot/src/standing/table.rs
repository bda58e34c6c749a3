//! The table for people, made from the same JSON that programs get.

use serde_json::Value;

/// Everything, for people.
pub(crate) fn to_table(standing: &Value) -> String {
    let mut text = head(standing);
    let jobs = rows(&standing["jobs"], job_row);
    text += &table(
        &[
            "JOB", "STATE", "PID", "UPTIME", "RESTARTS", "HEALTH", "CATALOG", "NEXT",
        ],
        &jobs,
    );
    for job in list(&standing["jobs"]) {
        if let Some(output) = job["lastCheck"]["output"]
            .as_str()
            .filter(|o| !o.is_empty())
        {
            text += &format!(
                "  last check of {}: {}\n",
                word(&job["name"]),
                output.trim_end()
            );
        }
    }
    section(
        &mut text,
        &["WATCH", "HEALTH", "SEES", "WHERE"],
        &rows(&standing["watches"], watch_row),
    );
    for watch in list(&standing["watches"]) {
        if let Some(why) = watch["stale"].as_str() {
            text += &format!("  {} is stale: {why}\n", word(&watch["name"]));
        }
    }
    let templates = rows(&standing["templates"], template_row);
    section(
        &mut text,
        &["TEMPLATE", "STATE", "RENDERS", "FILE"],
        &templates,
    );
    text
}

fn section(text: &mut String, heads: &[&str], rows: &[Vec<String>]) {
    if !rows.is_empty() {
        text.push('\n');
        *text += &table(heads, rows);
    }
}

fn head(standing: &Value) -> String {
    let mut text = format!(
        "containerpilot {} · pid {} · up {}",
        word(&standing["version"]),
        word(&standing["pid"]),
        span(&standing["uptime"])
    );
    match standing["catalog"]["link"].as_str() {
        Some("down") => {
            text += &format!(" · catalog down: {}", word(&standing["catalog"]["reason"]));
        }
        Some(link) => text += &format!(" · catalog {link}"),
        None => {}
    }
    for flag in ["maintenance", "stopping"] {
        if standing[flag] == true {
            text += &format!(" · {}", flag.to_uppercase());
        }
    }
    text + "\n\n"
}

fn job_row(job: &Value) -> Vec<String> {
    let state = match job["lastExit"].as_str() {
        Some(exit) if job["pid"].is_null() => format!("{} ({exit})", word(&job["state"])),
        _ => word(&job["state"]),
    };
    let next = match job["next"]["what"].as_str() {
        Some(what) => format!("{what} in {}", span(&job["next"]["in"])),
        None => "-".to_owned(),
    };
    vec![
        word(&job["name"]),
        state,
        word(&job["pid"]),
        span(&job["uptime"]),
        word(&job["restarts"]),
        word(&job["health"]),
        catalog_word(&job["service"]),
        next,
    ]
}

/// What the catalog shows, and what it should show where that differs.
fn catalog_word(service: &Value) -> String {
    if service.is_null() {
        return "-".to_owned();
    }
    let (wanted, registered) = (word(&service["wanted"]), word(&service["registered"]));
    match (wanted.as_str(), registered.as_str()) {
        ("-", "-") => "not registered".to_owned(),
        (wanted, registered) if wanted == registered => wanted.to_owned(),
        (wanted, registered) => format!("{registered}, should be {wanted}"),
    }
}

fn watch_row(watch: &Value) -> Vec<String> {
    let mut health = word(&watch["health"]);
    if watch["stale"].is_string() {
        health += ", stale";
    }
    let sees = watch["sees"].as_str().unwrap_or("no answer yet").to_owned();
    let place = |instance: &Value| place(&word(&instance["address"]), &instance["port"]);
    let places = match watch["instances"].as_array() {
        Some(instances) => instances.iter().map(place).collect::<Vec<_>>().join(" "),
        None => format!("{} {}", word(&watch["kind"]), word(&watch["of"])),
    };
    vec![word(&watch["name"]), health, sees, places]
}

/// An address and a port; that of IPv6 in brackets.
fn place(address: &str, port: &Value) -> String {
    if address.parse::<std::net::Ipv6Addr>().is_ok() {
        format!("[{address}]:{port}")
    } else {
        format!("{address}:{port}")
    }
}

fn template_row(template: &Value) -> Vec<String> {
    let mut state = word(&template["state"]);
    if let Some(detail) = template["detail"]
        .as_str()
        .filter(|detail| !detail.is_empty())
    {
        state += &format!(": {detail}");
    }
    vec![
        word(&template["name"]),
        state,
        word(&template["renders"]),
        word(&template["destination"]),
    ]
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn rows(value: &Value, row: fn(&Value) -> Vec<String>) -> Vec<Vec<String>> {
    list(value).iter().map(row).collect()
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Seconds as people say them.
pub(crate) fn span(value: &Value) -> String {
    let Some(seconds) = value.as_f64() else {
        return "-".to_owned();
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole seconds, far below 2^53"
    )]
    #[expect(clippy::cast_sign_loss, reason = "durations are not negative")]
    let whole = seconds as u64;
    match whole {
        0..10 => format!("{seconds:.1}s"),
        10..60 => format!("{whole}s"),
        60..3600 => format!("{}m{}s", whole / 60, whole % 60),
        3600..86400 => format!("{}h{}m", whole / 3600, whole / 60 % 60),
        _ => format!("{}d{}h", whole / 86400, whole / 3600 % 24),
    }
}

fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let width = |n: usize| {
        let cells = rows.iter().map(|row| row[n].chars().count());
        cells.chain([heads[n].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(cell, &w)| format!("{cell:w$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    rows.iter()
        .fold(line(&heads), |text, row| text + &line(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ipv6_stands_in_brackets_before_a_port() {
        let port = Value::from(80);
        assert_eq!(place("fd00::7", &port), "[fd00::7]:80");
        assert_eq!(place("10.0.0.7", &port), "10.0.0.7:80");
        assert_eq!(place("db.example", &port), "db.example:80");
    }
}
