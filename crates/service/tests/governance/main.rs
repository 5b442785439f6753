//! Random sequences of what several people do to a registry under a policy, against a reference model that knows nothing of
//! how it is done; and what the ledger says of them, read by an auditor that knows nothing of either.
//!
//! `TRACKSIDE_SEQUENCES` says how many; 100,000 take some minutes.

mod auditor;
mod deed;
mod reference;
mod scene;

use proptest::{prelude::*, test_runner::TestRunner};

use self::{
    deed::{Deed, What, deeds},
    reference::Reference,
    scene::Scene,
};

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

/// The last approval comes at the moment at which something else ceases to be true.
#[test]
fn people_who_act_at_once_do_not_get_past_it_either() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let scene = runtime.block_on(Scene::open());
    let by = |by: usize, what: What| Deed { by, model: 0, what };
    let races = (0..600_u32).map(|round| {
        let (scene, names) = (&scene, Reference::new(round).names);
        async move {
            let asked = if round % 2 == 0 { What::Stage(1, 2, true) } else { What::Alias(1, 0) };
            for (who, what) in [(0, What::Register), (0, What::Prepare), (0, asked), (1, What::Approve(0))] {
                scene.apply(&names, &by(who, what)).await;
            }
            let against = [
                What::Unvalidate(1),
                What::Validate(1, false),
                What::Stage(1, 0, false),
                What::Stage(1, 3, false),
                What::Withdraw(0),
                What::Rename,
            ];
            let against = by(0, against[round as usize / 2 % against.len()].clone());
            // Sooner or later, so that each comes before, between and behind what the other does.
            let later = async {
                for _ in 0..round % 17 {
                    tokio::task::yield_now().await;
                    scene.state(&names).await;
                }
                scene.apply(&names, &against).await
            };
            let approval = by(2, What::Approve(0));
            futures_util::future::join(scene.apply(&names, &approval), later).await;
        }
    });
    let races: Vec<_> = races.collect();
    let races = futures_util::StreamExt::buffer_unordered(futures_util::stream::iter(races), 8);
    runtime.block_on(futures_util::StreamExt::collect::<Vec<()>>(races));
    let audited = runtime.block_on(auditor::audit(&scene.store));
    assert!((60..540).contains(&audited.reached), "{audited:?}: one side nearly always wins");
}
