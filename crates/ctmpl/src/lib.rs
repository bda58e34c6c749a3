//! The language of consul-template over Go's templates: what a template may ask of a catalog, and
//! what it says with the answers. Pure: whoever uses it fetches what is missing, and comes again.

#![forbid(unsafe_code)]
