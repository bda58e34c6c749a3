//! An in-memory catalog for development that speaks the part of Consul's HTTP API that containerpilot uses
