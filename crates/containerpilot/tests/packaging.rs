//! What is given to users beside the binary: the Debian package, the tarball, the manual page.
//!
//! Both are built around the binary just built, so that no test waits for a release build, and
//! without compression. What is asserted of a package is asserted by Debian's own tools.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// When everything in the packages is from: 2026-01-02 03:04:05 UTC.
const EPOCH: &str = "1767323045";
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run(line: &[&str]) -> Output {
    let ended = Command::new(line[0]).args(&line[1..]).output();
    ended.unwrap_or_else(|fault| panic!("{}: {fault}", line[0]))
}

/// What a command prints; it must succeed.
#[track_caller]
fn said(line: &[&str]) -> String {
    let ended = run(line);
    assert!(ended.status.success(), "{line:?}: {ended:#?}");
    String::from_utf8(ended.stdout).unwrap()
}

/// A binary, and what is packed with it.
struct Workshop {
    folder: TempDir,
}

impl Workshop {
    /// Around some small program, where it is not started.
    fn new() -> Self {
        Self::around(|to| said(&["cp", "/bin/true", to]))
    }

    /// Around the binary just built, without its symbols, which are most of it.
    fn of_ours() -> Self {
        let built = env!("CARGO_BIN_EXE_containerpilot");
        Self::around(|to| said(&["strip", "-o", to, built]))
    }

