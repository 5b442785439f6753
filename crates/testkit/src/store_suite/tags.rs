//! Tags of runs: the last write wins.

use trackside_core::{Event, Store, fault};

use super::scene::{append, assert_fault, lone_run, read_run};
use crate::fixture::{key, tag_list, tags};

pub async fn tags_read_back_sorted_by_key(store: &dyn Store) {
    let id =
        lone_run(store, vec![tags(&[("b", "1"), ("ä", "2"), ("B", "")]), tags(&[("", "4"), ("a", "'\"\n")])]).await;
    let expected = tag_list(&[("", "4"), ("B", ""), ("a", "'\"\n"), ("b", "1"), ("ä", "2")]);
    assert_eq!(read_run(store, &id).await.tags, expected);
}

pub async fn the_last_value_of_a_tag_stays(store: &dyn Store) {
    let id = lone_run(store, vec![tags(&[("k", "1"), ("k", "2"), ("l", "1"), ("k", "3")])]).await;
    assert_eq!(read_run(store, &id).await.tags, tag_list(&[("k", "3"), ("l", "1")]));
    append(store, &id, vec![tags(&[("k", "4")]), tags(&[("k", "5")])]).await;
    append(store, &id, vec![tags(&[("l", "")])]).await;
    assert_eq!(read_run(store, &id).await.tags, tag_list(&[("k", "5"), ("l", "")]));
}

pub async fn a_removed_tag_is_gone_and_may_be_set_again(store: &dyn Store) {
    let id = lone_run(store, vec![tags(&[("k", "1"), ("K", "2")])]).await;
    append(store, &id, vec![Event::TagDeleted(key("k"))]).await;
    assert_eq!(read_run(store, &id).await.tags, tag_list(&[("K", "2")]));
    append(store, &id, vec![tags(&[("k", "3")])]).await;
    assert_eq!(read_run(store, &id).await.tags, tag_list(&[("K", "2"), ("k", "3")]));
}

pub async fn removing_an_absent_tag_finds_nothing(store: &dyn Store) {
    let id = lone_run(store, vec![tags(&[("k", "1")])]).await;
    for absent in ["K", "", "k "] {
        let refused = store.append(&id, vec![Event::TagDeleted(key(absent))]).await;
        assert_fault(refused, &fault::run_tag_not_found(&id, &key(absent)));
    }
    let twice = vec![Event::TagDeleted(key("k")), Event::TagDeleted(key("k"))];
    assert_fault(store.append(&id, twice).await, &fault::run_tag_not_found(&id, &key("k")));
    assert_eq!(read_run(store, &id).await.tags, tag_list(&[("k", "1")]));
}
