use std::{collections::BTreeSet, ops::Bound};

use async_trait::async_trait;
use trackside_core::{
    Error, Result, Sending, Subject,
    store::{Cursor, CursorChange, Cursors, DeadLetter, KEPT_SENDINGS, Mark, MarkFilter, Progress},
};

use super::{MemoryLog, Place, State};

#[async_trait]
impl Cursors for MemoryLog {
    async fn cursors(&self) -> Result<Vec<Cursor>> {
        let state = self.state();
        Ok(state.cursors.iter().map(|(sink, place)| cursor(&state, sink, place)).collect())
    }

    async fn open_cursor(&self, sink: &str) -> Result<Cursor> {
        let mut state = self.state();
        let position = state.end;
        let place = state.cursors.entry(sink.to_owned()).or_insert_with(|| Place { position, ..Place::default() });
        let place = place.clone();
        Ok(cursor(&state, sink, &place))
    }

    async fn close_cursor(&self, sink: &str) -> Result<()> {
        let mut state = self.state();
        state.cursors.remove(sink);
        state.marks.retain(|(owner, _), _| owner != sink);
        state.letters.retain(|_, letter| letter.sink != sink);
        state.sendings.remove(sink);
        state.trim();
        Ok(())
    }

    async fn change_cursor(&self, sink: &str, change: CursorChange) -> Result<()> {
        let mut state = self.state();
        let place = state.place(sink)?;
        match change {
            CursorChange::Paused(paused) => place.paused = paused,
            CursorChange::Backfill(backfill) => place.backfill = backfill,
        }
        Ok(())
    }

    async fn advance(&self, sink: &str, progress: Progress) -> Result<()> {
        let mut state = self.state();
        let end = state.end;
        let place = state.place(sink)?;
        if progress.position < place.position || progress.position > end {
            let (from, to) = (place.position.0, progress.position.0);
            return Err(Error::invalid(format!("the cursor of sink '{sink}' cannot move from {from} to {to}")));
        }
        (place.position, place.window_end) = (progress.position, progress.window_end);
        place.delivered += progress.delivered;
        place.withheld.extend(&progress.withheld);
        for (subject, mark) in progress.marks {
            let key = (sink.to_owned(), subject);
            match mark {
                Some(mark) => drop(state.marks.insert(key, mark)),
                None => drop(state.marks.remove(&key)),
            }
        }
        for letter in progress.dead {
            state.n_letters += 1;
            let id = state.n_letters;
            state.letters.insert(id, DeadLetter { id, sink: sink.to_owned(), letter });
        }
        for id in progress.settled {
            state.letters.remove(&id);
        }
        let sent = state.sendings.entry(sink.to_owned()).or_default();
        sent.extend(progress.sendings);
        sent.drain(..sent.len().saturating_sub(KEPT_SENDINGS));
        state.trim();
        Ok(())
    }

    async fn marks(&self, sink: &str, subjects: Vec<Subject>) -> Result<Vec<Option<Mark>>> {
        let mut state = self.state();
        state.place(sink)?;
        Ok(subjects.into_iter().map(|subject| state.marks.get(&(sink.to_owned(), subject)).cloned()).collect())
    }

    async fn marks_where(
        &self,
        sink: &str,
        filter: MarkFilter,
        after: Option<Subject>,
        limit: usize,
    ) -> Result<Vec<(Subject, Mark)>> {
        let mut state = self.state();
        state.place(sink)?;
        let passes = |mark: &Mark| match filter {
            MarkFilter::KeepAlive => mark.keep_alive,
            MarkFilter::CatchingUp => mark.catch_up.is_some(),
            MarkFilter::Lost => mark.lost,
        };
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded((sink.to_owned(), after)));
        let of_sink = state.marks.range((from, Bound::Unbounded)).filter(|((owner, _), _)| owner == sink);
        let found = of_sink.filter(|(_, mark)| passes(mark)).take(limit);
        Ok(found.map(|((_, subject), mark)| (subject.clone(), mark.clone())).collect())
    }

    async fn sendings(&self, sink: &str, limit: usize) -> Result<Vec<Sending>> {
        let mut state = self.state();
        state.place(sink)?;
        let sent = state.sendings.get(sink);
        Ok(sent.into_iter().flat_map(|sent| sent.iter().skip(sent.len().saturating_sub(limit)).cloned()).collect())
    }

    async fn detach(&self, sink: &str) -> Result<u64> {
        let mut state = self.state();
        let (position, end) = (state.place(sink)?.position, state.end);
        let waiting = state.entries.range(state.after(position)..).map(|entry| entry.batch.subject());
        let waiting: BTreeSet<Subject> = waiting.collect();
        let mut marked = 0;
        for subject in waiting {
            let mark = state.marks.entry((sink.to_owned(), subject)).or_default();
            marked += u64::from(!mark.lost);
            *mark = Mark { lost: true, catch_up: None, cuts: vec![], ..std::mem::take(mark) };
        }
        let place = state.place(sink)?;
        (place.position, place.window_end) = (end, None);
        state.trim();
        Ok(marked)
    }
}

fn cursor(state: &State, sink: &str, place: &Place) -> Cursor {
    Cursor {
        sink: sink.to_owned(),
        position: place.position,
        window_end: place.window_end,
        paused: place.paused,
        delivered: place.delivered,
        withheld: place.withheld.clone(),
        dead: state.letters.values().filter(|letter| letter.sink == sink).count() as u64,
        lost: state.marks.iter().filter(|((owner, _), mark)| owner == sink && mark.lost).count() as u64,
        backfill: place.backfill.clone(),
        lag: state.lag(place.position),
    }
}
