//! The page for a person: one file, compiled in, that reads and never writes.

use std::hash::{BuildHasher as _, RandomState};

use crate::reply::Reply;

const PAGE: &str = include_str!("ui/page.html");

/// What stands in the page for the word that lets its own script and style in.
const PLACE: &str = "{{nonce}}";

/// Answers for a path below `/ui/`.
pub(crate) fn page(rest: &str) -> Reply {
    if !rest.is_empty() {
        return Reply::empty(404);
    }
    let nonce = nonce();
    Reply::html(200, PAGE.replace(PLACE, &nonce))
        .with("Content-Security-Policy", policy(&nonce))
        .with("X-Content-Type-Options", "nosniff")
        .with("X-Frame-Options", "DENY")
        .with("Referrer-Policy", "no-referrer")
        .with("Cache-Control", "no-store")
}

/// Nothing but the page's own script runs, nothing is loaded but answers of this catalog, nobody
/// frames it, and a text can never become markup.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

/// A word that nobody can know before: the keys of the standard library's hashes are random.
fn nonce() -> String {
    let word = |n: u8| RandomState::new().hash_one(n);
    format!("{:016x}{:016x}", word(0), word(1))
}

#[cfg(test)]
mod tests {
    use super::{PAGE, PLACE, page};

    #[test]
    fn the_page_lets_in_its_own_script_and_style_only() {
        assert_eq!(PAGE.matches("<script").count(), 1);
        assert_eq!(PAGE.matches("<style").count(), 1);
        assert_eq!(PAGE.matches(PLACE).count(), 2);
        for markup in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!PAGE.contains(markup), "{markup}");
        }
        assert!(!PAGE.contains("style="), "the policy forbids it");
        let (one, other) = (page(""), page(""));
        assert_eq!(one.status, 200);
        assert_ne!(one.body, other.body, "a nonce is for once");
        assert_eq!(page("x").status, 404);
    }
}
