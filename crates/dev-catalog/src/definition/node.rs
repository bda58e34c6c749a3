//! What is told about a node past its agent: `/v1/catalog/register` and `/v1/catalog/deregister`.

use super::{FOREIGN_TO_SERVICE, ServiceDefinition, addresses, meta_fault, weights};
use crate::{
    decode::{DecodeError, Fields},
    record::{CheckRecord, Empty, Indexes, NodeRecord},
    reply::Reply,
    route::DATACENTER,
    status::Status,
};

/// A node with a service and checks, any of which may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeDefinition {
    pub(crate) node: NodeRecord,
    /// The node stays as it is when it is known.
    pub(crate) skip_node: bool,
    pub(crate) service: Option<ServiceDefinition>,
    /// Without the names of their services, which only the store knows.
    pub(crate) checks: Vec<CheckRecord>,
}

/// What leaves the catalog: a service, else a check, else the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Departure {
    pub(crate) node: String,
    pub(crate) service_id: String,
    pub(crate) check_id: String,
}

impl NodeDefinition {
    /// Reads a registration; what is wrong comes as the answer that Consul gives.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Reply> {
        let draft = Self::fields(body).map_err(|error| undecoded(&error))?;
        let (mut definition, datacenter) = draft;
        in_datacenter(&datacenter)?;
        definition.check()?;
        Ok(definition)
    }

    fn fields(body: &[u8]) -> Result<(Self, String), DecodeError> {
        let mut fields = Fields::parse_as(body, "structs.RegisterRequest")?;
        let node = NodeRecord {
            id: fields.text(&["ID"])?,
            name: fields.text(&["Node"])?,
            address: fields.text(&["Address"])?,
            datacenter: DATACENTER,
            tagged_addresses: fields.text_map(&["TaggedAddresses"])?,
            meta: fields.text_map(&["NodeMeta"])?,
            indexes: Indexes::default(),
        };
        let service = fields.object(&["Service"], "structs.NodeService")?;
        let service = service.map(service_of).transpose()?;
        let one = fields.object(&["Check"], "structs.HealthCheck")?;
        let more = fields.objects(&["Checks"], "structs.HealthCheck")?;
        let checks = one.into_iter().chain(more).map(check_of);
        let definition = Self {
            checks: checks.collect::<Result<_, _>>()?,
            node,
            skip_node: fields.flag(&["SkipNodeUpdate"])?,
            service,
        };
        let datacenter = fields.text(&["Datacenter"])?;
        fields.take_foreign(&["Namespace"]);
        fields.end()?;
        Ok((definition, datacenter))
    }

    /// What it counts as against the room there is, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let pairs = self.node.meta.iter().chain(&self.node.tagged_addresses);
        let pairs = pairs.map(|(key, value)| key.len() + value.len());
        let service = self.service.as_ref().map_or(0, ServiceDefinition::weight);
        let checks = self.checks.iter().map(CheckRecord::weight);
        self.node.name.len() + service + checks.chain(pairs).sum::<usize>()
    }

    fn check(&mut self) -> Result<(), Reply> {
        let failed = |text: String| Err(Reply::text(500, text));
        let node = &self.node;
        if node.name.is_empty() {
            return failed("Must provide node".to_owned());
        }
        if node.address.is_empty() && !self.skip_node {
            return failed("Must provide address if SkipNodeUpdate is not set".to_owned());
        }
        if !node.id.is_empty() && node.id.len() != 36 {
            return failed("Bad node ID: uuid string is wrong length".to_owned());
        }
        if let Some(service) = &mut self.service {
            check_service(service, &node.name)?;
        }
        for check in &mut self.checks {
            if check.node.is_empty() {
                check.node.clone_from(&node.name);
            } else if !check.node.eq_ignore_ascii_case(&node.name) {
                let (other, node) = (&check.node, &node.name);
                return failed(format!("check node {other:?} does not match node {node:?}"));
            }
            if check.id.is_empty() {
                check.id.clone_from(&check.name);
            }
        }
        Ok(())
    }
}

