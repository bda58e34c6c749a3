//! Paths and bodies to what they ask for, and answers to responses.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Response, StatusCode, header};
use pilot_core::{JobCommand, JobName, Signal};
use serde_json::Value;

use super::{Reply, What};

/// Why a request asks for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no such path.
    UnknownPath,
    /// The path is there, but not for this method.
    WrongMethod(&'static str),
    /// The path is another one when its double slashes are taken out.
    Moved(String),
    /// The body does not say what it must.
    Unprocessable(String),
    /// The body is larger than anything sensible.
    TooLarge,
}

/// Finds out what a request asks for.
pub(super) fn what(method: &Method, path: &str, body: &Bytes) -> Result<What, Refusal> {
    if path.contains("//") {
        return Err(Refusal::Moved(single_slashes(path)));
    }
    match path {
        "/v3/ping" => Ok(What::Ping),
        "/v3/environ" | "/v3/env" => post(method).and_then(|()| environ(body)),
        "/v3/metric" => post(method).and_then(|()| metric(body)),
        "/v3/reload" => post(method).map(|()| What::Reload),
        "/v3/maintenance/enable" => post(method).map(|()| What::Maintenance { enable: true }),
        "/v3/maintenance/disable" => post(method).map(|()| What::Maintenance { enable: false }),
        "/v3/status" if method == Method::GET => Ok(What::Status),
        "/v3/status" => Err(Refusal::WrongMethod("GET")),
        _ => job(method, path),
    }
}

fn single_slashes(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    format!("/{}", parts.join("/"))
}

fn post(method: &Method) -> Result<(), Refusal> {
    if method == Method::POST {
        Ok(())
    } else {
        Err(Refusal::WrongMethod("POST"))
    }
}

/// `/v3/jobs/NAME/start`, `stop`, `restart`, `signal/SIGNAL`.
fn job(method: &Method, path: &str) -> Result<What, Refusal> {
    let rest = path.strip_prefix("/v3/jobs/").ok_or(Refusal::UnknownPath)?;
    let parts: Vec<&str> = rest.split('/').collect();
    let (name, command) = match parts.as_slice() {
        [name, "start"] => (name, JobCommand::Start),
        [name, "stop"] => (name, JobCommand::Stop),
        [name, "restart"] => (name, JobCommand::Restart),
        [name, "signal", signal] => (name, JobCommand::Signal(signal_of(signal)?)),
        _ => return Err(Refusal::UnknownPath),
    };
    post(method)?;
    let name = JobName::new(unescaped(name));
    Ok(What::Job { name, command })
}

fn signal_of(text: &str) -> Result<Signal, Refusal> {
    let unknown = || Refusal::Unprocessable(format!("`{text}` is not a signal"));
    Signal::parse(text).ok_or_else(unknown)
}

/// Takes the percent signs out of a path component.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, more)) = rest.split_first() {
        let hex = more.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &more[2..];
            }
            _ => {
                bytes.push(first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn environ(body: &Bytes) -> Result<What, Refusal> {
    let mut pairs = Vec::new();
    for (name, value) in object(body)? {
        match value {
            Value::String(text) => pairs.push((name, Some(text))),
            Value::Null => pairs.push((name, None)),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                let reason = format!("the value of `{name}` must be a text, or null to unset it");
                return Err(Refusal::Unprocessable(reason));
            }
        }
    }
    Ok(What::Environ(pairs))
}

fn metric(body: &Bytes) -> Result<What, Refusal> {
    Ok(What::Metric(object(body)?.into_iter().collect()))
}

fn object(body: &Bytes) -> Result<serde_json::Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(Value::Null) => Ok(serde_json::Map::new()),
        Ok(_) => Err(Refusal::Unprocessable(
            "the body must be a JSON object".to_owned(),
        )),
        Err(error) => Err(Refusal::Unprocessable(format!(
            "the body is not JSON: {error}"
        ))),
    }
}

