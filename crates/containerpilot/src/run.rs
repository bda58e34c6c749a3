//! Running: from a configuration to a status.

use std::{future::Future, net::SocketAddr, process::ExitCode, time::Duration};

use logbook::Logbook;
use pilot_config::Config;
use pilot_core::{
    JobName, Signal, Spec,
    spec::{Backoff, Command, JobSpec, Output, Role, Signals},
};
use tokio::runtime::{Builder, Runtime};

use crate::{
    cli,
    environment::Environment,
    logging,
    shell::{Parts, Shell},
    signals,
    source::{LoadError, Origin, Reading},
};

/// How long work on files may take after everything has ended.
const LAST_WORK: Duration = Duration::from_secs(1);
/// The status of a configuration that cannot be used.
const EXIT_CONFIG: u8 = 1;

/// Runs the jobs of a configuration.
pub(crate) fn config(flag: Option<&str>, program: &[String]) -> ExitCode {
    let environment = Environment::of_this_process();
    let loaded = Origin::find(flag, &environment)
        .map(|origin| origin.wrapping(program))
        .and_then(|origin| Ok((origin.load(&environment)?, origin)));
    let (config, origin) = match loaded {
        Ok(loaded) => loaded,
        Err(error @ LoadError::TakesNoProgram) => {
            return cli::usage_error(&format!("{error}{}", stray(program)));
        }
        Err(error) => return refuse(&format!("{error}{}", stray_beside(&error, program))),
    };
    let log = match Logbook::open(logging::settings(&config.logging)) {
        Ok(log) => log,
        Err(error) => return refuse(&error.to_string()),
    };
    start(Parts {
        config,
        reading: Some(Reading::Origin(origin)),
        environment,
        terminal: false,
        log,
    })
}

/// Runs one program and is its init: every signal goes to it, and its status is ours.
pub(crate) fn init(program: Vec<String>) -> ExitCode {
    let settings = logbook::Settings {
        level: logbook::Level::Fatal,
        format: logbook::Format::Default,
        output: logbook::Output::Stderr,
    };
    let log = match Logbook::open(settings) {
        Ok(log) => log,
        Err(error) => return refuse(&error.to_string()),
    };
    start(Parts {
        config: Config {
            spec: init_spec(program),
            ..Config::default()
        },
        reading: None,
        environment: Environment::of_this_process(),
        terminal: true,
        log,
    })
}

/// What a word that is no flag may have been meant as where no configuration was named; beside one
/// it may well be the program that it wraps.
fn stray_beside(error: &LoadError, program: &[String]) -> String {
    let meant = |word: &String| cli::is_subcommand(word);
    match error {
        LoadError::None | LoadError::TakesNoProgram => stray(program),
        // Without the configuration that was named, the program alone is not what was meant.
        LoadError::Unreadable { .. } | LoadError::Fault | LoadError::Problems(_)
            if program.first().is_some_and(meant) =>
        {
            stray(program)
        }
        LoadError::Unreadable { .. }
        | LoadError::Empty { .. }
        | LoadError::Fault
        | LoadError::Problems(_) => String::new(),
    }
}

/// What a word that is no flag may have been meant as.
fn stray(program: &[String]) -> String {
    match program.first() {
        None => String::new(),
        Some(word) if cli::is_subcommand(word) => {
            format!("\nhint: put it first: `containerpilot {word} --config FILE`")
        }
        Some(word) => format!(
            "\nhint: `{word}` is not a subcommand; to run it as a program: containerpilot -- {}",
            program.join(" ")
        ),
    }
}

fn init_spec(program: Vec<String>) -> Spec {
    let mut command = Command::new(program);
    command.output = Output::Raw;
    let name = JobName::new(command.argv.first().map_or("", String::as_str));
    Spec {
        jobs: vec![JobSpec {
            exec: Some(command),
            role: Role::Essential,
            backoff: Backoff::None,
            ..JobSpec::new(name)
        }],
        signals: Signals::forwarded(),
        ..Spec::default()
    }
}

/// Starts what was loaded, and gives the status it ends with.
pub(crate) fn start(parts: Parts) -> ExitCode {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("cannot start: {error}")),
    };
    let code = runtime.block_on(async {
        let ears = match signals::listen() {
            Ok(ears) => ears,
            Err(error) => return refuse(&format!("cannot listen for signals: {error}")),
        };
        let log = parts.log.clone();
        match Shell::open(parts) {
            Ok(shell) => ExitCode::from(shell.run(ears).await),
            Err(reason) => {
                log.flush(Duration::from_secs(1)).await;
                refuse(&reason)
            }
        }
    });
    // A disk that hangs keeps nobody from leaving.
    runtime.shutdown_timeout(LAST_WORK);
    code
}

/// Serves the embedded catalog until TERM or INT.
pub(crate) fn catalog(address: SocketAddr) -> ExitCode {
    let served = block_on(async move {
        let server = dev_catalog::DevCatalog::bind(address)?;
        let place = server.local_addr();
        crate::say::out(&format!(
            "containerpilot catalog: serving a Consul-compatible catalog for development at http://{place}; its page is at http://{place}/ui/; it is kept in memory only and forgotten at the end"
        ));
        let ears = signals::listen()?;
        let ends = |signal: Signal| [Signal::TERM, Signal::INT].contains(&signal);
        server
            .serve(async move { while !ears.heard().await.any(ends) {} })
            .await
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!(
            "cannot serve the catalog at {address}: {}",
            crate::source::plain(&error)
        )),
    }
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2)
        .thread_keep_alive(Duration::from_secs(1))
        .build()
}

/// Runs something that waits, for commands that are done when it is.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    runtime()
        .expect("a runtime of one thread needs two descriptors, which a fresh process has")
        .block_on(future)
}

/// Says why there is nothing to run.
pub(crate) fn refuse(reason: &str) -> ExitCode {
    signals::release();
    crate::say::err(reason);
    ExitCode::from(EXIT_CONFIG)
}
