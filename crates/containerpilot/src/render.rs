//! `render`: what a configuration or a template comes to, without running anything.

use std::{fs, io::Write, path::PathBuf, process::ExitCode};

use go_template::{Element, Functions, List, Map, MissingKey, Options, Template, Value};
use serde_json::Value as Json;

use crate::{
    environment::Environment,
    run,
    source::{Origin, plain},
};

/// What to render, and how.
#[derive(clap::Args, Debug)]
pub(crate) struct Order {
    /// The configuration to render; $CONTAINERPILOT if neither it nor a template is given
    #[arg(long, short, value_name = "FILE", conflicts_with = "template")]
    config: Option<String>,
    /// A template to render instead
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// The data of the template, as JSON; numbers without point or exponent are integers
    #[arg(long, value_name = "FILE.json", requires = "template")]
    data: Option<PathBuf>,
    /// What a missing key gives
    #[arg(long, value_parser = ["default", "zero", "error"], default_value = "default", requires = "template")]
    missingkey: String,
    /// The marks around actions
    #[arg(long, value_name = "LEFT,RIGHT", requires = "template")]
    delims: Option<String>,
    /// The type of the data: `strmap` is a map of strings to strings
    #[arg(long, value_parser = ["any", "strmap"], default_value = "any", requires = "template")]
    data_type: String,
    /// The file to write to; stdout if not given
    #[arg(long, value_name = "FILE")]
    out: Option<String>,
}

/// `render`
pub(crate) fn render(order: &Order) -> ExitCode {
    if order.template.is_none() {
        return config(order.config.as_deref(), order.out.as_deref());
    }
    match rendered(order) {
        Ok(text) => deliver(&text, order.out.as_deref()),
        Err(reason) => run::refuse(&reason),
    }
}

fn rendered(order: &Order) -> Result<String, String> {
    let path = order.template.as_deref().unwrap_or("-".as_ref());
    let text = read(path)?;
    let data = match &order.data {
        Some(path) => data(path, order.data_type == "strmap")?,
        None => Value::Nil,
    };
    let mut options = Options {
        missing_key: match order.missingkey.as_str() {
            "zero" => MissingKey::Zero,
            "error" => MissingKey::Error,
            _ => MissingKey::Default,
        },
        ..Options::default()
    };
    if let Some(delims) = &order.delims {
        let (left, right) = delims.split_once(',').ok_or_else(|| {
            format!("cannot use delimiters `{delims}`: not in the form LEFT,RIGHT")
        })?;
        options.delimiters = (left.to_owned(), right.to_owned());
    }
    let environment = Environment::of_this_process().as_text();
    let functions: Functions = pilot_config::template_functions(&environment);
    let name = path.display().to_string();
    let template = Template::parse(&name, &text, &options, &functions);
    template
        .and_then(|template| template.execute(&data))
        .map_err(|error| error.to_string())
}

fn read(path: &std::path::Path) -> Result<String, String> {
    fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {}", path.display(), plain(&error)))
}

fn data(path: &std::path::Path, as_strings: bool) -> Result<Value, String> {
    let text = read(path)?;
    let json: Json = serde_json::from_str(&text)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    if !as_strings {
        return value(&json);
    }
    let object = json.as_object();
    let object =
        object.ok_or_else(|| format!("cannot use {}: not an object of texts", path.display()))?;
    let text = |value: &Json| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let entries = object.iter().map(|(key, value)| (key.clone(), text(value)));
    Ok(Map::strings(entries).into())
}

/// JSON as Go's data would be: integers where there is neither point nor exponent.
fn value(json: &Json) -> Result<Value, String> {
    Ok(match json {
        Json::Null => Value::Nil,
        Json::Bool(truth) => (*truth).into(),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => int.into(),
            (None, Some(uint)) => uint.into(),
            (None, None) => number
                .as_f64()
                .ok_or_else(|| format!("cannot hold the number {number}"))?
                .into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => {
            let items = items.iter().map(value).collect::<Result<Vec<_>, _>>()?;
            List::new(Element::Any, items).into()
        }
        Json::Object(object) => {
            let entry = |(key, json): (&String, &Json)| Ok((key.as_str().into(), value(json)?));
            let entries = object
                .iter()
                .map(entry)
                .collect::<Result<Vec<_>, String>>()?;
            Map::new(Element::Any, entries).into()
        }
    })
}

/// `-template`: the configuration as it is parsed.
pub(crate) fn config(flag: Option<&str>, out: Option<&str>) -> ExitCode {
    let environment = Environment::of_this_process();
    let rendered = Origin::find(flag, &environment).and_then(|origin| origin.render(&environment));
    match rendered {
        Ok(text) => deliver(&text, out),
        Err(error) => run::refuse(&error.to_string()),
    }
}

pub(crate) fn deliver(text: &str, out: Option<&str>) -> ExitCode {
    let (written, target) = match out {
        None | Some("" | "-") => {
            let mut stdout = std::io::stdout().lock();
            let written = stdout.write_all(text.as_bytes());
            (written.and_then(|()| stdout.flush()), "stdout")
        }
        Some(path) => {
            // The form of ContainerPilot 2.
            let path = path.strip_prefix("file://").unwrap_or(path);
            (fs::write(path, text), path)
        }
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => run::refuse(&format!(
            "could not write config file: open {target}: {}",
            plain(&error)
        )),
    }
}
