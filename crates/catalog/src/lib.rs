//! Clients of service catalogs: registration that follows reality, watches that miss nothing
