//! The functions a configuration template may call, defined as a caller would.

use std::collections::BTreeMap;

use go_template::{Functions, Kind, List, Signature, Value};
use regex_lite::Regex;

pub(crate) fn containerpilot(environment: BTreeMap<String, String>) -> Functions {
    let mut functions = Functions::new();
    let strings = |count| Signature::new(std::iter::repeat_n(Kind::String, count));
    functions.add("default", Signature::new([Kind::Any, Kind::Any]), |args| {
        let given = args[1].as_bytes().filter(|bytes| !bytes.is_empty());
        Ok(if given.is_some() {
            args[1].clone()
        } else {
            args[0].to_string().into()
        })
    });
    functions.add("env", strings(1), move |args| {
        Ok(environment
            .get(&*text(&args[0]))
            .cloned()
            .unwrap_or_default()
            .into())
    });
    functions.add("split", strings(2), |args| {
        Ok(split(&text(&args[0]), text(&args[1]).trim()))
    });
    functions.add(
        "join",
        Signature::new([Kind::String, Kind::Strings]),
        |args| {
            let items: Vec<String> = args[1]
                .as_list()
                .into_iter()
                .flat_map(List::iter)
                .map(|item| text(&item))
                .collect();
            Ok(items.join(&text(&args[0])).into())
        },
    );
    functions.add("replaceAll", strings(3), |args| {
        Ok(text(&args[2])
            .replace(&*text(&args[0]), &text(&args[1]))
            .into())
    });
    functions.add("regexReplaceAll", strings(3), |args| {
        let regex = Regex::new(&text(&args[0])).map_err(|error| error.to_string())?;
        Ok(regex
            .replace_all(&text(&args[2]), &*text(&args[1]))
            .into_owned()
            .into())
    });
    functions.add("loop", Signature::new([]).variadic(Kind::Any), count);
    functions
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().into_owned()
}

fn split(separator: &str, subject: &str) -> Value {
    if subject.is_empty() {
        return List::strings([""; 0]).into();
    }
    let pieces: Vec<String> = if separator.is_empty() {
        subject.chars().map(String::from).collect()
    } else {
        subject.split(separator).map(str::to_owned).collect()
    };
    List::strings(pieces).into()
}

fn count(args: &[Value]) -> Result<Value, String> {
    let (from, to) = match args {
        [to] => (0, int(to)?),
        [from, to] => (int(from)?, int(to)?),
        _ => {
            return Err(format!(
                "loop: wrong number of arguments, expected 1 or 2, but got {}",
                args.len()
            ));
        }
    };
    let up = from..to;
    let down = (to + 1..=from).rev();
    Ok(if from < to {
        up.map(Value::Int).collect::<List>()
    } else {
        down.map(Value::Int).collect()
    }
    .into())
}

fn int(value: &Value) -> Result<i64, String> {
    match value.as_str() {
        Some(text) => text
            .parse()
            .map_err(|_| format!("strconv.Atoi: parsing {text:?}: invalid syntax")),
        None => value
            .as_int()
            .ok_or_else(|| format!("{} is no int", value.type_name())),
    }
}
