use async_trait::async_trait;
use trackside_core::{
    Result, Timestamp,
    store::{DeadLetter, DeadLetters},
};

use super::MemoryLog;

#[async_trait]
impl DeadLetters for MemoryLog {
    async fn dead_letters(&self, sink: Option<&str>, after: u64, limit: usize) -> Result<Vec<DeadLetter>> {
        let state = self.state();
        let letters = state.letters.range(after + 1..).map(|(_, letter)| letter);
        Ok(letters.filter(|letter| sink.is_none_or(|sink| letter.sink == sink)).take(limit).cloned().collect())
    }

    async fn discard_dead_letters(&self, sink: &str, ids: Option<Vec<u64>>) -> Result<u64> {
        let mut state = self.state();
        let before = state.letters.len();
        let chosen = |id: &u64| ids.as_ref().is_none_or(|ids| ids.contains(id));
        state.letters.retain(|id, letter| letter.sink != sink || !chosen(id));
        Ok((before - state.letters.len()) as u64)
    }

    async fn return_dead_letter(&self, id: u64, at: Timestamp, reason: &str) -> Result<()> {
        if let Some(found) = self.state().letters.get_mut(&id) {
            found.letter.at = at;
            reason.clone_into(&mut found.letter.reason);
        }
        Ok(())
    }
}
