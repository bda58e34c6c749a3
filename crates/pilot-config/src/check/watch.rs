//! Watches.

use std::{collections::HashSet, time::Duration};

use pilot_core::spec::WatchSpec;

use super::{Ground, service, text};
use crate::raw::RawWatch;

pub(super) fn check_all(raw: &[RawWatch], ground: Ground<'_>) -> Vec<WatchSpec> {
    let mut seen = HashSet::new();
    for name in raw.iter().filter_map(|watch| watch.name.as_ref()) {
        if !seen.insert(&name.value) {
            let reason = format!(
                "there is another watch[{}], and they share their events",
                name.value
            );
            ground.findings.warn(name.span, reason);
        }
    }
    raw.iter().map(|watch| check(watch, ground)).collect()
}

fn check(raw: &RawWatch, ground: Ground<'_>) -> WatchSpec {
    let name = text(raw.name.as_ref()).unwrap_or_default();
    service::check_name(
        &name,
        raw.name.as_ref().map_or(raw.span, |name| name.span),
        ground,
    );
    let seconds = raw.interval.as_ref().map_or(0, |interval| interval.value);
    if seconds < 1 && !raw.broken {
        let at = raw
            .interval
            .as_ref()
            .map_or(raw.span, |interval| interval.span);
        ground
            .findings
            .error(at, format!("watch[{name}].interval must be > 0"));
    }
    WatchSpec {
        service: text(raw.service.as_ref()).unwrap_or_else(|| name.clone()),
        name: name.as_str().into(),
        tag: text(raw.tag.as_ref()),
        dc: text(raw.dc.as_ref()),
        interval: Duration::from_secs(u64::try_from(seconds).unwrap_or(0)),
    }
}
