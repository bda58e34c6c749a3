//! Files: written, replaced, swapped as in a volume of Kubernetes, absent, forbidden, and no files.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::harness::{Pilot, Running};

/// Watches a file of the test's folder, and says what is told of it and what it holds then.
fn watching(file: &str, more: &str) -> Pilot {
    let top = format!("watches: [{{ name: 'pem', file: '@DIR/{file}'{more} }}],");
    let jobs = format!(
        "{{ name: 'main', exec: 'sleep 1000' }},
         {{ name: 'on-change', exec: ['sh', '-c', 'echo changed to $(head -c 64 @DIR/{file})'], when: {{ source: 'watch.pem', each: 'changed' }} }},
         {{ name: 'on-healthy', exec: 'echo pem healthy', when: {{ source: 'watch.pem', each: 'healthy' }} }},
         {{ name: 'on-unhealthy', exec: 'echo pem unhealthy', when: {{ source: 'watch.pem', each: 'unhealthy' }} }},"
    );
    Pilot::new().top(&top).jobs(&jobs)
}

/// Waits until the watch sees this.
#[track_caller]
fn wait_for_sight(running: &Running, sees: &str) {
    running.until(&format!("the watch sees: {sees}"), || {
        let watch = running.status()["watches"][0].clone();
        (watch["sees"] == sees).then_some(())
    });
}

/// Puts a file in place as careful writers do.
fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(&beside, path).unwrap();
}

// 3.8: lacks.
#[test]
fn a_file_that_comes_changes_and_goes_is_told() {
    let running = watching("x.pem", "").start().ready();
    let path = running.path("x.pem");
    running.wait_for_lines("pem unhealthy", 1);
    assert_eq!(running.count("changed to"), 0, "there was nothing");
    fs::write(&path, "one").unwrap();
    running.wait_for_log("changed to one");
    running.wait_for_lines("pem healthy", 1);
    replace(&path, "two");
    running.wait_for_log("changed to two");
    // What is written and no change is followed by one that is seen alone.
    fs::write(&path, "two").unwrap();
    replace(&path, "two");
    replace(&path, "three");
    running.wait_for_log("changed to three");
    fs::remove_file(&path).unwrap();
    running.wait_for_lines("pem unhealthy", 2);
    wait_for_sight(&running, "absent");
    running.wait_for_lines("changed to", 4);
    let ended = running.stop().expect_code(0);
    assert_eq!(ended.count("changed to"), 4, "{:#?}", ended.lines);
    assert_eq!(ended.count("pem healthy"), 3);
}

// 3.8: lacks.
#[test]
fn a_volume_is_swapped_as_kubernetes_does_it() {
    let pilot = watching("volume/x.pem", "");
    let volume = pilot.path("volume");
    let fill = |version: &str| {
        let dated = volume.join(format!("..{version}"));
        fs::create_dir_all(&dated).unwrap();
        fs::write(dated.join("x.pem"), version).unwrap();
        fs::write(dated.join("other"), version).unwrap();
    };
    fill("v0");
    symlink("..v0", volume.join("..data")).unwrap();
    symlink("..data/x.pem", volume.join("x.pem")).unwrap();
    let running = pilot.start().ready();
    running.wait_for_log("changed to v0");
    for n in 1..=5 {
        let (before, now) = (format!("..v{}", n - 1), format!("v{n}"));
        fill(&now);
        symlink(format!("..{now}"), volume.join("..data_tmp")).unwrap();
        fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
        fs::remove_dir_all(volume.join(before)).unwrap();
        running.wait_for_log(&format!("changed to {now}"));
    }
    let ended = running.stop().expect_code(0);
    assert_eq!(
        (ended.count("changed to"), ended.count("pem unhealthy")),
        (6, 0)
    );
}

