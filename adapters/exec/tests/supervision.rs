//! Programs that misbehave, each in its own way (`plugins/unruly.py`), and what their callers learn.

use std::{fs, path::Path, time::Duration};

use tempfile::TempDir;
use tokio::{io::AsyncReadExt, net::TcpListener};
use trackside_adapter_exec::{Config, ExecTracker};
use trackside_core::{
    Batch, Capability, Delivered, ErrorKind, Event, Kind, Retry, RunBatch, RunId, Seq, Tag, TrackerInterface, Withheld,
};

struct Scene {
    tracker: ExecTracker,
    folder: TempDir,
}

impl Scene {
    fn new(fault: &str) -> Self {
        Self::with(fault, |_| {})
    }

    fn with(fault: &str, change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plugins/unruly.py");
        let command = ["python3", program.to_str().unwrap(), folder.path().to_str().unwrap(), fault];
        let mut config = Config::new("unruly", command.map(str::to_owned).to_vec());
        change(&mut config);
        Self { tracker: ExecTracker::new(config), folder }
    }

    fn lives(&self) -> u64 {
        fs::metadata(self.folder.path().join("lives")).unwrap().len()
    }

    /// Memory and batch of every delivery that reached the program.
    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.folder.path().join("calls")).unwrap();
        calls.lines().map(str::to_owned).collect()
    }

    /// The first life ends as the message says, the next call begins the second, which does what is asked.
    async fn ends_and_begins_anew(&self, message: &str) {
        let error = self.tracker.deliver(&batch(1), Some("before")).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Later));
        assert!(error.message().contains(message), "{error}");
        assert_eq!(self.lives(), 1);
        let delivered = self.tracker.deliver(&batch(1), Some("before")).await.unwrap();
        assert_eq!(delivered, Delivered::remembering("before"));
        assert_eq!(self.lives(), 2);
    }
}

fn batch(n: u128) -> Batch {
    let tags = vec![Tag::new("k", "v").unwrap()];
    let events = vec![Event::Params(tags.clone()), Event::Tags(tags)];
    Batch::Run(RunBatch { run: RunId::fresh(n), started: None, events, last: Seq(5) })
}

#[tokio::test]
async fn a_crash_is_told_with_status_and_last_words() {
    let scene = Scene::new("crashes");
    let words = r#"the program ended (exit status: 3); the last line on its standard error is "boom""#;
    scene.ends_and_begins_anew(words).await;
    let calls = scene.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0], calls[1]);
}

#[tokio::test]
async fn an_answer_cut_off_by_a_crash_is_no_answer() {
    Scene::new("crashes in the middle of an answer").ends_and_begins_anew("exit status: 4").await;
}

#[tokio::test]
async fn a_program_that_cannot_begin_says_why() {
    Scene::new("exits before it is ready").ends_and_begins_anew("no configuration").await;
}

#[tokio::test]
async fn a_program_without_output_is_ended() {
    Scene::new("closes its output").ends_and_begins_anew("the program closed its input or output").await;
}

#[tokio::test]
async fn what_is_no_answer_is_quoted() {
    Scene::new("says what is no answer").ends_and_begins_anew(r#""progress: 50 %""#).await;
    Scene::new("remembers what is no text").ends_and_begins_anew("invalid type: map, expected a string").await;
    Scene::new("answers before it is ready").ends_and_begins_anew("it is not ready yet").await;
}

#[tokio::test]
async fn an_endless_line_is_not_read_to_its_end() {
    Scene::new("never ends its line").ends_and_begins_anew("an answer of more than 1048576 bytes").await;
}

#[tokio::test]
async fn a_silent_program_is_ended() {
    for fault in ["is silent", "is never ready"] {
        // Long enough for the second life to begin even on a busy machine.
        let scene = Scene::with(fault, |config| config.answer_timeout = Duration::from_secs(3));
        scene.ends_and_begins_anew("gave no answer for 3s").await;
    }
}

#[tokio::test]
async fn versions_and_kinds_are_agreed_upon() {
    Scene::new("speaks another version").ends_and_begins_anew("it speaks version 2, this build speaks 1").await;
    Scene::new("names a kind that is none").ends_and_begins_anew("no kind of event is called `metrics`").await;
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_unavailable() {
    let tracker = ExecTracker::new(Config::new("none", vec!["trackside-no-such-program".to_owned()]));
    for error in [tracker.probe().await.unwrap_err(), tracker.deliver(&batch(1), None).await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.message().contains("trackside-no-such-program cannot be started"), "{error}");
    }
    let nothing = ExecTracker::new(Config::new("none", vec![]));
    assert_eq!(nothing.probe().await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn answers_find_their_calls_in_any_order() {
    let scene = Scene::new("answers in reverse");
    let batches = [batch(1), batch(2), batch(3)];
    let deliver = |n: usize| scene.tracker.deliver(&batches[n], None);
    let (first, second, third) = tokio::join!(deliver(0), deliver(1), deliver(2));
    for (n, delivered) in (1..).zip([first, second, third]) {
        assert_eq!(delivered.unwrap(), Delivered::remembering(RunId::fresh(n).as_str()));
    }
}

#[tokio::test]
async fn a_late_answer_is_passed_over() {
    let scene = Scene::new("answers late");
    let first = batch(1);
    tokio::select! {
        biased;
        delivered = scene.tracker.deliver(&first, None) => panic!("{delivered:?}"),
        // Answered after the program has read the delivery.
        probed = scene.tracker.probe() => probed.unwrap(),
    }
    let delivered = scene.tracker.deliver(&batch(2), None).await.unwrap();
    assert_eq!(delivered.memory.as_deref(), Some("in time"));
    assert_eq!((scene.lives(), scene.calls().len()), (1, 2));
}

#[tokio::test]
async fn failures_are_classified_as_the_program_says() {
    let error = Scene::new("fails for good").tracker.deliver(&batch(1), None).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Invalid, Retry::Never));
    assert_eq!(error.message(), "the key is too long");
    let error = Scene::new("fails for a while").tracker.deliver(&batch(1), None).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::After(Duration::from_hours(1))));
}

