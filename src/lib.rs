//! Aftercall: review what customer-service agents did, say what went wrong and where, and keep it as data.
//!
//! A functional core and three thin shells. What a reviewer *means* is a plain value in [`model`]. What must last is
//! in [`store`]. The pure siblings [`ingest`], [`evaluate`], [`rank`], [`dataset`] and [`mask`] never see each other, nor the database;
//! [`ops`] joins them into use cases, called identically by the command line ([`cli`]) and the terminal UI ([`tui`]).
//! [`engine`] owns every worker thread but those of the receiver (`receive`), which stands beside it.
//!
//! | layer | modules | may use |
//! | --- | --- | --- |
//! | L0 | `text`, `model`, `paths` | nothing above (`model` uses `text`) |
//! | L1 | `ingest`, `evaluate`, `rank`, `dataset`, `mask`, `store`, `config` | L0 |
//! | L2 | `ops` | L0, L1 |
//! | L3 | `engine` | `ops`, `store`'s reader and writer types, `model`, `text` |
//! | L3 | `receive` | as `engine`, and `ingest` |
//! | L4 | `tui` | `engine`'s request and reply types, `model`, `text`, `config` |
//! | L5 | `cli`, `main` | `ops`, `store`, `tui`, `config`, `paths`, `engine` |
//!
//! `tests/architecture.rs` enforces the table.

pub mod cli;
pub mod config;
pub mod dataset;
pub mod engine;
pub mod evaluate;
pub mod ingest;
pub mod mask;
pub mod model;
pub mod ops;
pub mod paths;
pub mod rank;
#[cfg(feature = "receive")]
pub mod receive;
pub mod stats;
pub mod store;
pub mod text;
pub mod tui;
