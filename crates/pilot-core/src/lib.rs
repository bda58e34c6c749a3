//! The deterministic core: jobs, events, services, watches, timers
