//! The command line, read as Go's `flag` package reads it, into the tree that a file would be.

mod table;

use self::table::{Alone, FLAGS, Flag, Takes};
use super::wait;
use crate::{
    duration, spelling,
    value::{Kind, Member, Span, Spanned, Value},
};
use pilot_core::Signal;

/// What the command line says.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// The words in one line, without what is secret in them: what problems show.
    pub(super) text: String,
    /// What they say, as an object.
    document: Value,
    pub(super) dry: bool,
    configs: Vec<String>,
    parse_only: bool,
}

/// Why there is nothing to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The flags are asked for.
    Help,
    /// The version is asked for.
    Version,
    /// The command line cannot be understood.
    Mistake(String),
}

impl Words {
    /// The files and folders to read, in this order.
    pub fn configs(&self) -> &[String] {
        &self.configs
    }

    /// Whether to stop once the configuration is loaded.
    pub fn parse_only(&self) -> bool {
        self.parse_only
    }

    /// What they say, as if it were written in a file.
    pub(super) fn document(&self) -> Value {
        self.document.clone()
    }

    /// Reads the words after the program's own name.
    pub fn parse(words: &[String]) -> Result<Self, Stop> {
        let mut reader = Reader {
            words: Self {
                text: String::new(),
                document: value(Span::default(), Kind::Null),
                dry: false,
                configs: Vec::new(),
                parse_only: false,
            },
            said: Vec::new(),
            version: false,
        };
        reader.read(words)?;
        if reader.version {
            return Err(Stop::Version);
        }
        let said = reader.said.into_iter();
        let members = said.map(|(path, value)| member(path, value)).collect();
        let span = Span::new(0, reader.words.text.len());
        Ok(Self {
            document: value(span, Kind::Object(members)),
            ..reader.words
        })
    }
}

/// What `-h` tells.
pub fn usage() -> String {
    let mut text = "Usage: consul-template [options]\n\nOptions:\n".to_owned();
    for flag in FLAGS.iter().filter(|flag| !flag.about.is_empty()) {
        let value = match flag.takes {
            Takes::Nothing(_) | Takes::Truth => "",
            Takes::Config => "=<path>",
            Takes::Template => "=<in:out[:command]>",
            Takes::Text | Takes::Each | Takes::Secret => "=<text>",
            Takes::Number => "=<number>",
            Takes::Duration => "=<duration>",
            Takes::Signal => "=<signal>",
            Takes::Wait => "=<min[:max]>",
            Takes::Login => "=<user[:password]>",
        };
        text += &format!("  -{}{value}\n      {}\n", flag.name, flag.about);
    }
    text + "\nOlder spellings (-consul, -auth, -token, -ssl…) work too. Vault and Nomad are not supported.\n"
}

struct Reader {
    words: Words,
    /// What was said so far, by the key that a file has for it.
    said: Vec<(&'static str, Value)>,
    version: bool,
}

impl Reader {
    fn read(&mut self, words: &[String]) -> Result<(), Stop> {
        let mut rest = words;
        while let Some((word, more)) = rest.split_first() {
            if word == "--" {
                rest = more;
                break;
            }
            if word == "-" || !word.starts_with('-') {
                break;
            }
            let used = self.flag(word, more)?;
            rest = &more[used..];
        }
        if rest.is_empty() {
            return Ok(());
        }
        mistake(format!(
            "cli: extra args: {rest:?}\nhint: flags end at the first word that is none"
        ))
    }

    /// Takes one flag, and tells how many of the words after it belong to it.
    fn flag(&mut self, word: &str, more: &[String]) -> Result<usize, Stop> {
        let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
        let bare = bare.unwrap_or(word);
        if bare.is_empty() || bare.starts_with(['-', '=']) {
            return mistake(format!("bad flag syntax: {word}"));
        }
        let (name, given) = match bare.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (bare, None),
        };
        let Some(flag) = FLAGS.iter().find(|flag| flag.name == name) else {
            return unknown(name);
        };
        if matches!(flag.takes, Takes::Truth | Takes::Nothing(_)) {
            let truth = given.map_or(Ok(true), |text| boolean(name, text))?;
            let span = self.show(word);
            self.switch(flag, truth, span)?;
            return Ok(0);
        }
        let value = match (given, more.first()) {
            (Some(value), _) => value,
            (None, Some(value)) => value,
            (None, None) => return mistake(format!("flag needs an argument: -{name}")),
        };
        let span = if given.is_some() {
            let value = flag.takes.shown(value);
            self.show(&format!("{}={value}", &word[..word.find('=').unwrap_or(0)]))
        } else {
            self.show(word);
            self.show(flag.takes.shown(value))
        };
        self.take(flag, value, span)?;
        Ok(usize::from(given.is_none()))
    }

    /// Adds a word to the line that problems show.
    fn show(&mut self, word: &str) -> Span {
        let text = &mut self.words.text;
        if !text.is_empty() {
            text.push(' ');
        }
        let start = text.len();
        // One line stays one line.
        text.push_str(&word.replace('\n', " "));
        Span::new(start, text.len())
    }

