//! What may be asked of a server, and what it says.

use bytes::Bytes;

use super::{
    jute::{Reader, Unreadable, Writer},
    settings::Acl,
};
use crate::{Backend, CatalogError};

/// One thing to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Make a node.
    Create(Create),
    /// Take a node away, if it is of this version; none is any.
    Delete { path: String, version: Option<i32> },
    /// Make and take away nodes, in one step that happens as a whole or not at all.
    Together(Vec<Self>),
    /// Give what a node holds.
    Read { path: String },
    /// Give the names of the nodes below one.
    List { path: String },
    /// Write what a node holds, if it is of this version; none is any.
    Write {
        path: String,
        value: Bytes,
        version: Option<i32>,
    },
    /// Tell of every change of a node and of all below it, whether or not it is there yet, until
    /// the connection ends.
    Watch { path: String },
    /// Tell of them no longer.
    Unwatch { path: String },
    /// Catch up with who leads, so that what is read next is no older than now.
    Sync,
    /// Say that we are there.
    Ping,
    /// Say who we are.
    Identify { credential: Bytes },
    /// End the session, and what lives with it.
    Close,
}

/// A node to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Create {
    pub(super) path: String,
    pub(super) value: Bytes,
    pub(super) acl: Acl,
    /// Whether it ends with the session.
    pub(super) is_ephemeral: bool,
}

/// An answer that is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Done,
    /// What a node holds.
    Node(Node),
    /// How a node is after it was written.
    Written(Stat),
    /// The names of the nodes below one.
    Names(Vec<String>),
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) value: Bytes,
    pub(super) stat: Stat,
}

/// What a server says about a node beside what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) created: i64,
    pub(super) modified: i64,
    pub(super) version: i32,
    /// The session it ends with; 0 if it stays.
    pub(super) owner: i64,
    pub(super) children: i32,
}

/// Why a server did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code(pub(super) i32);

impl Code {
    pub(super) const OK: Self = Self(0);
    pub(super) const UNIMPLEMENTED: Self = Self(-6);
    pub(super) const NO_NODE: Self = Self(-101);
    pub(super) const NO_AUTH: Self = Self(-102);
    pub(super) const BAD_VERSION: Self = Self(-103);
    pub(super) const NODE_EXISTS: Self = Self(-110);
    pub(super) const NOT_EMPTY: Self = Self(-111);
    pub(super) const SESSION_EXPIRED: Self = Self(-112);
    pub(super) const SESSION_MOVED: Self = Self(-118);

    // ZooKeeper's own names for them, which people can look up.
    fn name(self) -> &'static str {
        match self.0 {
            -1 => "SystemError",
            -5 => "MarshallingError",
            -6 => "Unimplemented",
            -7 => "OperationTimeout",
            -8 => "BadArguments",
            -101 => "NoNode",
            -102 => "NoAuth: this user may not do it",
            -103 => "BadVersion",
            -108 => "NoChildrenForEphemerals: the node above it lives only as long as a session",
            -110 => "NodeExists",
            -111 => "NotEmpty",
            -112 => "SessionExpired",
            -114 => "InvalidACL: `acl: \"creator\"` needs `user` and `password`",
            -115 => "AuthFailed",
            -118 => "SessionMoved",
            -119 => "NotReadOnly",
            -125 => "QuotaExceeded",
            -127 => "ThrottledOp",
            _ => "an error that has no name here",
        }
    }
}

impl Request {
    const PING: i32 = -2;
    const AUTH: i32 = -4;

    /// Writes it as a message under a number, or under the one that belongs to its kind.
    pub(super) fn encode(&self, number: i32) -> Bytes {
        let mut writer = Writer::new();
        writer.int(self.number().unwrap_or(number)).int(self.kind());
        self.body(&mut writer);
        writer.finish()
    }

    /// The number that all of its kind have.
    pub(super) fn number(&self) -> Option<i32> {
        match self {
            Self::Ping => Some(Self::PING),
            Self::Identify { .. } => Some(Self::AUTH),
            Self::Create(_)
            | Self::Delete { .. }
            | Self::Together(_)
            | Self::Read { .. }
            | Self::List { .. }
            | Self::Write { .. }
            | Self::Watch { .. }
            | Self::Unwatch { .. }
            | Self::Sync
            | Self::Close => None,
        }
    }

    fn kind(&self) -> i32 {
        match self {
            Self::Create(_) => 1,
            Self::Delete { .. } => 2,
            Self::Read { .. } => 4,
            Self::Write { .. } => 5,
            Self::List { .. } => 8,
            Self::Sync => 9,
            Self::Ping => 11,
            Self::Together(_) => 14,
            Self::Unwatch { .. } => 18,
            Self::Identify { .. } => 100,
            Self::Watch { .. } => 106,
            Self::Close => -11,
        }
    }

