//! A real etcd of our own, alone or as one of three: free ports, own folder, ended by its pid.

mod following;
mod members;
mod registration;

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use test_ports::free_ports;

use crate::backend::{Answer, request};

/// How long a cluster may take to choose who leads it, on a busy machine too.
const START: Duration = Duration::from_secs(40);

/// A running etcd, or one that is stopped for a while.
pub(crate) struct Etcd {
    folder: TempDir,
    name: String,
    client: u16,
    peer: u16,
    /// Every member of the cluster, as `name=url` between commas.
    cluster: String,
    flags: Vec<String>,
    child: Option<Child>,
}

impl Etcd {
    /// Starts a cluster of one and waits until it answers.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// The same, with these flags on top. With `--cert-file` it speaks TLS, and [`Self::post`] and
    /// all that rests on it no longer reach it.
    pub(crate) async fn with(flags: &[&str]) -> Self {
        let mut cluster = Self::several(1, flags).await;
        cluster.remove(0)
    }

    /// Starts a cluster of three and waits until each member answers.
    pub(crate) async fn cluster() -> [Self; 3] {
        let members = Self::several(3, &[]).await;
        members.try_into().ok().unwrap()
    }

    async fn several(count: usize, flags: &[&str]) -> Vec<Self> {
        let mut members = Self::prepare(count, flags);
        for member in &mut members {
            member.spawn();
        }
        for member in &mut members {
            let is_ready = member.until_ready().await;
            assert!(is_ready, "etcd does not start; its output is above");
        }
        members
    }

    fn prepare(count: usize, flags: &[&str]) -> Vec<Self> {
        let ports: Vec<[u16; 2]> = (0..count).map(|_| free_ports()).collect();
        let peers = ports.iter().enumerate();
        let peers: Vec<_> = peers
            .map(|(at, [_, peer])| format!("e{at}=http://127.0.0.1:{peer}"))
            .collect();
        let members = ports.iter().enumerate();
        members
            .map(|(at, [client, peer])| Self {
                folder: tempfile::tempdir().unwrap(),
                name: format!("e{at}"),
                client: *client,
                peer: *peer,
                cluster: peers.join(","),
                flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
                child: None,
            })
            .collect()
    }