#[tokio::test]
async fn what_the_program_cannot_take_is_withheld_and_counted() {
    let scene = Scene::new("takes params alone");
    let mut tags = Withheld::default();
    tags.add(Kind::Tags, 1);
    let delivered = scene.tracker.deliver(&batch(1), Some("m")).await.unwrap();
    assert_eq!(delivered, Delivered { withheld: tags.clone(), ..Delivered::remembering("m") });
    assert!(scene.calls()[0].contains("params") && !scene.calls()[0].contains("tags"));
    let Batch::Run(of_both) = batch(1) else { unreachable!("it is of a run") };
    let of_tags = Batch::Run(RunBatch { events: of_both.events[1..].to_vec(), ..of_both });
    let delivered = scene.tracker.deliver(&of_tags, Some("m")).await.unwrap();
    assert_eq!(delivered, Delivered { withheld: tags, ..Delivered::remembering("m") });
    assert_eq!(scene.calls().len(), 1);
}

#[tokio::test]
async fn what_the_program_leaves_out_is_counted() {
    let scene = Scene::new("leaves out files");
    let withheld = scene.tracker.deliver(&batch(1), None).await.unwrap().withheld;
    assert_eq!(withheld.iter().collect::<Vec<_>>(), [(Kind::Artifacts, 2)]);
}

#[tokio::test]
async fn a_batch_beyond_the_configured_capability_is_refused_and_not_sent() {
    let params = Capability { params: true, ..Capability::default() };
    let scene = Scene::with("none", |config| config.capability = params);
    assert_eq!(scene.tracker.capability(), params);
    let error = scene.tracker.deliver(&batch(1), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(!scene.folder.path().join("lives").exists());
}

#[tokio::test]
async fn a_memory_can_be_forgotten() {
    let scene = Scene::new("forgets");
    assert_eq!(scene.tracker.deliver(&batch(1), Some("m")).await.unwrap(), Delivered::default());
    assert!(scene.calls()[0].starts_with(r#"["m", "#));
}

#[tokio::test]
async fn variables_and_folder_are_the_programs() {
    let elsewhere = TempDir::new().unwrap();
    let scene = Scene::with("tells where it is", |config| {
        config.working_dir = Some(elsewhere.path().to_owned());
        config.env = vec![("PLUGIN_COLOUR".to_owned(), "green".to_owned())];
    });
    let memory = scene.tracker.deliver(&batch(1), None).await.unwrap().memory.unwrap();
    let folder = fs::canonicalize(elsewhere.path()).unwrap();
    assert_eq!(memory, format!(r#"["{}", "green"]"#, folder.display()));
}

#[tokio::test]
async fn a_program_that_was_dropped_is_killed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let scene = Scene::with("outlives its input", |config| config.env = vec![("PLUGIN_PORT".to_owned(), port)]);
    let first = batch(1);
    let (delivered, link) = tokio::join!(scene.tracker.deliver(&first, None), listener.accept());
    delivered.unwrap();
    drop(scene);
    // The connection is the program's alone, so it ends with the program.
    let n = link.unwrap().0.read_to_end(&mut Vec::new()).await.unwrap_or_default();
    assert_eq!(n, 0);
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let scene = Scene::with("none", |config| config.env = vec![("API_KEY".to_owned(), "s3cret".to_owned())]);
    let shown = format!("{:?}", scene.tracker);
    assert!(shown.contains("API_KEY") && !shown.contains("s3cret"), "{shown}");
}
