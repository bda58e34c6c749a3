//! Values to the types that were meant, as weakly typed as in ContainerPilot 3.

mod fields;
mod weak;

pub(crate) use fields::{Fields, last_of_each};
pub(crate) use weak::{number, text, texts, truth};
