//! The language of consul-template over Go's templates: what a template may ask of a catalog, and
//! what it says with the answers. Pure: whoever uses it fetches what is missing, and comes again.
//!
//! ```text
//! Template::parse ─once→ Template ─execute(Brain, World)→ Pass { text, used, missing }
//!                                       ↑                              │
//!                         what is known └── fetched by the caller ←────┘
//! ```
//!
//! A pass whose `missing` is empty says what the file shall hold, or why it cannot be said. Any
//! other pass is only good for learning what else is needed, even if it failed: an expression may
//! fail because its data is not there yet.

#![forbid(unsafe_code)]

mod brain;
mod dependency;
mod function;
mod object;
mod scene;
mod template;
mod world;

pub use brain::{Brain, Known};
pub use dependency::{Dependency, Filter, Source};
pub use go_template::Memory;
pub use pilot_core::spec::Language;
pub use template::{Pass, Template, fingerprint};
pub use world::{PluginFailure, World, WrittenFile};
