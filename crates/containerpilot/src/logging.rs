//! The log's settings, from the configuration's words to the log's own.

use logbook::Settings;
use pilot_config::{Format, Level, LogOutput, Logging};

pub(crate) fn settings(logging: &Logging) -> Settings {
    Settings {
        level: match logging.level {
            Level::Debug => logbook::Level::Debug,
            Level::Info => logbook::Level::Info,
            Level::Warn => logbook::Level::Warn,
            Level::Error => logbook::Level::Error,
            Level::Fatal | Level::Panic => logbook::Level::Fatal,
        },
        format: match logging.format {
            Format::Default => logbook::Format::Default,
            Format::Text => logbook::Format::Text,
            Format::Json => logbook::Format::Json,
        },
        output: match &logging.output {
            LogOutput::Stdout => logbook::Output::Stdout,
            LogOutput::Stderr => logbook::Output::Stderr,
            LogOutput::File(path) => logbook::Output::File(path.clone()),
        },
    }
}
