//! The small sections: the log and the control socket.

use std::path::PathBuf;

use super::{Ground, choices, text, word};
use crate::{
    Control, Format, Level, LogOutput, Logging,
    raw::{RawControl, RawLogging},
};

pub(super) fn logging(raw: &RawLogging, ground: Ground<'_>) -> Logging {
    let level = raw.level.as_ref().map(|level| {
        let known = word(&level.value, Level::WORDS);
        if known.is_none() {
            let (written, lower) = (&level.value, level.value.to_lowercase());
            let reason =
                format!("Unknown log level '{written}': not a valid logrus Level: {lower:?}");
            ground
                .findings
                .hinted(level.span, reason, choices(Level::WORDS));
        }
        known.unwrap_or_default()
    });
    let format = raw.format.as_ref().map(|format| {
        let known = word(&format.value, Format::WORDS);
        if known.is_none() {
            let reason = format!("Unknown log format '{}'", format.value);
            ground
                .findings
                .hinted(format.span, reason, choices(Format::WORDS));
        }
        known.unwrap_or_default()
    });
    Logging {
        level: level.unwrap_or_default(),
        format: format.unwrap_or_default(),
        output: output(raw),
    }
}

fn output(raw: &RawLogging) -> LogOutput {
    let written = text(raw.output.as_ref()).unwrap_or_default();
    match written.to_lowercase().as_str() {
        "" | "stdout" => LogOutput::Stdout,
        "stderr" => LogOutput::Stderr,
        _ => LogOutput::File(PathBuf::from(written)),
    }
}

pub(super) fn control(raw: &RawControl, ground: Ground<'_>) -> Control {
    let mut control = Control {
        group: text(raw.group.as_ref()),
        ..Control::default()
    };
    if let Some(socket) = &raw.socket {
        if socket.value.is_empty() {
            let reason = "control: validate failed with control server not loading due to missing \
                          config: `socket` is empty";
            ground.findings.error(socket.span, reason);
        }
        control.socket = PathBuf::from(&socket.value);
    }
    let mode = raw
        .mode
        .as_ref()
        .and_then(|mode| ground.permissions(mode, "control.mode"));
    control.mode = mode.unwrap_or(control.mode);
    control
}
