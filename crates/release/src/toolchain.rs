//! What the toolchain links into every binary: Rust's own library, the C library, the unwinder.

use std::{
    env, fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use crate::cargo::said;

/// One such part.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    /// An SPDX expression.
    pub(crate) licence: &'static str,
    /// A package URL, for those who look for its faults.
    pub(crate) purl: String,
    /// What its distributor says of its copyright, where that is on this machine.
    pub(crate) copyright: Option<String>,
}

const RUST: &str = "MIT OR Apache-2.0";
const GLIBC: &str = "LGPL-2.1-or-later";
const LIBGCC: &str = "GPL-3.0-or-later WITH GCC-exception-3.1";
const MUSL: &str = "MIT";

/// The parts that are linked for a target.
pub(crate) fn parts(target: &str) -> Result<Vec<Part>, String> {
    let mut parts = vec![rust()?];
    if target.ends_with("-musl") {
        // It comes with the target's standard library, which does not tell its version.
        parts.push(Part {
            name: "musl",
            version: format!("as in rust {}", parts[0].version),
            licence: MUSL,
            purl: "pkg:generic/musl".into(),
            copyright: None,
        });
        return Ok(parts);
    }
    let (compiler, package) = compiler(target);
    parts.push(c_library(&compiler, package)?);
    let version = said(Command::new(&compiler).arg("-dumpfullversion"))?;
    let version = version.trim().to_owned();
    parts.push(Part {
        name: "libgcc",
        purl: format!("pkg:generic/libgcc@{version}"),
        version,
        licence: LIBGCC,
        copyright: None,
    });
    Ok(parts)
}

fn rust() -> Result<Part, String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = said(Command::new(rustc).arg("-vV"))?;
    let version = told.lines().find_map(|line| line.strip_prefix("release: "));
    let version = version.ok_or("rustc does not tell its release")?.to_owned();
    Ok(Part {
        name: "rust-std",
        purl: format!("pkg:generic/rust-std@{version}"),
        version,
        licence: RUST,
        copyright: None,
    })
}

/// The C compiler that links for a target, and the Debian package of the C library that it links.
fn compiler(target: &str) -> (String, &'static str) {
    let architecture = target.split('-').next().unwrap_or_default();
    match architecture {
        own if own == env::consts::ARCH => ("cc".into(), "libc6-dev"),
        "aarch64" => ("aarch64-linux-gnu-gcc".into(), "libc6-dev-arm64-cross"),
        "x86_64" => ("x86_64-linux-gnu-gcc".into(), "libc6-dev-amd64-cross"),
        other => (format!("{other}-linux-gnu-gcc"), "libc6-dev-cross"),
    }
}

/// Debian tells which of its corrections are in; elsewhere the headers tell the release alone.
fn c_library(compiler: &str, package: &str) -> Result<Part, String> {
    let arguments = ["--show", "--showformat", "${Version}", package];
    let debian = said(Command::new("dpkg-query").args(arguments)).ok();
    let (version, purl) = match debian.filter(|version| !version.is_empty()) {
        Some(version) => {
            let purl = format!("pkg:deb/debian/{package}@{}", version.replace('+', "%2B"));
            (version, purl)
        }
        None => {
            let version = from_headers(compiler).map_err(|reason| {
                format!("cannot tell which C library {compiler} links: {reason}")
            })?;
            let purl = format!("pkg:generic/glibc@{version}");
            (version, purl)
        }
    };
    let copyright = Path::new("/usr/share/doc").join(package).join("copyright");
    Ok(Part {
        name: "glibc",
        version,
        licence: GLIBC,
        purl,
        copyright: fs::read_to_string(copyright).ok(),
    })
}

fn from_headers(compiler: &str) -> Result<String, String> {
    let mut command = Command::new(compiler);
    command.args(["-E", "-P", "-x", "c", "-"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let told = |fault: std::io::Error| format!("{compiler}: {fault}");
    let mut child = command.spawn().map_err(told)?;
    // Dropped after writing, which ends the compiler's input.
    let mut input = child.stdin.take().ok_or("no input")?;
    let asked = b"#include <features.h>\n__GLIBC__ __GLIBC_MINOR__\n";
    input.write_all(asked).map_err(told)?;
    drop(input);
    let printed = child.wait_with_output().map_err(told)?.stdout;
    let printed = String::from_utf8_lossy(&printed);
    let last = printed.lines().last().unwrap_or_default();
    match last.split_once(' ') {
        Some((major, minor)) if major.parse::<u32>().is_ok() => Ok(format!("{major}.{minor}")),
        _ => Err("its headers name no version of glibc".into()),
    }
}
