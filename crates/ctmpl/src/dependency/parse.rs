//! The words in which a template says what it wants.

use catalog::query::ServiceQuery;

use super::{Dependency, Filter};

type Result<T, E = String> = std::result::Result<T, E>;

impl Dependency {
    /// Reads `[TAG.]NAME[@DC][~NEAR][|FILTER[,FILTER]]`.
    pub(crate) fn service(text: &str) -> Result<Self> {
        let invalid = || invalid("health.service", text);
        if text.contains('?') {
            return Err(format!(
                "health.service: cannot ask for {text:?}: namespaces, partitions and peers of \
                 Consul Enterprise are not supported"
            ));
        }
        let (rest, filters) = match text.split_once('|') {
            Some((_, filters)) if !is_word(filters, "_,") => return Err(invalid()),
            Some((rest, filters)) => (rest, filters_of(filters, text)?),
            None => (text, vec![Filter::Passing]),
        };
        let (rest, near) = marked(rest, '~').ok_or_else(invalid)?;
        let (rest, dc) = marked(rest, '@').ok_or_else(invalid)?;
        // A name holds no dot, so everything before the last one is the tag.
        let (tag, name) = match rest.rsplit_once('.') {
            Some((tag, name)) => (Some(tag), name),
            None => (None, rest),
        };
        let tagged = |tag: &str| is_word(tag, "_.-=:");
        if !is_word(name, "_-") || !tag.is_none_or(tagged) {
            return Err(invalid());
        }
        let query = ServiceQuery {
            name: name.to_owned(),
            tag: tag.map(str::to_owned),
            dc,
            near,
            filter: None,
            any_status: filters != [Filter::Passing],
        };
        Ok(Self::Service(query, filters))
    }

    /// Reads `[@DC]`.
    pub(crate) fn services(text: &str) -> Result<Self> {
        let dc = only_place(text, '@').ok_or_else(|| invalid("catalog.services", text))?;
        Ok(Self::Services { dc })
    }

    /// Reads `[@DC][~NEAR]`.
    pub(crate) fn nodes(text: &str) -> Result<Self> {
        let read = || {
            let (rest, near) = marked(text, '~')?;
            let dc = only_place(rest, '@')?;
            Some(Self::Nodes { dc, near })
        };
        read().ok_or_else(|| invalid("catalog.nodes", text))
    }

    /// Reads `[NAME][@DC]`.
    pub(crate) fn node(text: &str) -> Result<Self> {
        let read = || {
            let (name, dc) = marked(text, '@')?;
            let name = (!name.is_empty()).then(|| name.to_owned());
            let named = name.as_ref().is_none_or(|name| is_word(name, "_.-"));
            named.then_some(Self::Node { name, dc })
        };
        read().ok_or_else(|| invalid("catalog.node", text))
    }

    /// Reads `PATH[@DC]`.
    pub(crate) fn key(text: &str, blocks: bool) -> Result<Self> {
        let (path, dc) = path(text).ok_or_else(|| invalid("kv.get", text))?;
        Ok(Self::Key { path, dc, blocks })
    }

    /// Reads `PREFIX[@DC]`; the prefix `/` is that of all keys.
    pub(crate) fn pairs(text: &str, blocks: bool) -> Result<Self> {
        let (prefix, dc) = path(text).ok_or_else(|| invalid("kv.list", text))?;
        Ok(Self::Pairs { prefix, dc, blocks })
    }
}

fn invalid(kind: &str, text: &str) -> String {
    format!("{kind}: invalid format: {text:?}")
}

fn is_word(text: &str, besides: &str) -> bool {
    let belongs = |c: char| c.is_ascii_alphanumeric() || besides.contains(c);
    !text.is_empty() && text.chars().all(belongs)
}

/// Splits off what follows a mark; none if that is not a name.
fn marked(text: &str, mark: char) -> Option<(&str, Option<String>)> {
    match text.split_once(mark) {
        Some((rest, name)) => is_word(name, "_.-").then(|| (rest, Some(name.to_owned()))),
        None => Some((text, None)),
    }
}

fn only_place(text: &str, mark: char) -> Option<Option<String>> {
    let (rest, place) = marked(text, mark)?;
    rest.is_empty().then_some(place)
}

fn path(text: &str) -> Option<(String, Option<String>)> {
    let (path, dc) = marked(text, '@')?;
    let bare = path.strip_prefix('/').unwrap_or(path);
    (!path.is_empty()).then(|| (bare.to_owned(), dc))
}

fn filters_of(filters: &str, text: &str) -> Result<Vec<Filter>> {
    let filter = |word: &str| {
        let found = Filter::ALL.into_iter().find(|known| known.word() == word);
        found.ok_or_else(|| format!("health.service: invalid filter: {word:?} in {text:?}"))
    };
    let words = filters.split(',');
    let words = words.filter(|word| !word.is_empty());
    let mut filters = words.map(filter).collect::<Result<Vec<_>>>()?;
    filters.sort_unstable();
    Ok(filters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(read: Result<Dependency>, expected: &str) {
        let shown = read.map_or_else(|error| error, |dependency| dependency.to_string());
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_is_asked_for_reads_back() {
        let service = |text, expected| check(Dependency::service(text), expected);
        service("web", "health.service(web|passing)");
        service(
            "a.b.web@dc1~_agent|warning,passing,",
            "health.service(a.b.web@dc1~_agent|passing,warning)",
        );
        check(Dependency::services("@dc1"), "catalog.services(@dc1)");
        check(Dependency::nodes(""), "catalog.nodes");
        check(Dependency::nodes("@dc1~n1"), "catalog.nodes(@dc1~n1)");
        check(Dependency::node(""), "catalog.node");
        check(Dependency::node("n.1@dc1"), "catalog.node(n.1@dc1)");
        check(Dependency::key("/a/b@dc1", true), "kv.block(a/b@dc1)");
        check(Dependency::key("a b", false), "kv.get(a b)");
        check(Dependency::pairs("/", false), "kv.list(/)");
        check(Dependency::pairs("a/", false), "kv.list(a/)");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for text in ["we b", "web@", "web~", "web|", ".web", "web.", "web@a b"] {
            let error = Dependency::service(text).unwrap_err();
            assert_eq!(error, format!("health.service: invalid format: {text:?}"));
        }
        check(
            Dependency::service("web|bogus"),
            "health.service: invalid filter: \"bogus\" in \"web|bogus\"",
        );
        check(
            Dependency::services("dc1"),
            "catalog.services: invalid format: \"dc1\"",
        );
        check(
            Dependency::key("a@b c", true),
            "kv.get: invalid format: \"a@b c\"",
        );
        assert!(
            Dependency::service("web?ns=x")
                .unwrap_err()
                .contains("namespaces")
        );
    }

    #[test]
    fn only_the_passing_are_asked_for_alone() {
        let any_status = |text| {
            let dependency = Dependency::service(text).unwrap();
            matches!(dependency, Dependency::Service(query, _) if query.any_status)
        };
        assert!(!any_status("web") && !any_status("web|passing"));
        assert!(any_status("web|any") && any_status("web|passing,warning"));
    }
}
