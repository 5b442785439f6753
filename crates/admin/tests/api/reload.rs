use serde_json::json;
use trackside_admin::{
    ReloadFailure,
    shape::{Fault, Reloaded},
};
use trackside_core::Error;

use crate::scene::scene_reloading;

#[tokio::test]
async fn reloading_answers_what_changed() {
    let scene = scene_reloading(|| Ok(Reloaded { added: vec!["a".into()], ..Reloaded::default() })).await;
    let (status, done) = scene.send("POST", "/config/reload", None).await;
    assert_eq!((status, &done["added"], &done["removed"]), (200, &json!(["a"]), &json!([])));
}

fn fault(path: &str) -> Fault {
    Fault {
        path: path.into(),
        place: "line 3".into(),
        found: "`x`".into(),
        allowed: "an address".into(),
        example: "url: https://h".into(),
    }
}

#[tokio::test]
async fn faults_are_answered_whole() {
    let scene = scene_reloading(|| Err(ReloadFailure::Faults(vec![fault("sinks.a.url"), fault("sinks.b.url")]))).await;
    let (status, refused) = scene.send("POST", "/config/reload", None).await;
    assert_eq!((status, refused["error"]["kind"].as_str()), (400, Some("invalid")));
    assert_eq!(
        refused["error"]["faults"][0],
        json!({
            "path": "sinks.a.url", "place": "line 3", "found": "`x`", "allowed": "an address", "example": "url: https://h"
        })
    );
    assert_eq!(refused["error"]["faults"][1]["path"], "sinks.b.url");
}

#[tokio::test]
async fn a_configuration_that_cannot_be_put_into_effect_is_a_conflict() {
    let scene = scene_reloading(|| Err(ReloadFailure::Failed(Error::conflict("sinks.a cannot be used")))).await;
    let (status, refused) = scene.send("POST", "/config/reload", None).await;
    assert_eq!((status, refused), (409, json!({"error": {"kind": "conflict", "message": "sinks.a cannot be used"}})));
}
