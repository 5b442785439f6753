//! Who wants to know what.

use globset::{Glob, GlobSet, GlobSetBuilder};
use trackside_core::{Error, Result};

use crate::{
    EventKind,
    notice::{About, Notice},
};

/// What a destination is told of.
#[derive(Debug, Clone)]
pub struct Subscription {
    events: GlobSet,
    models: Option<GlobSet>,
    experiments: Option<GlobSet>,
}

/// Whether a text is a pattern that names can be held against.
pub fn is_pattern(text: &str) -> bool {
    Glob::new(text).is_ok()
}

impl Subscription {
    /// Events whose names match one of the patterns; without patterns all but `run.finished`, of which a sweep has hundreds.
    /// Of versions only those of matching models, of runs only those of matching experiments, where there are patterns.
    ///
    /// `Invalid` when one is no pattern.
    pub fn new(events: &[String], models: &[String], experiments: &[String]) -> Result<Self> {
        let all_but_finished = || {
            let wanted = EventKind::ALL.into_iter().filter(|kind| *kind != EventKind::RunFinished);
            wanted.map(|kind| kind.as_str().to_owned()).collect::<Vec<_>>()
        };
        Ok(Self {
            events: if events.is_empty() { set(&all_but_finished())? } else { set(events)? },
            models: some(models)?,
            experiments: some(experiments)?,
        })
    }

    /// Whether events of a kind may be wanted.
    pub fn names(&self, kind: EventKind) -> bool {
        self.events.is_match(kind.as_str())
    }

    /// Whether a notice is wanted.
    pub(crate) fn wants(&self, notice: &Notice) -> bool {
        let (patterns, name) = match &notice.about {
            About::Run { experiment, .. } => (&self.experiments, experiment),
            About::Version { model, .. } => (&self.models, model),
        };
        self.names(notice.event) && patterns.as_ref().is_none_or(|patterns| patterns.is_match(name))
    }
}

fn some(patterns: &[String]) -> Result<Option<GlobSet>> {
    if patterns.is_empty() { Ok(None) } else { set(patterns).map(Some) }
}

fn set(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern).map_err(|error| Error::invalid(error.to_string()))?);
    }
    set.build().map_err(|error| Error::invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::tests::{failed, promoted};

    fn subscription(events: &[&str], models: &[&str], experiments: &[&str]) -> Subscription {
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        Subscription::new(&texts(events), &texts(models), &texts(experiments)).unwrap()
    }

    #[test]
    fn by_default_all_is_wanted_but_runs_that_end_well() {
        let default = subscription(&[], &[], &[]);
        let unwanted: Vec<_> = EventKind::ALL.into_iter().filter(|kind| !default.names(*kind)).collect();
        assert_eq!(unwanted, [EventKind::RunFinished]);
        assert!(default.wants(&failed("x")) && default.wants(&promoted()));
    }

    #[test]
    fn patterns_choose_events_models_and_experiments() {
        let promotions = subscription(&["promotion.*"], &[], &[]);
        assert!(promotions.wants(&promoted()) && !promotions.wants(&failed("x")));
        let other = subscription(&[], &["churn*"], &["vision"]);
        assert!(!other.wants(&promoted()) && other.wants(&failed("x")), "each filters what it is about");
        assert!(subscription(&[], &["a*"], &[]).wants(&promoted()), "* also stands for a slash");
        assert!(Subscription::new(&["[".to_owned()], &[], &[]).is_err());
    }
}
