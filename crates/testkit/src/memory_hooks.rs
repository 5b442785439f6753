//! A sender of messages to webhooks that keeps them.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use trackside_core::{Error, HookAnswer, HookMessage, HookSender, Result, Retry};

/// Keeps what it is to send, and answers as it was told, or with 200. The host `private` may not be reached.
#[derive(Debug)]
pub struct MemoryHooks {
    schemes: Vec<String>,
    sent: Mutex<Vec<HookMessage>>,
    answers: Mutex<VecDeque<Result<HookAnswer>>>,
}

impl Default for MemoryHooks {
    fn default() -> Self {
        Self { schemes: vec!["https".to_owned()], sent: Mutex::default(), answers: Mutex::default() }
    }
}

impl MemoryHooks {
    /// What was sent so far.
    pub fn sent(&self) -> Vec<HookMessage> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The next answer behind those that were told before.
    pub fn answer(&self, answer: Result<HookAnswer>) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push_back(answer);
    }
}

#[async_trait]
impl HookSender for MemoryHooks {
    fn schemes(&self) -> &[String] {
        &self.schemes
    }

    async fn check_host(&self, host: &str) -> Result<()> {
        if host == "private" { Err(Error::invalid("the host is private")) } else { Ok(()) }
    }

    async fn send(&self, message: HookMessage) -> Result<HookAnswer> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        let told = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        told.unwrap_or_else(|| Ok(HookAnswer { status: 200, retry: Retry::Later, body: "thanks".to_owned() }))
    }
}
