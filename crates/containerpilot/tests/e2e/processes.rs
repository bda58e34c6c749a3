//! Processes: how they are started, what they get, and how they end.

use rustix::process::Signal;

use crate::harness::{Pilot, is_alive};

// 3.8: passes (case 99).
#[test]
fn what_runs_when_the_helper_stops_is_asked_to_end() {
    let running = Pilot::new()
        .script(
            "app",
            "trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.05; done",
        )
        .jobs("{ name: 'app', exec: '@DIR/app' }")
        .start();
    running.wait_for_log("up");
    running.stop().expect_code(0).expect_text("asked");
}

// 3.8: passes (case 100), apart from the status.
#[test]
fn a_run_that_takes_too_long_is_killed() {
    let pilot = Pilot::new().jobs("{ name: 'slow', exec: 'sleep 1000', timeout: '100ms' }");
    let ended = pilot.run().expect_code(137);
    ended.expect_order(&[
        "slow timeout after 100ms",
        "slow exited with error: signal: killed",
    ]);
}

// 3.8: differs (case 101): members that left the group stay.
#[test]
fn a_timeout_leaves_no_descendant() {
    let pilot = Pilot::new()
        .script("app", "sleep 1000 & setsid sleep 1000 & (setsid sh -c 'trap \"\" TERM HUP; sleep 1000' &) & sleep 1000")
        .jobs("{ name: 'app', exec: '@DIR/app', timeout: '300ms' }");
    pilot.run().expect_code(137);
}

// 3.8: differs (case 101).
#[test]
fn a_check_that_takes_too_long_leaves_no_descendant() {
    let running = Pilot::new()
        .script("check", "for i in 1 2 3; do setsid sh -c 'echo $$ >> @DIR/sleepers; exec sleep 1000' & done; sleep 1000")
        .jobs("{ name: 'app', exec: 'sleep 1000', health: { exec: '@DIR/check', interval: 1, ttl: 5, timeout: '500ms' } }")
        .start()
        .ready();
    running.wait_for_log("check.app timeout after 500ms");
    running.wait_for_log("check.app exited with error: signal: killed");
    let pids: Vec<u32> = running
        .read("sleepers")
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    assert!(pids.len() >= 3, "{pids:?}");
    pids[..3].iter().for_each(|pid| running.wait_gone(*pid));
    running.stop().expect_code(0);
}

// 3.8: differs (pitfall 42): it kills at once.
#[test]
fn a_job_with_a_stop_timeout_of_its_own_is_asked_first() {
    let pilot = Pilot::new()
        .script(
            "app",
            "trap 'echo asked; exit 4' TERM; while :; do sleep 0.05; done",
        )
        .jobs("{ name: 'app', exec: '@DIR/app', timeout: '300ms', stopTimeout: '30s' }");
    pilot.run().expect_text("asked").expect_code(4);
}

// 3.8: passes (cases 102 and 103), apart from the status.
#[test]
fn the_log_tells_how_a_run_failed() {
    let pilot = Pilot::new().jobs(
        "{ name: 'bad', exec: ['sh', '-c', 'exit 255'] }, { name: 'absent', exec: '/no/such/program -x' }",
    );
    let ended = pilot
        .run()
        // The program that is not there fails first.
        .expect_code(127)
        .expect_text("bad exited with error: exit status 255");
    ended.expect_text(
        "unable to start absent: fork/exec /no/such/program: no such file or directory",
    );
}

// 3.8: passes (case 107).
#[test]
fn addresses_and_pids_are_in_the_environment() {
    let running = Pilot::new()
        .jobs(
            "{ name: 'testpid', exec: 'sleep 1000', health: { exec: 'true', interval: 1, ttl: 5 } },
             { name: 'test-env', exec: 'env', port: 8000, interfaces: 'static:10.1.2.3',
               health: { exec: 'true', interval: 1, ttl: 5 }, when: { source: 'testpid', once: 'healthy' } },
             { name: 'main', exec: 'sleep 1000' }",
        )
        .start()
        .ready();
    running.wait_for_log("CONTAINERPILOT_TEST_ENV_IP=10.1.2.3");
    let pid = running.job("testpid")["pid"].clone();
    running.wait_for_log(&format!("CONTAINERPILOT_TESTPID_PID={pid}"));
    running.wait_for_log(&format!("CONTAINERPILOT_PID={}", running.pid()));
    running.stop().expect_code(0);
}