    fn body(&self, writer: &mut Writer) {
        match self {
            Self::Create(create) => create.encode(writer),
            Self::Delete { path, version } => {
                writer.text(path).int(version.unwrap_or(ANY));
            }
            Self::Together(parts) => {
                for part in parts {
                    writer.int(part.kind()).truth(false).int(-1);
                    part.body(writer);
                }
                writer.int(-1).truth(true).int(-1);
            }
            Self::Read { path } | Self::List { path } => {
                writer.text(path).truth(false);
            }
            Self::Write {
                path,
                value,
                version,
            } => {
                let version = version.unwrap_or(ANY);
                writer.text(path).bytes(value).int(version);
            }
            // In the mode that is persistent and recursive.
            Self::Watch { path } => {
                writer.text(path).int(1);
            }
            // Of whatever kind.
            Self::Unwatch { path } => {
                writer.text(path).int(3);
            }
            Self::Sync => {
                writer.text("/");
            }
            Self::Identify { credential } => {
                writer.int(0).text("digest").bytes(credential);
            }
            Self::Ping | Self::Close => {}
        }
    }

    /// Reads the answer to it.
    pub(super) fn decode(&self, mut body: Reader) -> Result<Result<Reply, Code>, Unreadable> {
        let reply = match self {
            Self::Read { .. } => Reply::Node(Node {
                value: body.bytes()?,
                stat: Stat::decode(&mut body)?,
            }),
            Self::Write { .. } => Reply::Written(Stat::decode(&mut body)?),
            Self::List { .. } => Reply::Names(body.texts()?),
            Self::Together(_) => return outcome_of_parts(body),
            Self::Create(_)
            | Self::Delete { .. }
            | Self::Watch { .. }
            | Self::Unwatch { .. }
            | Self::Sync
            | Self::Ping
            | Self::Identify { .. }
            | Self::Close => Reply::Done,
        };
        Ok(Ok(reply))
    }

    /// Says what it is, for errors.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Create(create) => format!("create {}", create.path),
            Self::Delete { path, .. } => format!("delete {path}"),
            Self::Together(parts) => {
                let parts: Vec<_> = parts.iter().map(Self::describe).collect();
                parts.join(" and ")
            }
            Self::Read { path } => format!("get {path}"),
            Self::List { path } => format!("ls {path}"),
            Self::Write { path, .. } => format!("set {path}"),
            Self::Watch { path } => format!("addWatch {path}"),
            Self::Unwatch { path } => format!("removewatches {path}"),
            Self::Sync => "sync".to_owned(),
            Self::Ping => "ping".to_owned(),
            Self::Identify { .. } => "addauth digest".to_owned(),
            Self::Close => "close".to_owned(),
        }
    }

    /// Turns a refusal into an error.
    pub(super) fn refused(&self, code: Code) -> CatalogError {
        let who = Backend::Zookeeper;
        if code == Code::UNIMPLEMENTED {
            let what = "persistent watches before version 3.6, and this server is older";
            return CatalogError::Unsupported { who, what };
        }
        CatalogError::Refused {
            who,
            status: u16::try_from(-code.0).unwrap_or(0),
            call: self.describe(),
            text: code.name().to_owned(),
        }
    }
}

/// Stands for any version.
const ANY: i32 = -1;

/// A row of steps fails as a whole, with the reason at the one that failed.
fn outcome_of_parts(mut body: Reader) -> Result<Result<Reply, Code>, Unreadable> {
    /// Of those that would have been carried out.
    const ROLLED_BACK: [i32; 2] = [0, -2];
    loop {
        let (kind, is_end, _) = (body.int()?, body.truth()?, body.int()?);
        match kind {
            _ if is_end => return Ok(Ok(Reply::Done)),
            -1 => {
                let code = body.int()?;
                if !ROLLED_BACK.contains(&code) {
                    return Ok(Err(Code(code)));
                }
            }
            1 => drop(body.text()?),
            2 => {}
            _ => return Err(Unreadable("a step that nobody asked for")),
        }
    }
}

impl Create {
    fn encode(&self, writer: &mut Writer) {
        const ALL: i32 = 31;
        const READ: i32 = 1;
        writer.text(&self.path).bytes(&self.value);
        match self.acl {
            Acl::Open => {
                writer.int(1);
                writer.int(ALL).text("world").text("anyone");
            }
            Acl::Creator => {
                writer.int(2);
                writer.int(ALL).text("auth").text("");
                writer.int(READ).text("world").text("anyone");
            }
        }
        writer.int(self.is_ephemeral.into());
    }
}

impl Stat {
    fn decode(body: &mut Reader) -> Result<Self, Unreadable> {
        let (created, modified) = (body.long()?, body.long()?);
        let _times = (body.long()?, body.long()?);
        let version = body.int()?;
        let _other_versions = (body.int()?, body.int()?);
        let owner = body.long()?;
        let _size = body.int()?;
        let children = body.int()?;
        body.long()?;
        Ok(Self {
            created,
            modified,
            version,
            owner,
            children,
        })
    }
}
