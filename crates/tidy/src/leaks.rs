//! Nothing here tells where it was made: no folder of a build machine, no host of a package mirror.

use crate::{Problem, Tree};

/// First folders of paths that exist on somebody's machine only.
const FOLDERS: &[&str] = &["Users", "builds", "home", "root", "work"];

/// Hosts that a reader may be sent to, and those below them.
const HOSTS: &[&str] = &[
    "apache.org",
    "consul.io",
    "crates.io",
    "cyclonedx.org",
    "docs.rs",
    "github.com",
    "go.dev",
    "hashicorp.com",
    "json-schema.org",
    "json5.org",
    "keepachangelog.com",
    "kernel.org",
    "man7.org",
    "rust-lang.org",
    "semver.org",
    "spdx.org",
    "yaml.org",
];

/// Endings that are set aside for examples and private networks, and so are nobody's mirror.
const EXAMPLES: &[&str] = &[
    "example",
    "example.com",
    "example.net",
    "example.org",
    "invalid",
    "localhost",
    "test",
];

/// First labels of hosts that serve packages, where they stand without a scheme.
const SERVES_PACKAGES: &[&str] = &[
    "archive",
    "artifactory",
    "deb",
    "ftp",
    "index",
    "mirror",
    "mirrors",
    "nexus",
    "proxy",
    "registry",
    "snapshot",
];

/// Places that look like a leak and are none: the file, and the text.
pub const NO_LEAK: &[(&str, &str)] = &[];

/// Finds paths of a build machine and hosts that no reader is meant to visit, in every file.
pub fn of_the_workplace(tree: &Tree, no_leak: &[(&str, &str)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in tree.files() {
        for (at, line) in text.lines().enumerate() {
            let found = folders(line).chain(hosts(line)).chain(package_hosts(line));
            let leaks = found.filter(|leak| !no_leak.contains(&(path, leak.as_str())));
            problems
                .extend(leaks.map(|leak| Problem::line(path, at + 1, format!("names `{leak}`"))));
        }
    }
    problems
}

/// Absolute paths into a folder of [`FOLDERS`], as far as their second part.
fn folders(line: &str) -> impl Iterator<Item = String> {
    let begins = line.match_indices('/').filter(|(at, _)| {
        let before = line[..*at].chars().next_back();
        before.is_none_or(|letter| letter.is_whitespace() || "\"'`=:(<[,".contains(letter))
    });
    begins.filter_map(|(at, _)| {
        let in_path = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        let (first, rest) = line[at + 1..].split_once('/')?;
        let second = rest
            .split(|letter| !in_path(letter))
            .next()
            .unwrap_or_default();
        (FOLDERS.contains(&first) && !second.is_empty()).then(|| format!("/{first}/{second}"))
    })
}

/// Hosts of addresses with a scheme that stand in no list here.
fn hosts(line: &str) -> impl Iterator<Item = String> {
    let rests = line.split("://").skip(1);
    let hosts = rests.map(|rest| {
        let end =
            rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || ".-@".contains(letter)));
        let authority = &rest[..end.unwrap_or(rest.len())];
        authority
            .rsplit('@')
            .next()
            .unwrap_or_default()
            .trim_end_matches('.')
    });
    hosts
        .filter(|host| is_public(host) && !is_listed(host))
        .map(str::to_owned)
}

/// Hosts that serve packages by their name, where they stand without a scheme.
fn package_hosts(line: &str) -> impl Iterator<Item = String> {
    let words =
        line.split(|letter: char| !(letter.is_ascii_alphanumeric() || ".-".contains(letter)));
    let hosts = words.filter(|word| {
        let mut labels = word.split('.');
        let first = labels.next().unwrap_or_default();
        let ending = labels.clone().next_back().unwrap_or_default();
        SERVES_PACKAGES.contains(&first)
            && labels.count() >= 2
            && matches!(
                ending,
                "cloud" | "com" | "dev" | "internal" | "io" | "lan" | "local" | "net" | "org"
            )
            && !is_listed(word)
    });
    hosts.map(str::to_owned)
}

/// Whether the host has a name with a dot in it: neither a number nor a neighbour on a private network.
fn is_public(host: &str) -> bool {
    let ending = host.rsplit('.').next().unwrap_or_default();
    host.contains('.')
        && ending.len() > 1
        && ending.chars().all(|letter| letter.is_ascii_alphabetic())
}

fn is_listed(host: &str) -> bool {
    let below = |parent: &&str| match host.strip_suffix(*parent) {
        Some(rest) => rest.is_empty() || rest.ends_with('.'),
        None => false,
    };
    HOSTS.iter().chain(EXAMPLES).any(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> usize {
        of_the_workplace(&Tree::sample(&[("a.txt", line)]), &[]).len()
    }

    #[test]
    fn finds_folders_of_a_machine() {
        for folder in FOLDERS {
            assert_eq!(
                found(&format!("see /{folder}/somebody/tree")),
                1,
                "passes: {folder}"
            );
            assert_eq!(
                found(&format!("path=\"/{folder}/x.toml\"")),
                1,
                "passes: {folder}"
            );
        }
        for good in [
            "target/work/x",
            "/var/lib/x",
            "the /root folder",
            "a/home/b",
        ] {
            assert_eq!(found(good), 0, "fails: {good}");
        }
    }

    #[test]
    fn finds_hosts_that_are_not_listed() {
        let host = ["mirror", "somewhere", "net"].join(".");
        for bad in [
            format!("http://{host}/debian"),
            format!("https://user@{host}:8081/"),
            format!("socks5://{host}"),
            format!("apt reads {host}, then"),
        ] {
            assert!(found(&bad) > 0, "passes: {bad}");
        }
        for good in [
            "https://github.com/rust-lang/crates.io-index",
            "https://doc.rust-lang.org/std",
            "http://127.0.0.1:8500",
            "http://consul:8500",
            "https://consul.example.com",
            "http://{host}/",
            "unix:///var/run/x.sock",
            "registry.entries.len",
        ] {
            assert_eq!(found(good), 0, "fails: {good}");
        }
    }

    #[test]
    fn a_place_that_is_no_leak_is_named_exactly() {
        let place = ["", "home", "node"].join("/");
        let tree = Tree::sample(&[("a.txt", &place), ("b.txt", &place)]);
        assert_eq!(of_the_workplace(&tree, &[("a.txt", &place)]).len(), 1);
    }
}
