//! What the scripts around images say when something is missing or wrong: one line with the cause
//! and the way out.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::{fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
};

use tempfile::TempDir;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn script(name: &str) -> Command {
    Command::new(format!("{ROOT}/scripts/images/{name}"))
}

/// The last line of stderr of a command that fails.
#[track_caller]
fn refused(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert_eq!(status.code(), Some(1), "{command:?}: {said}");
    said.lines().last().unwrap_or_default().to_owned()
}

#[track_caller]
fn expect(said: &str, texts: &[&str]) {
    for text in texts {
        assert!(said.contains(text), "no `{text}` in `{said}`");
    }
}

/// Something that speaks for an engine at a socket in a folder, until the folder is gone.
struct Pretender {
    dir: TempDir,
}

impl Pretender {
    /// Answers every request whose path ends so with that text, and others with 404.
    fn new(answers: &'static [(&'static str, String)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("engine.sock")).unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || {
                    let mut reader = BufReader::new(stream);
                    while let Some(path) = read_request(&mut reader) {
                        let found = answers.iter().find(|(end, _)| path.ends_with(end));
                        let (status, body) = match found {
                            Some((_, body)) => ("200 OK", body.as_str()),
                            None => ("404 Not Found", r#"{"message":"no such thing"}"#),
                        };
                        let length = body.len();
                        let answer = format!(
                            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
                        );
                        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Self { dir }
    }

    fn host(&self) -> String {
        format!("unix://{}", self.dir.path().join("engine.sock").display())
    }
}

/// The path of the next request, whose head is read to its end.
fn read_request(reader: &mut impl BufRead) -> Option<String> {
    let mut first = String::new();
    if reader.read_line(&mut first).ok()? == 0 {
        return None;
    }
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 2 {
        line.clear();
    }
    let path = first.split(' ').nth(1)?;
    Some(path.split('?').next().unwrap_or_default().to_owned())
}

fn version(api: &str, os: &str) -> String {
    format!(
        r#"{{"Version":"1.2.3","ApiVersion":"{api}","MinAPIVersion":"1.12","Os":"{os}","Arch":"amd64"}}"#
    )
}

/// Answers that live as long as the test's process.
fn answers(all: Vec<(&'static str, String)>) -> &'static [(&'static str, String)] {
    Box::leak(all.into_boxed_slice())
}

#[test]
fn without_a_client_its_package_is_named() {
    let path = tempfile::tempdir().unwrap();
    symlink("/bin/bash", path.path().join("bash")).unwrap();
    let said = refused(script("engine").env("PATH", path.path()));
    expect(
        &said,
        &[
            "no Docker engine: there is no `docker` on PATH",
            "scripts/packages engine",
        ],
    );
}

#[test]
fn without_an_engine_it_is_said_where_one_was_looked_for() {
    let mut build = script("build");
    build.arg(binary());
    for mut command in [script("engine"), build] {
        let said = refused(command.env("DOCKER_HOST", "unix:///nowhere/engine.sock"));
        expect(
            &said,
            &[
                "no Docker engine: ",
                "/nowhere/engine.sock",
                "systemctl start docker",
                "$DOCKER_HOST",
            ],
        );
    }
}

#[test]
fn an_engine_of_another_version_is_named() {
    let old = Pretender::new(answers(vec![
        ("/_ping", "OK".into()),
        ("/version", version("1.40", "linux")),
    ]));
    let said = refused(
        script("engine")
            .env("DOCKER_HOST", old.host())
            .env("DOCKER_API_VERSION", "1.40"),
    );
    expect(
        &said,
        &[
            "1.2.3 (API 1.40)",
            "20.10 (API 1.41) is the oldest that will do",
        ],
    );
    let other = Pretender::new(answers(vec![
        ("/_ping", "OK".into()),
        ("/version", version("1.43", "windows")),
    ]));
    let said = refused(script("engine").env("DOCKER_HOST", other.host()));
    expect(&said, &["runs containers of `windows`; these are Linux's"]);
}

#[test]
fn an_engine_that_says_nothing_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("engine.sock");
    let _mute = UnixListener::bind(&socket).unwrap();
    let said = refused(script("engine").env("DOCKER_HOST", format!("unix://{}", socket.display())));
    expect(&said, &["does not answer within 10 s"]);
}

#[test]
fn what_cannot_be_the_binary_is_refused_before_anything_is_built() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("text");
    fs::write(&text, "words").unwrap();
    for (binary, why) in [
        (
            Path::new("/nowhere/containerpilot"),
            "there is no /nowhere/containerpilot; `make dist` makes it",
        ),
        (Path::new("/"), "/ is not a file that can be read"),
        (&text, "is not a program for Linux"),
        (
            Path::new("/bin/bash"),
            "/bin/bash is linked dynamically, so it would not start in an empty image; `make dist` makes a static one",
        ),
    ] {
        let said = refused(script("build").arg(binary));
        expect(&said, &["cannot build the images: ", why]);
    }
}

/// The static binary of the tests' own images.
fn binary() -> PathBuf {
    let target = option_env!("CARGO_TARGET_DIR").map_or(format!("{ROOT}/target"), str::to_owned);
    let machine = std::env::consts::ARCH;
    format!("{target}/{machine}-unknown-linux-gnu/debug/containerpilot.stripped").into()
}

/// A command in a namespace where a folder is a file system of one megabyte. Wants root.
fn crowded(folder: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-eu", "-c"]);
    command.arg("cp -R \"$1\" \"$1.kept\"; mount -t tmpfs -o size=1m tmpfs \"$1\"; cp -R \"$1.kept/.\" \"$1\"; shift; exec \"$@\"");
    command.arg("sh").arg(folder);
    command
}

#[test]
fn an_engine_without_room_is_found_out_before_it_is_filled() {
    let dir = tempfile::tempdir().unwrap();
    let (root, place) = (dir.path().join("engine"), dir.path().join("sockets"));
    fs::create_dir(&root).unwrap();
    fs::create_dir(&place).unwrap();
    let info = format!(
        r#"{{"DockerRootDir":"{}","ServerVersion":"1.2.3"}}"#,
        root.display()
    );
    let full = Pretender::new(answers(vec![
        ("/_ping", "OK".into()),
        ("/version", version("1.43", "linux")),
        ("/info", info),
    ]));
    let mut command = crowded(&root);
    command
        .arg(format!("{ROOT}/scripts/images/build"))
        .arg(binary());
    let said = refused(
        command
            .env("DOCKER_HOST", full.host())
            .env("REPOSITORY", "nobody"),
    );
    expect(
        &said,
        &[
            "cannot build the images: the engine's ",
            " MiB free, and the images want 1500",
            "docker system prune",
        ],
    );
}

#[test]
fn a_full_place_for_what_passes_through_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let crowd = dir.path().join("tmp");
    fs::create_dir(&crowd).unwrap();
    let mut command = crowded(&crowd);
    command
        .arg(format!("{ROOT}/scripts/images/build"))
        .arg(binary());
    // Another name, so that there is something to build.
    let said = refused(
        command
            .env("TMPDIR", &crowd)
            .env("REPOSITORY", "cp-crowded"),
    );
    expect(
        &said,
        &[
            "cannot build the images: ",
            " MiB free",
            "$TMPDIR names another place",
        ],
    );
}

/// A checkout that holds only the script of the root file system.
fn checkout() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let scripts = dir.path().join("scripts/images");
    fs::create_dir_all(&scripts).unwrap();
    fs::copy(
        format!("{ROOT}/scripts/images/rootfs"),
        scripts.join("rootfs"),
    )
    .unwrap();
    dir
}

