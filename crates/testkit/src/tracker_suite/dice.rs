//! Events drawn from a small world, so that they meet often.

use trackside_core::{DatasetInput, Event, LoggedModelId, ModelOutput, Point, RunStatus, RunUpdate};

use crate::{
    RunState,
    fixture::{artifact, artifact_stored, at, dataset_input, params, point, points, tag_list, tags},
};

/// Pseudo-random numbers: `SplitMix64`, as in Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", 2014.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// The same seed gives the same events.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).expect("31 bits fit") % sides
    }

    /// An event that may happen to an active run in this state.
    pub(super) fn event(&mut self, state: &RunState) -> Event {
        match self.roll(14) {
            0 | 1 => {
                let name = format!("p{}", self.roll(6));
                params(&[(&name, &format!("value of {name}"))])
            }
            2..=4 => {
                let drawn = [self.point(), self.point()];
                points(&format!("m{}", self.roll(3)), &drawn[self.roll(2)..])
            }
            5 | 6 => {
                let (first, second) = (format!("t{}", self.roll(4)), format!("t{}", self.roll(4)));
                tags(&[(&first, &self.roll(9).to_string()), (&second, &self.roll(9).to_string())])
            }
            7 => match state.tags.keys().nth(self.roll(4)) {
                Some(tag) => Event::TagDeleted(tag.clone()),
                None => Event::Restored,
            },
            8 => Event::DatasetInputs(vec![self.dataset()]),
            9 => {
                let model = LoggedModelId::fresh(self.roll(3) as u128);
                if self.roll(2) == 0 {
                    Event::ModelInputs(vec![model])
                } else {
                    Event::ModelOutputs(vec![ModelOutput { model, step: 7 }])
                }
            }
            10 => Event::Updated(RunUpdate {
                status: RunStatus::ALL.get(self.roll(9)).copied(),
                ended_at: (self.roll(2) == 0).then(|| at(i64::MAX)),
                name: (self.roll(2) == 0).then(|| format!("name {}", self.roll(3))),
            }),
            11 => {
                let (path, size) = [("a-3.bin", 3), ("d/b-50.bin", 50), ("d/c-0.bin", 0)][self.roll(3)];
                artifact_stored(path, size)
            }
            12 => Event::ArtifactDeleted(artifact(["a-3.bin", "d", "d/b-50.bin"][self.roll(3)])),
            _ => Event::Deleted(at(5)),
        }
    }

    fn point(&mut self) -> Point {
        let values = [0.5, -0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let positions = [0, 1, i64::MAX, i64::MIN];
        point(positions[self.roll(4)], positions[self.roll(4)], values[self.roll(5)])
    }

    fn dataset(&mut self) -> DatasetInput {
        let context = ["training", "testing"][self.roll(2)];
        DatasetInput {
            tags: tag_list(&[("mlflow.data.context", context)]),
            ..dataset_input(["a", "b"][self.roll(2)], ["1", "2"][self.roll(2)])
        }
    }
}
