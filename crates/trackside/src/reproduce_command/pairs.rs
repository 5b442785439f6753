//! Which new run stands for which old one, where a command makes several.

use std::collections::BTreeMap;

use trackside_tracking::Run;

use crate::recording::pairs;

/// The tag of the run that a run is within.
const PARENT: &str = "mlflow.parentRunId";

/// The run with everything below it, in the order in which they began; the run itself is first.
pub(super) fn family<'a>(runs: &'a [Run], id: &str) -> Vec<&'a Run> {
    let mut family: Vec<&Run> = runs.iter().filter(|run| run.info.run_id == id).collect();
    let mut next = 0;
    while let Some(parent) = family.get(next).map(|run| run.info.run_id.clone()) {
        let is_child = |run: &&Run| pairs(&run.data.tags).get(PARENT) == Some(&parent);
        let mut children: Vec<&Run> = runs.iter().filter(is_child).collect();
        children.retain(|child| family.iter().all(|known| known.info.run_id != child.info.run_id));
        children.sort_by_key(|run| run.info.start_time);
        family.extend(children);
        next += 1;
    }
    family
}

/// For each old run the new one that stands for it: the first that is left with the same name and params, or one of them;
/// else the one at its place, where there are as many.
pub(super) fn matched<'a>(old: &[&Run], new: &'a [Run]) -> Vec<Option<&'a Run>> {
    let in_order = |runs: &[&Run]| {
        let mut order: Vec<usize> = (0..runs.len()).collect();
        order.sort_by_key(|index| runs[*index].info.start_time);
        order
    };
    let mut left: Vec<&Run> = new.iter().collect();
    left.sort_by_key(|run| run.info.start_time);
    let mut found: BTreeMap<usize, &Run> = BTreeMap::new();
    for likeness in [3, 2, 1] {
        for index in in_order(old) {
            if found.contains_key(&index) {
                continue;
            }
            if let Some(place) = left.iter().position(|run| alike(old[index], run) >= likeness) {
                found.insert(index, left.remove(place));
            }
        }
    }
    if left.len() + found.len() == old.len() {
        for index in in_order(old) {
            found.entry(index).or_insert_with(|| left.remove(0));
        }
    }
    (0..old.len()).map(|index| found.get(&index).copied()).collect()
}

/// 3: the same name and params; 2: the same name; 1: the same params and place in the family.
fn alike(old: &Run, new: &Run) -> u8 {
    let is_nested = |run: &Run| pairs(&run.data.tags).contains_key(PARENT);
    if is_nested(old) != is_nested(new) {
        return 0;
    }
    let same_params = pairs(&old.data.params) == pairs(&new.data.params);
    match (old.info.run_name == new.info.run_name, same_params) {
        (true, true) => 3,
        (true, false) => 2,
        (false, true) => 1,
        (false, false) => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(id: &str, name: &str, start: i64, rate: &str, parent: Option<&str>) -> Run {
        let tags: Vec<_> = parent.iter().map(|parent| json!({"key": PARENT, "value": parent})).collect();
        let info = json!({
            "experiment_id": "0", "run_name": name, "status": "FINISHED", "start_time": start, "artifact_uri": "",
            "lifecycle_stage": "active", "run_id": id
        });
        serde_json::from_value(json!({
            "info": info, "data": {"params": [{"key": "rate", "value": rate}], "tags": tags}
        }))
        .unwrap()
    }

    fn told(old: &[&Run], new: &[Run]) -> Vec<String> {
        matched(old, new).iter().map(|run| run.map_or("-".to_owned(), |run| run.info.run_id.clone())).collect()
    }

    #[test]
    fn a_family_is_everything_below_a_run() {
        let runs = [
            run("c", "", 3, "1", Some("a")),
            run("a", "", 1, "1", None),
            run("x", "", 1, "1", None),
            run("b", "", 2, "1", Some("a")),
            run("d", "", 4, "1", Some("c")),
        ];
        let ids = |id| family(&runs, id).iter().map(|run| run.info.run_id.as_str()).collect::<Vec<_>>();
        assert_eq!(ids("a"), ["a", "b", "c", "d"]);
        assert_eq!(ids("d"), ["d"]);
    }

    #[test]
    fn runs_are_matched_by_name_and_params_and_then_by_order() {
        let old =
            [run("a", "search", 1, "", None), run("b", "fold", 2, "1", Some("a")), run("c", "fold", 3, "2", Some("a"))];
        let old: Vec<&Run> = old.iter().collect();
        let new =
            [run("z", "fold", 9, "1", Some("x")), run("y", "fold", 8, "2", Some("x")), run("x", "search", 7, "", None)];
        assert_eq!(told(&old, &new), ["x", "z", "y"]);
        // Names that clients make up differ each time.
        let made_up = [
            run("x", "calm-owl", 7, "", None),
            run("z", "sad-ape", 8, "1", Some("x")),
            run("y", "big-cat", 9, "1", Some("x")),
        ];
        assert_eq!(told(&old, &made_up), ["x", "z", "y"]);
        assert_eq!(told(&old, &made_up[..2]), ["x", "z", "-"]);
    }
}
