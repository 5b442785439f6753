//! As much of HTTP/1.1 as a proxy needs that passes on whole requests: where one ends.

use tokio::{io::AsyncReadExt, net::TcpStream};

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// A whole request.
#[derive(Debug)]
pub(crate) struct Request {
    /// As it came, but for `Connection: close`.
    pub(crate) bytes: Vec<u8>,
    pub(crate) body_len: usize,
}

impl Request {
    /// Reads one; `None` when the peer goes away before its end.
    pub(crate) async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        loop {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
            let Some(head_len) = find(&bytes, END_OF_HEAD).map(|at| at + END_OF_HEAD.len()) else { continue };
            let head = std::str::from_utf8(&bytes[..head_len]).ok()?.to_owned();
            if let Some(body_len) = body_len(&head, &bytes[head_len..]) {
                let kept = head.lines().filter(|line| !line.is_empty() && header(line, "connection").is_none());
                let mut closing = kept.collect::<Vec<_>>().join("\r\n").into_bytes();
                closing.extend_from_slice(b"\r\nConnection: close\r\n\r\n");
                closing.extend_from_slice(&bytes[head_len..]);
                return Some(Self { bytes: closing, body_len });
            }
        }
    }
}

/// Length of the body, once all of it is there.
fn body_len(head: &str, body: &[u8]) -> Option<usize> {
    let value = |name| head.lines().find_map(|line| header(line, name));
    if value("transfer-encoding").is_some() {
        return is_last_chunk_there(body).then_some(body.len());
    }
    let length = value("content-length").map_or(0, |text| text.parse().expect("a length"));
    (body.len() >= length).then_some(length)
}

fn is_last_chunk_there(mut body: &[u8]) -> bool {
    while let Some(at) = find(body, b"\r\n") {
        let size = std::str::from_utf8(&body[..at]).expect("the size of a chunk");
        let size = usize::from_str_radix(size, 16).expect("the size of a chunk");
        let Some(rest) = body.get(at + 2 + size + 2..) else { return false };
        if size == 0 {
            return true;
        }
        body = rest;
    }
    false
}

fn header<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (found, value) = line.split_once(':')?;
    found.eq_ignore_ascii_case(name).then(|| value.trim())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
