//! The target of a request, decoded: its path and its query.

/// A path and the parameters after it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) path: String,
    params: Vec<(String, String)>,
}

impl Target {
    pub(crate) fn new(path: &str, query: Option<&str>) -> Self {
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                decode(&key.replace('+', " ")),
                decode(&value.replace('+', " ")),
            )
        };
        let pairs = query
            .unwrap_or("")
            .split('&')
            .filter(|pair| !pair.is_empty());
        Self {
            path: decode(path),
            params: pairs.map(pair).collect(),
        }
    }

    /// The first value of a parameter; a parameter without `=` has an empty one.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// The first value of a parameter, when it is not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.param(name).filter(|value| !value.is_empty())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.param(name).is_some()
    }

    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = move |(key, value): &'_ (String, String)| {
            (key == name).then_some((key, value)).is_some()
        };
        self.params
            .iter()
            .filter(move |pair| named(pair))
            .map(|(_, value)| value.as_str())
    }

    /// The path without empty and dotted segments, when it has any.
    pub(crate) fn cleaned(&self) -> Option<String> {
        let segments: Vec<_> = self.path.split('/').skip(1).collect();
        let (last, inner) = segments.split_last()?;
        let odd = |segment: &&str| matches!(*segment, "." | "..");
        if !inner
            .iter()
            .any(|segment| segment.is_empty() || odd(segment))
            && !odd(last)
        {
            return None;
        }
        let mut kept = Vec::new();
        for segment in &segments {
            match *segment {
                "" | "." => {}
                ".." => drop(kept.pop()),
                plain => kept.push(plain),
            }
        }
        let slash = if last.is_empty() && !kept.is_empty() {
            "/"
        } else {
            ""
        };
        Some(format!("/{}{slash}", kept.join("/")))
    }
}

/// Undoes percent-encoding; what is not an encoding stays as it is.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let (byte, tail) = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, tail),
                (None, _) | (_, None) => (first, rest.split_at(1).1),
            },
            _ => (first, tail),
        };
        bytes.push(byte);
        rest = tail;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Encodes a path for a `Location` header.
pub(crate) fn encode(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b':' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn decodes_path_and_query() {
        let target = Target::new("/v1/kv/a%20b%2Fc%", Some("raw&tag=x+y&tag=%7a&&=&n=1=2"));
        assert_eq!(target.path, "/v1/kv/a b/c%");
        assert_eq!(target.param("raw"), Some(""));
        assert_eq!(target.filled("raw"), None);
        assert_eq!(target.values("tag").collect::<Vec<_>>(), ["x y", "z"]);
        assert_eq!(target.param("n"), Some("1=2"));
        assert!(!target.has("recurse"));
    }

    #[test]
    fn cleans_odd_paths_only() {
        for (path, cleaned) in [
            ("/", None),
            ("/v1/kv/", None),
            ("/v1/kv/x", None),
            ("/v1/kv/.x", None),
            ("/v1/kv//x", Some("/v1/kv/x")),
            ("/v1/kv/x//", Some("/v1/kv/x/")),
            ("/v1/./kv/../kv/x", Some("/v1/kv/x")),
            ("/v1/kv/..", Some("/v1")),
        ] {
            assert_eq!(
                Target::new(path, None).cleaned().as_deref(),
                cleaned,
                "{path}"
            );
        }
    }
}
