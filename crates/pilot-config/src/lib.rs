//! Configuration text to a validated specification, or every problem in it
