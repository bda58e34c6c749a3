//! The paths there are.

use crate::status::Status;

/// One path, or all below one.
#[derive(Clone, Copy)]
pub(super) enum Endpoint {
    Change(Change),
    Look(Look),
    Search(Search),
    Kv,
    /// The page for a person, and what it is told.
    Page,
    Picture,
}

/// The endpoints that take orders.
#[derive(Clone, Copy)]
pub(super) enum Change {
    RegisterService,
    DeregisterService,
    Maintenance,
    NodeMaintenance,
    RegisterCheck,
    DeregisterCheck,
    UpdateCheck,
    SetCheck(Status),
    CreateSession,
    RenewSession,
    DestroySession,
    RegisterNode,
    Deregister,
    Transaction,
}

/// The endpoints that answer from the agent's view.
#[derive(Clone, Copy)]
pub(super) enum Look {
    Services,
    Service,
    Checks,
    HealthOfInstance,
    HealthOfName,
    Own,
    Members,
    Leader,
    Peers,
    Datacenters,
}

/// The endpoints that answer from the catalog, and can be waited at.
#[derive(Clone, Copy)]
pub(super) enum Search {
    Services,
    Nodes,
    Node,
    NodeServices,
    Service,
    Health,
    Checks,
    NodeChecks,
    State,
    Sessions,
    SessionsOf,
    Session,
}

/// The paths; one that ends in a slash stands for all below it, and the longest wins.
#[rustfmt::skip]
pub(super) const ENDPOINTS: [(&str, Endpoint); 41] = [
    ("/ui/", Endpoint::Page),
    ("/ui/picture", Endpoint::Picture),
    ("/v1/agent/service/register", Endpoint::Change(Change::RegisterService)),
    ("/v1/agent/service/deregister/", Endpoint::Change(Change::DeregisterService)),
    ("/v1/agent/service/maintenance/", Endpoint::Change(Change::Maintenance)),
    ("/v1/agent/maintenance", Endpoint::Change(Change::NodeMaintenance)),
    ("/v1/agent/services", Endpoint::Look(Look::Services)),
    ("/v1/agent/service/", Endpoint::Look(Look::Service)),
    ("/v1/agent/health/service/id/", Endpoint::Look(Look::HealthOfInstance)),
    ("/v1/agent/health/service/name/", Endpoint::Look(Look::HealthOfName)),
    ("/v1/agent/checks", Endpoint::Look(Look::Checks)),
    ("/v1/agent/check/register", Endpoint::Change(Change::RegisterCheck)),
    ("/v1/agent/check/deregister/", Endpoint::Change(Change::DeregisterCheck)),
    ("/v1/agent/check/update/", Endpoint::Change(Change::UpdateCheck)),
    ("/v1/agent/check/pass/", Endpoint::Change(Change::SetCheck(Status::Passing))),
    ("/v1/agent/check/warn/", Endpoint::Change(Change::SetCheck(Status::Warning))),
    ("/v1/agent/check/fail/", Endpoint::Change(Change::SetCheck(Status::Critical))),
    ("/v1/agent/self", Endpoint::Look(Look::Own)),
    ("/v1/agent/members", Endpoint::Look(Look::Members)),
    ("/v1/status/leader", Endpoint::Look(Look::Leader)),
    ("/v1/status/peers", Endpoint::Look(Look::Peers)),
    ("/v1/catalog/datacenters", Endpoint::Look(Look::Datacenters)),
    ("/v1/catalog/register", Endpoint::Change(Change::RegisterNode)),
    ("/v1/catalog/deregister", Endpoint::Change(Change::Deregister)),
    ("/v1/catalog/services", Endpoint::Search(Search::Services)),
    ("/v1/catalog/nodes", Endpoint::Search(Search::Nodes)),
    ("/v1/catalog/node/", Endpoint::Search(Search::Node)),
    ("/v1/catalog/node-services/", Endpoint::Search(Search::NodeServices)),
    ("/v1/catalog/service/", Endpoint::Search(Search::Service)),
    ("/v1/health/service/", Endpoint::Search(Search::Health)),
    ("/v1/health/checks/", Endpoint::Search(Search::Checks)),
    ("/v1/health/node/", Endpoint::Search(Search::NodeChecks)),
    ("/v1/health/state/", Endpoint::Search(Search::State)),
    ("/v1/kv/", Endpoint::Kv),
    ("/v1/session/create", Endpoint::Change(Change::CreateSession)),
    ("/v1/session/renew/", Endpoint::Change(Change::RenewSession)),
    ("/v1/session/destroy/", Endpoint::Change(Change::DestroySession)),
    ("/v1/session/info/", Endpoint::Search(Search::Session)),
    ("/v1/session/node/", Endpoint::Search(Search::SessionsOf)),
    ("/v1/session/list", Endpoint::Search(Search::Sessions)),
    ("/v1/txn", Endpoint::Change(Change::Transaction)),
];