fn check_service(service: &mut ServiceDefinition, node: &str) -> Result<(), Reply> {
    if service.name.is_empty() && !service.id.is_empty() {
        return Err(Reply::text(500, "Must provide service name with ID"));
    }
    if service.id.is_empty() {
        service.id.clone_from(&service.name);
    }
    if matches!(service.address.as_str(), "0.0.0.0" | "::" | "[::]") {
        return Err(Reply::text(500, "Invalid service address"));
    }
    for (key, value) in &service.meta {
        if let Some(reason) = meta_fault(key, value) {
            let id = &service.id;
            let place = format!("Invalid Service Meta for node {node} and serviceID {id}");
            let text = format!("Couldn't load metadata pair ('{key}', '{value}'): {reason}");
            return Err(Reply::text(
                500,
                format!("failed inserting service: {place}: {text}"),
            ));
        }
    }
    Ok(())
}

impl Departure {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Reply> {
        let (departure, datacenter) = Self::fields(body).map_err(|error| undecoded(&error))?;
        in_datacenter(&datacenter)?;
        if departure.node.is_empty() {
            return Err(Reply::text(500, "Must provide node"));
        }
        Ok(departure)
    }

    fn fields(body: &[u8]) -> Result<(Self, String), DecodeError> {
        let mut fields = Fields::parse_as(body, "structs.DeregisterRequest")?;
        let departure = Self {
            node: fields.text(&["Node"])?,
            service_id: fields.text(&["ServiceID"])?,
            check_id: fields.text(&["CheckID"])?,
        };
        let datacenter = fields.text(&["Datacenter"])?;
        fields.take_foreign(&["Namespace", "Address"]);
        fields.end()?;
        Ok((departure, datacenter))
    }
}

fn service_of(mut fields: Fields) -> Result<ServiceDefinition, DecodeError> {
    if let Some(name) = fields.take_foreign(&FOREIGN_TO_SERVICE).first() {
        return Err(DecodeError::foreign(name));
    }
    let service = ServiceDefinition {
        id: fields.text(&["ID"])?,
        name: fields.text(&["Service"])?,
        tags: fields.texts(&["Tags"])?,
        port: fields.integer(&["Port"])?.unwrap_or(0),
        address: fields.text(&["Address"])?,
        tagged_addresses: addresses(&mut fields)?,
        meta: fields.text_map(&["Meta"])?,
        weights: weights(&mut fields)?,
        enable_tag_override: fields.flag(&["EnableTagOverride"])?,
        checks: Vec::new(),
    };
    fields.take_foreign(&["Namespace"]);
    fields.end().map(|()| service)
}

fn check_of(mut fields: Fields) -> Result<CheckRecord, DecodeError> {
    let status = fields.text(&["Status"])?;
    let status = match status.as_str() {
        "" => Status::Critical,
        // Consul stores any word here, and then nothing is ever passing.
        given => Status::parse(given).ok_or_else(|| DecodeError::foreign("Status"))?,
    };
    let mut definition = fields.object(&["Definition"], "structs.HealthCheckDefinition")?;
    if definition.take_if(|asked| !asked.is_blank()).is_some() {
        return Err(DecodeError::foreign("Definition"));
    }
    let check = CheckRecord {
        node: fields.text(&["Node"])?,
        id: fields.text(&["CheckID"])?,
        name: fields.text(&["Name"])?,
        status,
        notes: fields.text(&["Notes"])?,
        output: fields.text(&["Output"])?,
        service_id: fields.text(&["ServiceID"])?,
        service_name: String::new(),
        service_tags: Vec::new(),
        kind: "",
        definition: Empty {},
        indexes: Indexes::default(),
        since: std::time::Duration::ZERO,
    };
    fields.take_foreign(&["ServiceName", "ServiceTags", "Namespace", "Type"]);
    fields.end().map(|()| check)
}

fn undecoded(error: &DecodeError) -> Reply {
    Reply::text(400, format!("Request decode failed: {error}"))
}

fn in_datacenter(name: &str) -> Result<(), Reply> {
    if name.is_empty() || name == DATACENTER {
        return Ok(());
    }
    Err(Reply::text(500, "No path to datacenter"))
}
