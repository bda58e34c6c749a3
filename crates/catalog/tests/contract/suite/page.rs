//! `docs/contract.md`: what the suite asks, and who says not to have it.

use std::{fmt::Write, fs, path::Path};

use super::{Case, Kind, THEMES};

#[test]
fn the_page_says_what_the_suite_asks() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contract.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).expect("docs/contract.md can be written");
    }
    assert_eq!(
        fs::read_to_string(&path).expect("docs/contract.md is there"),
        page,
        "docs/contract.md is stale: run with UPDATE_DOCS=1"
    );
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let cases = THEMES.iter().flat_map(|(_, cases)| *cases);
    let mut names: Vec<_> = cases.map(|case| case.name).collect();
    names.sort_unstable();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

fn page() -> String {
    let count: usize = THEMES.iter().map(|(_, cases)| cases.len()).sum();
    let mut page = format!(
        "# What every catalog promises\n\n\
         A test writes this page from its own cases and fails when they differ: \
         `UPDATE_DOCS=1 cargo test -p catalog page` writes it anew. Each of the {count} cases \
         is written once, knows nothing of the catalog it runs on, and runs on real servers: \
         `cargo test -p catalog suite`, or `CASE=word cargo test -p catalog suite` for those \
         with the word in their names.\n\n\
         ✓ is: it holds. Where words stand instead, the catalog does not have it and says so, \
         with an error that has these words; it is never passed over in silence.\n"
    );
    let kinds = Kind::ALL.map(|kind| kind.to_string());
    for (theme, cases) in THEMES {
        write!(
            page,
            "\n## {theme}\n\n| case | promise | {} |\n|---|---|{}\n",
            kinds.join(" | "),
            "---|".repeat(kinds.len())
        )
        .expect("a String takes everything");
        for case in *cases {
            page.push_str(&line(case));
        }
    }
    page
}

fn line(case: &Case) -> String {
    let words = Kind::ALL.map(|kind| {
        let mut lacking = case.lacking.iter();
        match lacking.find(|(lacking, _)| *lacking == kind) {
            Some((_, what)) => format!("no {what}"),
            None => "✓".to_owned(),
        }
    });
    let promise = case.meaning.trim().replace('|', "\\|");
    let name = case.name.replace('_', " ");
    format!("| {name} | {promise} | {} |\n", words.join(" | "))
}
