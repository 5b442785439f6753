//! Online: what refusals and broken answers become.

use trackside_core::{Batch, Error, ErrorKind, Retry, TrackerInterface};
use trackside_testkit::{
    Inspect,
    fixture::{artifact_stored, params, point, points},
    tracker_suite::history::History,
};

use crate::{online::Online, server::Fault};

/// Run 1 with a param, a row that is over, one that is not, and a file, in one batch.
fn whole(tracker: &dyn TrackerInterface) -> (Batch, History) {
    let rows = points("m", &[point(1, 1, 0.5), point(2, 1, 0.5)]);
    let events = vec![params(&[("p", "1")]), rows, artifact_stored("f-3.bin", 3)];
    let history = History::of(1, tracker.capability(), events);
    (history.merged(), history)
}

/// The error when the request of this number (upsert, addresses, upload, stream) is refused.
async fn refused(number: usize, status: u16, headers: Vec<(&'static str, &'static str)>, body: &'static str) -> Error {
    let online = Online::start().await;
    let mut faults = vec![None; number];
    faults.push(Some(Fault::Refuse(status, headers, body)));
    online.server.stored().faults.extend(faults);
    let (batch, history) = whole(&online);
    let error = online.deliver(&batch, None).await.unwrap_err();
    online.deliver(&batch, None).await.unwrap();
    assert_eq!(online.runs().await, [online.view(history.outcome)], "a later try is harmless");
    error
}

const UPSERT: usize = 0;
const ADDRESSES: usize = 1;
const UPLOAD: usize = 2;
const STREAM: usize = 3;

#[tokio::test]
async fn what_the_client_gives_up_is_permanent_and_shows_what_the_server_says() {
    for (number, status, kind) in [
        (UPSERT, 400, ErrorKind::Invalid),
        (UPSERT, 401, ErrorKind::Unauthenticated),
        (ADDRESSES, 403, ErrorKind::Denied),
        (ADDRESSES, 409, ErrorKind::Conflict),
        (UPLOAD, 403, ErrorKind::Invalid),
        (STREAM, 404, ErrorKind::NotFound),
        (STREAM, 422, ErrorKind::Invalid),
    ] {
        let error = refused(number, status, vec![], r#"{"errors":[{"message":"because"}]}"#).await;
        assert_eq!((error.kind(), error.retry()), (kind, Retry::Never), "{number} {status}");
        assert!(error.message().ends_with("because"), "{error}");
    }
}

#[tokio::test]
async fn a_line_that_is_too_large_by_itself_is_permanent() {
    let online = Online::start().await;
    let (batch, history) = whole(&online);
    let too_large = Some(Fault::Refuse(413, vec![], ""));
    online.server.stored().faults.extend([None, None, None, too_large.clone(), too_large]);
    let error = online.deliver(&batch, None).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Invalid, Retry::Never));
    online.deliver(&batch, None).await.unwrap();
    assert_eq!(online.runs().await, [online.view(history.outcome)]);
}

#[tokio::test]
async fn what_the_client_tries_again_is_temporary() {
    for (number, status) in
        [(UPSERT, 409), (UPSERT, 500), (ADDRESSES, 503), (UPLOAD, 409), (STREAM, 405), (STREAM, 502)]
    {
        let error = refused(number, status, vec![], "").await;
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Later), "{number} {status}");
    }
}

#[tokio::test]
async fn a_server_may_say_when_to_come_back() {
    let error = refused(STREAM, 429, vec![("retry-after", "7")], "").await;
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Throttled, Retry::After(std::time::Duration::from_secs(7))));
}

#[tokio::test]
async fn errors_that_come_with_a_success_are_permanent() {
    let error = refused(UPSERT, 200, vec![], r#"{"data":null,"errors":[{"message":"project is archived"}]}"#).await;
    assert_eq!((error.kind(), error.message()), (ErrorKind::Invalid, "UpsertBucket: project is archived"));
}

#[tokio::test]
async fn an_answer_of_somebody_else_is_no_answer() {
    for body in ["<html>please log in</html>", r#"{"data":null}"#, r#"{"data":{"upsertBucket":null}}"#] {
        assert_eq!(refused(UPSERT, 200, vec![], body).await.kind(), ErrorKind::Unavailable, "{body}");
    }
}

#[tokio::test]
async fn a_server_that_acts_and_then_fails_is_told_again_without_harm() {
    for number in [UPSERT, ADDRESSES, UPLOAD, STREAM] {
        let online = Online::start().await;
        let mut faults = vec![None; number];
        faults.push(Some(Fault::ActAndFail));
        online.server.stored().faults.extend(faults);
        let (batch, history) = whole(&online);
        assert_eq!(online.deliver(&batch, None).await.unwrap_err().kind(), ErrorKind::Unavailable);
        online.deliver(&batch, None).await.unwrap();
        assert_eq!(online.runs().await, [online.view(history.outcome)]);
    }
}

#[tokio::test]
async fn a_run_deleted_at_the_server_is_not_found() {
    let online = Online::start().await;
    let history = History::of(1, online.capability(), vec![params(&[("p", "1")]), points("m", &[point(1, 1, 0.5)])]);
    let memory = online.deliver(&history.batches[0], None).await.unwrap().memory;
    online.server.stored().runs.clear();
    for batch in &history.batches[1..] {
        let error = online.deliver(batch, memory.as_deref()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{batch:?}");
    }
}

#[tokio::test]
async fn a_probe_tells_a_wrong_key_from_a_server_that_is_down() {
    let online = Online::start().await;
    online.probe().await.unwrap();
    online.server.stored().faults.push_back(Some(Fault::Refuse(401, vec![], "")));
    assert_eq!(online.probe().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    online.server.stored().faults.push_back(Some(Fault::Refuse(200, vec![], r#"{"data":{"viewer":null}}"#)));
    assert_eq!(online.probe().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    let Online { server, tracker, .. } = online;
    drop(server);
    assert_eq!(tracker.probe().await.unwrap_err().kind(), ErrorKind::Unavailable);
}