    fn around(provide: impl FnOnce(&str) -> String) -> Self {
        let workshop = Self {
            folder: TempDir::new().unwrap(),
        };
        provide(&workshop.path("containerpilot"));
        let notices =
            "What others wrote:\n\n  bytes 1.12.1: MIT\n  glibc 2.36: LGPL-2.1-or-later\n";
        fs::write(workshop.path("notices"), notices).unwrap();
        fs::write(workshop.path("bill"), "{}\n").unwrap();
        workshop
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn folder(&self, name: &str) -> String {
        fs::create_dir_all(self.path(name)).unwrap();
        self.path(name)
    }

    fn script(&self, name: &str, words: &[&str]) -> Output {
        let mut command = Command::new(root().join("scripts").join(name));
        command.args(words);
        command
            .env("SOURCE_DATE_EPOCH", EPOCH)
            .env("DEB_COMPRESSION", "none")
            .env("GZIP_LEVEL", "1");
        command.output().unwrap()
    }

    #[track_caller]
    fn deb(&self, out: &str) -> String {
        let out = self.folder(out);
        let (binary, notices) = (self.path("containerpilot"), self.path("notices"));
        let ended = self.script("deb", &[&binary, &notices, &out]);
        assert!(ended.status.success(), "{ended:#?}");
        let architecture = said(&["dpkg", "--print-architecture"]);
        format!("{out}/containerpilot_{VERSION}_{}.deb", architecture.trim())
    }

    #[track_caller]
    fn tarball(&self, out: &str) -> String {
        let out = self.folder(out);
        let inputs = ["containerpilot", "notices", "bill"].map(|name| self.path(name));
        let words = [&inputs[0], &inputs[1], &inputs[2], &out, "x86_64"];
        let ended = self.script("tarball", &words);
        assert!(ended.status.success(), "{ended:#?}");
        format!("{out}/containerpilot-{VERSION}-x86_64-linux.tar.gz")
    }
}

#[test]
fn the_debian_package_says_what_it_is_and_needs_nothing() {
    let workshop = Workshop::new();
    let package = workshop.deb("out");
    let field = |name| {
        said(&["dpkg-deb", "--field", &package, name])
            .trim()
            .to_owned()
    };
    assert_eq!(field("Package"), "containerpilot");
    assert_eq!(field("Version"), VERSION);
    assert_eq!(field("Depends"), "", "a static binary needs no package");
    assert!(field("Maintainer").contains('@'));
    let kibibytes: u64 = field("Installed-Size").parse().unwrap();
    let binary = fs::metadata(workshop.path("containerpilot")).unwrap().len() / 1024;
    assert!(
        (binary..binary + 2000).contains(&kibibytes),
        "{kibibytes}, {binary}"
    );
}

#[test]
fn the_debian_package_has_its_files_where_debian_wants_them() {
    let workshop = Workshop::new();
    let package = workshop.deb("out");
    let listing = said(&["dpkg-deb", "--contents", &package]);
    for line in listing.lines() {
        assert!(line.contains(" root/root "), "not root's: {line}");
        assert!(
            line.contains(" 2026-01-02 "),
            "not of the commit's time: {line}"
        );
        assert!(!line[..10].contains('s'), "with another's rights: {line}");
    }
    let doc = "./usr/share/doc/containerpilot";
    for (mode, path) in [
        ("-rwxr-xr-x", "./usr/bin/containerpilot".to_owned()),
        ("-rw-r--r--", format!("{doc}/copyright")),
        ("-rw-r--r--", format!("{doc}/changelog.gz")),
        ("-rw-r--r--", format!("{doc}/README.Debian")),
        ("-rw-r--r--", format!("{doc}/docs/configuration.md")),
        (
            "-rw-r--r--",
            "./usr/share/man/man1/containerpilot.1.gz".to_owned(),
        ),
    ] {
        let is_it = |line: &&str| line.starts_with(mode) && line.ends_with(&format!(" {path}"));
        assert!(
            listing.lines().any(|line| is_it(&line)),
            "no {mode} {path}:\n{listing}"
        );
    }
    assert!(
        !listing.contains("consul-template\n"),
        "the name of another's program:\n{listing}"
    );
}

#[test]
fn the_copyright_names_our_licences_and_those_of_others() {
    let workshop = Workshop::new();
    let package = workshop.deb("out");
    said(&["dpkg-deb", "--extract", &package, &workshop.folder("x")]);
    let doc = workshop.path("x/usr/share/doc/containerpilot");
    let copyright = fs::read_to_string(format!("{doc}/copyright")).unwrap();
    for text in [
        "MIT License",
        "common-licenses/Apache-2.0",
        "bytes 1.12.1: MIT",
    ] {
        assert!(copyright.contains(text), "no `{text}` in {copyright}");
    }
    let changes = said(&[
        "gzip",
        "--decompress",
        "--stdout",
        &format!("{doc}/changelog.gz"),
    ]);
    assert!(
        changes.starts_with(&format!("containerpilot ({VERSION}) ")),
        "{changes}"
    );
    assert!(
        changes.contains("  Fri, 02 Jan 2026 03:04:05 +0000"),
        "{changes}"
    );
}

#[test]
fn the_debian_package_is_installed_runs_and_goes_without_a_trace() {
    let workshop = Workshop::of_ours();
    let package = workshop.deb("out");
    let admin = workshop.folder("root/var/lib/dpkg/info");
    workshop.folder("root/var/lib/dpkg/updates");
    fs::write(Path::new(&admin).with_file_name("status"), "").unwrap();
    let root = format!("--root={}", workshop.path("root"));
    let dpkg = ["dpkg", &root, "--force-not-root"];

    said(&[&dpkg[..], &["--install", &package]].concat());
    let verified = said(&[&dpkg[..], &["--verify", "containerpilot"]].concat());
    assert_eq!(verified, "", "its checksums do not hold");
    let binary = workshop.path("root/usr/bin/containerpilot");
    let told = said(&[&binary, "-version"]);
    assert!(told.starts_with(&format!("Version: {VERSION}\n")), "{told}");
    let ended = run(&[&binary, "--", "sh", "-c", "exit 7"]);
    assert_eq!(ended.status.code(), Some(7));

    said(&[&dpkg[..], &["--purge", "containerpilot"]].concat());
    assert!(
        !Path::new(&workshop.path("root/usr")).exists(),
        "something is left"
    );
}

#[test]
fn two_packages_and_two_tarballs_of_the_same_are_the_same() {
    let workshop = Workshop::new();
    for (first, second) in [
        (workshop.deb("a"), workshop.deb("b")),
        (workshop.tarball("a"), workshop.tarball("b")),
    ] {
        let same = fs::read(&first).unwrap() == fs::read(&second).unwrap();
        assert!(same, "{first} and {second} differ");
    }
}

#[test]
fn the_tarball_runs_where_it_is_unpacked() {
    let workshop = Workshop::of_ours();
    let tarball = workshop.tarball("out");
    let at = workshop.folder("at");
    said(&["tar", "--extract", "--file", &tarball, "--directory", &at]);
    let top = format!("{at}/containerpilot-{VERSION}-x86_64-linux");
    let told = said(&[&format!("{top}/containerpilot"), "-version"]);
    assert!(told.contains(VERSION), "{told}");
    let told = run(&[&format!("{top}/consul-template"), "-version"]);
    assert!(told.status.success(), "{told:#?}");
    for name in [
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "THIRD-PARTY",
        "containerpilot.cdx.json",
        "docs/cli.md",
    ] {
        assert!(Path::new(&top).join(name).is_file(), "no {name}");
    }
}

#[test]
fn what_a_package_lacks_is_said_with_a_way_out() {
    let workshop = Workshop::new();
    let out = workshop.folder("out");
    let (binary, notices) = (workshop.path("containerpilot"), workshop.path("notices"));
    for (words, wanted) in [
        (vec![binary.as_str()], "usage: scripts/deb BINARY"),
        (
            vec!["/nowhere", &notices, &out],
            "/nowhere is no executable file; `make dist` builds one",
        ),
        (
            vec![&binary, "/nowhere", &out],
            "the notices /nowhere are missing or empty",
        ),
        (vec![&binary, &notices, "/nowhere"], "/nowhere is no folder"),
    ] {
        let ended = workshop.script("deb", &words);
        let complaint = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{complaint}");
        assert!(complaint.contains(wanted), "no `{wanted}` in {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    }
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0, "a package is left");
}

#[test]
fn a_target_without_a_library_of_rust_is_refused_in_one_line_and_a_hint() {
    let ended = Workshop::new().script("dist", &["riscv64-nowhere-linux-gnu"]);
    let complaint = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{complaint}");
    let wanted =
        "dist: no standard library of Rust for riscv64-nowhere-linux-gnu\nhint: `rustup target add";
    assert!(complaint.starts_with(wanted), "{complaint}");
}

#[test]
fn the_manual_page_has_every_subcommand() {
    let page = fs::read_to_string(root().join("docs/containerpilot.1")).unwrap();
    let help = said(&[env!("CARGO_BIN_EXE_containerpilot"), "help"]);
    let listed = help.split("Commands:").nth(1).unwrap();
    let names = listed
        .lines()
        .map_while(|line| match line.split_whitespace().next() {
            None => line.is_empty().then_some("\n"),
            Some(word) => line.starts_with("  ").then_some(word),
        });
    let names: Vec<&str> = names
        .filter(|name| !matches!(*name, "\n" | "help"))
        .collect();
    assert!(names.len() > 10, "{help}");
    for name in names {
        let bold = [
            format!(".B {name}\n"),
            format!(".BR {name} "),
            format!("\" {name}"),
        ];
        assert!(
            bold.iter().any(|text| page.contains(text)),
            "no {name} in the manual page"
        );
    }
}
