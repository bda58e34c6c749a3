//! A real ZooKeeper of our own, alone or as an ensemble of three: free ports, own folders, ended by
//! their pids; and its own command line, which looks at it with code that is not ours.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use test_ports::{free_port, free_ports};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc::{Receiver, channel},
    time::timeout,
};

/// How long an ensemble may take to choose who leads it; its command line waits for that too.
const START: Duration = Duration::from_secs(40);
/// What it counts its timeouts in, in milliseconds; a session lives from two to twenty of them.
pub(crate) const TICK: u64 = 250;

/// Servers that run, or are stopped for a while.
pub(crate) struct Zookeeper {
    servers: Vec<Server>,
}

struct Server {
    folder: TempDir,
    port: u16,
    /// Where it speaks TLS, if it does.
    secure_port: Option<u16>,
    settings: String,
    properties: Vec<String>,
    child: Option<Child>,
}

/// ZooKeeper's own command line, at one server.
pub(crate) struct Cli {
    child: Child,
    orders: ChildStdin,
    lines: Receiver<String>,
    asked: u32,
}

impl Zookeeper {
    /// Starts one server and waits until it serves.
    pub(crate) async fn start() -> Self {
        Self::with("", &[]).await
    }

    /// Starts one server with these lines at the end of its configuration, and these properties
    /// of its machine.
    pub(crate) async fn with(lines: &str, properties: &[&str]) -> Self {
        Self::alone(|server| {
            server.settings.push_str(lines);
            server.properties = properties.iter().map(|&one| one.to_owned()).collect();
        })
        .await
    }

    /// Starts one server that speaks TLS on a port of its own, with what stands in these files
    /// (a certificate with its key, and a CA), and asks for a client's certificate, or does not.
    pub(crate) async fn secure(keys: &Path, ca: &Path, client: &str) -> Self {
        Self::alone(|server| {
            let port = free_port();
            server.secure_port = Some(port);
            let lines = format!(
                "secureClientPort={port}\nsecureClientPortAddress=127.0.0.1\n\
                 serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n\
                 ssl.keyStore.location={}\nssl.trustStore.location={}\nssl.clientAuth={client}\n",
                keys.display(),
                ca.display(),
            );
            server.settings.push_str(&lines);
        })
        .await
    }

    async fn alone(prepare: impl Fn(&mut Server)) -> Self {
        let mut server = Server::new();
        prepare(&mut server);
        let mut zookeeper = Self {
            servers: vec![server],
        };
        let serves = zookeeper.resume(0).await;
        assert!(serves, "ZooKeeper does not start; its output is above");
        zookeeper
    }

    /// Starts three servers and waits until all of them serve.
    pub(crate) async fn ensemble() -> Self {
        let peers: String = (1..=3)
            .map(|number| {
                let [follow, elect] = free_ports();
                format!("server.{number}=127.0.0.1:{follow}:{elect}\n")
            })
            .collect();
        let mut zookeeper = Self {
            servers: (0..3).map(|_| Server::new()).collect(),
        };
        for (at, server) in zookeeper.servers.iter_mut().enumerate() {
            server.settings.push_str(&peers);
            let me = server.folder.path().join("data/myid");
            std::fs::write(me, format!("{}\n", at + 1)).unwrap();
            server.spawn();
        }
        for server in &mut zookeeper.servers {
            let serves = server.serves().await;
            assert!(
                serves,
                "ZooKeeper's ensemble does not start; the output of one is above"
            );
        }
        zookeeper
    }

    /// All servers, as a client is told of them.
    pub(crate) fn connect(&self) -> String {
        let servers: Vec<_> = (0..self.servers.len())
            .map(|at| self.address(at).to_string())
            .collect();
        servers.join(",")
    }

    pub(crate) fn address(&self, at: usize) -> SocketAddr {
        self.servers[at].address()
    }

