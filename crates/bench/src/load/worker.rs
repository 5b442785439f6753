//! One connection's loop.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Uri,
    header::{CONTENT_TYPE, HOST},
};
use http_body_util::Full;

use super::{Connection, Plan};
use crate::{client::excerpt, scenario::Template, stats::float};

/// Longest wait for the last answers after the window. A server that locks its database may hold one for half a minute.
const GRACE: Duration = Duration::from_mins(1);

/// What a connection did.
#[derive(Debug)]
pub(super) struct Done {
    /// Position of its subject in the plan.
    pub(super) index: usize,
    pub(super) n_answered: u64,
    /// Answers within the window.
    pub(super) n_in_window: u64,
    /// Latencies of the answers within the window, in microseconds; at a pace, of the requests due within it, or a
    /// server would be forgiven those that it was too slow for.
    pub(super) latencies_us: Vec<u32>,
}

pub(super) struct Worker {
    index: usize,
    connection: Connection,
    template: Template,
    uri: Uri,
    headers: HeaderMap,
    pace: Option<Duration>,
    /// When its first request is due, after the start: connections at a pace take turns.
    offset: Duration,
}

impl Worker {
    pub(super) async fn connect(plan: &Plan, index: usize) -> anyhow::Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::try_from(plan.address.to_string())?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self {
            index,
            connection: Connection::open(plan.address).await?,
            template: plan.scenario.template(&plan.ids[index]),
            uri: Uri::from_static(plan.scenario.path()),
            headers,
            pace: plan.pace,
            offset: plan.pace.unwrap_or_default().mul_f64(float(index as u64) / float(plan.ids.len() as u64)),
        })
    }

    /// Sends one request after the other until the window, which begins at `begin`, is over.
    pub(super) async fn run(self, begin: Instant, window: Duration) -> anyhow::Result<Done> {
        let end = begin + window;
        let give_up = tokio::time::Instant::from_std(end + GRACE);
        tokio::time::timeout_at(give_up, self.repeat(begin, end)).await.with_context(|| {
            format!("what was due within the window was not all answered {} s after it", GRACE.as_secs())
        })?
    }

    async fn repeat(mut self, begin: Instant, end: Instant) -> anyhow::Result<Done> {
        let latencies_us = Vec::with_capacity(1 << 14);
        let mut done = Done { index: self.index, n_answered: 0, n_in_window: 0, latencies_us };
        let mut sent = Instant::now();
        let mut due = sent + self.offset;
        loop {
            if let Some(pace) = self.pace {
                // A server that is late is not given the time it took: the next request counts from when it was due.
                sent = due;
                if due > Instant::now() {
                    tokio::time::sleep_until(due.into()).await;
                    sent = Instant::now();
                }
                due += pace;
            }
            if sent >= end {
                return Ok(done);
            }
            let request = self.request(done.n_answered);
            let answer = self.connection.send(request).await?;
            let answered = Instant::now();
            ensure!(answer.status == 200, "{} answered {}: {}", self.uri, answer.status, excerpt(&answer.body));
            done.n_answered += 1;
            let is_within = |instant| instant >= begin && instant < end;
            done.n_in_window += u64::from(is_within(answered));
            if is_within(if self.pace.is_some() { sent } else { answered }) {
                let latency = answered.duration_since(sent).as_micros();
                done.latencies_us.push(u32::try_from(latency).unwrap_or(u32::MAX));
            }
            sent = answered;
        }
    }

    fn request(&mut self, number: u64) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.template.render(number)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}
