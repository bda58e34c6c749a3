//! A newcomer follows examples/nginx-customers-sales/README.md: its commands run, in their order, and
//! what the articles say comes true.

use std::{collections::BTreeSet, io::Write, net::TcpStream};

use crate::harness::{Container, Stack, commands, over_tcp, unique};

const PAGE: &str = include_str!("../../../../examples/nginx-customers-sales/README.md");

/// Somebody at a prompt in the example's folder.
struct Newcomer {
    stack: Stack,
    /// What is called `one-more` there.
    another: String,
}

impl Newcomer {
    #[track_caller]
    fn types(&self, command: &str) -> String {
        let own = command.replace("one-more", &self.another);
        self.stack.types(&own)
    }

    /// Waits until nginx sends requests to this many of a service, and no others.
    fn waits_for(&self, service: &str, count: usize) -> BTreeSet<String> {
        self.stack
            .until(&format!("nginx has {count} {service}"), || {
                let servers = self.stack.servers(service);
                (servers.len() == count).then_some(servers)
            })
    }

    /// Looks at what came of a command, where there is something to see.
    fn looks(&self, command: &str, printed: &str) {
        let stack = &self.stack;
        if command == "docker-compose up -d" {
            self.waits_for("customers", 1);
            self.waits_for("sales", 1);
            stack.until("all are healthy", || {
                let ps = self.types("docker-compose ps");
                (ps.matches("Up (healthy)").count() == 4).then_some(())
            });
        } else if command == "docker-compose ps" {
            let lines: Vec<&str> = printed.lines().collect();
            let words: Vec<&str> = lines[0].split_whitespace().collect();
            assert_eq!(words, ["Name", "Command", "State", "Ports"], "{printed}");
            for (service, shown) in [
                ("consul", ["/bin/containerpilot -- /bi ...", "->8500/tcp"]),
                (
                    "customers",
                    ["/bin/containerpilot node / ...", "->4000/tcp"],
                ),
                ("nginx", ["/bin/containerpilot -confi ...", "->80/tcp"]),
                ("sales", ["/bin/containerpilot node / ...", "->3000/tcp"]),
            ] {
                let name = format!("{}_{service}_1", stack.project());
                let row = lines.iter().find(|line| line.starts_with(&name)).unwrap();
                assert!(shown.iter().all(|part| row.contains(part)), "{row}");
            }
        } else if command.contains("/customers/") && command.starts_with("curl") {
            assert!(
                printed.contains(r#""customer":"ACME""#)
                    && printed.contains(r#""territory":"Atlanta""#),
                "{printed}"
            );
        } else if command.contains("scale sales=2") {
            assert_eq!(self.waits_for("sales", 2), stack.passing("sales"));
        } else if command.contains("customers=3") {
            assert_eq!(self.waits_for("customers", 3), stack.passing("customers"));
            assert_eq!(
                stack.servers("sales").len(),
                2,
                "the others stay as they are"
            );
        } else if command.contains("upstream customers") {
            let servers = printed
                .lines()
                .filter(|line| line.trim().starts_with("server 1"));
            assert_eq!(servers.count(), 3, "{printed}");
            assert!(printed.contains("least_conn;"), "{printed}");
        } else if command.starts_with("docker run") {
            self.waits_for("sales", 3);
        } else if command.starts_with("docker stop") {
            self.waits_for("sales", 2);
        } else if command.contains("containerpilot status") {
            assert!(
                printed.contains("sales") && printed.contains("healthy"),
                "{printed}"
            );
        } else if command.contains(".State.Health") {
            assert!(printed.contains(r#""Status":"healthy""#), "{printed}");
        }
    }
}

#[test]
fn the_commands_of_the_page_do_what_it_says() {
    let newcomer = Newcomer {
        stack: Stack::new("readme"),
        another: unique("one-more"),
    };
    let _another = Container::to_remove(&newcomer.another);
    // What the images are is seen elsewhere; those of this test are not the user's.
    let elsewhere = ["make images", "cd ", "docker image rm"];
    let mut count = 0;
    for command in commands(PAGE) {
        if elsewhere.iter().any(|start| command.starts_with(start)) {
            continue;
        }
        let command = command.split("  #").next().unwrap_or_default().trim_end();
        let printed = newcomer.types(command);
        newcomer.looks(command, &printed);
        count += 1;
    }
    assert!(count >= 12, "only {count} commands were found");
}

/// `preStop` waits for what is under way: a request that came in before the stop is answered.
#[test]
fn nginx_finishes_what_it_has_begun() {
    let stack = Stack::up("finish");
    let nginx = stack.instance("nginx");
    let mut begun = TcpStream::connect(nginx.published(80)).unwrap();
    begun
        .write_all(b"GET /index.html HTTP/1.1\r\nHost: slow\r\n")
        .unwrap();
    // It is not begun before a worker has read of it.
    over_tcp(nginx.published(80), "GET", "/index.html", "")
        .unwrap()
        .expect(200);
    let stopping = std::thread::spawn({
        let name = nginx.name.clone();
        move || crate::harness::docker(&["stop", "--time", "30", &name])
    });
    // Reloads of onChange say the same, with their name before it.
    stack.until("preStop has told nginx to quit", || {
        let told =
            |line: &str| line.contains("signal process started") && !line.contains("onChange");
        nginx.logs().lines().any(told).then_some(())
    });
    begun.write_all(b"Connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut begun, &mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    stopping.join().unwrap();
    assert_eq!(nginx.inspect("{{.State.ExitCode}}"), "0");
}
