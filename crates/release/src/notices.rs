//! The licences of what is linked, as their holders want them to go with every copy.

use std::fmt::Write;

use crate::{
    linked::{Id, Linked},
    toolchain::Part,
};

/// The terms of the Apache License 2.0, which go with every release once.
#[derive(Debug)]
pub(crate) struct Apache<'a> {
    terms: String,
    place: &'a str,
}

const BEGIN: &str = "TERMS AND CONDITIONS FOR USE";
const END: &str = "END OF TERMS AND CONDITIONS";

impl<'a> Apache<'a> {
    /// Takes the terms out of a copy of the licence; `place` says where a reader finds one.
    pub(crate) fn new(copy: &str, place: &'a str) -> Self {
        let terms =
            terms_in(copy).map_or(String::new(), |(begin, end)| squeezed(&copy[begin..end]));
        Self { terms, place }
    }

    /// A text without the terms, if they stand in it word by word; what else it says stays.
    fn shorten(&self, text: &str) -> String {
        match terms_in(text) {
            Some((begin, end)) if squeezed(&text[begin..end]) == self.terms => {
                let reference = format!("[the terms of the Apache License 2.0: {}]", self.place);
                format!("{}{reference}{}", &text[..begin], &text[end..])
            }
            _ => text.to_owned(),
        }
    }
}

fn terms_in(text: &str) -> Option<(usize, usize)> {
    let begin = text.find(BEGIN)?;
    let end = begin + text[begin..].find(END)? + END.len();
    Some((begin, end))
}

/// Copies differ in how their lines are broken.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Prints who is in the binary under which licence, then each text once.
pub(crate) fn notices(
    linked: &Linked,
    texts: &[(Id, String, String)],
    parts: &[Part],
    apache: &Apache<'_>,
) -> String {
    let mut out = String::from("What others wrote and is linked into the binary:\n\n");
    for one in linked.crates.iter().filter(|one| one.checksum.is_some()) {
        let place = one.repository.as_deref().unwrap_or("crates.io");
        let Id { name, version } = &one.id;
        line(
            &mut out,
            &format!("  {name} {version}: {} ({place})", one.licence),
        );
    }
    for part in parts {
        line(
            &mut out,
            &format!("  {} {}: {}", part.name, part.version, part.licence),
        );
    }
    for (owners, text) in grouped(texts, apache) {
        heading(&mut out, &owners.join(", "));
        line(&mut out, text.trim_end());
    }
    for part in parts {
        if let Some(text) = &part.copyright {
            heading(&mut out, &format!("{} {}", part.name, part.version));
            line(&mut out, text.trim_end());
        }
    }
    out
}

/// Each text once, with all who use it, in the order of the first of them.
fn grouped(texts: &[(Id, String, String)], apache: &Apache<'_>) -> Vec<(Vec<String>, String)> {
    let mut groups: Vec<(Vec<String>, String)> = Vec::new();
    for (id, _, text) in texts {
        let text = apache.shorten(text);
        let owner = format!("{} {}", id.name, id.version);
        let same = groups
            .iter_mut()
            .find(|(_, other)| squeezed(other) == squeezed(&text));
        match same {
            Some((owners, _)) => owners.push(owner),
            None => groups.push((vec![owner], text)),
        }
    }
    groups
}

fn heading(out: &mut String, title: &str) {
    line(out, &format!("\n{}\n{title}\n", "-".repeat(72)));
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("a String takes all that is written");
}

#[cfg(test)]
mod tests {
    use super::*;

    const COPY: &str = "Apache License\n TERMS AND CONDITIONS FOR USE\n 1. a\n   b\n END OF TERMS AND CONDITIONS\nappendix";

    #[test]
    fn the_terms_are_replaced_and_the_rest_is_kept() {
        let apache = Apache::new(COPY, "LICENSE-APACHE");
        let other =
            "TERMS AND CONDITIONS FOR USE\n\n1. a b\nEND OF TERMS AND CONDITIONS\nCopyright X";
        assert_eq!(
            apache.shorten(other),
            "[the terms of the Apache License 2.0: LICENSE-APACHE]\nCopyright X"
        );
    }

    #[test]
    fn terms_that_were_changed_are_kept() {
        let apache = Apache::new(COPY, "LICENSE-APACHE");
        for other in [&COPY.replace("1. a", "1. not a"), "MIT"] {
            assert_eq!(apache.shorten(other), other);
        }
    }

    #[test]
    fn one_text_is_printed_once() {
        let id = |name: &str| Id {
            name: name.into(),
            version: "1.0.0".into(),
        };
        let apache = Apache::new(COPY, "LICENSE-APACHE");
        let texts = [
            (id("a"), "LICENSE".into(), "do as you\nlike".into()),
            (id("b"), "LICENSE".into(), "do not".into()),
            (id("c"), "COPYING".into(), "do as you like\n".into()),
        ];
        let groups = grouped(&texts, &apache);
        let owners: Vec<_> = groups.iter().map(|(owners, _)| owners.join(", ")).collect();
        assert_eq!(owners, ["a 1.0.0, c 1.0.0", "b 1.0.0"]);
    }
}