// 3.8: lacks.
#[test]
fn directories_that_come_later_go_and_come_again_are_no_hindrance() {
    let running = watching("a/b/c/x.pem", "").start().ready();
    running.wait_for_lines("pem unhealthy", 1);
    let at = |name: &str| running.path(name);
    fs::create_dir(at("a")).unwrap();
    fs::create_dir(at("a/b")).unwrap();
    fs::create_dir(at("a/b/c")).unwrap();
    fs::write(at("a/b/c/x.pem"), "one").unwrap();
    running.wait_for_log("changed to one");
    // Somebody stays in a directory that goes, which keeps the kernel from saying so.
    let held = File::open(at("a/b/c")).unwrap();
    fs::remove_dir_all(at("a")).unwrap();
    running.wait_for_lines("pem unhealthy", 2);
    fs::create_dir_all(at("a/b/c")).unwrap();
    fs::write(at("a/b/c/x.pem"), "two").unwrap();
    // The run for the removal may read the new file already; only this says that it was seen.
    running.wait_for_lines("pem healthy", 2);
    running.wait_for_log("changed to two");
    drop(held);
    // One further up is moved away, and another takes its place.
    fs::create_dir_all(at("new/b/c")).unwrap();
    fs::write(at("new/b/c/x.pem"), "three").unwrap();
    fs::rename(at("a"), at("old")).unwrap();
    running.wait_for_lines("pem unhealthy", 3);
    fs::rename(at("new"), at("a")).unwrap();
    running.wait_for_lines("pem healthy", 3);
    running.wait_for_log("changed to three");
    // What happens to the one that was moved away is nobody's business.
    fs::write(at("old/b/c/x.pem"), "four").unwrap();
    fs::write(at("a/b/c/x.pem"), "five").unwrap();
    running.wait_for_log("changed to five");
    assert_eq!(running.count("changed to four"), 0);
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn what_is_no_file_is_unhealthy_and_keeps_nobody_waiting() {
    let running = watching("x.pem", "").start().ready();
    let path = running.path("x.pem");
    running.wait_for_lines("pem unhealthy", 1);
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    wait_for_sight(&running, "a pipe, not a file");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    wait_for_sight(&running, "a directory, not a file");
    fs::remove_dir(&path).unwrap();
    symlink("/dev/zero", &path).unwrap();
    wait_for_sight(&running, "a device, not a file");
    fs::remove_file(&path).unwrap();
    symlink("x.pem", &path).unwrap();
    running.until("a link to itself is told", || {
        let sees = running.status()["watches"][0]["sees"].clone();
        sees.as_str()?.contains("symbolic links").then_some(())
    });
    replace(&path, "one");
    running.wait_for_log("changed to one");
    let ended = running.stop().expect_code(0);
    assert_eq!(
        (ended.count("changed to"), ended.count("pem unhealthy")),
        (1, 1)
    );
}

// 3.8: lacks.
#[test]
fn a_file_that_may_not_be_read_is_unhealthy_until_it_may() {
    let pilot = watching("x.pem", "").for_nobody();
    let path = pilot.path("x.pem");
    fs::write(&path, "one").unwrap();
    let allow = |mode| fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    allow(0o600);
    let running = pilot.start().ready();
    running.wait_for_lines("pem unhealthy", 1);
    wait_for_sight(&running, "permission denied");
    allow(0o644);
    running.wait_for_log("changed to one");
    allow(0o600);
    running.wait_for_lines("pem unhealthy", 2);
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn a_burst_of_writes_is_one_change() {
    let pilot = watching("x.pem", ", debounce: '500ms'");
    fs::write(pilot.path("x.pem"), "0").unwrap();
    let running = pilot.start().ready();
    let path = running.path("x.pem");
    running.wait_for_log("changed to 0");
    for n in 1..=100 {
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"+").unwrap();
        if n % 2 == 0 {
            replace(&path, &format!("{n}"));
        }
    }
    running.wait_for_log("changed to 100");
    let ended = running.stop().expect_code(0);
    assert_eq!(ended.count("changed to"), 2, "{:#?}", ended.lines);
}

// 3.8: lacks.
#[test]
fn the_last_of_many_changes_is_seen_by_the_last_run_of_a_slow_handler() {
    let pilot = Pilot::new()
        .top("watches: [{ name: 'pem', file: '@DIR/x.pem', debounce: '0' }],")
        .jobs("{ name: 'main', exec: 'sleep 1000' },
               { name: 'slow', exec: ['sh', '-c', 'echo begins with $(cat @DIR/x.pem); sleep 0.3'], when: { source: 'watch.pem', each: 'changed' } }");
    fs::write(pilot.path("x.pem"), "v0").unwrap();
    let running = pilot.start().ready();
    running.wait_for_log("begins with v0");
    for n in 1..=200 {
        replace(&running.path("x.pem"), &format!("v{n}"));
    }
    running.wait_for_log("begins with v200");
    // Its end is followed by no other.
    running.until("the last run is over", || {
        (running.job("slow")["state"] == "idle").then_some(())
    });
    let ended = running.stop().expect_code(0);
    let last = ended
        .lines
        .iter()
        .rfind(|line| line.contains("begins with"));
    assert!(
        last.unwrap().ends_with("begins with v200"),
        "{:#?}",
        ended.lines
    );
    let runs = ended.count("begins with");
    assert!(runs <= 20, "{runs} runs: {:#?}", ended.lines);
}

// 3.8: lacks.
#[test]
fn a_huge_file_is_looked_at_without_disturbing_anybody() {
    let pilot = watching("x.pem", "");
    let file = File::create(pilot.path("x.pem")).unwrap();
    file.set_len(8 << 30).unwrap();
    let running = pilot.start().ready();
    running.wait_for_lines("pem healthy", 1);
    // Far behind what is read, where only its time tells.
    file.set_len((8 << 30) + 1).unwrap();
    drop(OpenOptions::new().append(true).open(running.path("x.pem")));
    running.wait_for_lines("pem healthy", 2);
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn a_watch_and_a_template_see_the_same_file() {
    let pilot = watching("x.pem", "")
        .file("conf.tpl", "{{ file \"@DIR/x.pem\" }}")
        .top("templates: [{ source: '@DIR/conf.tpl', destination: '@DIR/conf' }],");
    fs::write(pilot.path("x.pem"), "one").unwrap();
    let running = pilot.start().ready();
    running.wait_for_log("changed to one");
    running.until("the template shows it", || {
        (running.read("conf") == "one").then_some(())
    });
    for text in ["two", "three"] {
        replace(&running.path("x.pem"), text);
        running.wait_for_log(&format!("changed to {text}"));
        running.until("the template shows it", || {
            (running.read("conf") == text).then_some(())
        });
    }
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn a_reload_lets_files_come_and_go() {
    let mut running = watching("x.pem", "").start().ready();
    running.wait_for_lines("pem unhealthy", 1);
    fs::write(running.path("y.pem"), "other").unwrap();
    let jobs = "{ name: 'main', exec: 'sleep 1000' },
        { name: 'on-change', exec: 'cat @DIR/y.pem', when: { source: 'watch.pem', each: 'changed' } }";
    running.rewrite(|pilot| {
        let whole = format!("{{ catalog: 'none', control: {{ socket: '@DIR/socket' }}, stopTimeout: 1, watches: [{{ name: 'pem', file: '@DIR/y.pem' }}], jobs: [{jobs}] }}");
        pilot.config(&whole)
    });
    running.reload().expect(200);
    running.wait_for_log("other");
    fs::write(running.path("x.pem"), "nobody looks").unwrap();
    replace(&running.path("y.pem"), "another");
    running.wait_for_log("another");
    let ended = running.stop().expect_code(0);
    assert_eq!(ended.count("nobody looks"), 0);
}
