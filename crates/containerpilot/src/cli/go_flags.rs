//! The flags of ContainerPilot 3, read as Go's `flag` package reads them: one dash or two,
//! `-x v` or `-x=v`, and nothing after the first word that is not a flag.

/// What `-help` tells.
pub(super) const USAGE: &str = "  -config string
    	Path to the configuration, a file or a directory of files; $CONTAINERPILOT if not given.
  -maintenance string
    	Begin or end maintenance in a running containerpilot: enable, disable.
  -out string
    	With -template: the file to write to, or '-' for stdout.
  -ping
    	Ask whether a running containerpilot answers.
  -putenv value
    	Set a variable in a running containerpilot, as 'key=val'. Can be repeated.
  -putmetric value
    	Record a metric in a running containerpilot, as 'key=val'. Can be repeated.
  -reload
    	Let a running containerpilot load its configuration anew.
  -template
    	Print the rendered configuration and quit.
  -version
    	Print the version and quit.

Subcommands, each with --help:
  run check migrate render status reload maintenance env metric ping
  signal start stop restart catalog version

Around a program, with a configuration of ContainerPilot 1 or 2:
  containerpilot -config FILE PROGRAM ARGUMENTS
Without a configuration, as the init of one program:
  containerpilot -- PROGRAM ARGUMENTS

As consul-template, by that name or by that word:
  containerpilot consul-template -h
";

/// What the flags say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) config: Option<String>,
    pub(super) version: bool,
    pub(super) template: bool,
    pub(super) out: Option<String>,
    pub(super) reload: bool,
    pub(super) maintenance: Option<String>,
    pub(super) putenv: Vec<(String, String)>,
    pub(super) putmetric: Vec<(String, String)>,
    pub(super) ping: bool,
    /// The words after the flags.
    pub(super) program: Vec<String>,
}

/// Why there are no flags to obey.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Help,
    Mistake(String),
}

impl Flags {
    pub(super) fn read(words: &[String]) -> Result<Self, Stop> {
        let mut flags = Self::default();
        let mut rest = words;
        while let Some((word, more)) = rest.split_first() {
            if word == "--" {
                rest = more;
                break;
            }
            let Some(flag) = flag_of(word) else { break };
            let used = flags.take(flag, more)?;
            rest = &more[used..];
        }
        flags.program = rest.to_vec();
        Ok(flags)
    }

    /// Whether something is asked other than to run.
    pub(super) fn asks_something(&self) -> bool {
        let run = Self {
            config: self.config.clone(),
            program: self.program.clone(),
            ..Self::default()
        };
        *self != run
    }

    /// Takes one flag, and tells how many of the words after it belong to it.
    fn take(&mut self, flag: &str, more: &[String]) -> Result<usize, Stop> {
        let (name, given) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (flag, None),
        };
        // The short form that the subcommands have.
        let name = if name == "c" { "config" } else { name };
        if let Some(switch) = self.switch(name) {
            *switch = given.map_or(Ok(true), |value| boolean(name, value))?;
            return Ok(0);
        }
        if matches!(name, "help" | "h") {
            return Err(Stop::Help);
        }
        if !matches!(
            name,
            "config" | "out" | "maintenance" | "putenv" | "putmetric"
        ) {
            let message = format!("flag provided but not defined: -{name}");
            return Err(Stop::Mistake(message));
        }
        let missing = || Stop::Mistake(format!("flag needs an argument: -{name}"));
        let value = match given {
            Some(value) => value,
            None => more.first().ok_or_else(missing)?,
        };
        self.set(name, value)?;
        Ok(usize::from(given.is_none()))
    }

    fn switch(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "version" => Some(&mut self.version),
            "template" => Some(&mut self.template),
            "reload" => Some(&mut self.reload),
            "ping" => Some(&mut self.ping),
            _ => None,
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Stop> {
        match name {
            "config" => self.config = Some(value.to_owned()),
            "out" => self.out = Some(value.to_owned()),
            "maintenance" => self.maintenance = Some(value.to_owned()),
            _ => {
                let (key, value) = pair(value).ok_or_else(|| {
                    Stop::Mistake(format!(
                        "invalid value \"{value}\" for flag -{name}: flag value '{value}' was not in the format 'key=val'"
                    ))
                })?;
                let pairs = if name == "putenv" {
                    &mut self.putenv
                } else {
                    &mut self.putmetric
                };
                pairs.retain(|(old, _)| *old != key);
                pairs.push((key, value));
            }
        }
        Ok(())
    }
}

/// The flag without its dashes; none for a word that is not a flag.
fn flag_of(word: &str) -> Option<&str> {
    let flag = word.strip_prefix('-')?;
    let flag = flag.strip_prefix('-').unwrap_or(flag);
    (!flag.is_empty()).then_some(flag)
}

fn boolean(name: &str, value: &str) -> Result<bool, Stop> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(Stop::Mistake(format!(
            "invalid boolean value \"{value}\" for -{name}: parse error"
        ))),
    }
}

/// Splits at the first `=`.
pub(super) fn pair(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once('=')?;
    Some((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Flags, Stop> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Flags::read(&words)
    }

    #[test]
    fn a_flag_may_be_written_in_four_ways() {
        for line in ["-c x", "-config x", "--config x", "-config=x", "--config=x"] {
            let flags = read(line).unwrap();
            assert_eq!(flags.config.as_deref(), Some("x"), "{line}");
            assert!(!flags.asks_something());
        }
    }

    #[test]
    fn pairs_are_split_at_the_first_sign_and_the_last_of_a_key_counts() {
        let flags = read("-putenv A=1 -putenv ENV_VALUE=PART1=PART2 -putenv A=2").unwrap();
        let pairs = [
            ("ENV_VALUE".to_owned(), "PART1=PART2".to_owned()),
            ("A".to_owned(), "2".to_owned()),
        ];
        assert_eq!(flags.putenv, pairs);
        assert!(flags.asks_something());
        let Err(Stop::Mistake(message)) = read("-putenv NAME") else {
            panic!("a pair without a sign was taken");
        };
        assert!(
            message.contains("was not in the format 'key=val'"),
            "{message}"
        );
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(read("-help"), Err(Stop::Help));
        for (line, words) in [
            ("-bogus", "flag provided but not defined: -bogus"),
            ("-config", "flag needs an argument: -config"),
            ("-ping=maybe", "invalid boolean value"),
        ] {
            let Err(Stop::Mistake(message)) = read(line) else {
                panic!("{line} was taken");
            };
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn flags_end_at_the_first_other_word() {
        let flags = read("-config x node app.js -ping").unwrap();
        assert_eq!(flags.program, ["node", "app.js", "-ping"]);
        assert!(!flags.ping);
        assert_eq!(read("-config x -- -ping").unwrap().program, ["-ping"]);
    }

    #[test]
    fn the_usage_lists_every_flag() {
        for flag in [
            "config",
            "maintenance",
            "out",
            "ping",
            "putenv",
            "putmetric",
            "reload",
            "template",
            "version",
        ] {
            assert!(USAGE.contains(&format!("  -{flag}")), "{flag}");
        }
    }
}
