//! A real Consul of our own, on loopback, in memory.

use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use crate::{http::Client, program::Running};

pub(crate) struct Consul {
    pub(crate) address: String,
    pub(crate) running: Running,
}

impl Consul {
    /// Starts it through `exec`, the words of the child that becomes the rest of a command line.
    pub(crate) fn start(exec: &[String], program: &Path, folder: &Path) -> Result<Self, String> {
        Self::limited(exec, program, folder, "")
    }

    /// The same, with other limits than its own.
    pub(crate) fn limited(
        exec: &[String],
        program: &Path,
        folder: &Path,
        limits: &str,
    ) -> Result<Self, String> {
        let [http, dns, server, lan, wan] = test_ports::free_ports();
        // `-dev` would still ask for the newest version, which is no traffic of ours.
        let settings = format!(
            "disable_update_check = true\n{limits}\nports {{ http = {http} dns = {dns} server = {server} \
             serf_lan = {lan} serf_wan = {wan} grpc = -1 }}"
        );
        let mut command = Command::new(&exec[0]);
        command.args(&exec[1..]).arg(program).args([
            "agent",
            "-dev",
            "-log-level=err",
            "-node=bench",
            "-bind=127.0.0.1",
        ]);
        command.args(["-client=127.0.0.1", "-hcl", &settings]);
        let running = Running::start(&mut command, folder.join("consul.log"))?;
        let consul = Self {
            address: format!("127.0.0.1:{http}"),
            running,
        };
        consul.wait_until_led()?;
        Ok(consul)
    }

    fn wait_until_led(&self) -> Result<(), String> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            let leader = self
                .client()
                .and_then(|mut client| client.order("GET", "/v1/status/leader", ""));
            if leader.is_ok_and(|answer| answer.body.len() > 4) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Err(self.running.explain("Consul has no leader after 30 s"))
    }

    pub(crate) fn client(&self) -> Result<Client, String> {
        Client::connect(&self.address)
    }
}
