//! The page, in a real browser without a screen.

#[cfg(test)]
mod page {
    mod browser;
    mod looks;
    mod site;
    mod story;
}
