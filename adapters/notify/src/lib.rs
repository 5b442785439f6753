//! Destination: whoever wants to be told. Events become *notices*, and go out as signed webhooks, to Slack, to Microsoft
//! Teams or by mail, one by one or as a digest.
//!
//! What is told of follows from a batch and the memory of its subject alone (`reading`); what a notice tells besides, such as
//! the name of the run and who promoted a version, is looked up in the store (`facts.rs`). A notice has an id made of what
//! happened, so that the same batch makes the same ids: whatever is sent again, after an answer that was lost or a crash,
//! has the id that it had, in a header of a webhook and as the `Message-ID` of a mail. Within a process what was taken once
//! is not sent again (`sent.rs`).
//!
//! A digest is held back in the memories of its subjects, each notice with the end of the period it belongs to, and is let go
//! when that period is over (`digest.rs`): from then on nothing can be added to it, so a crash repeats the same message.
//!
//! | file | |
//! | --- | --- |
//! | `event_kind.rs`, `notice.rs`, `subscription.rs` | what happened, and who wants to know |
//! | `reading/`, `memory.rs`, `facts.rs` | from batches to notices |
//! | `message/` | how notices look: JSON, Slack's blocks, Teams' cards, mails |
//! | `channel.rs`, `hook.rs`, `mailer.rs` | one try of sending |
//! | `tracker.rs`, `digest.rs`, `sent.rs` | the destination |

#![warn(missing_docs)]

mod channel;
mod config;
mod digest;
mod event_kind;
mod facts;
mod hook;
mod mailer;
mod memory;
mod message;
mod notice;
mod reading;
mod sent;
mod subscription;
mod tracker;

pub use config::{Channel, Config, Mail, Security};
pub use event_kind::EventKind;
pub use subscription::{Subscription, is_pattern};
pub use tracker::Notifier;
