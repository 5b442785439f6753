//! The suite that every [`TrackerInterface`](trackside_core::TrackerInterface) passes.
//!
//! A case delivers histories that a source may produce, and compares what arrived with [`RunState`](crate::RunState),
//! the contract as a pure function. Histories hold only what the destination's capability allows; the rest is
//! offered to it on purpose, to be refused.

pub mod capability;
pub mod delivery;
pub mod history;
pub mod redelivery;

/// Stamps out one test per case. `make` is an async function that returns an empty destination, as an
/// `Arc<dyn TrackerInterface>`, an `Arc<dyn Inspect>` that reads it back, and a guard that is dropped last.
/// The calling crate depends on `trackside-core` and, with its macros, on `tokio`.
#[macro_export]
macro_rules! tracker_suite {
    ($make:expr) => {
        $crate::tracker_suite! { @cases $make;
            delivery {
                the_name_is_fit_for_labels_and_never_changes,
                a_probe_writes_nothing,
                a_run_begins_with_its_first_batch,
                every_kind_of_event_arrives,
                later_events_prevail,
                every_double_step_and_time_arrives,
                runs_are_kept_apart,
                events_of_an_unknown_run_are_not_found,
                a_batch_may_be_empty,
                hostile_texts_arrive_as_they_are,
            }
            redelivery {
                each_batch_may_come_twice_in_a_row,
                a_history_may_come_again_from_any_point,
                a_merged_batch_has_the_effect_of_its_parts,
                a_history_may_be_cut_anywhere,
                a_batch_cut_short_may_come_again_whole,
                a_point_delivered_again_is_there_once,
                a_removed_tag_stays_removed,
                a_run_in_the_bin_may_be_delivered_again,
            }
            capability {
                what_can_be_represented_is_accepted_alone,
                what_cannot_be_represented_is_refused_whole,
            }
        }
    };
    (@cases $make:expr; $($noun:ident { $($case:ident,)* })*) => {
        async fn fresh_tracker() -> (
            std::sync::Arc<dyn trackside_core::TrackerInterface>,
            std::sync::Arc<dyn $crate::Inspect>,
            impl Sized,
        ) {
            ($make)().await
        }
        $(mod $noun {
            $(#[tokio::test]
            async fn $case() {
                let (tracker, inspect, _guard) = super::fresh_tracker().await;
                $crate::tracker_suite::$noun::$case(tracker.as_ref(), inspect.as_ref()).await;
            })*
        })*
    };
}
