//! A catalog whose answers are right or wrong as the test says, and held as Consul holds them.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

/// What it says.
#[derive(Clone, Debug)]
pub(crate) enum Word {
    /// These instances of whatever is asked for, by identity, and a leader stands behind it.
    Truth(Vec<&'static str>),
    /// These instances, if it is the leader's word that is asked for. Who takes that of another server
    /// is not told of the last one yet.
    Behind(Vec<&'static str>),
    /// Nothing, in the name of servers without a leader.
    Leaderless,
    /// Nothing, from a server that has not heard from the leader for long.
    Old,
}

#[derive(Debug)]
struct Said {
    /// What a question can wait past.
    index: u64,
    word: Word,
}

/// The catalog.
pub(crate) struct Liar {
    address: SocketAddr,
    said: Arc<(Mutex<Said>, Condvar)>,
}

impl Liar {
    pub(crate) fn start(word: Word) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let said = Arc::new((Mutex::new(Said { index: 7, word }), Condvar::new()));
        let shared = said.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let said = shared.clone();
                std::thread::spawn(move || serve(stream, &said));
            }
        });
        Self { address, said }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says something else from now on, to those who wait for it too.
    pub(crate) fn say(&self, word: Word) {
        let (said, changed) = &*self.said;
        let mut said = said.lock().unwrap();
        said.index += 1;
        said.word = word;
        changed.notify_all();
    }
}

fn serve(mut stream: TcpStream, said: &(Mutex<Said>, Condvar)) {
    let mut request = [0; 4096];
    loop {
        let read = stream.read(&mut request).unwrap_or(0);
        if read == 0 {
            return;
        }
        let request = String::from_utf8_lossy(&request[..read]);
        let asked = request.split("index=").nth(1).and_then(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u64>().ok()
        });
        let of_leader = !request
            .lines()
            .next()
            .is_some_and(|line| line.contains("stale"));
        if stream
            .write_all(answer(asked, of_leader, said).as_bytes())
            .is_err()
        {
            return;
        }
    }
}

fn answer(past: Option<u64>, of_leader: bool, said: &(Mutex<Said>, Condvar)) -> String {
    let (lock, changed) = said;
    let held = Duration::from_secs(60);
    let is_old = |said: &mut Said| past == Some(said.index);
    let now = lock.lock().unwrap();
    let (said, _) = changed.wait_timeout_while(now, held, is_old).unwrap();
    let (leader, contact, ids) = match &said.word {
        Word::Truth(ids) => (true, 0, ids.as_slice()),
        Word::Behind(ids) if of_leader => (true, 0, ids.as_slice()),
        Word::Behind(ids) => (true, 20, &ids[..ids.len() - 1]),
        Word::Leaderless => (false, 0, &[][..]),
        Word::Old => (true, 600_000, &[][..]),
    };
    let one = |id: &&str| {
        format!(
            r#"{{"Node":{{"Node":"n","Address":"10.0.0.1"}},"Service":{{"ID":"{id}","Service":"db","Address":"10.0.0.1","Port":5432,"Tags":[]}},"Checks":[{{"Status":"passing"}}]}}"#
        )
    };
    let body = ids.iter().map(one).collect::<Vec<_>>().join(",");
    format!(
        "HTTP/1.1 200 OK\r\nX-Consul-Index: {}\r\nX-Consul-KnownLeader: {leader}\r\nX-Consul-LastContact: {contact}\r\nContent-Length: {}\r\n\r\n[{body}]",
        said.index,
        body.len() + 2
    )
}
