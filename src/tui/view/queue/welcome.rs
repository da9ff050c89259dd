//! What an empty workspace offers.
//!
//! Invariant: each way in is named with its key and its command.

use ratatui::layout::Rect;

use crate::tui::action::Action;
use crate::tui::paint::Canvas;
use crate::tui::row::Row;
use crate::tui::state::State;
use crate::tui::theme::Tone;

/// Draws it.
pub fn draw(state: &State, canvas: &mut Canvas, area: Rect) {
    let enter = state.config.theme.signs().enter;
    let import = state.key(Action::Import);
    let colon = state.key(Action::Commands);
    let lines = [
        Row::of("No conversations here yet.", Tone::Title),
        Row::new(),
        Row::of("Try it first", Tone::Strong),
        Row::of("  :demo", Tone::Key)
            .with(&format!("  (type {colon} demo {enter})  an invented shop, ready to be judged"), Tone::Text),
        Row::of("  or, in a shell:  ", Tone::Dim).with("aftercall demo", Tone::Key),
        Row::new(),
        Row::of("Bring your own", Tone::Strong),
        Row::of(&format!("  {import}"), Tone::Key)
            .with(&format!(" or {enter}  asks for a file: OTLP/JSON traces, OpenAI chat JSONL,"), Tone::Text),
        Row::of("               tau-bench results; plain, gzip or zstd", Tone::Text),
        Row::of("  or, in a shell:  ", Tone::Dim).with("aftercall import traces.jsonl", Tone::Key),
        Row::new(),
        Row::of("Nothing leaves this computer; importing the same file twice changes nothing.", Tone::Dim),
    ];
    let left = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
    for (at, line) in lines.iter().enumerate() {
        canvas.line(left, at + 1, line);
    }
}
