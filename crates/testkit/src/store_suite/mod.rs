//! The suite that every [`Store`](trackside_core::Store) passes: the texts of the traits in `trackside_core::store`,
//! sentence by sentence.
//!
//! A case is an async function named after the behaviour, in the module of its noun;
//! [`store_suite!`](crate::store_suite!) names each once more and gives it an empty store of its own. A case that is
//! not named there fails this crate's tests.
//! Not covered: durability (killing the process is the business of the tests of the binary) and `Unavailable`.

pub mod api_keys;
pub mod assessments;
pub mod bin;
pub mod bundles;
pub mod concurrency;
pub mod evaluation_datasets;
pub mod evaluation_records;
pub mod experiments;
pub mod inputs;
pub mod ledger;
pub mod logged_models;
pub mod measure_traces;
pub mod metrics;
pub mod model_versions;
pub mod params;
pub mod promotions;
pub mod registered_models;
pub mod registry_search;
pub mod run_filters;
pub mod run_records;
pub mod runs;
pub mod samples;
mod scene;
pub mod scorers;
pub mod search_datasets;
pub mod search_experiments;
pub mod search_logged_models;
pub mod search_runs;
pub mod search_traces;
pub mod spans;
pub mod sweeps;
pub mod tags;
pub mod traces;
pub mod webhooks;

