//! What is wrong with a configuration, said to a human.

mod text;
mod texts;

use std::fmt;

pub(crate) use self::{text::Text, texts::Texts};

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// The configuration can be used, but probably not as meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing that is wrong; displayed with the line it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is; none when it is about the whole.
    pub place: Option<Place>,
    /// What is wrong, in words that ContainerPilot 3 used where it had some.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Where a problem is, in lines and columns that count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of the source.
    pub name: String,
    /// The line of the rendered text.
    pub line: usize,
    /// The column of the rendered text, in characters.
    pub column: usize,
    /// The line of the source, where rendering moved it.
    pub source_line: Option<usize>,
    /// The lines to show.
    pub excerpt: Excerpt,
}

/// The lines to show with a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Excerpt {
    /// None.
    None,
    /// The line, and how many characters of it to mark.
    Line {
        /// The line.
        line: String,
        /// How many characters to mark.
        width: usize,
    },
    /// The line and the one before it, as ContainerPilot 3 shows a syntax error.
    Syntax {
        /// The line before.
        before: Option<String>,
        /// The line.
        line: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity, self.reason)?;
        if let Some(place) = &self.place {
            write!(f, "{place}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Excerpt::Syntax { before, line } = &self.excerpt {
            if let Some(before) = before {
                write!(f, "\n{:5}: {before}", self.line - 1)?;
            }
            write!(
                f,
                "\n{:5}: {line}\n{}^",
                self.line,
                "-".repeat(self.column + 6)
            )?;
        }
        write!(f, "\n  --> {}:{}:{}", self.name, self.line, self.column)?;
        if let Some(line) = self.source_line {
            write!(f, " as rendered, from line {line} of the source")?;
        }
        match &self.excerpt {
            Excerpt::Line { line, width } => self.fmt_line(line, *width, f),
            Excerpt::None | Excerpt::Syntax { .. } => Ok(()),
        }
    }
}

impl Place {
    /// Writes it in one line.
    pub(crate) fn short(&self) -> String {
        format!("{}:{}:{}", self.name, self.line, self.column)
    }

    fn fmt_line(&self, line: &str, width: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        // A tab stays a tab, so that the caret stands under its character at any tab width.
        let blank = |c| if c == '\t' { '\t' } else { ' ' };
        let lead: String = line.chars().take(self.column - 1).map(blank).collect();
        write!(
            f,
            "\n{number} | {line}\n{margin} | {lead}{}",
            "^".repeat(width)
        )
    }
}

/// Everything that is wrong with a configuration, at least one error among it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The problems, in the order of the text.
    pub list: Vec<Problem>,
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for problem in &self.list {
            write!(f, "{between}{problem}")?;
            between = "\n\n";
        }
        Ok(())
    }
}
