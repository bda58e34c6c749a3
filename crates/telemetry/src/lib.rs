//! Metrics and status of the helper: a registry that is a plain value, the Prometheus text formats,
//! and a small HTTP server.
//!
//! # Theory of operation
//!
//! The [`Registry`] holds the user's metrics and the helper's own. It is a value without clock,
//! socket or lock: whoever owns it records what happened and has it encoded, and where time matters
//! it is an argument. The [`Server`] is the shell: it turns a request into an [`Ask`] for whoever
//! owns the registry, and the answer into a response. So there is one owner, and nothing to lock.
//!
//! # Names
//!
//! A metric is shown under the name that was declared, letter by letter, in every format.
//! ContainerPilot 3 did so, and dashboards depend on it. OpenMetrics wants a counter to end in
//! `_total`; one that does not is shown there as `unknown`, which promises less but renames nothing.
//! That format is only spoken to a client who does not take plain text, since it also writes the
//! bounds of buckets differently (`le="1.0"`), and so would make new series out of old ones.
//!
//! # Bounds
//!
//! A labelled metric keeps 512 sets of labels; what comes later is counted under `_other`. A summary
//! keeps at most 500 values as they are for each of five windows, and beyond that estimates from at
//! most 256 samples. The server takes 64 connections (one more is told so and closed), 16 KiB
//! for a head, 64 KiB of a body that nobody reads, 30 s for a head or idle, 10 s for the owner to
//! answer, and 30 s for the client to take the answer.

mod exposition;
mod family;
mod labelled;
mod metric;
mod number;
mod registry;
mod server;
mod status;
mod summary;
mod value;

pub use exposition::Format;
pub use metric::{DeclareError, Kind, Metric, check};
pub use registry::{Exit, ProcessReading, Queue, RecordError, Registry, Rendered, TemplateCommand};
pub use server::{Ask, Page, Server};
pub use status::{JobStatus, ServiceStatus, status_json};
