//! Names are looked up without the plugins of the image, which crash a static program.

use std::{
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

use catalog::consul::{Client, Settings};

const CHILD: &str = "CATALOG_TEST_LOOKS_UP_NAMES";

/// Ends whoever loads it, as a plugin for another glibc would.
const TRAP: &str =
    "#include <unistd.h>\n__attribute__((constructor)) void trap(void) { _exit(42); }";

#[tokio::test]
async fn a_plugin_of_the_image_is_never_loaded() {
    if std::env::var_os(CHILD).is_some() {
        return look_up().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("nsswitch.conf"), "hosts: trap files dns\n").unwrap();
    std::fs::write(folder.join("trap.c"), TRAP).unwrap();
    let built = run(folder, "cc -shared -fPIC -o libnss_trap.so.2 trap.c");
    assert!(built.success(), "no C compiler, though Rust links with one");
    if !run(
        folder,
        "unshare -rm mount --bind nsswitch.conf /etc/nsswitch.conf",
    )
    .success()
    {
        eprintln!("this machine grants no namespace of one's own: nothing is tested");
        return;
    }
    let inside = |program: &str| {
        let script = format!(
            "unshare -rm sh -ec 'mount --bind nsswitch.conf /etc/nsswitch.conf; \
             LD_LIBRARY_PATH=$PWD exec {program}'"
        );
        run(folder, &script)
    };
    // The trap works on whoever looks up names the usual way.
    assert_eq!(inside("getent ahosts localhost").code(), Some(42));
    let this = std::env::current_exe().unwrap();
    let name = "names::a_plugin_of_the_image_is_never_loaded";
    let looked_up = inside(&format!("env {CHILD}=1 {} --exact {name}", this.display()));
    assert_eq!(looked_up.code(), Some(0));
}

async fn look_up() {
    for (name, reason) in [("localhost", "connection refused"), ("nowhere.invalid", "")] {
        let client = Client::new(Settings::parse(&format!("{name}:1")).unwrap()).unwrap();
        let error = client.key("any", None).await.unwrap_err().to_string();
        let start = format!("cannot reach Consul at {name}:1: {reason}");
        assert!(error.starts_with(&start), "{error}");
    }
}

fn run(folder: &Path, script: &str) -> ExitStatus {
    let mut child = Command::new("sh")
        .args(["-ec", script])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
    child.wait().unwrap()
}
