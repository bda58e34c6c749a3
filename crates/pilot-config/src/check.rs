//! What was written to what it means, one file per section of the user's documentation.

use crate::{Catalog, Config, Control, Logging, World, findings::Findings, value::Value};

/// Makes the configuration; none where an error keeps it from being one.
pub(crate) fn config(_value: &Value, _world: &World<'_>, _findings: &Findings) -> Option<Config> {
    Some(Config {
        spec: pilot_core::Spec::default(),
        catalog: Catalog::None,
        logging: Logging::default(),
        control: Control::default(),
        telemetry: None,
        addresses: Vec::new(),
        warnings: Vec::new(),
    })
}
