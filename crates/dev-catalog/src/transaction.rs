//! What a transaction consists of: `/v1/txn`.

use bytes::Bytes;

use crate::decode::{DecodeError, Fields};

/// How many operations one transaction may have.
pub(crate) const OPERATIONS_MAX: usize = 64;

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Key(KeyOperation),
    Node { name: String },
    Service { node: String, id: String },
    Check { node: String, id: String },
    Nothing,
}

/// A step that concerns a key; what its verb has no use for is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyOperation {
    pub(crate) verb: Verb,
    pub(crate) key: String,
    pub(crate) value: Bytes,
    pub(crate) flags: u64,
    pub(crate) index: u64,
    pub(crate) session: String,
}

/// What is done with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Set,
    Cas,
    Lock,
    Unlock,
    Get,
    GetTree,
    CheckIndex,
    CheckSession,
    CheckNotExists,
    Delete,
    DeleteTree,
    DeleteCas,
    Unknown(String),
}

impl Operation {
    /// Reads the body of a transaction.
    pub(crate) fn parse(body: &[u8]) -> Result<Vec<Self>, DecodeError> {
        let operations = Fields::parse_list(body, "api.TxnOps")?;
        operations.into_iter().map(Self::read).collect()
    }

    fn read(mut fields: Fields) -> Result<Self, DecodeError> {
        let key = fields.object(&["KV"], "api.KVTxnOp")?;
        let node = fields.object(&["Node"], "api.NodeTxnOp")?;
        let service = fields.object(&["Service"], "api.ServiceTxnOp")?;
        let check = fields.object(&["Check"], "api.CheckTxnOp")?;
        fields.end()?;
        Ok(match (key, node, service, check) {
            (Some(key), _, _, _) => Self::Key(KeyOperation::read(key)?),
            (None, Some(mut node), _, _) => {
                only_get(&mut node)?;
                let mut inner = node.object(&["Node"], "api.Node")?.unwrap_or_default();
                Self::Node {
                    name: inner.text(&["Node"])?,
                }
            }
            (None, None, Some(mut service), _) => {
                only_get(&mut service)?;
                let inner = service.object(&["Service"], "api.AgentService")?;
                Self::Service {
                    node: service.text(&["Node"])?,
                    id: inner.unwrap_or_default().text(&["ID"])?,
                }
            }
            (None, None, None, Some(mut check)) => {
                only_get(&mut check)?;
                let inner = check.object(&["Check"], "api.HealthCheck")?;
                let mut inner = inner.unwrap_or_default();
                Self::Check {
                    node: inner.text(&["Node"])?,
                    id: inner.text(&["CheckID"])?,
                }
            }
            (None, None, None, None) => Self::Nothing,
        })
    }

    pub(crate) fn is_write(&self) -> bool {
        match self {
            Self::Key(operation) => operation.verb.is_write(),
            Self::Node { .. } | Self::Service { .. } | Self::Check { .. } | Self::Nothing => false,
        }
    }
}

impl KeyOperation {
    fn read(mut fields: Fields) -> Result<Self, DecodeError> {
        let operation = Self {
            verb: Verb::parse(&fields.text(&["Verb"])?),
            key: fields.text(&["Key"])?,
            value: fields.encoded(&["Value"])?.into(),
            flags: fields.count(&["Flags"])?,
            index: fields.count(&["Index"])?,
            session: fields.text(&["Session"])?,
        };
        fields.take_foreign(&["Namespace"]);
        fields.end().map(|()| operation)
    }
}

impl Verb {
    fn parse(text: &str) -> Self {
        match text {
            "set" => Self::Set,
            "cas" => Self::Cas,
            "lock" => Self::Lock,
            "unlock" => Self::Unlock,
            "get" => Self::Get,
            "get-tree" => Self::GetTree,
            "check-index" => Self::CheckIndex,
            "check-session" => Self::CheckSession,
            "check-not-exists" => Self::CheckNotExists,
            "delete" => Self::Delete,
            "delete-tree" => Self::DeleteTree,
            "delete-cas" => Self::DeleteCas,
            other => Self::Unknown(other.to_owned()),
        }
    }

    fn is_write(&self) -> bool {
        match self {
            Self::Set | Self::Cas | Self::Lock | Self::Unlock => true,
            Self::Delete | Self::DeleteTree | Self::DeleteCas => true,
            Self::Get | Self::GetTree => false,
            Self::CheckIndex | Self::CheckSession | Self::CheckNotExists => false,
            Self::Unknown(_) => false,
        }
    }
}

/// Nodes, services and checks are registered at their own endpoints here.
fn only_get(fields: &mut Fields) -> Result<(), DecodeError> {
    match fields.text(&["Verb"])?.as_str() {
        "get" => Ok(()),
        verb => Err(DecodeError::foreign(&format!("Verb: {verb}"))),
    }
}
