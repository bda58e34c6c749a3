//! One client: reads requests, asks the owner, writes answers.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Body as _, Incoming},
    header::{self, HeaderMap, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{Ask, Page, stream::PatientStream};
use crate::Format;

/// How much of a body is read, which nothing here wants.
const BODY_MAX: usize = 64 << 10;

/// How long a client may take for it.
const BODY_TIME: Duration = Duration::from_secs(10);

/// What the head of a request may take.
const HEAD_MAX: usize = 16 << 10;

/// How long a connection may be idle, or take for the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// How long the owner may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// How long a client may take for an answer.
const TAKE_TIME: Duration = Duration::from_secs(30);

/// Serves one connection to its end.
pub(super) async fn serve(stream: TcpStream, source: mpsc::Sender<Ask>) {
    // Answers are asked for one by one: waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let source = source.clone();
        async move { Ok::<_, Infallible>(respond(request, &source).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(PatientStream::new(stream, TAKE_TIME)), service);
    // What can fail here is the client going away or talking nonsense, and both concern only it.
    let _ = served.await;
}

async fn respond(request: Request<Incoming>, source: &mpsc::Sender<Ask>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let read = timeout(BODY_TIME, discard(body)).await.unwrap_or(false);
    let mut response = match page(&head.method, head.uri.path(), &head.headers) {
        Ok(page) => answer(page, source).await,
        Err(refusal) => refusal.response(),
    };
    if !read {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// Reads a body to its end, up to a point: a socket closed over unread bytes loses the answer too.
async fn discard(mut body: Incoming) -> bool {
    let mut left = BODY_MAX;
    while !body.is_end_stream() {
        match body.frame().await {
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                let Some(rest) = left.checked_sub(length) else {
                    return false;
                };
                left = rest;
            }
            Some(Err(_)) => return false,
            None => return true,
        }
    }
    true
}

/// Why a request shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// There is no such path.
    UnknownPath,
    /// The path is there, but not for this method.
    WrongMethod {
        /// The methods it is there for.
        allowed: &'static str,
    },
    /// The owner does not answer.
    NoAnswer,
}

fn page(method: &Method, path: &str, headers: &HeaderMap) -> Result<Page, Refusal> {
    match path {
        "/metrics" if method == Method::GET || method == Method::HEAD => {
            Ok(Page::Metrics(format(headers)))
        }
        "/metrics" => Err(Refusal::WrongMethod {
            allowed: "GET, HEAD",
        }),
        "/status" if method == Method::GET => Ok(Page::Status),
        "/status" => Err(Refusal::WrongMethod { allowed: "GET" }),
        _ => Err(Refusal::UnknownPath),
    }
}

fn format(headers: &HeaderMap) -> Format {
    let lines = headers.get_all(header::ACCEPT).iter();
    let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    Format::accepted(&lines.join(","))
}

async fn answer(page: Page, source: &mpsc::Sender<Ask>) -> Response<Full<Bytes>> {
    let (answer, answered) = oneshot::channel();
    let asked = async {
        source.send(Ask { page, answer }).await.ok()?;
        answered.await.ok()
    };
    let Ok(Some(text)) = timeout(ANSWER_TIME, asked).await else {
        return Refusal::NoAnswer.response();
    };
    let content_type = match page {
        Page::Metrics(format) => format.content_type(),
        Page::Status => "application/json",
    };
    response(StatusCode::OK, content_type, text)
}

impl Refusal {
    fn response(self) -> Response<Full<Bytes>> {
        let (status, text) = match self {
            Self::UnknownPath => (StatusCode::NOT_FOUND, "404 page not found\n"),
            Self::WrongMethod { .. } => (StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n"),
            Self::NoAnswer => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable\n"),
        };
        let mut response = response(status, "text/plain; charset=utf-8", text.to_owned());
        if let Self::WrongMethod { allowed } = self {
            let allowed = HeaderValue::from_static(allowed);
            response.headers_mut().insert(header::ALLOW, allowed);
        }
        response
    }
}

fn response(status: StatusCode, content_type: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    response
}
