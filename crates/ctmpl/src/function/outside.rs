//! What lies outside of the catalog: the environment, programs, files to be written.

use go_template::{Kind, Value};

use super::{Entry, Result, TEXT, TWO_TEXTS, text};
use crate::{scene::Scene, world::WrittenFile};

pub(super) const ALL: &[Entry] = &[
    Entry::new("env", TEXT, |scene, words| {
        let value = scene.world().variable(&text(words, 0));
        Ok(value.unwrap_or_default().into())
    }),
    Entry::new("mustEnv", TEXT, must_env),
    Entry::new("envOrDefault", TWO_TEXTS, |scene, words| {
        let value = scene.world().variable(&text(words, 0));
        Ok(value.unwrap_or_else(|| text(words, 1)).into())
    }),
    // It may call anything.
    Entry::new("executeTemplate", TEXT, super::text::execute_template).and(Kind::Any),
    Entry::new("plugin", TEXT, plugin).and(Kind::Any),
    Entry::new("writeToFile", WRITE, write_to_file).and(Kind::String),
];

const WRITE: &[Kind] = &[Kind::String; 5];

fn must_env(scene: &Scene<'_>, words: &[Value]) -> Result {
    let name = text(words, 0);
    let value = scene.world().variable(&name);
    let value = value.filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| format!("required environment variable {name} is empty"))?;
    Ok(value.into())
}

/// `plugin PROGRAM ARGUMENTS…`; arguments without a word are left out.
fn plugin(scene: &Scene<'_>, words: &[Value]) -> Result {
    let program = text(words, 0);
    if program.is_empty() {
        return Ok("".into());
    }
    let arguments = words.iter().skip(1).map(ToString::to_string);
    let arguments = arguments.map(|argument| argument.trim().to_owned());
    let arguments: Vec<String> = arguments.filter(|argument| !argument.is_empty()).collect();
    match scene.world().run_plugin(&program, &arguments) {
        Ok(stdout) => Ok(stdout.trim_ascii().into()),
        Err(failure) => Err(format!(
            "exec {program:?}: {}\n\nstdout:\n\n{}\n\nstderr:\n\n{}",
            failure.reason,
            String::from_utf8_lossy(&failure.stdout),
            String::from_utf8_lossy(&failure.stderr),
        )),
    }
}

/// `writeToFile PATH USER GROUP MODE [FLAGS] CONTENT`; the flags are `append` and `newline`.
fn write_to_file(scene: &Scene<'_>, words: &[Value]) -> Result {
    let (flags, content) = match words.len() {
        5 => (String::new(), text(words, 4)),
        6 => (text(words, 4), text(words, 5)),
        _ => return Err(super::wrong_number("writeToFile", "5 or 6", words)),
    };
    let mode = text(words, 3);
    let mode = u32::from_str_radix(&mode, 8)
        .map_err(|_| format!("writeToFile: cannot use `{mode}`: not permissions such as 0644"))?;
    let mut content = content.into_bytes();
    if flags.contains("newline") && !content.ends_with(b"\n") {
        content.push(b'\n');
    }
    let file = WrittenFile {
        path: &text(words, 0),
        user: &text(words, 1),
        group: &text(words, 2),
        mode,
        append: flags.contains("append"),
        content: &content,
    };
    scene.world().write_file(&file)?;
    Ok("".into())
}
