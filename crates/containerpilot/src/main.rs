//! The helper.

fn main() {}
