//! The suite that every store passes which has webhooks told: the texts of [`trackside_core::store::Deliveries`].
//!
//! As [`store_suite!`](crate::store_suite!), but `make` returns the store twice, as an `Arc<dyn Store>` and as an
//! `Arc<dyn Deliveries>`, before the guard.

pub mod announcing;
pub mod delivering;
pub mod keeping;
mod scene;

/// Stamps out one test per case.
#[macro_export]
macro_rules! hook_suite {
    ($make:expr) => {
        $crate::hook_suite! { @cases $make;
            announcing {
                every_event_is_made_by_its_change,
                what_happens_to_a_prompt_is_news_of_a_prompt,
                other_changes_are_no_news,
                nothing_is_written_where_nobody_asks,
                each_active_webhook_that_asks_is_told,
                a_refused_change_is_not_told,
                a_delivery_holds_the_change_itself,
                who_waits_is_woken,
            }
            delivering {
                each_webhook_gets_its_deliveries_one_by_one_in_order,
                a_busy_webhook_gets_nothing_more,
                those_who_wait_longest_come_first,
                what_is_tried_again_comes_back_in_time,
                what_is_over_never_comes_back,
                a_disabled_webhook_is_told_when_it_is_active_again,
                a_webhook_that_moves_is_told_where_it_is,
            }
            keeping {
                deliveries_are_listed_newest_first_by_webhook_state_and_page,
                a_deleted_webhook_takes_its_deliveries_along,
                what_is_over_is_kept_within_bounds,
                the_oldest_of_too_many_that_wait_are_given_up,
            }
        }
    };
    (@cases $make:expr; $($noun:ident { $($case:ident,)* })*) => {
        type Both = (std::sync::Arc<dyn trackside_core::Store>, std::sync::Arc<dyn trackside_core::store::Deliveries>);

        async fn fresh_hooks() -> (Both, impl Sized) {
            let (store, deliveries, guard) = ($make)().await;
            ((store, deliveries), guard)
        }
        $(mod $noun {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let ((store, deliveries), _guard) = super::fresh_hooks().await;
                $crate::hook_suite::$noun::$case(store.as_ref(), deliveries.as_ref()).await;
            })*
        })*
    };
}
