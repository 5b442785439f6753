//! Fan-out inside a training program, without a server: the same adapters, the same promises.
//!
//! ```no_run
//! # async fn train(tensorboard: impl trackside_core::TrackerInterface) -> trackside_core::Result<()> {
//! let recorder = trackside_fanout::Fanout::builder().sink(tensorboard).start().await?;
//! let run = recorder.start_run("digits", "first try").await?;
//! run.log_params(&[("lr", "0.1")]).await?;
//! run.log_metric("loss", 0.5, 1).await?;
//! run.finish(trackside_core::RunStatus::Finished).await?;
//! recorder.close(std::time::Duration::from_secs(30)).await;
//! # Ok(())
//! # }
//! ```
//!
//! With a store every event is durable when a call returns, and what is not delivered is delivered after the next
//! start. Without one, events wait in memory, and those that are not delivered when the program ends are lost.

mod builder;
mod files;
mod recorder;
mod run;

pub use builder::Builder;
pub use files::LocalFiles;
pub use recorder::Recorder;
pub use run::ActiveRun;
