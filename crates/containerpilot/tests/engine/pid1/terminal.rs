//! `docker run -it`.

use crate::harness::{Terminal, docker, image};

/// The terminal without a program on it: Ctrl-C is a stop in order, and nothing else means anything.
#[test]
fn without_a_program_on_the_terminal_ctrl_c_is_a_stop_in_order() {
    let config = "CONTAINERPILOT={ stopTimeout: 5, jobs: [
        { name: 'app', exec: ['sh', '-c', \"for s in WINCH TSTP INT; do trap \\\"echo got $s\\\" $s; done; trap 'echo bye; exit 0' TERM; echo up; test -t 1 || echo no tty; while :; do sleep 0.1; done\"], essential: true },
        { name: 'before', exec: ['sh', '-c', 'echo moving away'], when: { source: 'app', once: 'stopping' } } ] }";
    let at = Terminal::run(
        "log",
        &["-e", config, &image("base"), "/bin/containerpilot"],
    );
    at.wait_for("no tty");
    at.resize(22, 88);
    at.keys("\x1a");
    // Sent by somebody, it is a signal like others; the terminal's came before.
    docker(&["kill", "-s", "WINCH", &at.name]);
    at.wait_for("got WINCH");
    at.keys("\x03");
    at.wait_for("bye");
    let shown = at.shown();
    assert_eq!(at.ends(), Some(0), "{shown}");
    assert_eq!(shown.matches("got WINCH").count(), 1, "{shown}");
    assert!(
        !shown.contains("got TSTP") && !shown.contains("got INT"),
        "{shown}"
    );
    assert!(shown.find("moving away") < shown.find("bye"), "{shown}");
}

/// A program that says what it hears. Before its first word the client may not have made its own
/// terminal raw, which would then keep control characters to itself.
fn cat() -> Terminal {
    let words = [
        "/bin/containerpilot",
        "--",
        "sh",
        "-c",
        "echo $((1+1)) ears; exec cat",
    ];
    let at = Terminal::run("cat", &[&[image("base").as_str()], &words[..]].concat());
    at.wait_for("2 ears");
    at
}

#[test]
fn one_program_on_the_terminal_gets_what_is_typed() {
    let at = cat();
    at.types("hello\n", "hello\r\nhello\r\n");
    // Nobody could continue it.
    at.keys("\x1a");
    at.types("again\n", "again\r\nagain\r\n");
    at.keys("\x04");
    assert_eq!(at.ends(), Some(0));

    let at = cat();
    at.types("hello\n", "hello\r\nhello\r\n");
    at.keys("\x03");
    at.wait_for("^C");
    let shown = at.shown();
    assert_eq!(at.ends(), Some(130), "{shown}");
}
