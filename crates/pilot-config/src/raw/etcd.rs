//! A cluster of etcd, as it is written.

use super::section::RawTls;
use crate::{
    decode::Fields,
    findings::Findings,
    value::{Kind, Span, Spanned, Value},
};

/// A cluster of etcd as it is written.
pub(crate) struct RawEtcd {
    pub(crate) span: Span,
    pub(crate) endpoints: Vec<Spanned<String>>,
    pub(crate) prefix: Option<Spanned<String>>,
    pub(crate) keys: Option<Spanned<String>>,
    pub(crate) username: Option<Spanned<String>>,
    pub(crate) password: Option<Spanned<String>>,
    pub(crate) password_file: Option<Spanned<String>>,
    pub(crate) tls: RawTls,
    /// Whether something in it could not be read, so that what is missing may not be.
    pub(crate) broken: bool,
}

impl RawEtcd {
    /// Reads `etcd` of `catalog`: an object, or the endpoints alone.
    pub(super) fn catalog(value: &Value, findings: &Findings) -> Option<Self> {
        match &value.kind {
            Kind::Text(text) => {
                let endpoints = text.split(',').map(|one| one.trim().to_owned());
                Some(Self::short(value.span, endpoints.collect()))
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Object(_) => {
                let fields = Fields::open(value, "catalog.etcd", findings)?;
                Some(Self::decode(fields, |fields| {
                    let found = fields.one_or_more("endpoints");
                    found.map_or_else(Vec::new, |found| each(found.span, found.value))
                }))
            }
        }
    }

    /// Reads `etcd` of a file of ContainerPilot 2, where what is no text among the endpoints is
    /// passed over, as it always was.
    pub(super) fn version_2(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let etcd = fields.object("etcd")?;
        Some(Self::decode(etcd, |etcd| {
            let found = etcd.value("endpoints");
            found.map_or_else(Vec::new, |found| each(found.span, texts(found)))
        }))
    }

    fn short(span: Span, endpoints: Vec<String>) -> Self {
        Self {
            span,
            endpoints: each(span, endpoints),
            prefix: None,
            keys: None,
            username: None,
            password: None,
            password_file: None,
            tls: RawTls::default(),
            broken: false,
        }
    }

    fn decode<'v, 'f>(
        mut fields: Fields<'v, 'f>,
        endpoints: impl FnOnce(&mut Fields<'v, 'f>) -> Vec<Spanned<String>>,
    ) -> Self {
        let findings = fields.findings();
        let count = findings.count();
        let mut etcd = Self {
            span: fields.span(),
            endpoints: endpoints(&mut fields),
            prefix: fields.filled("prefix"),
            keys: fields.filled("keys"),
            username: fields.filled("username"),
            password: fields.filled("password"),
            password_file: fields.filled("passwordFile"),
            tls: fields
                .object("tls")
                .map_or_else(RawTls::default, RawTls::decode),
            broken: false,
        };
        etcd.broken = findings.count() > count;
        fields.finish();
        etcd
    }
}

fn each(span: Span, texts: Vec<String>) -> Vec<Spanned<String>> {
    let filled = texts.into_iter().filter(|text| !text.is_empty());
    filled.map(|text| Spanned::new(span, text)).collect()
}

fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| match &value.kind {
        Kind::Text(text) => Some(text.clone()),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Object(_) => None,
    };
    match &value.kind {
        Kind::List(items) => items.iter().filter_map(text).collect(),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Object(_) => {
            text(value).into_iter().collect()
        }
    }
}
