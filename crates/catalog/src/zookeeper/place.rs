//! Where what is whose lies.

use super::Settings;

impl Settings {
    /// The node that instances are below.
    pub(super) fn home(&self) -> String {
        format!("{}{}", self.chroot, self.root)
    }

    /// The node that the instances of a service are below.
    pub(super) fn service(&self, name: &str) -> String {
        format!("{}/{}", self.home(), escape(name))
    }

    /// The node of an instance.
    pub(super) fn instance(&self, name: &str, id: &str) -> String {
        format!("{}/{}", self.service(name), escape(id))
    }

    /// The node that keys are below; empty for `/` itself.
    pub(super) fn shelf(&self) -> String {
        format!("{}{}", self.chroot, self.keys)
    }

    /// The node of a key; none if no node can have that name.
    pub(super) fn key(&self, path: &str) -> Option<String> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let is_sound = |part| !matches!(part, "" | "." | "..");
        let is_text = !path.chars().any(is_forbidden);
        (is_text && path.split('/').all(is_sound)).then(|| format!("{}/{path}", self.shelf()))
    }

    /// The node that every key with this prefix is below; none if no key can begin so.
    pub(super) fn shelf_of(&self, prefix: &str) -> Option<String> {
        let prefix = prefix.strip_prefix('/').unwrap_or(prefix);
        match prefix.rsplit_once('/') {
            Some((above, _)) => self.key(above),
            None => Some(self.shelf()),
        }
    }
}

/// Which keys there cannot be.
pub(super) const NAMES: &str =
    "keys with a part that is empty, `.` or `..`, or with characters that it does not take";

/// Tells whether no name of a node may have this character: ZooKeeper, which counts in UTF-16,
/// refuses what takes two of its units, and some more.
fn is_forbidden(letter: char) -> bool {
    let is_unassigned = matches!(letter, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..);
    letter.is_control() || is_unassigned
}

/// Writes any text as the name of a node: `/`, which divides them, as `%2F`, and so on.
pub(super) fn escape(text: &str) -> String {
    use std::fmt::Write as _;

    let is_dots = matches!(text, "." | "..");
    let mut name = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '/' | '%') || is_forbidden(letter) || is_dots {
            let mut bytes = [0; 4];
            for byte in letter.encode_utf8(&mut bytes).bytes() {
                write!(name, "%{byte:02X}").expect("a text takes whatever is written into it");
            }
        } else {
            name.push(letter);
        }
    }
    name
}

/// Reads what [`escape`] wrote; what it did not write stands for itself.
pub(super) fn unescape(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let code = after.get(..2).map(|code| u8::from_str_radix(code, 16));
        match code {
            Some(Ok(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            Some(Err(_)) | None => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| name.to_owned())
}

/// The nodes above one, the highest first.
pub(super) fn above(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at);
    ends.skip(1).map(|at| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_the_name_of_a_node() {
        for text in [
            "plain-host",
            "rich host/é",
            "100%",
            "..",
            ".",
            "a\nb",
            "%2F",
            "%é",
            "🦀",
        ] {
            let name = escape(text);
            assert!(!name.contains('/') && name != ".." && name != ".", "{name}");
            assert_eq!(unescape(&name), text);
        }
        assert_eq!(unescape("100%"), "100%");
        assert_eq!(unescape("%zz%f"), "%zz%f");
        assert_eq!(unescape("%FF"), "%FF");
    }

    #[test]
    fn places_lie_under_the_chroot() {
        let settings = Settings::parse("one/blue").unwrap();
        assert_eq!(
            settings.instance("app", "a/b"),
            "/blue/containerpilot/app/a%2Fb"
        );
        assert_eq!(settings.key("a/b").as_deref(), Some("/blue/a/b"));
        assert_eq!(settings.key("a//b"), None);
        assert_eq!(settings.key("🦀"), None);
        assert_eq!(settings.shelf_of("a/b").as_deref(), Some("/blue/a"));
        assert_eq!(settings.shelf_of("").as_deref(), Some("/blue"));
        let above: Vec<_> = above("/a/b/c").collect();
        assert_eq!(above, ["/a", "/a/b"]);
    }
}