// 3.8: passes (13.8).
#[test]
fn the_pid_of_a_job_that_ended_is_no_longer_told() {
    let pilot = Pilot::new().jobs(
        "{ name: 'first', exec: ['sh', '-c', 'echo own:${CONTAINERPILOT_FIRST_PID-unset}'] },
         { name: 'second', exec: ['sh', '-c', 'echo then:${CONTAINERPILOT_FIRST_PID-unset}'], when: { source: 'first', once: 'exitSuccess' } }",
    );
    pilot
        .run()
        .expect_code(0)
        .expect_text("own:unset")
        .expect_text("then:unset");
}

// 3.8: differs (case 28): it cuts the value in templates.
#[test]
fn values_with_signs_and_without_anything_arrive_whole() {
    let pilot = Pilot::new()
        .env("EQ", "a=b=c")
        .env("EMPTY", "")
        .jobs("{ name: 'main', exec: ['sh', '-c', 'echo \"<$EQ> <{{ .EQ }}> <${EMPTY-unset}> <{{ .EMPTY }}>\"'] }");
    pilot
        .run()
        .expect_code(0)
        .expect_text("<a=b=c> <a=b=c> <> <>");
}

// 3.8: passes (pitfall 30).
#[test]
fn a_value_that_is_no_text_is_handed_on_as_it_is() {
    let pilot = Pilot::new()
        .under(&["sh", "-c", "BAD=$(printf 'a\\377b') exec \"$@\"", "sh"])
        .jobs("{ name: 'main', exec: ['sh', '-c', 'printf %s \"$BAD\" | od -An -tx1'] }");
    pilot.run().expect_code(0).expect_text("61 ff 62");
}

// 3.8: passes (case 109).
#[test]
fn a_command_as_one_text_is_split_at_every_space() {
    let pilot = Pilot::new()
        .script("show", "echo \"$#\"; for word; do echo \"<$word>\"; done")
        .jobs("{ name: 'main', exec: \"  @DIR/show 'a  b' $HOME  \" }");
    let ended = pilot.run().expect_code(0);
    ended.expect_order(&["4", "<'a>", "<>", "<b'>", "<$HOME>"]);
}

// 3.8: passes (case 110).
#[test]
fn children_read_nothing_and_lead_their_own_group() {
    let pilot = Pilot::new()
        .script(
            "show",
            "read line; echo \"read $?\"; set -- $(cat /proc/$$/stat); echo \"is $1 in $5\"",
        )
        .jobs("{ name: 'main', exec: '@DIR/show' }");
    let ended = pilot.run().expect_code(0).expect_text("read 1");
    let line = ended
        .lines
        .iter()
        .find(|line| line.contains("is "))
        .unwrap();
    let words: Vec<&str> = line.rsplit("is ").next().unwrap().split(" in ").collect();
    assert_eq!(words[0], words[1], "{line}");
}

