//! The rules, over this repository.

use tidy::{Problem, Tree, arrows, documents, leaks, map, names, pure_core, words};

#[track_caller]
fn holds(rule: &str, check: impl FnOnce(&Tree) -> Vec<Problem>) {
    let tree = Tree::of_repository().expect("the repository is readable");
    let problems = check(&tree);
    let told: Vec<String> = problems
        .iter()
        .map(|problem| format!("\n  {problem}"))
        .collect();
    assert!(
        problems.is_empty(),
        "broken {} times: {rule}{}",
        problems.len(),
        told.concat()
    );
}

#[test]
fn the_core_depends_on_its_arguments_alone() {
    holds(
        "the core names no clock, no input or output, no task, no lock",
        pure_core::outside_the_arguments,
    );
}

#[test]
fn arrows_go_one_way() {
    holds(
        "crates depend on each other as the table of rooms says",
        arrows::forbidden_arrows,
    );
}

#[test]
fn lints_are_in_one_place() {
    holds(
        "every crate takes its lints from the workspace",
        arrows::own_lints,
    );
}

#[test]
fn files_are_called_after_what_is_in_them() {
    holds("a file's name says what is in it", names::empty_names);
}

#[test]
fn files_are_short() {
    holds("a file has at most 500 lines of code", |tree| {
        names::long_files(tree, names::TABLES)
    });
}

#[test]
fn nothing_is_left_undone() {
    holds(
        "no ignored test, no missing code, no debug print",
        words::left_undone,
    );
}

#[test]
fn unsafe_code_is_where_it_is_expected() {
    holds("`unsafe` stands in the files listed for it", |tree| {
        words::unsafe_code(tree, words::UNSAFE)
    });
}

#[test]
fn the_map_shows_every_module() {
    holds(
        "ARCHITECTURE.md shows every module, and none that is gone",
        map::map_and_modules,
    );
}

#[test]
fn printed_documents_have_a_test() {
    holds(
        "documents printed from the code are kept current by a test",
        documents::unguarded,
    );
}

#[test]
fn decisions_are_listed() {
    holds(
        "every decision record is in the index",
        documents::decision_records,
    );
}

#[test]
fn the_change_log_has_a_place_for_what_comes_next() {
    holds(
        "CHANGELOG.md has a section for what is not released",
        documents::change_log,
    );
}

#[test]
fn the_documents_that_a_reader_looks_for_are_there() {
    holds("the house has its documents", documents::missing);
}

#[test]
fn nothing_tells_where_it_was_made() {
    holds(
        "no file names a build machine's folder or a package mirror",
        |tree| leaks::of_the_workplace(tree, leaks::NO_LEAK),
    );
}
