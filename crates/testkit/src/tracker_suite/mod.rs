//! The suites that every [`TrackerInterface`](trackside_core::TrackerInterface) passes.
//!
//! A case delivers histories that a source may produce, as fan-out would ([`courier`]), and compares what arrived with
//! [`RunState`](crate::RunState) and its like, the contract as a pure function. Histories hold only what the
//! destination's capability allows; the rest is offered to it on purpose, to be refused.
//!
//! [`tracker_suite!`](crate::tracker_suite!) is the contract. Destinations in which everything has an identity can bear
//! more: [`tracker_suite_any_cut!`](crate::tracker_suite_any_cut!) adds histories that come again from any point, cut
//! in any way, which no caller has a right to.

pub mod any_cut;
pub mod capability;
pub mod courier;
pub mod delivery;
mod dice;
pub mod history;
pub mod logged_models;
pub mod redelivery;
pub mod registry;

/// Stamps out one test per case. `make` is an async function that returns an empty destination, as an
/// `Arc<dyn TrackerInterface>`, an `Arc<dyn Inspect>` that reads it back, and a guard that is dropped last.
/// Destinations that read artifacts are given a [`MemoryArtifacts`](crate::MemoryArtifacts).
/// The calling crate depends on `trackside-core` and, with its macros, on `tokio`.
#[macro_export]
macro_rules! tracker_suite {
    ($make:expr) => {
        async fn fresh_tracker() -> (
            std::sync::Arc<dyn trackside_core::TrackerInterface>,
            std::sync::Arc<dyn $crate::Inspect>,
            impl Sized,
        ) {
            ($make)().await
        }
        $crate::tracker_suite! { @cases
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
                artifacts_arrive_and_go,
            }
            redelivery {
                each_batch_may_come_again_with_its_memory,
                a_merged_batch_has_the_effect_of_its_parts,
                a_history_may_be_cut_anywhere,
                a_batch_that_came_in_halves_may_come_again_whole,
                a_delivery_may_be_dropped_at_any_moment,
                a_history_may_come_again_when_its_memory_was_lost,
                a_history_that_was_cut_short_may_come_again_when_its_memory_was_lost,
                a_point_delivered_again_is_there_once,
                a_removed_tag_stays_removed,
                a_run_in_the_bin_may_be_delivered_again,
            }
            capability {
                what_can_be_represented_is_accepted_alone,
                what_cannot_be_represented_is_refused_whole,
            }
            logged_models {
                logged_models_arrive,
                logged_models_may_be_delivered_again,
                a_logged_model_may_come_again_when_its_memory_was_lost,
                points_arrive_at_the_model_they_name,
                logged_models_are_refused_where_there_are_none,
            }
            registry {
                registered_models_arrive,
                registered_models_may_be_delivered_again,
                versions_keep_their_numbers,
                a_model_may_be_renamed,
                a_model_may_be_renamed_in_the_batch_that_begins_it,
                a_deleted_model_stays_deleted,
                a_name_may_be_taken_anew,
                registered_models_are_refused_where_there_are_none,
            }
        }
    };
    (@cases $($noun:ident { $($case:ident,)* })*) => {
        $(mod $noun {
            $(#[tokio::test]
            async fn $case() {
                let (tracker, inspect, _guard) = super::fresh_tracker().await;
                $crate::tracker_suite::$noun::$case(tracker.as_ref(), inspect.as_ref()).await;
            })*
        })*
    };
}

/// [`tracker_suite!`] and cases for destinations in which every item has an identity.
#[macro_export]
macro_rules! tracker_suite_any_cut {
    ($make:expr) => {
        $crate::tracker_suite!($make);
        $crate::tracker_suite! { @cases
            any_cut {
                each_batch_may_come_twice_without_memory,
                a_history_may_come_again_from_any_point,
                a_history_may_be_cut_anew,
                a_batch_cut_short_may_come_again_whole,
                later_batches_may_come_again_alone,
                a_late_batch_leaves_a_run_in_the_bin,
            }
        }
    };
}