#[test]
fn the_root_file_system_wants_room() {
    let checkout = checkout();
    let cache = checkout.path().join(".cache");
    fs::create_dir(&cache).unwrap();
    let mut command = crowded(&cache);
    command.arg(checkout.path().join("scripts/images/rootfs"));
    let said = refused(&mut command);
    expect(
        &said,
        &[
            "cannot make the root file system: .cache/images has ",
            " MiB free, and it wants 1500",
        ],
    );
}

#[test]
fn the_root_file_system_wants_root() {
    let checkout = checkout();
    let open = Command::new("chmod")
        .args(["-R", "a+rX"])
        .arg(checkout.path())
        .status();
    assert!(open.unwrap().success());
    let mut command = Command::new("setpriv");
    command.args(["--reuid=12345", "--regid=12345", "--clear-groups"]);
    command.arg(checkout.path().join("scripts/images/rootfs"));
    let said = refused(&mut command);
    expect(
        &said,
        &[
            "debootstrap unpacks as root; `sudo ",
            "/scripts/images/rootfs` does this one step",
        ],
    );
}

#[test]
fn the_root_file_system_wants_the_network_once() {
    let checkout = checkout();
    let mut command = Command::new("unshare");
    command
        .arg("--net")
        .arg(checkout.path().join("scripts/images/rootfs"));
    let said = refused(&mut command);
    expect(
        &said,
        &[
            "debootstrap could not install Debian bookworm from ",
            "it needs the network, this once",
        ],
    );
    let left = fs::read_dir(checkout.path().join(".cache/images"))
        .unwrap()
        .count();
    assert_eq!(left, 0, "what was begun is gone");
}
