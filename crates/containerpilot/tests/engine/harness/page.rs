//! The commands of a page, and somebody who types them at a prompt in the example's directory.

use super::{Stack, compose::DIR, docker::command, image};

/// The commands of the console blocks of a page.
pub(crate) fn commands(page: &str) -> Vec<&str> {
    let typed = |line: &'_ str| line.starts_with("$ ");
    let commands = page.lines().filter(|line| typed(line));
    commands.map(|line| &line[2..]).collect()
}

impl Stack {
    /// Has a shell run lines of a page, as they are for this project; gives what they printed.
    #[track_caller]
    pub(crate) fn types(&self, lines: &str) -> String {
        let own = self.own(lines);
        self.timeline.act(&own);
        let mut shell = command("bash");
        shell.args(["-eu", "-o", "pipefail", "-c", &own]);
        shell.current_dir(DIR).envs(self.environment());
        let output = shell.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let (out, err) = (text(output.stdout), text(output.stderr));
        let status = output.status;
        assert!(
            status.success(),
            "`{lines}`, as `{own}`: {status}\n{out}{err}"
        );
        out
    }

    /// The lines as they are for this project, beside others on the same engine.
    fn own(&self, lines: &str) -> String {
        let mut own = lines
            .replace("nginx-customers-sales_", &format!("{}_", self.project()))
            .replace(" containerpilot/", &format!(" {}", image("")))
            .replace("docker-compose exec ", "docker-compose exec -T ")
            .replace("logs --follow", "logs");
        for (written, service, port) in [
            ("127.0.0.1:8080", "nginx", 80),
            ("127.0.0.1:8500", "consul", 8500),
        ] {
            if own.contains(written) {
                let published = self.instance(service).published(port);
                own = own.replace(written, &published.to_string());
            }
        }
        own
    }
}
