//! Says what is in a release: `release bill` prints the bill of materials (CycloneDX, JSON),
//! `release notices` the licences of all that is linked into the binary.
//!
//! # Theory of operation
//! [`cargo`] and [`toolchain`] ask what is linked for a target; [`bill`] and [`notices`] are pure, and
//! the same commit built with the same tools prints the same bytes. `cargo metadata` alone will not
//! do: it joins the features that tests ask for to those of the release, so its graph has crates
//! that the binary has not. `cargo tree` resolves as the build does; the rest of what is told of a
//! crate comes from the metadata and from Cargo.lock.

#![expect(
    clippy::disallowed_methods,
    reason = "waits for the compilers that it asks; no helper runs here"
)]

mod bill;
mod cargo;
mod linked;
mod notices;
mod toolchain;

use std::{collections::BTreeMap, env, process::ExitCode};

const USAGE: &str = "\
usage: release bill    --target TRIPLE --time TIMESTAMP --commit HASH
       release notices --target TRIPLE --apache WHERE

bill     prints the bill of materials of the binary for that target (CycloneDX 1.5, JSON)
notices  prints the licences of what is linked into it; WHERE says where the text of the Apache
         License stands, so that it is not repeated";

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("release: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<String, String> {
    let Some((what, flags)) = words.split_first() else {
        return Err(USAGE.into());
    };
    let flags = flags_of(flags)?;
    let flag = |name: &str| {
        let value = flags.get(name).copied();
        value.ok_or_else(|| format!("`{name}` is missing\n{USAGE}"))
    };
    let target = flag("--target")?;
    match what.as_str() {
        "bill" => {
            let build = bill::Build {
                target,
                time: flag("--time")?,
                commit: flag("--commit")?,
            };
            let parts = toolchain::parts(target)?;
            Ok(bill::bill(&cargo::linked(target)?, &parts, &build))
        }
        "notices" => {
            let linked = cargo::linked(target)?;
            let texts = cargo::licence_texts(&linked)?;
            let parts = toolchain::parts(target)?;
            let apache = cargo::own_text("LICENSE-APACHE")?;
            let terms = notices::Apache::new(&apache, flag("--apache")?);
            Ok(notices::notices(&linked, &texts, &parts, &terms))
        }
        _ => Err(format!("nothing here is called `{what}`\n{USAGE}")),
    }
}

fn flags_of(words: &[String]) -> Result<BTreeMap<&str, &str>, String> {
    let pairs = words.chunks(2).map(|pair| match pair {
        [name, value] if name.starts_with("--") => Ok((name.as_str(), value.as_str())),
        _ => Err(format!("`{}` is no flag with a value\n{USAGE}", pair[0])),
    });
    pairs.collect()
}
