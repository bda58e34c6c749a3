//! A shell in `docker run -it` has job control, whatever way it is started.

use crate::harness::{Terminal, image, until};

/// What the shell shows when it waits for a line.
const PROMPT: &str = "ready> ";

#[test]
fn a_shell_after_two_dashes_has_job_control() {
    expect_job_control(&Start {
        config: None,
        words: &["--", "bash", "--norc"],
    });
}

#[test]
fn a_shell_that_is_a_child_of_the_program_has_job_control() {
    expect_job_control(&Start {
        config: None,
        words: &["--", "sh", "-c", "bash --norc; exit $?"],
    });
}

#[test]
fn a_shell_around_which_a_file_of_2_runs_has_job_control() {
    expect_job_control(&Start {
        config: Some(r#"{ "consul": "127.0.0.1:1", "services": [] }"#),
        words: &["bash", "--norc"],
    });
}

#[test]
fn a_shell_that_is_the_job_with_the_terminal_has_job_control() {
    expect_job_control(&Start {
        config: Some(
            "{ jobs: [{ name: 'shell', exec: ['bash', '--norc'], terminal: true, essential: true }] }",
        ),
        words: &[],
    });
}

/// How the helper is started.
struct Start {
    config: Option<&'static str>,
    words: &'static [&'static str],
}

#[track_caller]
fn expect_job_control(start: &Start) {
    let at = shell(start);
    stop_and_continue(&at);
    interrupt(&at);
    resize(&at);
    // What was in the background all the time is there to be ended, and nothing is left then.
    at.types("fg\n", "sleep 300");
    at.wait_for_in_front("sleep 300");
    at.types("\x03", PROMPT);
    let left = jobs(&at);
    assert!(!left.contains("sleep"), "{left}");
    at.keys("exit 5\n");
    assert_eq!(at.ends(), Some(5));
}

/// A shell that waits for its first line, and complains of nothing.
#[track_caller]
fn shell(start: &Start) -> Terminal {
    let prompt = format!("PS1={PROMPT}");
    let config = format!("CONTAINERPILOT={}", start.config.unwrap_or_default());
    let image = image("base");
    let options = ["--network", "none", "-e", &prompt, "-e", &config];
    let program = [image.as_str(), "/bin/containerpilot"];
    let at = Terminal::run("shell", &[&options, &program[..], start.words].concat());
    at.wait_for(PROMPT);
    at.wait_for_in_front("bash --norc");
    let shown = at.shown();
    assert!(!shown.contains("no job control"), "{shown}");
    at
}

/// What `jobs` lists.
#[track_caller]
fn jobs(at: &Terminal) -> String {
    let said = at.types("jobs; echo $((3-1)) shown\n", "2 shown");
    // The line is shown as it was typed, too.
    let (_, listed) = said.split_once("shown\r\n").unwrap();
    listed.to_owned()
}

/// Ctrl-Z stops what is in front, and only that; `bg` and `fg` continue it.
#[track_caller]
fn stop_and_continue(at: &Terminal) {
    at.types("sleep 300 &\n", "[1] ");
    at.keys("sleep 400\n");
    at.wait_for_in_front("sleep 400");
    at.types("\x1a", "Stopped");
    let listed = jobs(at);
    for (state, job) in [("Running", "sleep 300 &"), ("Stopped", "sleep 400")] {
        assert!(has(&listed, state, job), "{listed}");
    }
    at.types("bg\n", "[2]+ sleep 400 &");
    let listed = jobs(at);
    for job in ["sleep 300 &", "sleep 400 &"] {
        assert!(has(&listed, "Running", job), "{listed}");
    }
}

/// Ctrl-C ends what is in front, and nothing else.
#[track_caller]
fn interrupt(at: &Terminal) {
    at.keys("fg %2\n");
    at.wait_for_in_front("sleep 400");
    at.types("\x03", PROMPT);
    at.types("echo status $?\n", "status 130");
    let listed = jobs(at);
    assert!(has(&listed, "Running", "sleep 300 &"), "{listed}");
    assert!(!listed.contains("sleep 400"), "{listed}");
}

/// The shell hears of the window's new size.
#[track_caller]
fn resize(at: &Terminal) {
    at.types(
        "trap 'echo size $(stty size)' WINCH; echo $((3-1)) set\n",
        "2 set",
    );
    until(
        "the new size has arrived",
        || at.shown(),
        || {
            // The client listens for sizes some time after it shows the first text, and the shell
            // says what a trap has to say when it has read a line.
            at.resize(33, 99);
            at.keys("\n");
            at.shown().contains("size 33 99").then_some(())
        },
    );
}

/// Whether `jobs` has listed this job in this state.
fn has(listed: &str, state: &str, job: &str) -> bool {
    let mut lines = listed.lines();
    lines.any(|line| line.contains(state) && line.trim_end().ends_with(job))
}
