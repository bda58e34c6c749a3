//! One client: reads requests, asks the desk, writes answers.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Body as _, Incoming},
    header::{CONNECTION, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot},
};

use super::{desk::Call, origin, stream::PatientStream};
use crate::{reply::Reply, route::route, target::Target};

/// The largest body, which is Consul's limit for a value (`kv_max_value_size`).
const BODY_MAX: usize = 512 << 10;

/// How much of a larger one is read before the connection is closed.
const DISCARD_MAX: usize = 2 * BODY_MAX;

/// How long a client may take for a body.
const BODY_TIME: Duration = Duration::from_secs(10);

/// How long a connection may be idle, or take for the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(120);

/// What the head of a request may take.
const HEAD_MAX: usize = 64 << 10;

/// How long a client may leave an answer unread.
const STALL_TIME: Duration = Duration::from_secs(30);

/// Serves one connection to its end.
pub(super) async fn serve(stream: TcpStream, caller: mpsc::Sender<Call>, loopback: bool) {
    // Answers are small and asked for one by one: waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let caller = caller.clone();
        async move { Ok::<_, Infallible>(response(answer(request, caller, loopback).await)) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_MAX)
        .title_case_headers(true)
        .serve_connection(
            TokioIo::new(PatientStream::new(stream, STALL_TIME)),
            service,
        );
    // What can fail here is the client going away or talking nonsense, and both concern only it.
    let _ = served.await;
}

async fn answer(request: Request<Incoming>, caller: mpsc::Sender<Call>, loopback: bool) -> Reply {
    let (head, body) = request.into_parts();
    if let Err(reply) = origin::admit(&head.method, &head.uri, &head.headers, loopback) {
        return reply.with(CONNECTION.as_str(), "close");
    }
    let limit = match head.uri.path() {
        "/v1/txn" => "txn_max_req_len",
        _ => "kv_max_value_size",
    };
    let body = match read(body, limit).await {
        Ok(body) => body,
        Err(reply) => return reply.with(CONNECTION.as_str(), "close"),
    };
    let target = Target::new(head.uri.path(), head.uri.query());
    let request = match route(head.method.as_str(), &target, &body) {
        Ok(request) => request,
        Err(reply) => return reply,
    };
    let (reply, answered) = oneshot::channel();
    let gone = || Reply::text(503, "the development catalog is shutting down");
    if caller.send(Call { request, reply }).await.is_err() {
        return gone();
    }
    answered.await.unwrap_or_else(|_| gone())
}

async fn read(mut body: Incoming, limit: &str) -> Result<Bytes, Reply> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let length = body.size_hint().exact().unwrap_or(0);
    if length > BODY_MAX as u64 {
        let _ = tokio::time::timeout(BODY_TIME, discard(&mut body)).await;
        return Err(too_large(&format!("({length} bytes)"), limit));
    }
    match tokio::time::timeout(BODY_TIME, Limited::new(body, BODY_MAX).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large("", limit)),
        Ok(Err(_)) => Err(Reply::text(400, "cannot read the request body")),
        Err(_) => Err(Reply::text(408, "the request body took too long")),
    }
}

/// Reads a refused body, up to a point: a socket closed over unread bytes loses the answer too.
async fn discard(body: &mut Incoming) {
    let mut left = DISCARD_MAX;
    while left > 0
        && let Some(Ok(frame)) = body.frame().await
    {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
    }
}

fn too_large(size: &str, limit: &str) -> Reply {
    let text = format!(
        "Request body{size} too large, max size: {BODY_MAX} bytes. \
         See https://www.consul.io/docs/agent/options.html#{limit}."
    );
    Reply::text(413, text)
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).expect("replies have real statuses");
    let headers = response.headers_mut();
    for (name, value) in reply.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("header names are our own");
        // The values we write are plain text; a foreign one, as in `Location`, is encoded.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    headers.insert("vary", HeaderValue::from_static("Accept-Encoding"));
    response
}