impl Refusal {
    pub(super) fn response(&self) -> Response<Full<Bytes>> {
        match self {
            Self::UnknownPath => text(StatusCode::NOT_FOUND, "404 page not found"),
            Self::WrongMethod(allowed) => {
                let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
                let allowed = header::HeaderValue::from_static(allowed);
                response.headers_mut().insert(header::ALLOW, allowed);
                response
            }
            Self::Moved(path) => {
                let mut response = text(StatusCode::MOVED_PERMANENTLY, "Moved Permanently");
                if let Ok(path) = header::HeaderValue::from_str(path) {
                    response.headers_mut().insert(header::LOCATION, path);
                }
                response
            }
            Self::Unprocessable(reason) => unprocessable(reason),
            Self::TooLarge => text(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
        }
    }
}

fn unprocessable(reason: &str) -> Response<Full<Bytes>> {
    // Old clients look for the status alone, old scripts for these words.
    text(
        StatusCode::UNPROCESSABLE_ENTITY,
        &format!("Unprocessable Entity: {reason}"),
    )
}

impl Reply {
    /// The status it is answered with.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Done | Self::Json(_) => 200,
            Self::Unprocessable(_) => 422,
            Self::NotFound(_) => 404,
        }
    }
}

pub(super) fn response(reply: Reply) -> Response<Full<Bytes>> {
    match reply {
        Reply::Done => text(StatusCode::OK, ""),
        Reply::Json(value) => {
            let mut response = text(StatusCode::OK, &value.to_string());
            let json = header::HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response
        }
        Reply::Unprocessable(reason) => unprocessable(&reason),
        Reply::NotFound(reason) => text(StatusCode::NOT_FOUND, &reason),
    }
}

/// A body always ends with a newline, as ContainerPilot's do.
fn text(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(format!("{body}\n"))));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, path: &str, body: &str) -> Result<What, Refusal> {
        let method = method.parse().unwrap();
        what(&method, path, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn every_endpoint_of_containerpilot_3_is_there() {
        assert_eq!(ask("GET", "/v3/ping", ""), Ok(What::Ping));
        assert_eq!(ask("POST", "/v3/reload", "{{"), Ok(What::Reload));
        let enable = What::Maintenance { enable: true };
        assert_eq!(ask("POST", "/v3/maintenance/enable", "{{"), Ok(enable));
        let disable = What::Maintenance { enable: false };
        assert_eq!(ask("POST", "/v3/maintenance/disable", ""), Ok(disable));
        for path in ["/v3/environ", "/v3/env"] {
            let pairs = vec![("V".into(), Some("updated".into())), ("W".into(), None)];
            let asked = ask("POST", path, r#"{"V": "updated", "W": null}"#);
            assert_eq!(asked, Ok(What::Environ(pairs)));
        }
        let one = vec![("m".into(), serde_json::json!(1.0))];
        assert_eq!(
            ask("POST", "/v3/metric", r#"{"m": 1.0}"#),
            Ok(What::Metric(one))
        );
    }

    #[test]
    fn what_asks_for_nothing_is_refused() {
        let get = |path| ask("GET", path, "");
        for path in [
            "/v3/reload",
            "/v3/environ",
            "/v3/metric",
            "/v3/maintenance/enable",
        ] {
            assert_eq!(get(path), Err(Refusal::WrongMethod("POST")), "{path}");
        }
        assert_eq!(get("/v3/nothing"), Err(Refusal::UnknownPath));
        assert_eq!(get("/v3/ping/"), Err(Refusal::UnknownPath));
        assert_eq!(get("//v3//ping"), Err(Refusal::Moved("/v3/ping".into())));
        for body in ["{{", "[]", r#"{"V": 1}"#] {
            let asked = ask("POST", "/v3/environ", body);
            assert!(matches!(asked, Err(Refusal::Unprocessable(_))), "{body}");
        }
        assert_eq!(
            ask("POST", "/v3/environ", "null"),
            Ok(What::Environ(vec![]))
        );
    }

    #[test]
    fn a_job_is_named_in_the_path() {
        let asked = ask("POST", "/v3/jobs/my%20job/signal/hup", "");
        let name = JobName::new("my job");
        let command = JobCommand::Signal(Signal::HUP);
        assert_eq!(asked, Ok(What::Job { name, command }));
        let bogus = ask("POST", "/v3/jobs/a/signal/bogus", "");
        assert!(matches!(bogus, Err(Refusal::Unprocessable(_))));
    }
}
