//! `scripts/images/settle`: the same content has the same digest, whenever and from wherever it was
//! built, and nothing but times is lost on the way.

use std::{fs, path::Path, process::Command};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{docker, image, try_docker, unique, until};

/// Everything that a layer can hold: a capability, a set-user-ID program, hard and symbolic links, a
/// name beyond ASCII, a pipe, a file taken away, and a folder made anew.
const DOCKERFILE: &str = r#"ARG BASE
FROM ${BASE}
COPY some /opt/some
RUN mkdir /opt/links && cp /bin/cat /opt/links/cat \
    && ln /opt/links/cat /opt/links/again && ln -s cat /opt/links/soft && mkfifo /opt/links/pipe \
    && touch "/opt/links/$(printf 'na\303\257ve\377')" && chown 12345:54321 /opt/links/cat \
    && perl -e '$nr = `uname -m` =~ /x86_64/ ? 188 : 5; $value = pack("V5", 0x02000001, 0x400, 0, 0, 0); \
        syscall($nr, my $file = "/opt/links/cat", my $name = "security.capability", $value, 20, 0) == 0 or die $!' \
    && cp /bin/true /opt/links/as-root && chmod 4755 /opt/links/as-root \
    && rm /etc/debian_version && rm -rf /usr/share/nginx && mkdir -m 1777 /opt/anyone
ENV WORD="a b" OTHER=c
VOLUME /data
LABEL one.two="three four"
USER 12345
WORKDIR /opt
STOPSIGNAL SIGQUIT
EXPOSE 80/tcp 53/udp
ONBUILD RUN true
SHELL ["/bin/sh", "-e", "-c"]
HEALTHCHECK --interval=7s --retries=5 CMD ["/bin/containerpilot", "health"]
ENTRYPOINT ["/bin/cat"]
CMD ["/proc/self/status"]
"#;

/// Tells all of an image's files but their times.
const LIST: &str = r#"find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /etc/hosts -o -path /etc/hostname \
    -o -path /etc/resolv.conf \) -prune -o -printf '%p %y %#m %U %G %n %l ' \( -type f -printf '%s ' \) -o -printf '\n' \
    | LC_ALL=C sort; find /opt -type f -exec sha256sum {} +"#;

/// An image that is removed in the end.
struct Built {
    tag: String,
}

impl Built {
    #[track_caller]
    fn from(context: &Path) -> Self {
        let built = Self {
            tag: unique("settle"),
        };
        let base = format!("BASE={}", image("base"));
        let output = Command::new("docker")
            .env("DOCKER_BUILDKIT", "0")
            .args([
                "build",
                "--no-cache",
                "--network",
                "none",
                "--force-rm",
                "--build-arg",
            ])
            .args([&base, "--tag", &built.tag])
            .arg(context)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        built
    }

    fn id(&self) -> String {
        docker(&["image", "inspect", "--format", "{{.Id}}", &self.tag])
    }

    /// Its files, as they are in a container.
    fn files(&self) -> String {
        docker(&[
            "run",
            "--rm",
            "--network",
            "none",
            "--user",
            "0",
            "--entrypoint",
            "sh",
            &self.tag,
            "-c",
            LIST,
        ])
    }

    /// What a container of it is to be, without what the builder's own container left there.
    fn config(&self) -> Value {
        let text = docker(&[
            "image",
            "inspect",
            "--format",
            "{{json .Config}}",
            &self.tag,
        ]);
        let mut config: Value = serde_json::from_str(&text).unwrap();
        for builders in ["Image", "Hostname", "Domainname"] {
            config.as_object_mut().unwrap().remove(builders);
        }
        config
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let _ = try_docker(&["image", "rm", "--force", &self.tag]);
    }
}

fn script(name: &str) -> Command {
    Command::new(format!(
        "{}/../../scripts/images/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
}

#[track_caller]
fn settle(images: &[&Built]) {
    let before: Vec<String> = images.iter().map(|image| image.id()).collect();
    let output = script("settle")
        .args(images.iter().map(|image| &image.tag))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // What a tag was taken from is nobody's any more, unless it was settled before.
    for id in before {
        if images.iter().all(|image| image.id() != id) {
            let _ = try_docker(&["image", "rm", &id]);
        }
    }
}

/// A folder to build from, whose file was written on that day.
fn context(content: &str, day: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("Dockerfile"), DOCKERFILE).unwrap();
    fs::write(dir.path().join("some"), content).unwrap();
    let mut touch = Command::new("touch");
    touch.arg("--date").arg(day).arg(dir.path().join("some"));
    assert!(touch.status().unwrap().success());
    dir
}

/// Waits for the clock to show another second, which is what layers and configurations hold of time.
fn wait_for_another_second() {
    let now = || {
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
        since.unwrap().as_secs()
    };
    let before = now();
    until("another second", String::new, || {
        (now() > before).then_some(())
    });
}

#[test]
fn the_same_content_built_twice_is_one_image_and_nothing_is_lost() {
    let first = Built::from(context("content", "2026-03-01").path());
    wait_for_another_second();
    let second = Built::from(context("content", "2026-04-01").path());
    let other = Built::from(context("contenT", "2026-03-01").path());
    assert_ne!(
        first.id(),
        second.id(),
        "it is the engine that tells them apart"
    );
    let (files, config) = (first.files(), first.config());

    settle(&[&first, &second, &other]);
    assert_eq!(first.id(), second.id());
    assert_ne!(first.id(), other.id(), "another byte is another image");
    assert_eq!(first.files(), files);
    assert_eq!(first.config(), config);
    assert_eq!(config["Healthcheck"]["Retries"], 5, "{config}");

    // Who executes it has what its file grants: CAP_NET_BIND_SERVICE, though the user is none.
    let status = docker(&[
        "run",
        "--rm",
        "--entrypoint",
        "/opt/links/again",
        &first.tag,
        "/proc/self/status",
    ]);
    assert!(status.contains("CapEff:\t0000000000000400"), "{status}");
    for there in [
        "/opt/links/pipe p",
        "/opt/links/as-root f 04755",
        "/opt/links/soft l 0777 0 0 1 cat",
        "/opt/links/cat f 0755 12345 54321 2",
    ] {
        assert!(files.contains(there), "no `{there}` in\n{files}");
    }
    for gone in ["/etc/debian_version", "/usr/share/nginx"] {
        assert!(!first.files().contains(gone), "{gone} is back");
    }

    let settled = first.id();
    settle(&[&first]);
    assert_eq!(first.id(), settled, "what is settled stays what it is");
}

#[test]
fn an_image_that_is_not_there_is_named() {
    let output = script("settle").arg("nobody/has-this:1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("nobody/has-this:1"), "{said}");
}
