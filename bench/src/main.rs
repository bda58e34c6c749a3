//! Measures containerpilot beside its peers, in one run: what `make bench` prints.
//!
//! # Theory of operation
//! Every child is `stamp.c`: it writes the time of its first instruction into a FIFO that this
//! program reads, so nothing is estimated from outside. [`workshop`] is the place of a run,
//! [`peers`] says who is measured and how each is started; [`lifecycle`], [`idle`], [`checks`],
//! [`change`], [`render`] and [`catalogs`] measure one thing each and give [`report`] a table. What fails to be measured is a
//! row that says why, and the rest goes on.

mod catalogs;
mod change;
mod checks;
mod consul;
mod figures;
mod http;
mod idle;
mod kernel;
mod lifecycle;
mod peers;
mod program;
mod render;
mod report;
mod stamps;
mod workshop;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use report::{Row, Table};
use workshop::Workshop;

const HELP: &str = "\
usage: bench/run [--json] [--quick] [--only PART,...] [--pilot FILE]
  --json         the same numbers for a program
  --quick        a tenth of the runs: is it still sound, not how fast is it
  --only PARTS   of: size, start (and stop), idle, check, change, heard, render,
                 catalogs (requests, watches, swarm)
  --pilot FILE   the binary to measure; dist/containerpilot by default
";

/// What may be asked for; `start` measures stop too.
const PARTS: [&str; 8] = [
    "size", "start", "idle", "check", "change", "heard", "render", "catalogs",
];

struct Wishes {
    json: bool,
    quick: bool,
    only: Option<Vec<String>>,
    pilot: PathBuf,
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    // What is measured in a process of its own.
    let apart = match words.split_first() {
        Some((word, rest)) if word == "instances" => Some(catalogs::instances(rest)),
        Some((word, rest)) if word == "usage" => Some(render::usage(rest)),
        Some((word, rest)) if word == "reference" => Some(render::reference(rest)),
        Some(_) | None => None,
    };
    if let Some(done) = apart {
        return ended(done);
    }
    let wishes = match wishes(words.into_iter()) {
        Ok(Some(wishes)) => wishes,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(reason) => {
            eprint!("{reason}\n{HELP}");
            return ExitCode::from(2);
        }
    };
    ended(run(&wishes))
}

fn ended(done: Result<(), String>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("bench: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn wishes(mut words: impl Iterator<Item = String>) -> Result<Option<Wishes>, String> {
    let pilot = root().join("dist/containerpilot");
    let mut wishes = Wishes {
        json: false,
        quick: false,
        only: None,
        pilot,
    };
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .ok_or_else(|| format!("`{word}` wants a value"))
        };
        match word.as_str() {
            "--json" => wishes.json = true,
            "--quick" => wishes.quick = true,
            "--only" => wishes.only = Some(value()?.split(',').map(str::to_owned).collect()),
            "--pilot" => wishes.pilot = value()?.into(),
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("unknown option `{word}`")),
        }
    }
    Ok(Some(wishes))
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn run(wishes: &Wishes) -> Result<(), String> {
    let told = |error| format!("cannot become the reaper of what is measured: {error}");
    rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1)).map_err(told)?;
    let mut workshop = Workshop::open(root(), &wishes.pilot)?;
    let (rounds, seconds, changes) = if wishes.quick {
        (20, 5, 6)
    } else {
        (200, 20, 30)
    };
    let watched = Duration::from_secs(seconds);
    let mut told = Vec::new();
    for part in PARTS {
        if wishes
            .only
            .as_ref()
            .is_some_and(|only| !only.iter().any(|wanted| wanted == part))
        {
            continue;
        }
        let tables = match part {
            "size" => size(&workshop.pilot),
            "start" => lifecycle::measure(&mut workshop, rounds),
            "idle" => idle::measure(&mut workshop, watched),
            "check" => checks::measure(&mut workshop, watched),
            "change" => change::measure(&mut workshop, changes),
            "heard" => catalogs::heard(&mut workshop, changes * 4),
            "catalogs" => catalogs::measure(&mut workshop, watched),
            _ => render::measure(&mut workshop, changes, watched),
        };
        for table in tables {
            if !wishes.json {
                println!("{}", table.text());
            }
            told.push(table.json());
        }
    }
    if wishes.json {
        println!("{:#}", serde_json::json!({ "tables": told }));
    }
    Ok(())
}

fn size(pilot: &Path) -> Vec<Table> {
    let bytes = fs::metadata(pilot).map_or(0, |metadata| metadata.len());
    let megabytes = Some(idle::float(bytes) / 1e6);
    vec![Table {
        name: "size",
        title: "Size of the release binary".to_owned(),
        columns: &["MB"],
        rows: vec![Row::new("containerpilot", vec![megabytes]).bar("MB", megabytes, 5.0)],
    }]
}
