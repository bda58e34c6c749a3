//! Orders.

use bytes::Bytes;

use super::{asked, boolean, endpoint::Change, same_datacenter, search};
use crate::{
    decode::{DecodeError, Fields},
    definition::{
        CheckDefinition, DefinitionError, Departure, NodeDefinition, ServiceDefinition,
        SessionDefinition,
    },
    reply::Reply,
    request::Command,
    status::Status,
    target::Target,
    transaction::{OPERATIONS_MAX, Operation},
};

pub(super) fn command(
    change: Change,
    id: &str,
    target: &Target,
    body: &Bytes,
) -> Result<Command, Reply> {
    let id = id.to_owned();
    Ok(match change {
        Change::RegisterService => Command::RegisterService {
            service: Box::new(ServiceDefinition::parse(body).map_err(|error| refused(&error))?),
            replace_checks: asked(target.param("replace-existing-checks")),
        },
        Change::DeregisterService if id.is_empty() => {
            return Err(Reply::text(500, "ServiceID missing"));
        }
        Change::DeregisterService => Command::DeregisterService(id),
        Change::Maintenance if id.is_empty() => {
            return Err(Reply::text(400, "Missing service ID"));
        }
        Change::Maintenance => return maintenance(Some(id), target),
        Change::NodeMaintenance => return maintenance(None, target),
        Change::RegisterCheck => Command::RegisterCheck(Box::new(
            CheckDefinition::parse(body).map_err(|error| refused(&error))?,
        )),
        Change::DeregisterCheck if id.is_empty() => {
            return Err(Reply::text(500, "CheckID missing"));
        }
        Change::DeregisterCheck => Command::DeregisterCheck(id),
        Change::UpdateCheck => return update(id, body),
        Change::SetCheck(status) => {
            let output = target.param("note").unwrap_or("").to_owned();
            Command::UpdateCheck { id, status, output }
        }
        Change::CreateSession => {
            same_datacenter(target)?;
            let session = SessionDefinition::parse(body);
            Command::CreateSession(Box::new(
                session.map_err(|(status, text)| Reply::text(status, text))?,
            ))
        }
        Change::RenewSession | Change::DestroySession if id.is_empty() => {
            return Err(Reply::text(400, "Missing session"));
        }
        Change::RenewSession => Command::RenewSession(id),
        Change::DestroySession => {
            same_datacenter(target)?;
            Command::DestroySession(id)
        }
        Change::RegisterNode => Command::RegisterNode(Box::new(NodeDefinition::parse(body)?)),
        Change::Deregister => Command::Deregister(Departure::parse(body)?),
        Change::Transaction => return transaction(target, body),
    })
}

fn maintenance(service_id: Option<String>, target: &Target) -> Result<Command, Reply> {
    match target.filled("enable") {
        None => Err(Reply::text(400, "Missing value for enable")),
        Some(text) => match boolean(text) {
            None => Err(Reply::text(
                400,
                format!("Invalid value for enable: {text:?}"),
            )),
            Some(false) => Ok(Command::LeaveMaintenance { service_id }),
            Some(true) => {
                let reason = target.param("reason").unwrap_or("").to_owned();
                Ok(Command::EnterMaintenance { service_id, reason })
            }
        },
    }
}

fn update(id: String, body: &[u8]) -> Result<Command, Reply> {
    let read = || {
        let mut fields = Fields::parse(body)?;
        let update = (fields.text(&["Status"])?, fields.text(&["Output"])?);
        fields.end().map(|()| update)
    };
    let (status, output) = read().map_err(|error: DecodeError| {
        Reply::text(400, format!("Request decode failed: {error}"))
    })?;
    match Status::parse(&status) {
        Some(status) => Ok(Command::UpdateCheck { id, status, output }),
        None => Err(Reply::text(
            400,
            format!("Invalid check status: '{status}'"),
        )),
    }
}

fn transaction(target: &Target, body: &[u8]) -> Result<Command, Reply> {
    let operations = Operation::parse(body)
        .map_err(|error| Reply::text(400, format!("Failed to parse body: {error}")))?;
    let count = operations.len();
    if count > OPERATIONS_MAX {
        let text = "Transaction contains too many operations";
        let text = format!("{text} ({count} > {OPERATIONS_MAX})");
        return Err(Reply::text(413, text));
    }
    search::terms(target)?;
    same_datacenter(target)?;
    Ok(Command::Transact(operations))
}

fn refused(error: &DefinitionError) -> Reply {
    Reply::text(400, error.to_string())
}
