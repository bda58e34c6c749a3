//! Templates as they are written.

use crate::{
    decode::Fields,
    value::{Kind, Span, Spanned, Value},
};

/// A template as it is written.
pub(crate) struct RawTemplate<'v> {
    pub(crate) span: Span,
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) source: Option<Spanned<String>>,
    pub(crate) contents: Option<Spanned<String>>,
    pub(crate) destination: Option<Spanned<String>>,
    pub(crate) check: Option<&'v Value>,
    pub(crate) on_change: Option<RawOnChange<'v>>,
    pub(crate) perms: Option<Spanned<String>>,
    pub(crate) user: Option<Spanned<String>>,
    pub(crate) group: Option<Spanned<String>>,
    pub(crate) wait: Option<RawWait>,
}

/// What to do on a change, as it is written.
pub(crate) enum RawOnChange<'v> {
    Word(Spanned<String>),
    Steps {
        span: Span,
        signal: Option<Spanned<String>>,
        job: Option<Spanned<String>>,
        exec: Option<&'v Value>,
        timeout: Option<Spanned<String>>,
        restart: Option<Spanned<String>>,
    },
}

/// How long to wait for quiet, as it is written.
pub(crate) enum RawWait {
    Quiet(Spanned<String>),
    Range {
        min: Option<Spanned<String>>,
        max: Option<Spanned<String>>,
    },
}

impl<'v> RawTemplate<'v> {
    pub(super) fn decode(mut fields: Fields<'v, '_>) -> Self {
        let template = Self {
            span: fields.span(),
            name: fields.filled("name"),
            source: fields.filled("source"),
            contents: fields.text("contents"),
            destination: fields.filled("destination"),
            check: fields.value("check"),
            on_change: RawOnChange::decode(&mut fields),
            perms: fields.filled("perms"),
            user: fields.filled("user"),
            group: fields.filled("group"),
            wait: RawWait::decode(&mut fields),
        };
        fields.finish();
        template
    }
}

impl<'v> RawOnChange<'v> {
    fn decode(fields: &mut Fields<'v, '_>) -> Option<Self> {
        let path = format!("{}.onChange", fields.path());
        let findings = fields.findings();
        let value = fields.value("onChange")?;
        if let Kind::Text(word) = &value.kind {
            return Some(Self::Word(Spanned::new(value.span, word.clone())));
        }
        let mut fields = Fields::open(value, &path, findings)?;
        let steps = Self::Steps {
            span: fields.span(),
            signal: fields.filled("signal"),
            job: fields.filled("job"),
            exec: fields.value("exec"),
            timeout: fields.filled("timeout"),
            restart: fields.filled("restart"),
        };
        fields.finish();
        Some(steps)
    }
}

impl RawWait {
    fn decode(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let path = format!("{}.wait", fields.path());
        let findings = fields.findings();
        let value = fields.value("wait")?;
        if !matches!(value.kind, Kind::Object(_)) {
            let text = crate::decode::text(value, &path);
            let text = text
                .map_err(|reason| findings.error(value.head(), reason))
                .ok()?;
            return Some(Self::Quiet(Spanned::new(value.span, text)));
        }
        let mut fields = Fields::open(value, &path, findings)?;
        let range = Self::Range {
            min: fields.filled("min"),
            max: fields.filled("max"),
        };
        fields.finish();
        Some(range)
    }
}
