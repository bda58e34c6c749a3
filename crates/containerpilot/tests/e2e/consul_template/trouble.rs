//! Where it must not do harm: catalogs that lie, disks that are full.

use std::fs;

use super::consul_template;
use crate::harness::{Ended, Faulty, Liar, Pilot, Trouble, Word};

// 0.19: passes.
#[test]
fn answers_that_mean_nothing_end_with_14_and_leave_the_file() {
    for trouble in [Trouble::Garbled, Trouble::Failing] {
        let catalog = Faulty::start(trouble);
        let pilot = consul_template(&[
            "-once",
            "-consul-addr",
            &catalog.address().to_string(),
            "-consul-retry-attempts=2",
            "-consul-retry-backoff=20ms",
            "-template",
            "@DIR/in:@DIR/out:echo told",
        ])
        .file(
            "in",
            "{{ range service \"db\" }}{{ .Port }}{{ end }}{{ key \"a\" }}\n",
        )
        .file("out", "as it was\n");
        let ended = pilot.clone().run().expect_code(14).expect_no_text("told");
        assert!(!ended.stderr.contains("panic"), "{ended:#?}");
        assert_eq!(
            fs::read_to_string(pilot.path("out")).unwrap(),
            "as it was\n"
        );
    }
}

/// An `onChange` that renders is told of a change as the leader knows it. A server that is a moment
/// behind would have it render what was there before, and nobody would tell it again.
#[test]
fn who_renders_once_sees_what_it_was_told_of() {
    let catalog = Liar::start(Word::Behind(vec!["db-1", "db-2"]));
    let render = |more: &[&str]| {
        let address = catalog.address().to_string();
        let words = [
            "-once",
            "-consul-addr",
            &address,
            "-template",
            "@DIR/in:@DIR/out",
        ];
        let text = "{{ range service \"db\" }}{{ .ID }} {{ end }}";
        let pilot = consul_template(&[&words, more].concat()).file("in", text);
        pilot.clone().run().expect_code(0);
        fs::read_to_string(pilot.path("out")).unwrap()
    };
    assert_eq!(render(&[]), "db-1 db-2 ");
    assert_eq!(render(&["-max-stale=1s"]), "db-1 ");
}

/// Renders `text` over `small/out`, in a file system that was mounted so.
fn into(mount: &str, text: &str) -> (Pilot, Ended) {
    let script = format!(
        "mkdir -p @DIR/small @DIR/seen; mount -t tmpfs -o size=64k tmpfs @DIR/small; echo 'as it was' > @DIR/small/out; {mount}
         \"$@\"; status=$?; cp @DIR/small/* @DIR/seen; exit $status"
    );
    let pilot = consul_template(&["-once", "-template", "@DIR/in:@DIR/small/out:echo told"])
        .file("in", text)
        .under(&["unshare", "--mount", "sh", "-c", &script, "sh"]);
    let ended = pilot.clone().run();
    (pilot, ended)
}

/// The names of the files that were left, and what `out` holds.
fn seen(pilot: &Pilot) -> (Vec<String>, String) {
    let entries = fs::read_dir(pilot.path("seen")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let out = fs::read_to_string(pilot.path("seen/out")).unwrap();
    (names.collect(), out)
}

// 0.19: passes. Wants root.
#[test]
fn what_does_not_fit_leaves_the_old_file() {
    let text = "x".repeat(200_000);
    let (pilot, ended) = into("", &text);
    ended
        .expect_code(14)
        .expect_text("no space left")
        .expect_no_text("told");
    assert_eq!(
        seen(&pilot),
        (vec!["out".to_owned()], "as it was\n".to_owned())
    );
}

// 0.19: passes. Wants root.
#[test]
fn where_nothing_can_be_written_the_old_file_stays() {
    let (pilot, ended) = into("mount -o remount,ro @DIR/small;", "new\n");
    ended
        .expect_code(14)
        .expect_text("ead-only file system")
        .expect_no_text("told");
    assert_eq!(
        seen(&pilot),
        (vec!["out".to_owned()], "as it was\n".to_owned())
    );
    // A file as it should be needs no place.
    let (_, ended) = into("mount -o remount,ro @DIR/small;", "as it was\n");
    ended.expect_code(0).expect_no_text("told");
}

// 0.19: passes, without the hint. Wants root.
#[test]
fn a_file_that_is_a_mount_of_its_own_cannot_be_replaced() {
    let (pilot, ended) = into("mount --bind @DIR/small/out @DIR/small/out;", "new\n");
    ended
        .expect_code(14)
        .expect_text("mount the directory it is in instead");
    assert_eq!(
        seen(&pilot),
        (vec!["out".to_owned()], "as it was\n".to_owned())
    );
}
