//! Cutting live traffic into windows.
//!
//! The end of a window is written down before anything of it is delivered. Whoever goes on after a crash cuts the
//! very same window again, so that destinations are given the same batches with the same memories.

use std::collections::HashMap;

use trackside_core::{
    Batch, Capability, RegisteredModelChange, RegistryEvent, RunId, Seq, Subject,
    store::{Entry, Mark},
};

use crate::job::Job;

/// Entries that are being delivered.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) end: Seq,
    /// Whether it was cut because it was full, so that more is waiting.
    pub(crate) full: bool,
    /// Entries by subject, in the order in which the subjects first appear.
    pub(crate) groups: Vec<(Subject, Vec<Batch>)>,
}

/// What must be known before a window can be delivered.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Nothing: these are the jobs.
    Deliver(Vec<Job>),
    /// The history of this subject must be sent first, or on.
    CatchUp(Subject, Option<Mark>),
}

impl Window {
    /// `None` when there are no entries.
    pub(crate) fn cut(entries: Vec<Entry>, max_bytes: u64) -> Option<Self> {
        let full = entries.iter().map(|entry| entry.bytes).sum::<u64>() >= max_bytes;
        let mut window = Self { end: Seq(0), full, groups: Vec::new() };
        let mut places = HashMap::new();
        for Entry { batch, .. } in entries {
            if made_by(&batch).is_some_and(|run| places.contains_key(&Subject::Run(run.clone()))) {
                // The model is delivered before runs that measure it, but after the run that made it.
                window.full = true;
                break;
            }
            window.end = batch.last();
            let renames = renames(&batch);
            let subject = batch.subject();
            let place = *places.entry(subject.clone()).or_insert_with(|| {
                window.groups.push((subject, Vec::new()));
                window.groups.len() - 1
            });
            window.groups[place].1.push(batch);
            if renames {
                // What follows is logged under the new name, which inherits the mark when this is delivered.
                window.full = true;
                break;
            }
        }
        (!window.groups.is_empty()).then_some(window)
    }

    /// The subjects, in the order of the groups.
    pub(crate) fn subjects(&self) -> Vec<Subject> {
        self.groups.iter().map(|(subject, _)| subject.clone()).collect()
    }

    /// `marks` in the order of the groups. Without a history to send, unknown subjects are delivered as they are.
    pub(crate) fn plan(&mut self, marks: Vec<Option<Mark>>, has_history: bool, capability: Capability) -> Plan {
        for ((subject, entries), mark) in self.groups.iter().zip(&marks) {
            let unknown = match mark {
                None => has_history && !entries.first().is_some_and(Batch::begins),
                Some(mark) => mark.catch_up.is_some(),
            };
            if unknown {
                return Plan::CatchUp(subject.clone(), mark.clone());
            }
        }
        let mut jobs = Vec::new();
        for ((subject, mut entries), mark) in std::mem::take(&mut self.groups).into_iter().zip(marks) {
            if let Some(mark) = &mark {
                // Those of a lost subject are sent with its whole history.
                entries.retain(|entry| !mark.lost && entry.last() > mark.upto);
            }
            if !entries.is_empty() {
                jobs.push(Job::new(subject, entries, mark, capability));
            }
        }
        set_phases(&mut jobs);
        Plan::Deliver(jobs)
    }
}

/// The run that made the logged model which begins here.
fn made_by(batch: &Batch) -> Option<&RunId> {
    let Batch::LoggedModel(batch) = batch else { return None };
    batch.created.as_ref()?.new.source_run.as_ref()
}

fn renames(batch: &Batch) -> bool {
    let Batch::RegisteredModel(batch) = batch else { return false };
    batch.events.iter().any(|event| matches!(event, RegistryEvent::Changed(RegisteredModelChange::Rename(_), _)))
}

/// Logged models first, because points refer to them; runs below the runs above them; registered models last,
/// because versions refer to runs.
fn set_phases(jobs: &mut [Job]) {
    let mut above: HashMap<RunId, RunId> = HashMap::new();
    for job in &*jobs {
        if let Some(Batch::Run(batch)) = job.pieces.front()
            && let Some(parent) = batch.started.as_ref().and_then(trackside_core::RunStarted::parent)
        {
            above.insert(batch.run.clone(), parent);
        }
    }
    let mut depths = HashMap::new();
    for job in jobs {
        job.phase = match &job.subject {
            Subject::LoggedModel(_) => 0,
            Subject::Run(run) => 1 + depth(run, &above, &mut depths),
            Subject::RegisteredModel(_) => u32::MAX,
        };
    }
}

/// How many runs are above this one, as far as those begin in the same window. The topmost may begin elsewhere, which
/// only makes the number larger by one; a circle is cut where it closes.
fn depth<'a>(run: &'a RunId, above: &'a HashMap<RunId, RunId>, depths: &mut HashMap<&'a RunId, u32>) -> u32 {
    let mut path = Vec::new();
    let mut next = Some(run);
    let mut depth = 0;
    while let Some(ancestor) = next {
        if let Some(known) = depths.get(ancestor) {
            depth = known + 1;
            break;
        }
        // Until it is known: who meets it on the way has gone in a circle.
        depths.insert(ancestor, 0);
        path.push(ancestor);
        next = above.get(ancestor);
    }
    for ancestor in path.into_iter().rev() {
        depths.insert(ancestor, depth);
        depth += 1;
    }
    depths[run]
}
