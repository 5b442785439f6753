//! What is tried again, and when; what is given up; and who waits for whom. Time runs fast.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use trackside_core::{
    Error, ErrorKind, HookAnswer, HookMessage, HookSender, Result, Retry,
    store::{Delivery, DeliveryState},
};
use trackside_testkit::MemoryHooks;
use trackside_webhooks::Config;

use crate::scene::Scene;

fn answer(status: u16) -> HookAnswer {
    HookAnswer { status, retry: Retry::Later, body: format!("said\n{status}") }
}

fn all_over(found: &[Delivery]) -> bool {
    found.iter().all(|delivery| delivery.state != DeliveryState::Waiting)
}

#[tokio::test(start_paused = true)]
async fn a_message_is_repeated_until_it_is_taken() {
    let scene = Scene::new();
    scene.hook(1, "https://h.example", Some("s")).await;
    scene.model("m").await;
    let sender = Arc::new(MemoryHooks::default());
    for failure in
        [Ok(answer(503)), Ok(answer(429)), Err(Error::new(ErrorKind::Unavailable, "no connection")), Ok(answer(500))]
    {
        sender.answer(failure);
    }
    let found = scene.until(sender.clone(), Config::default(), all_over).await;
    assert_eq!((found[0].state, found[0].attempts), (DeliveryState::Delivered, 5));
    assert_eq!((found[0].status, &found[0].error), (Some(200), &None));
    let sent = sender.sent();
    assert_eq!(sent.len(), 5);
    assert!(sent.iter().all(|message| *message == sent[0]), "each try is the same message");
    assert_eq!(sent[0].key, found[0].key);
    // Pauses of 1, 2, 4 and 8 s, and at most a quarter more.
    let took = found[0].ended_at.unwrap().millis() - found[0].happened_at.millis();
    assert!(took >= 15_000, "{took}");
}

#[tokio::test(start_paused = true)]
async fn after_the_last_try_it_is_given_up_and_kept() {
    let scene = Scene::new();
    scene.hook(1, "https://h.example", None).await;
    scene.model("m").await;
    let sender = Arc::new(MemoryHooks::default());
    for _ in 0..3 {
        sender.answer(Ok(answer(502)));
    }
    let found = scene.until(sender.clone(), Config { retries: 2, ..Config::default() }, all_over).await;
    assert_eq!((found[0].state, found[0].attempts, sender.sent().len()), (DeliveryState::Failed, 3, 3));
    assert_eq!((found[0].status, found[0].error.as_deref()), (Some(502), Some("status 502: said 502")));
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_is_not_tried_again() {
    for refusal in [Ok(answer(400)), Ok(answer(404)), Ok(answer(302)), Err(Error::new(ErrorKind::Denied, "not there"))]
    {
        let scene = Scene::new();
        scene.hook(1, "https://h.example", None).await;
        scene.model("m").await;
        let sender = Arc::new(MemoryHooks::default());
        sender.answer(refusal);
        let found = scene.until(sender.clone(), Config::default(), all_over).await;
        assert_eq!((found[0].state, sender.sent().len()), (DeliveryState::Failed, 1));
        assert!(found[0].error.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_receiver_may_ask_for_time() {
    let scene = Scene::new();
    scene.hook(1, "https://h.example", None).await;
    scene.model("m").await;
    let sender = Arc::new(MemoryHooks::default());
    let retry = Retry::After(Duration::from_mins(2));
    sender.answer(Ok(HookAnswer { status: 429, retry, body: String::new() }));
    let found = scene.until(sender, Config::default(), all_over).await;
    let took = found[0].ended_at.unwrap().millis() - found[0].happened_at.millis();
    assert!(took >= 120_000, "{took}");
}

/// Never answers for one host, and counts for the others.
#[derive(Debug, Default)]
struct OneIsSilent(MemoryHooks);

#[async_trait]
impl HookSender for OneIsSilent {
    fn schemes(&self) -> &[String] {
        self.0.schemes()
    }

    async fn check_host(&self, host: &str) -> Result<()> {
        self.0.check_host(host).await
    }

    async fn send(&self, message: HookMessage) -> Result<HookAnswer> {
        if message.url.contains("silent") {
            std::future::pending::<()>().await;
        }
        self.0.send(message).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_webhook_delays_no_other() {
    let scene = Scene::new();
    scene.hook(1, "https://silent.example", None).await;
    let lively = scene.hook(2, "https://h.example", None).await;
    for n in 0..20 {
        scene.model(&format!("m{n}")).await;
    }
    let done = |found: &[Delivery]| {
        let mut own = found.iter().filter(|delivery| delivery.webhook == lively);
        own.all(|delivery| delivery.state == DeliveryState::Delivered)
    };
    let sender = Arc::new(OneIsSilent::default());
    let found = scene.until(sender.clone(), Config { at_once: 2, ..Config::default() }, done).await;
    let bodies: Vec<_> = sender.0.sent().into_iter().map(|message| message.body).collect();
    assert_eq!(bodies.len(), 20);
    for (n, body) in bodies.iter().enumerate() {
        assert!(body.contains(&format!("\"name\":\"m{n}\"")), "in order: {body}");
    }
    let waiting = found.iter().filter(|delivery| delivery.state == DeliveryState::Waiting).count();
    assert_eq!(waiting, 20, "the silent one's are kept");
}

#[tokio::test(start_paused = true)]
async fn what_was_under_way_at_a_crash_is_sent_again_under_its_name() {
    let scene = Scene::new();
    scene.hook(1, "https://silent.example", None).await;
    scene.model("m").await;
    let stuck = scene.until(Arc::new(OneIsSilent::default()), Config::default(), |_| false);
    assert!(tokio::time::timeout(Duration::from_mins(1), stuck).await.is_err());
    let sender = Arc::new(MemoryHooks::default());
    let found = scene.until(sender.clone(), Config::default(), all_over).await;
    assert_eq!((found[0].state, &sender.sent()[0].key), (DeliveryState::Delivered, &found[0].key));
}

#[tokio::test(start_paused = true)]
async fn who_delivers_is_woken_by_a_change() {
    let scene = Scene::new();
    scene.hook(1, "https://h.example", None).await;
    let sender = Arc::new(MemoryHooks::default());
    let both = async {
        tokio::join!(
            scene.until(sender.clone(), Config::default(), |found| !found.is_empty() && all_over(found)),
            scene.model("m")
        )
    };
    let (found, ()) = both.await;
    assert_eq!((found.len(), sender.sent().len()), (1, 1));
}
