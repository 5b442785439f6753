//! Params of runs: written once.

use trackside_core::{Event, Store, fault};

use super::scene::{append, assert_fault, lone_run, read_run};
use crate::fixture::{key, params, tag_list};

pub async fn params_read_back_sorted_by_key(store: &dyn Store) {
    let id =
        lone_run(store, vec![params(&[("b", "1"), ("ä", "2"), ("B", "3")]), params(&[("", "4"), ("a", "5")])]).await;
    let expected = tag_list(&[("", "4"), ("B", "3"), ("a", "5"), ("b", "1"), ("ä", "2")]);
    assert_eq!(read_run(store, &id).await.params, expected);
}

pub async fn a_param_written_twice_is_there_once(store: &dyn Store) {
    let id = lone_run(store, vec![params(&[("p", "1"), ("p", "1")])]).await;
    append(store, &id, vec![params(&[("p", "1"), ("q", "2")])]).await;
    append(store, &id, vec![params(&[("q", "2")]), params(&[("q", "2")])]).await;
    assert_eq!(read_run(store, &id).await.params, tag_list(&[("p", "1"), ("q", "2")]));
}

pub async fn another_value_of_a_param_is_a_conflict(store: &dyn Store) {
    let id = lone_run(store, vec![params(&[("p", "1")])]).await;
    for new in ["2", "", "1 ", "1.0"] {
        let refused = store.append(&id, vec![params(&[("q", "1"), ("p", new)])]).await;
        assert_fault(refused, &fault::param_changed(&id, &key("p"), "1", new));
    }
    assert_eq!(read_run(store, &id).await.params, tag_list(&[("p", "1")]));
}

pub async fn a_param_may_not_change_within_a_batch(store: &dyn Store) {
    let id = lone_run(store, vec![]).await;
    for events in [vec![params(&[("p", "1"), ("p", "2")])], vec![params(&[("p", "1")]), params(&[("p", "2")])]] {
        let refused = store.append(&id, events).await;
        assert_fault(refused, &fault::param_changed(&id, &key("p"), "1", "2"));
    }
    assert_eq!(read_run(store, &id).await.params, []);
}

pub async fn any_text_is_a_param_value(store: &dyn Store) {
    let long = "ä".repeat(100_000);
    let values =
        [("a", ""), ("b", "'\"`\\;--"), ("c", "line\nline\t\r"), ("d", "🦀 e\u{301}"), ("e", " 01 "), ("f", &long)];
    let id = lone_run(store, vec![params(&values)]).await;
    assert_eq!(read_run(store, &id).await.params, tag_list(&values));
}

pub async fn a_replaced_param_has_its_last_value(store: &dyn Store) {
    let id = lone_run(store, vec![params(&[("p", "1"), ("q", "1")])]).await;
    let replaced = |pairs| Event::ParamsReplaced(tag_list(pairs));
    store.append(&id, vec![replaced(&[("p", "2"), ("new", ""), ("p", "3")])]).await.unwrap();
    assert_eq!(read_run(store, &id).await.params, tag_list(&[("new", ""), ("p", "3"), ("q", "1")]));
    let refused = store.append(&id, vec![replaced(&[("q", "4")]), params(&[("p", "1")])]).await;
    assert_fault(refused, &fault::param_changed(&id, &key("p"), "3", "1"));
    assert_eq!(read_run(store, &id).await.params, tag_list(&[("new", ""), ("p", "3"), ("q", "1")]));
}
