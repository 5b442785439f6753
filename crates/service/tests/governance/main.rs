//! Random sequences of what several people do to a registry under a policy, against a reference model that knows nothing of
//! how it is done; and what the ledger says of them, read by an auditor that knows nothing of either.
//!
//! `TRACKSIDE_SEQUENCES` says how many; 100,000 take some minutes.

mod auditor;
mod deed;
mod reference;
mod scene;

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use self::{deed::deeds, reference::Reference, scene::Scene};

/// Enough for every kind of deed to follow every other many times.
const SEQUENCES: u32 = 1_000;
/// Deeds in a sequence, at most.
const LONGEST: usize = 24;

#[test]
fn no_sequence_of_deeds_leads_past_the_policy() {
    let sequences = std::env::var("TRACKSIDE_SEQUENCES").ok().map_or(SEQUENCES, |n| n.parse().expect("a number"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let scene = runtime.block_on(Scene::open());
    let config = ProptestConfig { cases: sequences, failure_persistence: None, ..ProptestConfig::default() };
    let case = std::cell::Cell::new(0_u32);
    TestRunner::new(config)
        .run(&deeds(LONGEST), |deeds| {
            case.set(case.get() + 1);
            runtime.block_on(async {
                let mut reference = Reference::new(case.get());
                for (n, deed) in deeds.iter().enumerate() {
                    let (said, done) = (reference.apply(deed), scene.apply(&reference.names, deed).await);
                    prop_assert_eq!(said, done, "deed {} of {:?}", n, deeds);
                    prop_assert_eq!(
                        &reference.state(),
                        &scene.state(&reference.names).await,
                        "after deed {} of {:?}",
                        n,
                        deeds
                    );
                }
                Ok(())
            })
        })
        .unwrap();
    let audited = runtime.block_on(auditor::audit(&scene.store));
    assert!(audited.reached > sequences as usize / 4, "{audited:?}: the policy was hardly ever passed");
}

#[test]
fn people_who_act_at_once_do_not_get_past_it_either() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    let scene = std::sync::Arc::new(runtime.block_on(Scene::open()));
    for round in 0..40 {
        let names = Reference::new(round).names;
        let people = (0..6).map(|_| {
            let deeds = deeds(30).new_tree(&mut runner).unwrap().current();
            let (scene, names) = (scene.clone(), names.clone());
            async move {
                for deed in deeds {
                    // Whoever is asked to try again has changed nothing.
                    scene.apply(&names, &deed).await;
                }
            }
        });
        let people: Vec<_> = people.collect();
        runtime.block_on(futures_util::future::join_all(people));
    }
    let audited = runtime.block_on(auditor::audit(&scene.store));
    assert!(audited.reached > 20, "{audited:?}");
}
