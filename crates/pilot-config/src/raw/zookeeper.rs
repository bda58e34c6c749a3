//! ZooKeeper as it is written.

use super::section::RawTls;
use crate::{
    decode::Fields,
    findings::Findings,
    value::{Kind, Span, Spanned, Value},
};

/// An ensemble as it is written.
pub(crate) struct RawZookeeper {
    pub(crate) span: Span,
    /// Several, or one text with all of them.
    pub(crate) servers: Option<Spanned<Vec<String>>>,
    pub(crate) chroot: Option<Spanned<String>>,
    pub(crate) root: Option<Spanned<String>>,
    pub(crate) keys: Option<Spanned<String>>,
    pub(crate) user: Option<Spanned<String>>,
    pub(crate) password: Option<Spanned<String>>,
    pub(crate) password_file: Option<Spanned<String>>,
    pub(crate) acl: Option<Spanned<String>>,
    pub(crate) session_timeout: Option<Spanned<String>>,
    pub(crate) tls: Option<RawTls>,
}

impl RawZookeeper {
    /// Reads the short form or the long one; says what is wrong with anything else.
    pub(super) fn read(value: &Value, findings: &Findings) -> Option<Self> {
        let path = "catalog.zookeeper";
        match &value.kind {
            Kind::Text(text) => {
                let servers = Spanned::new(value.span, vec![text.clone()]);
                Some(Self {
                    servers: Some(servers),
                    ..Self::empty(value.span)
                })
            }
            Kind::Object(_) => Fields::open(value, path, findings).map(Self::decode),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) => {
                let reason = format!("cannot use `{path}`: neither text nor object");
                let hint = "write `catalog: {zookeeper: \"zk1:2181,zk2:2181\"}`";
                findings.hinted(value.head(), reason, hint);
                None
            }
        }
    }

    /// Nothing but its place.
    pub(super) fn empty(span: Span) -> Self {
        Self {
            span,
            servers: None,
            chroot: None,
            root: None,
            keys: None,
            user: None,
            password: None,
            password_file: None,
            acl: None,
            session_timeout: None,
            tls: None,
        }
    }

    fn decode(mut fields: Fields<'_, '_>) -> Self {
        let zookeeper = Self {
            span: fields.span(),
            servers: fields.one_or_more("servers"),
            chroot: fields.filled("chroot"),
            root: fields.filled("root"),
            keys: fields.filled("keys"),
            user: fields.filled("user"),
            password: fields.filled("password"),
            password_file: fields.filled("passwordFile"),
            acl: fields.filled("acl"),
            session_timeout: fields.filled("sessionTimeout"),
            tls: fields.object("tls").map(RawTls::decode),
        };
        fields.finish();
        zookeeper
    }
}
