//! A demo workspace in a temporary folder with the screen on top of it, all on one thread.
//!
//! Invariant: the clock stands still and the masking key is fixed, so that the same keys give the same frame.

#![allow(dead_code, reason = "not everything that takes the stage needs all of it")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use aftercall::engine::EngineSetup;
use aftercall::engine::inline::Inline;
use aftercall::mask::{Class, Known, Masker, Policy};
use aftercall::model::time::Timestamp;
use aftercall::ops::demo;
use aftercall::ops::workspace::{Identity, Workspace};
use aftercall::store::Access;
use aftercall::tui::keymap::Keymap;
use aftercall::tui::offscreen::Offscreen;
use aftercall::tui::theme::{Palette, Signs, Theme};
use aftercall::tui::{Clock, Mask, Start, UiConfig};

/// 2026-11-20T09:41:00Z.
pub const NOW: Timestamp = Timestamp(1_795_167_660_000_000);

fn identity() -> Identity {
    Identity { reviewer: "lee".to_owned(), device: "stage00001".to_owned() }
}

/// An open workspace at `root`, made where there is none.
pub fn workspace(root: &Path) -> Workspace {
    Workspace::open(root, identity(), Access::Create).expect("a workspace")
}

/// Fills a new workspace at `root` with the demo's conversations.
pub fn fill(root: &Path) {
    demo::claim(root).expect("a demo folder");
    demo::fill(&mut workspace(root), NOW, &mut |_| ControlFlow::Continue(())).expect("the demo");
}

/// What the screen is told before it starts.
pub fn config() -> UiConfig {
    let masker = Masker::new([7; 32], Known::default(), Policy::default().without(Class::Name));
    let for_room = Masker::new([7; 32], Known::default(), Policy::default());
    UiConfig {
        reviewer: "lee".to_owned(),
        workspace: "demo".to_owned(),
        theme: Theme { palette: Palette::Dark, signs: Signs::Unicode },
        keymap: Keymap::load(&BTreeMap::new()).expect("the built-in keys"),
        mask: Mask(Arc::new(move |text| masker.mask(text).text)),
        room_mask: Mask(Arc::new(move |text| for_room.mask(text).text)),
        room: Vec::new(),
        presenting: false,
        masked: true,
        clock: Clock(Arc::new(|| NOW)),
        zone: jiff::tz::TimeZone::UTC,
        home: None,
        packs: vec!["customer-service".to_owned(), "mast".to_owned()],
        editor: None,
        export_directory: "dataset".to_owned(),
        must_review: aftercall::model::queue::MustReview::default(),
        claim_minutes: aftercall::model::claim::MINUTES,
        ask_remainder: true,
        read_only: None,
        place: None,
    }
}

/// The screen on the workspace at `root`.
pub fn screen(root: &Path, size: (u16, u16), start: Start) -> Offscreen {
    let setup = EngineSetup { root: root.to_owned(), identity: identity(), clock: || NOW };
    let mut engine = Inline::new(setup);
    let answer = Box::new(move |ticket, request| {
        engine.ask(ticket, &request);
        engine.drain()
    });
    Offscreen::open(config(), size, start, answer)
}
