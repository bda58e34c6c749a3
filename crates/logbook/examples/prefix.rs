//! Copies its standard input to its standard output as the output of a child is logged.
//!
//! `prefix [default|text|json] < lines > log`. Put a program in front that writes fast, and the time
//! it takes is the log's.

use std::{os::fd::AsFd, process::ExitCode, time::Duration};

use logbook::{Format, Level, Logbook, Origin, Output, Settings, Stream};

fn main() -> ExitCode {
    let format = match std::env::args().nth(1).as_deref() {
        None | Some("default") => Format::Default,
        Some("text") => Format::Text,
        Some("json") => Format::Json,
        Some(other) => {
            eprintln!("`{other}` is no format");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a fresh process has two descriptors left");
    runtime.block_on(copy(format))
}

async fn copy(format: Format) -> ExitCode {
    let settings = Settings {
        level: Level::Info,
        format,
        output: Output::Stdout,
    };
    let log = Logbook::open(settings).expect("the standard output needs no opening");
    let stdin = std::io::stdin().as_fd().try_clone_to_owned();
    let input = stdin.expect("a fresh process has a descriptor left");
    let origin = Origin::new("app", std::process::id(), Stream::Stdout);
    log.capture(input, origin, None).await;
    if log.flush(Duration::from_secs(60)).await {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
