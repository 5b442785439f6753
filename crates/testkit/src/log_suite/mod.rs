//! The suite that every [`Store`](trackside_core::Store) with a [`Log`](trackside_core::store::Log) passes: the texts
//! of `trackside_core::store`'s `Outbox`, `Cursors` and `DeadLetters`.
//!
//! A case is given an empty store and its log. Not covered: durability and the end of the process, which are the
//! business of each implementation's own tests.

pub mod concurrency;
pub mod cursors;
pub mod dead_letters;
pub mod detachment;
pub mod events;
pub mod marks;
pub mod models;
pub mod reading;
pub mod refusal;
pub mod replay;
mod scene;
pub mod steps;
pub mod trimming;

/// Stamps out one test per case. `make` is an async function that returns an empty store, as an `Arc<dyn Store>` and
/// an `Arc<dyn Log>`, and a guard that is dropped when the case is over. It may be called twice in one test.
/// The calling crate depends on `trackside-core` and, with its macros and multi-thread runtime, on `tokio`.
#[macro_export]
macro_rules! log_suite {
    ($make:expr) => {
        $crate::log_suite! { @cases $make;
            events {
                nothing_is_logged_while_there_is_no_cursor,
                a_run_is_logged_with_its_beginning,
                events_are_logged_as_they_were_given,
                points_that_are_there_already_are_not_logged_again,
                files_are_logged_although_they_change_nothing,
                an_append_without_events_is_not_logged,
                the_bin_of_an_experiment_is_logged_for_each_run_that_changes,
                what_a_run_is_refused_is_not_logged,
                experiments_themselves_are_not_logged,
            }
            models {
                every_change_of_a_logged_model_is_logged,
                every_change_of_a_registered_model_is_logged_under_its_name_of_then,
                every_change_of_a_version_is_logged_with_its_number,
                what_a_model_is_refused_is_not_logged,
            }
            reading {
                entries_come_in_the_order_in_which_they_were_answered,
                a_range_begins_after_one_position_and_ends_with_another,
                the_entries_of_one_subject_can_be_read_alone,
                reading_stops_once_so_many_bytes_are_reached,
                a_wait_ends_when_there_is_a_later_entry,
                a_wait_does_not_end_by_what_is_refused,
            }
            cursors {
                a_new_cursor_stands_at_the_end,
                opening_a_cursor_again_changes_nothing,
                cursors_are_listed_by_name,
                a_cursor_is_paused_and_resumed,
                a_backfill_is_kept_until_it_ends,
                closing_forgets_everything_about_a_sink,
                nothing_is_logged_once_the_last_cursor_is_closed,
                a_sink_without_cursor_is_not_found,
            }
            steps {
                a_step_reads_back_and_counts_add_up,
                lag_is_what_lies_after_the_position,
                a_cursor_moves_neither_back_nor_past_the_end,
                a_step_may_stay_where_it_is,
                what_was_sent_reads_back_and_the_last_is_kept,
            }
            trimming {
                an_entry_stays_until_every_cursor_has_passed_it,
                the_size_of_the_log_is_what_the_slowest_has_yet_to_pass,
                closing_the_slowest_cursor_frees_what_it_held,
                positions_go_on_after_the_log_was_empty,
            }
            marks {
                a_mark_reads_back_until_it_is_forgotten,
                marks_are_told_apart_by_sink_and_by_sort_of_subject,
                marks_of_one_sort_come_by_subject_in_pages,
            }
            detachment {
                a_detached_sink_has_lost_what_it_had_yet_to_get,
                only_subjects_that_were_not_lost_before_are_counted,
                what_was_delivered_as_history_is_not_lost,
                what_was_under_way_of_a_lost_subject_is_forgotten,
                a_detached_sink_gets_what_comes_later,
            }
            dead_letters {
                dead_letters_read_back_in_the_order_of_their_numbers,
                dead_letters_are_listed_by_sink_and_in_pages,
                a_settled_letter_is_gone_and_its_number_is_not_given_again,
                letters_are_discarded_by_number_or_all_at_once,
                letters_of_other_sinks_are_left_alone,
                a_returned_letter_has_a_new_time_and_reason,
            }
            refusal {
                what_would_be_logged_is_throttled_and_not_written,
                what_is_not_logged_is_not_refused,
            }
            concurrency {
                readers_see_a_prefix_without_gaps,
                the_log_has_what_was_acknowledged_and_nothing_else,
                a_cursor_opened_under_load_misses_nothing_that_comes_after_it,
            }
        }
        $crate::log_suite! { @with_another
            replay {
                the_log_makes_an_equal_store,
            }
        }
    };
    (@with_another $($noun:ident { $($case:ident,)* })*) => {
        $(mod $noun {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (store, log, _guard) = super::fresh_log().await;
                let (another, _, _other_guard) = super::fresh_log().await;
                $crate::log_suite::$noun::$case(store, log.as_ref(), another).await;
            })*
        })*
    };
    (@cases $make:expr; $($noun:ident { $($case:ident,)* })*) => {
        async fn fresh_log() -> (
            std::sync::Arc<dyn trackside_core::Store>,
            std::sync::Arc<dyn trackside_core::store::Log>,
            impl Sized,
        ) {
            ($make)().await
        }
        $(mod $noun {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (store, log, _guard) = super::fresh_log().await;
                $crate::log_suite::$noun::$case(store.as_ref(), log.as_ref()).await;
            })*
        })*
    };
}
