//! A pass for HTTP that counts what goes through it.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// What stands at the end of the first line of every request, and nowhere else in ours.
const MARK: &[u8] = b" HTTP/1.1\r\n";

/// Its listener ends with the program.
pub(super) struct Tap {
    pub(super) address: String,
    requests: Arc<AtomicU64>,
}

impl Tap {
    pub(super) fn before(upstream: &str) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("cannot listen before Consul: {error}");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(told)?;
        let address = listener.local_addr().map_err(told)?.to_string();
        let requests = Arc::new(AtomicU64::new(0));
        let (upstream, counted) = (upstream.to_owned(), requests.clone());
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(&upstream) else {
                    continue;
                };
                if let Err(error) = join(&near, &far, &counted) {
                    eprintln!("bench: cannot pass a connection on: {error}");
                }
            }
        });
        Ok(Self { address, requests })
    }

    /// How many requests came through.
    pub(super) fn count(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

fn join(near: &TcpStream, far: &TcpStream, counted: &Arc<AtomicU64>) -> std::io::Result<()> {
    let (from, to, counted) = (near.try_clone()?, far.try_clone()?, counted.clone());
    thread::spawn(move || pass(from, to, Some(&counted)));
    let (from, to) = (far.try_clone()?, near.try_clone()?);
    thread::spawn(move || pass(from, to, None));
    Ok(())
}

fn pass(mut from: TcpStream, mut to: TcpStream, counted: Option<&AtomicU64>) {
    let mut buffer = [0; 16 * 1024];
    let mut seen = 0;
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if let Some(counted) = counted {
            counted.fetch_add(marks(&buffer[..length], &mut seen), Ordering::Relaxed);
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // Whoever is gone already needs no word.
    let _ = to.shutdown(Shutdown::Write);
}

/// Counts the marks that end in these bytes; `seen` is how much of one the bytes before end with.
fn marks(bytes: &[u8], seen: &mut usize) -> u64 {
    let mut count = 0;
    for byte in bytes {
        if *byte == MARK[*seen] {
            *seen += 1;
        } else {
            *seen = usize::from(*byte == MARK[0]);
        }
        if *seen == MARK.len() {
            *seen = 0;
            count += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_wherever_they_are_cut() {
        let text = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nPUT /b  HTTP/1.1\r\n\r\n";
        for size in 1..text.len() {
            let mut seen = 0;
            let counts = text.chunks(size).map(|chunk| marks(chunk, &mut seen));
            assert_eq!(counts.sum::<u64>(), 2, "in pieces of {size}");
        }
    }
}
