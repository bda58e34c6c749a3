//! Which keys mean what.

use super::Settings;

/// Where services and keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// What the keys of services begin with, up to the name.
    services: String,
    /// What other keys begin with.
    keys: String,
}

/// A stretch of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Where it begins.
    pub(super) begin: Vec<u8>,
    /// The first key after it; none for a stretch of one key.
    pub(super) end: Option<Vec<u8>>,
}

impl Layout {
    pub(super) fn new(settings: &Settings) -> Self {
        let closed = |text: &str| match text {
            "" => String::new(),
            text if text.ends_with('/') => text.to_owned(),
            text => format!("{text}/"),
        };
        Self {
            services: closed(&settings.prefix),
            keys: closed(&settings.keys),
        }
    }

    /// The key of an instance.
    pub(super) fn instance(&self, service: &str, id: &str) -> String {
        format!("{}{service}/{id}", self.services)
    }

    /// The keys of all instances of a service.
    pub(super) fn service(&self, name: &str) -> Stretch {
        Stretch::under(format!("{}{name}/", self.services))
    }

    /// The keys of all instances.
    pub(super) fn services(&self) -> Stretch {
        Stretch::under(self.services.clone())
    }

    /// The service that a key of an instance belongs to.
    pub(super) fn service_of<'a>(&self, key: &'a str) -> Option<&'a str> {
        let (name, _) = key.strip_prefix(&*self.services)?.split_once('/')?;
        Some(name)
    }

    /// The key that users call by this path.
    pub(super) fn key(&self, path: &str) -> String {
        format!("{}{}", self.keys, path.trim_start_matches('/'))
    }

    /// The keys that users call by paths that begin so.
    pub(super) fn keys_under(&self, prefix: &str) -> Stretch {
        Stretch::under(self.key(prefix))
    }

    /// What users call a key; none if it is not under the prefix of theirs.
    pub(super) fn path_of<'a>(&self, key: &'a str) -> Option<&'a str> {
        key.strip_prefix(&*self.keys)
    }
}

impl Stretch {
    /// Tells whether a key lies in it.
    pub(super) fn contains(&self, key: &[u8]) -> bool {
        let is_before_end = match &self.end {
            None => self.begin == key,
            // No end at all.
            Some(end) if *end == [0] => true,
            Some(end) => key < end.as_slice(),
        };
        self.begin.as_slice() <= key && is_before_end
    }

    /// Goes on up to where another one ends, which begins no earlier.
    pub(super) fn extend(&mut self, other: &Self) {
        if self == other {
            return;
        }
        let end_of = |stretch: &Self| match &stretch.end {
            Some(end) => end.clone(),
            None => [stretch.begin.as_slice(), &[0]].concat(),
        };
        let (own, theirs) = (end_of(self), end_of(other));
        let is_endless = own == [0] || theirs == [0];
        self.end = Some(if is_endless { vec![0] } else { own.max(theirs) });
    }

    /// One key.
    pub(super) fn one(key: String) -> Self {
        Self {
            begin: key.into_bytes(),
            end: None,
        }
    }

    /// All keys that begin so.
    pub(super) fn under(prefix: String) -> Self {
        let mut end = prefix.clone().into_bytes();
        while end.last() == Some(&u8::MAX) {
            end.pop();
        }
        match end.last_mut() {
            Some(last) => *last += 1,
            // etcd takes this for no end.
            None => end.push(0),
        }
        let begin = if prefix.is_empty() {
            vec![0]
        } else {
            prefix.into_bytes()
        };
        Self {
            begin,
            end: Some(end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(prefix: &str, keys: &str) -> Layout {
        let mut settings = Settings::parse(["e"]).unwrap();
        settings.prefix = prefix.to_owned();
        settings.keys = keys.to_owned();
        Layout::new(&settings)
    }

    #[test]
    fn services_and_keys_have_their_places() {
        let usual = layout("/containerpilot", "/");
        assert_eq!(usual.instance("web", "web-1"), "/containerpilot/web/web-1");
        assert_eq!(usual.service_of("/containerpilot/web/web-1"), Some("web"));
        assert_eq!(usual.service_of("/containerpilot/web"), None);
        assert_eq!(usual.key("app/port"), "/app/port");
        assert_eq!(usual.path_of("/app/port"), Some("app/port"));
        let other = layout("services/", "/conf");
        assert_eq!(other.instance("web", "web-1"), "services/web/web-1");
        assert_eq!(other.key("/port"), "/conf/port");
        assert_eq!(layout("s", "").key("port"), "port");
    }

    #[test]
    fn a_stretch_ends_where_another_prefix_begins() {
        let of = |stretch: Stretch| (stretch.begin, stretch.end);
        let usual = layout("/containerpilot", "/");
        let web = (
            b"/containerpilot/web/".to_vec(),
            Some(b"/containerpilot/web0".to_vec()),
        );
        assert_eq!(of(usual.service("web")), web);
        assert_eq!(
            of(usual.keys_under("a")),
            (b"/a".to_vec(), Some(b"/b".to_vec()))
        );
        assert_eq!(of(layout("s", "").keys_under("")), (vec![0], Some(vec![0])));
        assert_eq!(of(Stretch::one("k".to_owned())), (b"k".to_vec(), None));
    }
}
