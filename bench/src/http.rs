//! As much of HTTP as it takes to talk to a Consul on loopback over one connection.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

pub(crate) struct Client {
    address: String,
    stream: BufReader<TcpStream>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The value of `X-Consul-Index`, where there is one.
    pub(crate) index: Option<u64>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: &str) -> Result<Self, String> {
        let told = |error| format!("cannot reach Consul: {error}");
        let stream = TcpStream::connect(address).map_err(told)?;
        stream.set_nodelay(true).map_err(told)?;
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .map_err(told)?;
        Ok(Self {
            address: address.to_owned(),
            stream: BufReader::new(stream),
        })
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<Answer, String> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let told = |error| format!("cannot ask Consul for {path}: {error}");
        self.stream
            .get_mut()
            .write_all(head.as_bytes())
            .map_err(told)?;
        read_answer(&mut self.stream).map_err(told)
    }

    /// Asks, and takes anything but 200 for an error.
    pub(crate) fn order(&mut self, method: &str, path: &str, body: &str) -> Result<Answer, String> {
        let answer = self.ask(method, path, body)?;
        if answer.status == 200 {
            return Ok(answer);
        }
        let said = String::from_utf8_lossy(&answer.body);
        Err(format!(
            "Consul answers {} to {path}: {said}",
            answer.status
        ))
    }
}

fn read_answer(stream: &mut impl BufRead) -> std::io::Result<Answer> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    let (mut index, mut length, mut chunked) = (None, 0, false);
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
            "x-consul-index" => index = value.parse().ok(),
            _ => {}
        }
    }
    let body = if chunked {
        read_chunks(stream)?
    } else {
        read_exactly(stream, length)?
    };
    Ok(Answer {
        status,
        index,
        body,
    })
}

fn read_chunks(stream: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
        body.extend(read_exactly(stream, length)?);
        stream.read_line(&mut line)?;
        if length == 0 {
            return Ok(body);
        }
    }
}

fn read_exactly(stream: &mut impl Read, length: usize) -> std::io::Result<Vec<u8>> {
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_follow_each_other_on_one_connection() {
        let mut wire: &[u8] =
            b"HTTP/1.1 200 OK\r\nX-Consul-Index: 42\r\nContent-Length: 2\r\n\r\nhi\
            HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        let first = read_answer(&mut wire).expect("a whole answer");
        assert_eq!(
            (first.status, first.index, first.body.as_slice()),
            (200, Some(42), &b"hi"[..])
        );
        let second = read_answer(&mut wire).expect("a whole answer");
        assert_eq!(
            (second.status, second.index, second.body.as_slice()),
            (500, None, &b"abcde"[..])
        );
        assert!(wire.is_empty());
    }
}
