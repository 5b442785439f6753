//! Where experiments keep their artifacts: it never changes and no id is given twice, so it is read once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use trackside_core::ExperimentId;

/// Locations known at once, far more than a team uses at a time; then it begins anew.
const MOST: usize = 1_024;

#[derive(Debug, Default)]
pub(crate) struct Locations(Mutex<HashMap<ExperimentId, Arc<str>>>);

impl Locations {
    pub(crate) fn of(&self, experiment: ExperimentId) -> Option<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&experiment).cloned()
    }

    pub(crate) fn learn(&self, experiment: ExperimentId, location: &str) -> Arc<str> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        Arc::clone(known.entry(experiment).or_insert_with(|| location.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_grow_without_end() {
        let locations = Locations::default();
        for id in 0..3_000 {
            assert_eq!(&*locations.learn(ExperimentId::new(id), &id.to_string()), id.to_string());
        }
        assert_eq!(locations.of(ExperimentId::new(2_999)).as_deref(), Some("2999"));
        assert!(locations.0.lock().unwrap().len() <= MOST);
    }
}
