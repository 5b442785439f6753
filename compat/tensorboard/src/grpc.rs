//! gRPC over the HTTP/2 that axum is served with: one message in, one message out.
//!
//! A message is a byte that says whether it is compressed, a length in four bytes, most significant first, and the
//! message. The status follows in trailers, or stands among the headers when there is no message.
//!
//! Source: gRPC core, `doc/PROTOCOL-HTTP2.md`.

use std::future::{Future, ready};

use axum::{body::Body, extract::Request, response::Response};
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full, Limited};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use prost::Message;
use trackside_core::{Error, ErrorKind, Result};

use crate::status;

/// Largest request: names of runs and tags, thousands of them.
const MAX_REQUEST: usize = 4 * 1024 * 1024;
/// Bytes before a message.
const PREFIX: usize = 5;
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// What is escaped in the text of a status, beside all that is not ASCII.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// Reads the request, calls, writes the answer.
pub(crate) async fn answer<Q, A, F>(request: Request, call: impl FnOnce(Q) -> F) -> Response
where
    Q: Message + Default,
    A: Message,
    F: Future<Output = Result<A>>,
{
    let path = request.uri().path().to_owned();
    let answered = match read(request).await {
        Ok(message) => call(message).await,
        Err(error) => Err(error),
    };
    match answered {
        Ok(message) => succeeded(&message),
        Err(error) => {
            tracing::debug!(%path, %error, "call failed");
            failed(&error)
        }
    }
}

/// The answer to calls of a later version of the protocol.
pub(crate) async fn unknown_method() -> Response {
    failed(&Error::new(ErrorKind::Unsupported, "no such method"))
}

async fn read<Q: Message + Default>(request: Request) -> Result<Q> {
    let body = Limited::new(request.into_body(), MAX_REQUEST).collect().await;
    let bytes = body.map_err(|error| Error::invalid(format!("the request cannot be read: {error}")))?.to_bytes();
    decode(&bytes)
}

fn decode<Q: Message + Default>(bytes: &[u8]) -> Result<Q> {
    let (prefix, message) = bytes.split_first_chunk::<PREFIX>().ok_or_else(|| Error::invalid("there is no message"))?;
    let [compressed, length @ ..] = *prefix;
    if compressed != 0 {
        return Err(Error::new(ErrorKind::Unsupported, "compressed messages are not read"));
    }
    if u32::from_be_bytes(length) as usize != message.len() {
        return Err(Error::invalid("there is not exactly one message"));
    }
    Q::decode(message).map_err(|error| Error::invalid(format!("the message cannot be read: {error}")))
}

fn succeeded(message: &impl Message) -> Response {
    let mut trailers = HeaderMap::new();
    trailers.insert(STATUS, HeaderValue::from_static("0"));
    let body = match encode(message) {
        Ok(bytes) => Full::new(bytes).with_trailers(ready(Some(Ok(trailers)))),
        Err(error) => return failed(&error),
    };
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response
}

fn encode(message: &impl Message) -> Result<Bytes> {
    let too_long = |_| Error::new(ErrorKind::Unsupported, "the answer is longer than a message can be");
    let length = u32::try_from(message.encoded_len()).map_err(too_long)?;
    let mut bytes = BytesMut::with_capacity(PREFIX + length as usize);
    bytes.put_u8(0);
    bytes.put_u32(length);
    message.encode_raw(&mut bytes);
    Ok(bytes.freeze())
}

fn failed(error: &Error) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, GRPC);
    headers.insert(STATUS, HeaderValue::from(u16::from(status::code(error))));
    let text = utf8_percent_encode(error.message(), ESCAPED).to_string();
    headers.insert(MESSAGE, HeaderValue::try_from(text).expect("escaped text is visible ASCII"));
    response
}

#[cfg(test)]
mod tests {
    use trackside_tensorboard_wire::data_provider::ReadBlobRequest;

    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let message = ReadBlobRequest { blob_key: "k".to_owned() };
        let bytes = encode(&message).unwrap();
        assert_eq!(bytes.as_ref(), b"\0\0\0\0\x03\x0a\x01k");
        assert_eq!(decode::<ReadBlobRequest>(&bytes).unwrap(), message);
    }

    #[test]
    fn anything_but_one_plain_message_is_refused() {
        let cases: [(&[u8], ErrorKind); 6] = [
            (b"", ErrorKind::Invalid),
            (b"\0\0\0\0", ErrorKind::Invalid),
            (b"\0\0\0\0\x01", ErrorKind::Invalid),
            (b"\0\0\0\0\0\0", ErrorKind::Invalid),
            (b"\0\0\0\0\x01\xff", ErrorKind::Invalid),
            (b"\x01\0\0\0\0", ErrorKind::Unsupported),
        ];
        for (bytes, kind) in cases {
            assert_eq!(decode::<ReadBlobRequest>(bytes).unwrap_err().kind(), kind, "{bytes:?}");
        }
    }

    #[test]
    fn any_text_is_a_header() {
        let response = failed(&Error::not_found("no run 'ä%\n'"));
        assert_eq!(response.headers()[MESSAGE], "no run '%C3%A4%25%0A'");
        assert_eq!(response.headers()[STATUS], "5");
    }
}