    fn switch(&mut self, flag: &Flag, truth: bool, span: Span) -> Result<(), Stop> {
        let Takes::Nothing(alone) = flag.takes else {
            self.put(flag.path, span, Kind::Bool(truth));
            return Ok(());
        };
        match alone {
            Alone::Help => return Err(Stop::Help),
            Alone::Version => self.version = truth,
            Alone::Dry => self.words.dry = truth,
            Alone::ParseOnly => self.words.parse_only = truth,
        }
        Ok(())
    }

    fn take(&mut self, flag: &Flag, text: &str, span: Span) -> Result<(), Stop> {
        let refuse = |reason: String| {
            let name = flag.name;
            mistake(format!("invalid value {text:?} for flag -{name}: {reason}"))
        };
        let kind = match flag.takes {
            Takes::Config => {
                self.words.configs.push(text.to_owned());
                return Ok(());
            }
            Takes::Template => match template(text, span) {
                Ok(kind) => Kind::List(vec![value(span, kind)]),
                Err(reason) => return refuse(reason),
            },
            Takes::Login => login(text, span),
            Takes::Each => Kind::List(vec![value(span, Kind::Text(text.to_owned()))]),
            Takes::Number => match text.parse::<i32>() {
                Ok(number) => Kind::Number(number.into()),
                Err(_) => return refuse("parse error".to_owned()),
            },
            Takes::Duration => match duration::parse_go(text) {
                Ok(_) => Kind::Text(text.to_owned()),
                Err(reason) => return refuse(reason),
            },
            Takes::Signal => {
                if !text.is_empty() && Signal::parse(text).is_none() {
                    return refuse("not a signal".to_owned());
                }
                Kind::Text(text.to_owned())
            }
            Takes::Wait => match wait::parse(text) {
                Ok(_) => Kind::Text(text.to_owned()),
                Err(reason) => return refuse(reason),
            },
            Takes::Text | Takes::Secret | Takes::Truth | Takes::Nothing(_) => {
                Kind::Text(text.to_owned())
            }
        };
        self.put(flag.path, span, kind);
        Ok(())
    }

    /// Keeps a value under the key that a file has for it. The last of several counts, but
    /// templates and lists grow.
    fn put(&mut self, path: &'static str, span: Span, kind: Kind) {
        let old = self.said.iter_mut().find(|(old, _)| *old == path);
        match (old, kind) {
            (Some((_, old)), Kind::List(more)) => {
                if let Kind::List(items) = &mut old.kind {
                    items.extend(more);
                }
            }
            (Some((_, old)), kind) => *old = value(span, kind),
            (None, kind) => self.said.push((path, value(span, kind))),
        }
    }
}

/// Writes a value where a file would have it.
fn member(path: &str, value: Value) -> Member {
    let span = value.span;
    let key = |name: &str| Spanned::new(span, name.to_owned());
    let mut names = path.rsplit('.');
    let last = names.next().unwrap_or_default();
    let inner = Member {
        key: key(last),
        value,
    };
    names.fold(inner, |inner, name| Member {
        key: key(name),
        value: Value {
            span,
            kind: Kind::Object(vec![inner]),
        },
    })
}

fn value(span: Span, kind: Kind) -> Value {
    Value { span, kind }
}

fn object(members: impl IntoIterator<Item = (&'static str, Kind)>, span: Span) -> Kind {
    let member = |(name, kind): (&str, Kind)| Member {
        key: Spanned::new(span, name.to_owned()),
        value: value(span, kind),
    };
    Kind::Object(members.into_iter().map(member).collect())
}

/// Splits `IN[:OUT[:COMMAND]]`. The command may hold colons; one letter before a colon is a file
/// like any other, since there are no drives here.
fn template(text: &str, span: Span) -> Result<Kind, String> {
    if text.trim().is_empty() {
        return Err("template: cannot be empty".to_owned());
    }
    let (source, rest) = part(text);
    let (destination, command) = part(rest);
    let given = [
        ("source", source),
        ("destination", destination),
        ("command", command),
    ];
    let given = given.into_iter().filter(|(_, text)| !text.is_empty());
    Ok(object(
        given.map(|(name, text)| (name, Kind::Text(text.to_owned()))),
        span,
    ))
}

/// Takes what stands before the next colon. Several colons in a row are one.
fn part(text: &str) -> (&str, &str) {
    let (part, rest) = text.split_once(':').unwrap_or((text, ""));
    (part, rest.trim_start_matches(':'))
}

fn login(text: &str, span: Span) -> Kind {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    object(
        [
            ("enabled", Kind::Bool(true)),
            ("username", Kind::Text(user.to_owned())),
            ("password", Kind::Text(password.to_owned())),
        ],
        span,
    )
}

fn boolean(name: &str, text: &str) -> Result<bool, Stop> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => mistake(format!(
            "invalid boolean value {text:?} for -{name}: parse error"
        )),
    }
}

fn unknown<T>(name: &str) -> Result<T, Stop> {
    let known = FLAGS.iter().map(|flag| flag.name);
    let hint = match spelling::nearest(name, known) {
        Some(word) => format!("did you mean `-{word}`?"),
        None => "`-h` lists the flags".to_owned(),
    };
    mistake(format!(
        "flag provided but not defined: -{name}\nhint: {hint}"
    ))
}

fn mistake<T>(message: String) -> Result<T, Stop> {
    Err(Stop::Mistake(message))
}