    /// Where a server speaks TLS.
    pub(crate) fn secure_address(&self, at: usize) -> SocketAddr {
        let port = self.servers[at].secure_port.expect("it speaks TLS");
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// Ends a server the hard way.
    pub(crate) fn kill(&mut self, at: usize) {
        self.servers[at].kill();
    }

    /// Starts a server on the same ports and folder; tells whether it serves.
    pub(crate) async fn resume(&mut self, at: usize) -> bool {
        self.servers[at].spawn();
        self.servers[at].serves().await
    }

    /// Takes from a server that is not running all it ever knew.
    pub(crate) fn forget(&mut self, at: usize) {
        let data = self.servers[at].folder.path().join("data/version-2");
        std::fs::remove_dir_all(data).unwrap();
    }

    /// Stops a server where it is, connections and all, or lets it go on.
    pub(crate) fn hold(&self, at: usize, is_held: bool) {
        let child = self.servers[at].child.as_ref().expect("it runs");
        let pid = rustix::process::Pid::from_child(child);
        let signal = if is_held {
            rustix::process::Signal::STOP
        } else {
            rustix::process::Signal::CONT
        };
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Asks a server one of ZooKeeper's words of four letters; empty if it does not answer.
    pub(crate) async fn word(&self, at: usize, word: &str) -> String {
        self.servers[at].word(word).await.unwrap_or_default()
    }

    /// Which server leads, if one does.
    pub(crate) async fn leader(&self) -> Option<usize> {
        self.server_that_says("srvr", "Mode: leader").await
    }

    /// Which server holds the connection of whoever holds this node, if one does.
    pub(crate) async fn server_of(&self, node: &str) -> Option<usize> {
        let session = self.session_of(node).await?;
        self.server_that_says("cons", &format!("sid={session}"))
            .await
    }

    async fn server_that_says(&self, word: &str, text: &str) -> Option<usize> {
        for at in 0..self.servers.len() {
            if self.word(at, word).await.contains(text) {
                return Some(at);
            }
        }
        None
    }

    /// The session that a node lives with, if there is such a node, as the first server that
    /// knows it has it.
    pub(crate) async fn session_of(&self, node: &str) -> Option<String> {
        for at in 0..self.servers.len() {
            let dump = self.word(at, "dump").await;
            let nodes = dump.split_once("Ephemerals").map_or("", |(_, nodes)| nodes);
            let mut session = None;
            for line in nodes.lines() {
                match line.strip_prefix('\t') {
                    Some(found) if found == node => return session,
                    Some(_) => {}
                    None => session = line.strip_suffix(':').map(str::to_owned),
                }
            }
        }
        None
    }

    /// Opens its own command line.
    pub(crate) async fn cli(&self, at: usize) -> Cli {
        Cli::open(self.address(at)).await
    }
}

impl Server {
    fn new() -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let data = folder.path().join("data");
        let settings = format!(
            "tickTime={TICK}\ninitLimit=40\nsyncLimit=8\ndataDir={}\nclientPort={port}\n\
             clientPortAddress=127.0.0.1\nadmin.enableServer=false\nforceSync=no\n\
             maxClientCnxns=0\n4lw.commands.whitelist=*\n",
            data.display()
        );
        Self {
            folder,
            port,
            secure_port: None,
            settings,
            properties: Vec::new(),
            child: None,
        }
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    fn spawn(&mut self) {
        let settings = self.folder.path().join("zoo.cfg");
        std::fs::write(&settings, &self.settings).unwrap();
        let output = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let child = java("96m")
            .args(&self.properties)
            .arg("org.apache.zookeeper.server.quorum.QuorumPeerMain")
            .arg(settings)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    async fn serves(&mut self) -> bool {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            // One that is looking for a leader says that it does not serve.
            if self
                .word("srvr")
                .await
                .is_some_and(|text| text.contains("Mode: "))
                && self.is_secure().await
            {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("log"));
        eprintln!("{}", log.unwrap());
        self.kill();
        false
    }

    /// Tells whether it speaks TLS too, if it is to. Its machine takes a second and more of work to
    /// shake hands for the first time, and no caller under test is to pay for that.
    async fn is_secure(&self) -> bool {
        let Some(port) = self.secure_port else {
            return true;
        };
        let shake = move || {
            #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
            let shaken = Command::new("openssl")
                .args(["s_client", "-connect", &format!("127.0.0.1:{port}")])
                .stdin(Stdio::null())
                .output();
            shaken.unwrap().stdout
        };
        // It shows who it is, even to those it does not let in.
        let said = tokio::task::spawn_blocking(shake).await.unwrap();
        String::from_utf8_lossy(&said).contains("BEGIN CERTIFICATE")
    }

    async fn word(&self, word: &str) -> Option<String> {
        let ask = async {
            let mut stream = TcpStream::connect(self.address()).await?;
            stream.write_all(word.as_bytes()).await?;
            let mut text = String::new();
            stream.read_to_string(&mut text).await?;
            std::io::Result::Ok(text)
        };
        // One that is held takes a connection and says nothing.
        timeout(Duration::from_secs(1), ask).await.ok()?.ok()
    }

    fn kill(&mut self) {
        if let Some(child) = self.child.take() {
            end(child);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Cli {
    async fn open(server: SocketAddr) -> Self {
        let (output, input) = std::io::pipe().unwrap();
        let mut child = java("64m")
            .arg("org.apache.zookeeper.ZooKeeperMain")
            .args(["-server", &server.to_string()])
            .stdin(Stdio::piped())
            .stdout(input.try_clone().unwrap())
            .stderr(input)
            .spawn()
            .unwrap();
        let (sender, lines) = channel(1024);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        let orders = child.stdin.take().unwrap();
        let mut cli = Self {
            child,
            orders,
            lines,
            asked: 0,
        };
        // What it says when it starts is not an answer.
        cli.run("ls /").await;
        cli
    }

    /// Runs an order and gives what it says.
    pub(crate) async fn run(&mut self, order: &str) -> String {
        self.asked += 1;
        let mark = format!("/no-{}", self.asked);
        writeln!(self.orders, "{order}\nget {mark}").unwrap();
        let mut said = Vec::new();
        loop {
            match timeout(START, self.lines.recv()).await {
                // That there is no such node, or that its server is gone: either is the last of it.
                Ok(Some(line)) if line.ends_with(&mark) => return said.join("\n"),
                Ok(Some(line)) => said.push(line),
                Ok(None) | Err(_) => panic!("no end of the answer to `{order}`; so far: {said:#?}"),
            }
        }
    }

    /// What a node holds, as JSON; null if there is no such node.
    pub(crate) async fn json(&mut self, node: &str) -> serde_json::Value {
        let text = self.run(&format!("get '{node}'")).await;
        serde_json::from_str(&text).unwrap_or(serde_json::Value::Null)
    }

    /// The names of the nodes below one; none if there is no such node.
    pub(crate) async fn list(&mut self, node: &str) -> Vec<String> {
        let text = self.run(&format!("ls '{node}'")).await;
        let line = text.lines().find_map(|line| line.strip_prefix('['));
        let names = line.and_then(|line| line.strip_suffix(']')).unwrap_or("");
        let names = names.split(", ").filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    }
}

impl Drop for Cli {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
        self.child.wait().unwrap();
    }
}

/// Waits until something is so.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + START;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "not so: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Java, quick to start and small, with ZooKeeper on its path.
fn java(heap: &str) -> Command {
    // The last is missing from what the first says that it needs, and TLS needs it.
    const JARS: [&str; 3] = [
        "/usr/share/java/zookeeper.jar",
        "/usr/share/java/commons-cli.jar",
        "/usr/share/java/netty-codec.jar",
    ];
    assert!(
        Path::new(JARS[0]).exists(),
        "no ZooKeeper at {}: run `scripts/packages tests`",
        JARS[0]
    );
    let mut java = Command::new("java");
    // Its client reads what it is told to do in the characters of the locale.
    java.env("LC_ALL", "C.UTF-8")
        .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"])
        .arg(format!("-Xmx{heap}"))
        .arg("-Dzookeeper.jmx.log4j.disable=true")
        .args(["-cp", &JARS.join(":")]);
    java
}

fn end(mut child: Child) {
    child.kill().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
    child.wait().unwrap();
}
