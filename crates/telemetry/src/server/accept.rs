//! Which format a client takes.

use crate::Format;

impl Format {
    /// Finds the format for what a client says it takes.
    ///
    /// Plain text, unless the client rules it out: a Prometheus server would rather have
    /// OpenMetrics, but takes both, and in plain text its series keep the labels they always had.
    pub(super) fn accepted(accept: &str) -> Self {
        let text = quality(accept, "text", "plain");
        let open = quality(accept, "application", "openmetrics-text");
        match (text, open) {
            (Some(text), _) if text > 0.0 => Self::Text,
            (_, Some(open)) if open > 0.0 => Self::OpenMetrics,
            // Better an answer that was not asked for than none.
            (_, _) => Self::Text,
        }
    }
}

/// Finds how much a client likes a media type, by the most exact range that covers it.
fn quality(accept: &str, kind: &str, subtype: &str) -> Option<f32> {
    let exact = format!("{kind}/{subtype}");
    let any_subtype = format!("{kind}/*");
    let ranges = [&*exact, &*any_subtype, "*/*"];
    ranges
        .into_iter()
        .find_map(|range| quality_of(accept, range))
}

fn quality_of(accept: &str, range: &str) -> Option<f32> {
    let entries = accept.split(',').filter_map(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let named = parts.next()?.eq_ignore_ascii_case(range);
        let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
        named.then(|| quality.unwrap_or(1.0))
    });
    entries.reduce(f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_unless_it_is_ruled_out() {
        let prometheus = "application/openmetrics-text;version=1.0.0,\
                          application/openmetrics-text;version=0.0.1;q=0.75,\
                          text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let cases = [
            ("", Format::Text),
            ("*/*", Format::Text),
            (prometheus, Format::Text),
            ("text/html", Format::Text),
            ("application/openmetrics-text", Format::OpenMetrics),
            (
                "Application/OpenMetrics-Text; version=1.0.0; q=0.3",
                Format::OpenMetrics,
            ),
            (
                "application/openmetrics-text, text/plain;q=0",
                Format::OpenMetrics,
            ),
            (
                "application/openmetrics-text, text/plain;q=0, */*;q=0.1",
                Format::OpenMetrics,
            ),
            ("application/openmetrics-text, text/*", Format::Text),
            ("application/openmetrics-text;q=0", Format::Text),
            (";;,,q=1", Format::Text),
        ];
        for (accept, expected) in cases {
            assert_eq!(Format::accepted(accept), expected, "{accept}");
        }
    }
}
