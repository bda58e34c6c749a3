//! How a process starts, and how it does not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use reaper::{Launch, Output, Rest, RunId, SpawnError, Status, Stdin};

use crate::stage::shell;

fn with_path(program: &str, path: &str) -> Launch {
    Launch {
        env: vec![("PATH".into(), path.into())],
        output: Output::Piped,
        ..Launch::new(program)
    }
}

fn executable(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd")
        .expect("my descriptors")
        .count()
}

staged! { crate::stage::alone;

fn a_failure_is_worded_as_go_words_it_and_leaves_nothing(stage) {
    let directory = tempfile::tempdir().expect("a directory");
    let inside = |name: &str| directory.path().join(name).display().to_string();
    let here = directory.path().display().to_string();
    executable(&directory.path().join("plain"), "echo", 0o644);
    executable(&directory.path().join("binary"), "\u{7f}ELF?", 0o755);
    executable(&directory.path().join("orphaned"), "#!/nowhere/sh\n", 0o755);
    executable(&directory.path().join("foreign"), "#!/bin/sh\r\necho\r\n", 0o755);
    executable(&directory.path().join("words"), "echo\n", 0o755);
    let cases = [
        (with_path("", "/bin"), 127, "exec: no command".to_owned()),
        (with_path("nosuch", "/bin:/usr/bin"), 127, "exec: \"nosuch\": executable file not found in $PATH".into()),
        (with_path("sh", ""), 127, "exec: \"sh\": executable file not found in $PATH".into()),
        (Launch::new("sh"), 127, "exec: \"sh\": executable file not found in $PATH".into()),
        (with_path("plain", &here), 127, "exec: \"plain\": executable file not found in $PATH".into()),
        (with_path("/nowhere/app", ""), 127, "fork/exec /nowhere/app: no such file or directory".into()),
        (with_path(&inside("plain"), ""), 126, format!("fork/exec {}: permission denied", inside("plain"))),
        (with_path(&here, ""), 126, format!("fork/exec {here}: permission denied")),
        (with_path(&inside("binary"), ""), 126, format!("fork/exec {}: exec format error: it is a program for another kind of machine", inside("binary"))),
        (with_path(&inside("words"), ""), 126, format!("fork/exec {}: exec format error: it is no program, and its first line names none, as `#!/bin/sh` does", inside("words"))),
        (with_path("orphaned", &here), 127, format!("fork/exec {}: no such file or directory: its interpreter \"/nowhere/sh\" is not there", inside("orphaned"))),
        (with_path("foreign", &here), 127, format!("fork/exec {}: no such file or directory: its interpreter \"/bin/sh\\r\" is not there", inside("foreign"))),
        (Launch { cwd: Some("/nowhere".into()), ..shell("exit") }, 126, "chdir /nowhere: no such file or directory".into()),
        (Launch { cwd: Some("/bin/sh".into()), ..shell("exit") }, 126, "chdir /bin/sh: not a directory".into()),
    ];
    let before = descriptors();
    for (launch, code, text) in cases {
        let error = stage.reaper.spawn(RunId(7), &launch).expect_err("a failure");
        assert_eq!(error.to_string(), text);
        assert_eq!(error.code(), code, "{text}");
    }
    assert_eq!(descriptors(), before);
    assert!(!stage.reaper.has_children());
    assert_eq!(stage.reaper.live(), []);
    assert_eq!(stage.reaper.reap(), []);
}

fn a_run_is_named_once(stage) {
    let run = stage.sh("exec sleep 1000");
    let error = stage.reaper.spawn(run, &shell("exit")).expect_err("a failure");
    assert!(matches!(error, SpawnError::Taken { run: taken } if taken == run));
}

fn the_environment_is_exactly_what_is_listed(stage) {
    let mut launch = with_path("env", "/nowhere:/usr/bin:/bin");
    launch.env.push(("A".into(), "b=c".into()));
    launch.env.push(("A".into(), "last".into()));
    launch.env.push(("EMPTY".into(), "".into()));
    launch.program = "sh".into();
    launch.args = vec!["-c".into(), "env | cut -d= -f1 | sort | tr '\\n' ' '; echo $A$EMPTY".into()];
    let (_, names) = stage.line_of(&launch);
    assert_eq!(names, "A CONTAINERPILOT_RUN EMPTY PATH PWD last");
}

fn the_program_sees_the_name_it_was_called_by(stage) {
    let mut launch = with_path("cat", "/usr/bin:/bin");
    launch.args = vec!["/proc/self/cmdline".into()];
    let run = stage.next_run();
    let spawned = stage.reaper.spawn(run, &launch).expect("cat");
    assert_eq!(crate::stage::first_line(spawned.stdout.expect("a pipe")), "cat\0/proc/self/cmdline\0");
}

fn a_process_leads_its_group_in_its_directory(stage) {
    let mut launch = with_path("sh", "/usr/bin:/bin");
    launch.args = vec!["-c".into(), "read x; echo $(cut -d' ' -f1,5 /proc/$$/stat) $(pwd)".into()];
    launch.cwd = Some("/usr".into());
    let run = stage.next_run();
    let spawned = stage.reaper.spawn(run, &launch).expect("a shell");
    let (pid, line) = (spawned.pid, crate::stage::first_line(spawned.stdout.expect("a pipe")));
    assert_eq!(line, format!("{pid} {pid} /usr"));
    assert_eq!(stage.exited(run), (Status::Exited(0), Rest::Gone));
}

fn stdin_is_null_unless_inherited(stage) {
    let mut launch = shell("readlink /proc/self/fd/0");
    launch.output = Output::Piped;
    assert_eq!(stage.line_of(&launch).1, "/dev/null");
    launch.stdin = Stdin::Inherit;
    let own = fs::read_link("/proc/self/fd/0").expect("a stdin");
    assert_eq!(stage.line_of(&launch).1, own.display().to_string());
}

}
