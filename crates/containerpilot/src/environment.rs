//! The environment that children get: a value the helper owns, never the process's own.

use std::{collections::BTreeMap, ffi::OsString, os::unix::ffi::OsStrExt};

use pilot_core::spec::Command;

/// Variables by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// Takes over what the helper was started with, and says who it is.
    pub(crate) fn of_this_process() -> Self {
        let mut environment = Self {
            variables: std::env::vars_os().collect(),
        };
        environment.set("CONTAINERPILOT_PID", std::process::id().to_string());
        environment
    }

    /// Sets a variable; a name that no environment can hold is passed over.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        let value = value.into();
        let legal = !name.is_empty() && !name.contains(['=', '\0']);
        if legal && !value.as_bytes().contains(&0) {
            self.variables.insert(name.into(), value);
        }
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.variables.remove(&OsString::from(name));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(&OsString::from(name))?.to_str()
    }

    /// What a child gets: what it inherits, and its own variables over it.
    pub(crate) fn for_child(&self, command: &Command) -> Vec<(OsString, OsString)> {
        let mut variables = self.variables.clone();
        variables.retain(|name, _| command.inherited.holds(&name.to_string_lossy()));
        for (name, value) in &command.env {
            variables.insert(name.into(), value.into());
        }
        variables.into_iter().collect()
    }

    /// What templates can see: entries that are text.
    pub(crate) fn as_text(&self) -> Vec<(String, String)> {
        let text = |(name, value): (&OsString, &OsString)| {
            Some((name.to_str()?.to_owned(), value.to_str()?.to_owned()))
        };
        self.variables.iter().filter_map(text).collect()
    }
}

/// The name of the variable that holds a command's pid, from the command's own name: its last
/// path component without the extension, in capitals, with `_` for each run of other characters.
/// The check of every job is `CHECK`, as in ContainerPilot 3.
pub(crate) fn pid_variable(command: &str) -> String {
    let base = command.rsplit('/').next().unwrap_or(command);
    let stem = base.rfind('.').map_or(base, |dot| &base[..dot]);
    let mut name = String::from("CONTAINERPILOT_");
    for c in stem.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_uppercase());
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    name + "_PID"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pid_variables_are_named_as_in_containerpilot_3() {
        for (command, variable) in [
            ("testCase", "CONTAINERPILOT_TESTCASE_PID"),
            ("test-case", "CONTAINERPILOT_TEST_CASE_PID"),
            ("/bin/to/testCase.sh", "CONTAINERPILOT_TESTCASE_PID"),
            ("./bin/to/test-Case.sh", "CONTAINERPILOT_TEST_CASE_PID"),
            (
                "/bin/to/test-Case--now.sh",
                "CONTAINERPILOT_TEST_CASE_NOW_PID",
            ),
            ("check.app", "CONTAINERPILOT_CHECK_PID"),
        ] {
            assert_eq!(pid_variable(command), variable, "{command}");
        }
    }

    #[test]
    fn a_name_that_no_environment_can_hold_is_passed_over() {
        let mut environment = Environment::default();
        environment.set("A=B", "c");
        environment.set("", "c");
        environment.set("N", "a\0b");
        assert_eq!(environment, Environment::default());
        environment.set("EQ", "a=b=c");
        assert_eq!(environment.get("EQ"), Some("a=b=c"));
    }
}
