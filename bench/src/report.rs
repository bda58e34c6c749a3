//! Tables for people, and the same numbers for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// One table: a quantity in columns, who was measured in rows.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) columns: &'static [&'static str],
    pub(crate) rows: Vec<Row>,
}

/// What one of those measured came to.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) values: Vec<Option<f64>>,
    pub(crate) bars: Vec<Bar>,
    pub(crate) failed: Option<String>,
}

/// What we set out to reach.
pub(crate) struct Bar {
    pub(crate) of: &'static str,
    pub(crate) reached: Option<f64>,
    pub(crate) limit: f64,
}

impl Row {
    pub(crate) fn new(name: &str, values: Vec<Option<f64>>) -> Self {
        Self {
            name: name.to_owned(),
            values,
            bars: Vec::new(),
            failed: None,
        }
    }

    pub(crate) fn failed(name: &str, reason: String) -> Self {
        Self {
            failed: Some(reason),
            ..Self::new(name, Vec::new())
        }
    }

    pub(crate) fn bar(mut self, of: &'static str, reached: Option<f64>, limit: f64) -> Self {
        self.bars.push(Bar { of, reached, limit });
        self
    }
}

impl Bar {
    fn text(&self) -> String {
        let Some(reached) = self.reached else {
            return format!("{}: not measured", self.of);
        };
        let verdict = if reached <= self.limit {
            "ok".to_owned()
        } else if self.limit == 0.0 {
            "OVER".to_owned()
        } else {
            format!("OVER by {:.0} %", (reached / self.limit - 1.0) * 100.0)
        };
        format!(
            "{} {} of {}: {verdict}",
            self.of,
            number(reached),
            number(self.limit)
        )
    }

    fn json(&self) -> Value {
        let within = self.reached.map(|reached| reached <= self.limit);
        json!({ "of": self.of, "reached": self.reached, "limit": self.limit, "within": within })
    }
}

impl Table {
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n", self.title);
        let wide = self
            .rows
            .iter()
            .map(|row| row.name.chars().count())
            .max()
            .unwrap_or(0);
        let _ = write!(text, "  {:wide$}", "");
        for column in self.columns {
            let _ = write!(text, "  {column:>11}");
        }
        text.push('\n');
        for row in &self.rows {
            let _ = write!(text, "  {:wide$}", row.name);
            for value in &row.values {
                let _ = write!(
                    text,
                    "  {:>11}",
                    value.map_or_else(|| "-".to_owned(), number)
                );
            }
            if let Some(reason) = &row.failed {
                let _ = write!(text, "  not measured: {reason}");
            }
            let bars: Vec<String> = row.bars.iter().map(Bar::text).collect();
            if !bars.is_empty() && row.failed.is_none() {
                let _ = write!(text, "   {}", bars.join("; "));
            }
            text.push('\n');
        }
        text
    }

    pub(crate) fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let values = self.columns.iter().zip(&row.values);
            let values: Map<String, Value> = values
                .map(|(column, value)| ((*column).to_owned(), json!(value)))
                .collect();
            let bars: Vec<Value> = row.bars.iter().map(Bar::json).collect();
            json!({ "who": row.name, "values": values, "bars": bars, "failed": row.failed })
        });
        json!({ "name": self.name, "title": self.title, "rows": rows.collect::<Vec<_>>() })
    }
}

/// Three digits that say something, and the whole number before them.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 || size == 0.0 || (size > 1.0 && size.fract() == 0.0) => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let plain = format!("{value:.digits$}");
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

/// How many times the second the first is.
pub(crate) fn ratio(value: Option<f64>, base: Option<f64>) -> Option<f64> {
    Some(value? / base.filter(|base| *base > 0.0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_what_counts() {
        let shown = [0.0, 1.234, 45.67, 789.1, 1_234.5, 12_345_678.0].map(number);
        assert_eq!(shown, ["0", "1.23", "45.7", "789", "1,234", "12,345,678"]);
    }

    #[test]
    fn a_table_shows_values_bars_and_failures() {
        let table = Table {
            name: "start",
            title: "start (microseconds)".to_owned(),
            columns: &["p50", "x tini"],
            rows: vec![
                Row::new("tini", vec![Some(765.0), Some(1.0)]),
                Row::new("ours", vec![Some(900.0), Some(1.2)]).bar("x tini", Some(1.2), 1.0),
                Row::failed("s6", "is not installed".to_owned()),
            ],
        };
        let text = table.text();
        assert!(
            text.contains("ours          900         1.20   x tini 1.20 of 1.00: OVER by 20 %"),
            "{text}"
        );
        assert!(
            text.contains("s6    not measured: is not installed"),
            "{text}"
        );
        assert_eq!(table.json()["rows"][0]["values"]["p50"], json!(765.0));
        assert_eq!(table.json()["rows"][1]["bars"][0]["within"], json!(false));
    }
}
