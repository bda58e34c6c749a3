//! What etcd says of instances, by its JSON gateway; shares no code with the client under test.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::kind::Seen;
use crate::harness::over_tcp;

/// The instances below one prefix.
pub(super) fn look(member: SocketAddr, service: &str) -> Result<Vec<Seen>, String> {
    let (begin, end) = (
        format!("/containerpilot/{service}/"),
        format!("/containerpilot/{service}0"),
    );
    let body = json!({ "key": coded(&begin), "range_end": coded(&end) });
    let found = post(member, "/v3/kv/range", &body)?;
    let pairs = found["kvs"].as_array().cloned().unwrap_or_default();
    let values = pairs.iter().map(|pair| plain(&pair["value"]));
    let mut seen: Vec<Seen> = values.map(|value| Seen::of_record(&value)).collect();
    seen.sort();
    Ok(seen)
}

/// Tells whether a member leads.
pub(super) fn leads(member: SocketAddr) -> bool {
    let status = post(member, "/v3/maintenance/status", &json!({}));
    status.is_ok_and(|status| {
        status["leader"].is_string() && status["leader"] == status["header"]["member_id"]
    })
}

/// Tells whether a member has a leader.
pub(super) fn is_led(member: SocketAddr) -> bool {
    let answer = over_tcp(member, "GET", "/health", "");
    answer.is_ok_and(|answer| answer.status == 200)
}

fn post(member: SocketAddr, path: &str, body: &Value) -> Result<Value, String> {
    let answer = over_tcp(member, "POST", path, &body.to_string());
    let answer = answer.map_err(|error| error.to_string())?;
    if answer.status != 200 {
        return Err(format!("{}: {}", answer.status, answer.body));
    }
    serde_json::from_str(&answer.body).map_err(|error| error.to_string())
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn coded(text: &str) -> String {
    let mut coded = String::new();
    for three in text.as_bytes().chunks(3) {
        let mut bits = 0_u32;
        for at in 0..3 {
            bits = bits << 8 | u32::from(*three.get(at).unwrap_or(&0));
        }
        for digit in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * digit) & 63) as usize];
            coded.push(if digit <= three.len() {
                letter.into()
            } else {
                '='
            });
        }
    }
    coded
}

fn plain(value: &Value) -> Vec<u8> {
    let letters = value.as_str().unwrap_or_default().bytes();
    let digits = letters.filter_map(|letter| LETTERS.iter().position(|one| *one == letter));
    let (mut bits, mut count, mut bytes) = (0_usize, 0, Vec::new());
    for digit in digits {
        bits = bits << 6 | digit;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 255) as u8);
        }
    }
    bytes
}