/// Stamps out one test per case. `make` is an async function that returns an empty store, as an
/// `Arc<dyn Store>`, and a guard that is dropped when the case is over.
/// The calling crate depends on `trackside-core` and, with its macros and multi-thread runtime, on `tokio`.
#[macro_export]
macro_rules! store_suite {
    ($make:expr) => {
        $crate::store_suite! { @cases $make;
            api_keys {
                a_key_is_found_by_its_digest_until_it_is_revoked,
                names_of_keys_are_unique,
            }
            experiments {
                a_new_experiment_is_active_and_reads_back_as_it_was_returned,
                experiments_are_numbered_upwards_from_the_default,
                the_artifact_location_is_a_given_uri_or_below_a_root,
                first_tags_are_sorted_and_the_last_value_of_a_key_stays,
                a_taken_name_is_refused_even_when_its_holder_is_deleted,
                the_default_experiment_is_made_once_and_only_in_an_empty_store,
                lookups_of_unknown_experiments_find_nothing,
                names_are_told_apart_by_case,
                renaming_keeps_everything_but_name_and_time_of_update,
                renaming_needs_a_free_name,
                a_deleted_experiment_refuses_changes,
                deleting_an_experiment_bins_its_active_runs,
                restoring_an_experiment_restores_all_its_runs,
                deleting_twice_and_restoring_the_active_find_nothing,
                experiment_tags_are_replaced_and_removed_without_counting_as_update,
                removing_an_absent_experiment_tag_finds_nothing,
                every_change_of_an_unknown_experiment_finds_nothing,
            }
            search_experiments {
                found_experiments_are_whole,
                the_view_tells_active_and_deleted_experiments_apart,
                every_field_of_an_experiment_takes_its_tests,
                not_also_finds_experiments_without_the_tag,
                experiments_come_newest_first_then_by_id_unless_told_otherwise,
                ties_of_a_given_experiment_order_go_by_id_downwards,
                experiment_ids_are_ordered_as_numbers_and_compared_as_texts,
                experiment_pages_are_disjoint_complete_and_in_order,
                forged_experiment_tokens_are_invalid,
            }
            runs {
                a_new_run_is_running_and_reads_back_as_it_was_returned,
                a_run_needs_an_experiment_that_exists_and_is_active,
                a_taken_run_id_is_refused_even_when_its_holder_is_deleted,
                a_first_tag_given_twice_is_invalid,
                lookups_of_unknown_runs_find_nothing,
                an_update_changes_only_what_it_names,
                any_status_may_follow_any_other,
                a_resumed_run_is_running_and_has_no_end,
                extreme_times_read_back,
                deleting_and_restoring_are_harmless_when_done_already,
                a_deleted_run_refuses_all_but_deletion_and_restoration,
                events_of_one_batch_see_each_other,
                a_bad_last_event_undoes_the_whole_batch,
                events_of_an_unknown_run_find_nothing,
            }
            params {
                params_read_back_sorted_by_key,
                a_param_written_twice_is_there_once,
                another_value_of_a_param_is_a_conflict,
                a_param_may_not_change_within_a_batch,
                any_text_is_a_param_value,
                a_replaced_param_has_its_last_value,
            }
            ledger {
                a_change_is_written_down_with_who_made_it,
                what_changes_nothing_or_fails_is_not_written_down,
                entries_are_the_registry,
                a_renamed_model_has_its_history_under_both_names,
                entries_are_read_in_pages,
            }
            run_records {
                a_document_is_replaced_as_a_whole,
                lines_read_back_by_writer_and_number,
                a_number_that_is_known_gets_another_line,
                every_line_of_a_step_is_found_by_it,
                line_pages_are_short_when_lines_are_long,
                forged_line_tokens_are_invalid,
                the_extent_of_each_stream_is_known,
                a_line_number_has_a_limit,
                records_need_an_active_run_and_leave_with_it,
                a_secret_stays_what_it_was_first,
            }
            tags {
                tags_read_back_sorted_by_key,
                the_last_value_of_a_tag_stays,
                a_removed_tag_is_gone_and_may_be_set_again,
                removing_an_absent_tag_finds_nothing,
            }
            metrics {
                every_double_reads_back,
                extreme_steps_and_times_read_back,
                a_point_written_twice_is_there_once,
                nan_is_one_value_and_so_is_zero,
                points_that_differ_in_one_field_are_all_kept,
                the_latest_point_does_not_depend_on_the_order_of_arrival,
                history_goes_by_time_then_step_then_value,
                history_pages_are_disjoint_complete_and_in_order,
                points_that_come_in_between_neither_repeat_nor_hide_others,
                a_history_may_begin_after_any_point,
                forged_history_tokens_are_invalid,
                unknown_runs_and_metrics_have_no_history,
                latest_metrics_are_sorted_by_key,
                a_batch_may_hold_thousands_of_points,
            }
            samples {
                a_sample_goes_by_step_then_time_then_value,
                a_sample_is_the_first_of_each_stretch_and_the_last_of_all,
                a_sample_keeps_the_extremes,
                a_sample_keeps_to_the_steps_asked_for,
                unknown_runs_and_metrics_have_no_sample,
            }
            inputs {
                dataset_inputs_read_back_in_the_order_they_were_logged,
                a_dataset_is_told_apart_by_name_and_digest,
                an_input_logged_twice_is_there_once_with_its_first_tags,
                the_first_description_of_a_dataset_stays_within_its_experiment,
                model_inputs_and_outputs_read_back_in_the_order_they_were_logged,
                a_model_logged_twice_as_input_or_output_is_there_once,
            }
            search_datasets {
                a_dataset_is_found_once_per_context_in_order,
                only_datasets_of_the_named_experiments_are_found,
                datasets_of_deleted_runs_are_found,
            }
            search_runs {
                found_runs_are_whole,
                only_runs_of_the_named_experiments_are_found,
                the_view_tells_active_and_deleted_runs_apart,
                runs_come_latest_start_first_unless_told_otherwise,
                missing_metrics_come_last_and_nan_before_them_in_both_directions,
                missing_texts_and_ends_come_last_in_both_directions,
                runs_can_be_ordered_by_each_of_their_own_fields,
                later_criteria_break_ties_and_the_run_id_the_rest,
                run_pages_are_disjoint_complete_and_in_order,
                runs_that_come_in_between_neither_repeat_nor_hide_others,
                a_run_token_belongs_to_its_order,
                forged_run_tokens_are_invalid,
                a_page_may_hold_a_thousand_runs,
                runs_that_match_are_counted,
            }
            run_filters {
                numbers_compare_by_value_and_nan_only_differs,
                nothing_but_not_equal_holds_against_nan,
                texts_are_the_numbers_that_they_spell,
                regular_expressions_match_anywhere,
                only_the_latest_value_of_a_metric_counts,
                texts_compare_byte_by_byte,
                texts_that_look_like_numbers_stay_texts,
                patterns_know_two_wildcards_and_no_escape,
                sets_hold_and_exclude_but_never_the_missing,
                a_set_may_hold_thousands,
                hostile_values_are_only_values,
                hostile_keys_are_only_keys,
                every_text_field_of_a_run_takes_every_test,
                times_compare_as_numbers_and_an_open_end_is_missing,
                not_also_finds_what_is_missing,
                all_and_any_nest_and_may_be_empty,
                a_filter_may_name_a_hundred_fields,
                a_dataset_test_holds_when_any_input_passes_it,
                each_dataset_test_looks_for_an_input_of_its_own,
            }
            logged_models {
                a_new_logged_model_is_pending_and_reads_back_as_it_was_returned,
                a_logged_model_needs_an_experiment_that_exists_and_is_active,
                a_first_model_param_given_twice_is_invalid,
                each_change_of_a_logged_model_counts_as_update,
                a_refused_change_leaves_a_logged_model_as_it_was,
                a_deleted_logged_model_is_seen_only_when_asked_for,
                unknown_logged_models_are_not_found,
                points_that_name_a_model_are_its_metrics_by_key_time_and_step,
                a_model_metric_written_twice_is_there_once,
                model_metrics_of_one_instant_are_all_kept,
                one_point_may_measure_several_models,
                a_point_of_an_unknown_model_undoes_its_batch,
            }
            search_logged_models {
                found_logged_models_are_whole_active_and_of_the_named_experiments,
                every_field_of_a_logged_model_takes_its_tests,
                logged_models_come_newest_first_then_by_id,
                missing_logged_model_fields_come_last_in_both_directions,
                models_are_ordered_and_filtered_by_metric,
                a_model_metric_is_ordered_by_its_latest_point_and_filtered_by_any,
                model_metrics_can_be_held_to_datasets,
                logged_model_pages_are_disjoint_complete_and_in_order,
                forged_logged_model_tokens_are_invalid,
            }
            registered_models {
                a_new_registered_model_reads_back_as_it_was_returned,
                registered_model_names_are_unique_and_told_apart_by_case,
                every_change_of_an_unknown_registered_model_finds_nothing,
                a_description_is_set_and_cleared,
                registered_model_tags_are_replaced_and_removed,
                an_alias_names_one_version_and_a_version_may_have_many,
                an_alias_needs_a_version_that_exists,
                the_highest_version_of_each_stage_is_among_the_latest,
                renaming_a_registered_model_carries_everything_along,
                renaming_a_registered_model_needs_a_free_name,
                deleting_a_registered_model_leaves_nothing_behind,
            }
            model_versions {
                a_new_model_version_reads_back_as_it_was_returned,
                a_model_version_needs_a_registered_model,
                a_new_version_marks_its_model_as_changed,
                numbers_count_per_model_and_are_never_reused,
                a_number_may_be_asked_for,
                every_change_of_an_unknown_version_finds_nothing,
                a_version_description_is_set_and_cleared,
                version_tags_are_replaced_and_removed,
                a_stage_is_shared_unless_others_are_archived,
                archiving_stays_within_its_model,
                stages_and_deletions_mark_the_model_as_changed,
                a_deleted_version_takes_its_aliases_with_it,
            }
            promotions {
                a_promotion_that_is_asked_for_reads_back_and_is_told_of,
                who_is_for_a_promotion_has_one_vote,
                a_promotion_ends_once,
                only_somebody_who_is_known_can_ask_or_decide,
                a_warrant_holds_until_the_model_changes,
                a_change_does_the_promotion_that_its_warrant_names,
                promotions_are_listed_newest_first_and_go_with_their_version,
            }
            registry_search {
                found_registered_models_are_whole,
                every_field_of_a_registered_model_takes_its_tests,
                registered_models_come_by_name_and_so_do_ties,
                registered_model_pages_are_disjoint_complete_and_in_order,
                forged_registered_model_tokens_are_invalid,
                found_versions_are_whole_but_for_their_aliases,
                the_view_does_not_matter_where_there_is_no_bin,
                every_field_of_a_version_takes_its_tests,
                versions_come_latest_change_first_then_by_name_then_highest_first,
                version_pages_are_disjoint_complete_and_in_order,
                forged_version_tokens_are_invalid,
            }
            webhooks {
                a_new_webhook_reads_back_as_it_was_returned,
                ids_of_webhooks_are_unique_and_names_are_not,
                unknown_webhooks_are_not_found,
                an_update_changes_only_what_it_names_of_a_webhook,
                a_deleted_webhook_is_gone,
                webhooks_come_newest_first_on_disjoint_pages,
                forged_webhook_tokens_are_invalid,
            }
            scorers {
                versions_of_a_scorer_are_numbered_and_share_its_id,
                names_of_scorers_are_unique_within_an_experiment,
                the_number_of_a_deleted_version_is_given_again_only_if_it_was_the_highest,
                unknown_scorers_and_versions_are_not_found,
                a_scorer_without_versions_stays_but_is_not_found,
                a_deleted_scorer_takes_versions_and_schedule_with_it,
                the_latest_scorers_come_by_experiment_and_name,
                scorers_of_a_deleted_experiment_are_out_of_reach,
                a_schedule_is_replaced_and_found_by_id,
                a_removed_experiment_takes_its_scorers_along,
            }
            evaluation_datasets {
                a_new_dataset_is_empty_and_reads_back_as_it_was_returned,
                a_dataset_needs_experiments_that_exist_in_any_stage,
                what_an_unknown_dataset_lacks,
                tags_of_a_dataset_change_without_counting_as_update,
                experiments_are_added_in_order_and_removed,
                a_deleted_dataset_is_gone,
                datasets_are_found_by_any_of_their_experiments,
                every_field_of_a_dataset_takes_its_tests,
                datasets_come_newest_first_and_ties_go_by_id_downwards,
                forged_dataset_tokens_are_invalid,
                a_dataset_outlives_its_experiments,
            }
            evaluation_records {
                a_record_reads_back_as_it_was_written,
                a_new_record_without_outputs_has_empty_ones,
                a_second_writing_adds_to_a_record,
                records_with_the_same_inputs_in_one_request_are_one,
                a_dataset_learns_from_its_records,
                records_need_a_dataset,
                deleted_records_are_gone_and_counted,
                records_come_in_the_order_of_their_first_writing,
                forged_record_tokens_are_invalid,
            }
            assessments {
                a_new_assessment_is_valid_and_comes_with_its_trace,
                an_error_without_a_code_is_kept,
                what_an_assessment_needs,
                what_is_replaced_is_valid_again_without_its_successor,
                an_update_changes_only_what_it_names_of_an_assessment,
                an_assessment_stays_of_its_kind,
                a_deleted_trace_takes_its_assessments_along,
                valid_assessments_are_counted_and_measured,
                traces_are_found_by_what_is_thought_of_them,
            }
            bundles {
                a_collection_is_made_once,
                a_collection_needs_an_experiment_that_is_active,
                collections_are_listed_and_changed,
                a_renamed_collection_keeps_its_folder,
                a_deleted_collection_takes_its_bundles_along,
                a_new_bundle_is_pending_and_no_member,
                what_a_bundle_needs,
                a_committed_bundle_is_a_member_with_its_files,
                unknown_bundles_are_not_found,
                an_alias_moves_to_the_bundle_that_gets_it,
                equal_content_is_one_bundle_of_its_home,
                a_client_calls_bundles_by_names_of_its_own,
                what_is_said_of_a_bundle_changes,
                a_linked_bundle_is_a_member_of_both,
                a_deleted_bundle_leaves_its_number,
                members_come_highest_first_on_disjoint_pages,
                runs_make_and_use_bundles,
                a_digest_is_needed_by_files_that_are_kept_here_and_by_drafts,
                bundles_expire_that_nobody_has_named_or_linked,
            }
            sweeps {
                a_new_sweep_is_pending_and_reads_back_as_it_was_returned,
                a_sweep_needs_an_experiment_that_is_active,
                trials_are_given_out_once_while_a_sweep_runs,
                a_sweep_changes,
                unknown_sweeps_are_not_found,
                sweeps_of_an_experiment_come_newest_first,
            }
            bin {
                only_what_is_deleted_is_in_the_bin,
                what_is_in_use_is_not_in_the_bin,
                the_bin_is_listed_by_age_experiment_and_page,
                what_is_too_young_is_not_doomed,
                what_is_doomed_cannot_be_restored,
                a_removed_run_is_gone_and_its_neighbours_are_not,
                a_removed_logged_model_is_gone,
                an_experiment_is_removed_when_it_is_empty,
                an_experiment_takes_its_traces_along,
            }
            traces {
                a_new_trace_reads_back_as_it_was_returned,
                a_trace_needs_an_experiment_that_exists_and_is_active,
                a_second_description_is_merged_into_the_first,
                traces_are_found_in_the_order_asked_for,
                trace_tags_and_names_are_replaced_and_removed,
                the_end_of_a_trace_is_merged,
                every_change_of_an_unknown_trace_finds_nothing,
                traces_are_deleted_with_all_they_have,
                the_oldest_traces_are_deleted_first,
                only_traces_of_the_named_experiment_are_deleted,
            }
            spans {
                spans_read_back_roots_first_then_by_start,
                spans_make_the_trace_that_is_not_there,
                spans_need_an_experiment_only_for_a_new_trace,
                a_span_sent_again_replaces_itself,
                later_spans_stretch_a_trace_that_was_not_described,
                what_was_described_stays_when_spans_come,
                usage_is_that_of_the_whole_tree,
                what_spans_tell_of_their_trace_is_kept,
                a_refused_batch_of_spans_leaves_nothing_behind,
            }
            search_traces {
                found_traces_are_whole_and_of_the_named_experiments,
                every_field_of_a_trace_takes_its_tests,
                tests_of_a_span_are_passed_by_one_span,
                linked_runs_and_prompts_are_found,
                traces_come_latest_request_first_then_by_id,
                missing_trace_fields_come_last_in_both_directions,
                what_a_trace_has_several_of_cannot_be_ordered_by,
                trace_pages_are_disjoint_complete_and_in_order,
                forged_trace_tokens_are_invalid,
                what_is_no_regular_expression_is_invalid,
            }
            measure_traces {
                traces_are_counted_by_filter,
                everything_is_one_group_unless_told_otherwise,
                groups_come_by_interval_then_dimension,
                intervals_count_from_the_past_also_before_the_epoch,
                only_what_has_the_value_and_the_dimension_is_measured,
                spans_are_measured_by_their_own_fields,
                a_measure_keeps_to_filter_times_and_limit,
            }
            concurrency {
                nothing_is_lost_when_many_append_to_one_run,
                nothing_is_lost_when_many_append_to_many_runs,
                of_rival_values_of_a_param_exactly_one_wins,
                a_refused_batch_does_not_take_its_neighbours_along,
                of_rivals_for_a_name_or_id_exactly_one_wins,
                versions_made_at_once_are_numbered_without_gap_or_repetition,
                a_reader_never_sees_half_a_batch,
                a_dropped_append_is_whole_or_absent,
            }
        }
    };
    (@cases $make:expr; $($noun:ident { $($case:ident,)* })*) => {
        async fn fresh_store() -> (std::sync::Arc<dyn trackside_core::Store>, impl Sized) {
            ($make)().await
        }
        $(mod $noun {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (store, _guard) = super::fresh_store().await;
                $crate::store_suite::$noun::$case(store.as_ref()).await;
            })*
        })*
    };
}
