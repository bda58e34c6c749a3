//! Go text/template, as Go executes it