// 3.8: differs (case 111): it waits for the holder of the output.
#[test]
fn an_exit_is_seen_though_a_child_holds_the_output() {
    let running = Pilot::new()
        .stop_timeout(60)
        .script("first", "trap '' TERM; (echo $$ > @DIR/up; exec sleep 1000) & exit 0")
        .jobs("{ name: 'first', exec: '@DIR/first' }, { name: 'next', exec: 'echo seen', when: { source: 'first', once: 'exitSuccess' } }")
        .start();
    running.wait_for_log("seen");
    // Whoever ignores every request goes when nobody is left to wait: at the third TERM.
    for _ in 0..3 {
        running.signal(Signal::TERM);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    running.wait_exit();
}

// 3.8: differs (case 112): `1e+06`.
#[test]
fn numbers_in_a_command_are_what_was_written() {
    let pilot = Pilot::new().jobs("{ name: 'main', exec: ['echo', 8000, 1000000, 1.5, true] }");
    pilot
        .run()
        .expect_code(0)
        .expect_text("8000 1000000 1.5 true");
}

// 3.8: passes (case 130).
#[test]
fn children_left_by_a_finished_run_are_asked_to_end() {
    let running = Pilot::new()
        .script(
            "first",
            "(trap 'echo bye > @DIR/bye; exit' TERM; echo up > @DIR/up; while :; do sleep 0.05; done) &
             while [ ! -s @DIR/up ]; do sleep 0.02; done; exit 0",
        )
        .jobs("{ name: 'first', exec: '@DIR/first' }, { name: 'main', exec: 'sleep 1000' }")
        .start();
    assert_eq!(running.wait_for_file("bye"), "bye");
    running.stop().expect_code(0);
}

// 3.8: differs (pitfall 5 and case 186): grandchildren that left the group stay.
#[test]
fn a_stop_leaves_no_descendant() {
    let running = Pilot::new()
        .script(
            "app",
            "sh -c 'trap \"\" TERM; while :; do sleep 1; done' & setsid sh -c 'sleep 1000' &
             (setsid sh -c 'trap \"\" TERM HUP; echo up; while :; do sleep 1; done' &) & wait",
        )
        .jobs("{ name: 'app', exec: '@DIR/app' }")
        .start();
    running.wait_for_log("up");
    running.stop();
}

// 3.8: passes.
#[test]
fn fifty_jobs_run_and_stop() {
    let one = |n: usize| {
        format!("{{ name: 'job{n}', exec: ['sh', '-c', 'echo up{n}.; exec sleep 1000'] }}, ")
    };
    let jobs: String = (0..50).map(one).collect();
    let running = Pilot::new().jobs(&jobs).start().ready();
    for n in 0..50 {
        running.wait_for_log(&format!("up{n}."));
    }
    assert_eq!(running.children().len(), 50);
    running.stop().expect_code(0);
}

// 3.8: passes.
#[test]
fn large_output_arrives_whole() {
    const LINES: usize = 50_000;
    let exec = format!("['seq', '-f', 'line %.0f of many, with some words after it', '{LINES}']");
    let ended = Pilot::new()
        .jobs(&format!("{{ name: 'main', exec: {exec} }}"))
        .run()
        .expect_code(0);
    assert_eq!(ended.count("of many, with some words after it"), LINES);
    ended.expect_text(&format!("line {LINES} of many"));
}

// 3.8: lacks (pitfall 35).
#[test]
fn a_user_that_does_not_exist_runs_nothing() {
    let pilot = Pilot::new().jobs("{ name: 'main', exec: 'echo ran', user: 'nobody-here' }");
    let ended = pilot.run().expect_code(126).expect_no_text("ran");
    ended.expect_text("cannot run as user `nobody-here`: there is no such user");
}

// 3.8: lacks (pitfall 35).
#[test]
fn a_user_one_may_not_become_runs_nothing() {
    let pilot = Pilot::new()
        .for_nobody()
        .jobs("{ name: 'main', exec: 'echo ran', user: '0' }");
    pilot.run().expect_code(126).expect_no_text("ran");
}

// 3.8: lacks.
#[test]
fn a_job_runs_as_whom_and_where_it_says() {
    let pilot = Pilot::new().jobs(
        "{ name: 'main', exec: ['sh', '-c', 'echo \"$(id -u):$(id -g) $PWD $OWN\"'], user: '12345', group: '54321', cwd: '/', env: { OWN: 'mine' } }",
    );
    pilot.run().expect_code(0).expect_text("12345:54321 / mine");
}

// 3.8: passes (case 104, pitfall 2).
#[test]
fn programs_that_end_at_once_are_never_lost() {
    let pilot = Pilot::new()
        .script("count", "echo x >> @DIR/runs")
        .jobs("{ name: 'quick', exec: '@DIR/count', restarts: 300, backoff: 'none' }");
    let folder = pilot.clone();
    pilot.run().expect_code(0);
    let runs = std::fs::read_to_string(folder.path("runs")).unwrap();
    assert_eq!(runs.lines().count(), 301);
}

// 3.8: differs (pitfall 40, case 111).
#[test]
fn a_thousand_runs_leave_no_descriptor() {
    let running = Pilot::new()
        .jobs("{ name: 'main', exec: 'sleep 1000' }, { name: 'often', exec: 'true', restarts: 1000, backoff: 'none' }")
        .start()
        .ready();
    let before = crate::harness::descriptors(running.pid());
    running.wait_for_state("often", "complete");
    running.until("the descriptors are as before", || {
        (crate::harness::descriptors(running.pid()) <= before).then_some(())
    });
    running.stop().expect_code(0);
}

// 3.8: passes (pitfall 4).
#[test]
fn the_main_application_is_alive_until_it_is_asked() {
    let running = Pilot::new()
        .jobs("{ name: 'app', exec: ['sh', '-c', 'echo $$ > @DIR/pid; exec sleep 1000'] }")
        .start();
    let pid = running.wait_for_pid("pid");
    assert!(is_alive(pid));
    running.stop().expect_code(0);
    assert!(!is_alive(pid));
}