    /// Where clients reach it.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.client))
    }

    /// The process, for signals.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Ends the process the hard way.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
            child.wait().unwrap();
        }
    }

    /// Starts the process again on the same ports and data; tells whether it got ready.
    pub(crate) async fn resume(&mut self) -> bool {
        self.spawn();
        self.until_ready().await
    }

    /// Takes its data away; it must not be running.
    pub(crate) fn forget(&mut self) {
        assert!(self.child.is_none(), "a running etcd keeps its data");
        std::fs::remove_dir_all(self.folder.path().join("data")).unwrap();
    }

    /// Lets the process stand still, with its connections open, until [`Self::thaw`].
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal("CONT");
    }

    /// Makes one call of its API with a body of JSON; null where it does not answer with JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = request(self.address(), "POST", path, &body.to_string()).await;
        answer
            .and_then(|answer| serde_json::from_str(&answer.body).ok())
            .unwrap_or(Value::Null)
    }

    /// What a key holds; none if there is no such key.
    pub(crate) async fn value(&self, key: &str) -> Option<String> {
        let found = self.pair(key).await;
        found["value"].as_str().map(plain)
    }

    /// All that is known of a key: its value, revisions and lease, as the API has it.
    pub(crate) async fn pair(&self, key: &str) -> Value {
        let body = json!({ "key": coded(key) });
        self.post("/v3/kv/range", &body).await["kvs"][0].clone()
    }

    /// Every key that begins so, sorted.
    pub(crate) async fn keys(&self, prefix: &str) -> Vec<String> {
        let mut end = prefix.as_bytes().to_vec();
        *end.last_mut().unwrap() += 1;
        let end = String::from_utf8(end).unwrap();
        let body = json!({ "key": coded(prefix), "range_end": coded(&end), "keys_only": true });
        let found = self.post("/v3/kv/range", &body).await;
        let all = found["kvs"].as_array().cloned().unwrap_or_default();
        let key = |pair: &Value| plain(pair["key"].as_str().unwrap());
        all.iter().map(key).collect()
    }

    /// Writes a key.
    pub(crate) async fn put(&self, key: &str, value: &str) {
        let body = json!({ "key": coded(key), "value": coded(value) });
        self.insist("/v3/kv/put", &body).await;
    }

    /// Deletes a key.
    pub(crate) async fn delete(&self, key: &str) {
        let body = json!({ "key": coded(key) });
        self.insist("/v3/kv/deleterange", &body).await;
    }

    /// Makes a call that may be made twice until it is done: a cluster that has just lost its
    /// leader refuses for a while.
    async fn insist(&self, path: &str, body: &Value) {
        self.until(path, async |etcd| {
            let said = etcd.post(path, body).await;
            said["header"].is_object().then_some(())
        })
        .await;
    }

    /// Waits until something about it is so.
    pub(crate) async fn until<T>(&self, what: &str, look: impl AsyncFn(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + crate::backend::DEADLINE;
        loop {
            if let Some(seen) = look(self).await {
                return seen;
            }
            if Instant::now() > deadline {
                let keys = self.keys("/").await;
                panic!("not so in time: {what}; etcd has {keys:#?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn spawn(&mut self) {
        let output = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        let child = Command::new(binary())
            .args(self.arguments())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    async fn until_ready(&mut self) -> bool {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            // Only a member with a leader answers this.
            let answer = request(self.address(), "GET", "/health", "").await;
            match answer {
                Some(Answer { status: 200, .. }) => return true,
                // What speaks TLS says nothing to those who do not.
                None if self.speaks_tls() && self.listens() => return true,
                Some(_) | None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        eprintln!("{}", std::fs::read_to_string(self.log()).unwrap());
        self.kill();
        false
    }

    fn listens(&self) -> bool {
        std::net::TcpStream::connect(self.address()).is_ok()
    }

    fn speaks_tls(&self) -> bool {
        self.flags
            .iter()
            .any(|flag| flag.starts_with("--cert-file"))
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn arguments(&self) -> Vec<String> {
        let scheme = if self.speaks_tls() { "https" } else { "http" };
        let client = format!("{scheme}://127.0.0.1:{}", self.client);
        let peer = format!("http://127.0.0.1:{}", self.peer);
        let mut arguments = vec![
            format!("--name={}", self.name),
            format!("--data-dir={}", self.folder.path().join("data").display()),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster={}", self.cluster),
            "--log-level=error".to_owned(),
        ];
        arguments.extend(self.flags.iter().cloned());
        arguments
    }

    fn signal(&self, name: &str) {
        let mut child = Command::new("kill")
            .args([format!("-{name}"), self.pid().to_string()])
            .spawn()
            .unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
        child.wait().unwrap();
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Writes a text as the API wants bytes: in base64.
pub(crate) fn coded(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut coded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk
            .iter()
            .fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let letter = LETTERS[bits >> (18 - 6 * digit) & 63];
            coded.push(if digit <= chunk.len() {
                letter.into()
            } else {
                '='
            });
        }
    }
    coded
}

/// Reads what [`coded`] writes, if it is a text.
pub(crate) fn plain(coded: &str) -> String {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut bytes = Vec::new();
    let mut bits = 0_u32;
    for (at, letter) in coded.bytes().filter(|&letter| letter != b'=').enumerate() {
        bits = bits << 6 | u32::from(value(letter));
        let left = (at * 6 + 6) % 8;
        if at % 4 > 0 {
            bytes.push(u8::try_from(bits >> left & 255).unwrap());
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// How many connections of ours lead to it.
pub(crate) fn connections(etcd: &Etcd) -> usize {
    let port = format!(":{:04X}", etcd.address().port());
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let rows = table
        .lines()
        .map(|row| row.split_whitespace().collect::<Vec<_>>());
    let is_ours = |row: &Vec<&str>| row.len() > 3 && row[2].ends_with(&port) && row[3] == "01";
    rows.filter(is_ours).count()
}

fn binary() -> PathBuf {
    let path = std::env::var_os("ETCD_BIN").map_or_else(|| "/usr/bin/etcd".into(), PathBuf::from);
    assert!(
        path.exists(),
        "no etcd at {}: run `scripts/packages tests`, or set ETCD_BIN",
        path.display()
    );
    path
}

#[tokio::test]
async fn a_cluster_of_three_outlives_one_of_them() {
    let [one, two, mut three] = Etcd::cluster().await;
    one.put("/a/key", "v\u{e4}lue").await;
    assert_eq!(two.value("/a/key").await.as_deref(), Some("v\u{e4}lue"));
    three.kill();
    two.put("/a/other", "").await;
    assert_eq!(one.keys("/a/").await, ["/a/key", "/a/other"]);
    assert!(three.resume().await);
    three
        .until("it has caught up", async |three| {
            (three.keys("/a/").await.len() == 2).then_some(())
        })
        .await;
}

#[tokio::test]
async fn data_may_be_taken_away() {
    let mut etcd = Etcd::start().await;
    etcd.put("/key", "value").await;
    etcd.kill();
    assert!(etcd.resume().await);
    assert_eq!(etcd.value("/key").await.as_deref(), Some("value"));
    etcd.freeze();
    etcd.thaw();
    etcd.delete("/key").await;
    etcd.put("/key", "new").await;
    etcd.kill();
    etcd.forget();
    assert!(etcd.resume().await);
    assert_eq!(etcd.pair("/key").await, Value::Null);
}
