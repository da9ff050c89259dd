//! Where everything is on the screen.
//!
//! Invariant: pure, and shared by update and view, so that scrolling and clicks know the rectangles that are drawn.

use ratatui::layout::Rect;

/// Columns and rows of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

/// The smallest terminal in which everything can be done.
pub const SMALLEST: Size = Size { columns: 60, rows: 16 };

impl Default for Size {
    fn default() -> Self {
        Self { columns: 80, rows: 24 }
    }
}

impl Size {
    /// True where the screen says only that it is too small.
    pub fn too_small(self) -> bool {
        self.columns < SMALLEST.columns || self.rows < SMALLEST.rows
    }

    /// Both the whole terminal.
    pub fn area(self) -> Rect {
        Rect::new(0, 0, self.columns, self.rows)
    }
}

/// The panes of the Review screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// What was said and done.
    #[default]
    Transcript,
    /// The span tree.
    Spans,
    /// All about one step.
    Detail,
}

impl Pane {
    /// Every pane, in the order of the tab key.
    pub const ALL: [Self; 3] = [Self::Transcript, Self::Spans, Self::Detail];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Transcript => "transcript",
            Self::Spans => "spans",
            Self::Detail => "detail",
        }
    }
}

/// The screen common to Queue and Review: a frame with a title, a body, two lines of hints, a status line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shell {
    /// The whole frame; its top line holds the title, its bottom line the status.
    pub frame: Rect,
    /// What is inside above the rule.
    pub body: Rect,
    /// The row of the rule.
    pub rule: u16,
    /// The lines under the rule: label strip, hints, or a form.
    pub foot: Rect,
}

/// The shell with `foot` lines under the rule.
pub fn shell(size: Size, foot: u16) -> Shell {
    let frame = size.area();
    let inner = Rect::new(1, 1, frame.width.saturating_sub(2), frame.height.saturating_sub(2));
    let foot_height = foot.min(inner.height.saturating_sub(2));
    let body = Rect { height: inner.height.saturating_sub(foot_height + 1), ..inner };
    let rule = body.bottom();
    Shell { frame, body, rule, foot: Rect { y: rule + 1, height: foot_height, ..inner } }
}

/// The rectangles of the Queue screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLayout {
    /// Title, hints, status.
    pub shell: Shell,
    /// The session that goes on; empty without one.
    pub session: Rect,
    /// Filter and counts.
    pub head: Rect,
    /// Column headings.
    pub headings: Rect,
    /// The rows.
    pub list: Rect,
}

/// Lays out the Queue screen, with so many lines for the session that goes on.
pub fn queue(size: Size, session: u16) -> QueueLayout {
    let shell = shell(size, if size.columns < 100 { 2 } else { 1 });
    let line =
        |at: u16| Rect { y: shell.body.y + at, height: 1.min(shell.body.height.saturating_sub(at)), ..shell.body };
    let used = (2 + session).min(shell.body.height);
    let list = Rect { y: shell.body.y + used, height: shell.body.height - used, ..shell.body };
    let line_of_session = Rect { height: session, ..line(0) };
    QueueLayout { shell, session: line_of_session, head: line(session), headings: line(session + 1), list }
}

/// The rectangles of the Review screen; a pane that is not shown has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewLayout {
    /// Title, hints, status.
    pub shell: Shell,
    /// The transcript.
    pub transcript: Option<Rect>,
    /// The span tree, its heading included.
    pub spans: Option<Rect>,
    /// The detail, its heading included.
    pub detail: Option<Rect>,
    /// Columns of upright rules.
    pub rules: [Option<u16>; 2],
    /// The lines above the panes.
    pub head: Rect,
}

/// Lays out the Review screen: one pane below 100 columns, two columns from there, three from 160.
pub fn review(size: Size, focus: Pane, foot: u16) -> ReviewLayout {
    let shell = shell(size, foot);
    let body = shell.body;
    let mut layout =
        ReviewLayout { shell, transcript: None, spans: None, detail: None, rules: [None; 2], head: Rect::default() };
    if size.columns < 100 {
        match focus {
            Pane::Transcript => layout.transcript = Some(body),
            Pane::Spans => layout.spans = Some(body),
            Pane::Detail => layout.detail = Some(body),
        }
        return layout;
    }
    let part = |x: u16, width: u16| Rect { x, width, ..body };
    if size.columns < 160 {
        let left = body.width * 52 / 100;
        let right = part(body.x + left + 1, body.width - left - 1);
        let upper = (right.height * 2 / 5).max(4).min(right.height);
        layout.transcript = Some(part(body.x, left));
        layout.rules[0] = Some(body.x + left);
        layout.spans = Some(Rect { height: upper, ..right });
        layout.detail = Some(Rect { y: right.y + upper, height: right.height - upper, ..right });
        return layout;
    }
    let left = body.width * 40 / 100;
    let middle = body.width * 31 / 100;
    layout.transcript = Some(part(body.x, left));
    layout.rules = [Some(body.x + left), Some(body.x + left + 1 + middle)];
    layout.spans = Some(part(body.x + left + 1, middle));
    layout.detail = Some(part(body.x + left + middle + 2, body.width - left - middle - 2));
    layout
}

/// The widest column of text that is read at ease from the other end of a table.
const EASY: u16 = 96;

/// Lays out the screen for a room: the transcript alone, with wide margins.
pub fn room(size: Size, foot: u16) -> ReviewLayout {
    let shell = shell(size, foot);
    let body = shell.body;
    let margin = (body.width / 10).max(body.width.saturating_sub(EASY) / 2);
    let transcript = Rect { x: body.x + margin, width: body.width - 2 * margin, ..body };
    ReviewLayout {
        shell,
        transcript: Some(transcript),
        spans: None,
        detail: None,
        rules: [None; 2],
        head: Rect::default(),
    }
}

impl ReviewLayout {
    /// The same with so many lines above the panes.
    #[must_use]
    pub fn below(mut self, lines: u16) -> Self {
        let body = self.shell.body;
        let lines = lines.min(body.height / 3);
        self.head = Rect { height: lines, ..body };
        let areas = [&mut self.transcript, &mut self.spans, &mut self.detail];
        for area in areas.into_iter().flatten().filter(|area| area.y == body.y) {
            (area.y, area.height) = (area.y + lines, area.height.saturating_sub(lines));
        }
        self
    }

    /// The part of a pane that scrolls: all of the transcript, what is under the heading of the others.
    pub fn scrolling(&self, pane: Pane) -> Rect {
        let under = |area: Rect| Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        match pane {
            Pane::Transcript => self.transcript,
            Pane::Spans => self.spans.map(under),
            Pane::Detail => self.detail.map(under),
        }
        .unwrap_or_default()
    }

    /// The pane at a place.
    pub fn pane_at(&self, column: u16, row: u16) -> Option<Pane> {
        let inside = |area: Option<Rect>| area.is_some_and(|area| area.contains((column, row).into()));
        [(Pane::Transcript, self.transcript), (Pane::Spans, self.spans), (Pane::Detail, self.detail)]
            .into_iter()
            .find(|(_, area)| inside(*area))
            .map(|(pane, _)| pane)
    }
}

/// A box in the middle for lists, forms and questions.
pub fn dialog(size: Size, columns: u16, rows: u16) -> Rect {
    let (width, height) = (columns.min(size.columns), rows.min(size.rows));
    Rect::new((size.columns - width) / 2, (size.rows - height) / 2, width, height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_never_leave_the_body_nor_overlap() {
        for columns in [60, 80, 99, 100, 120, 159, 160, 240] {
            for rows in [16, 24, 36, 60] {
                for focus in Pane::ALL {
                    let layout = review(Size { columns, rows }, focus, 2);
                    let panes: Vec<Rect> =
                        [layout.transcript, layout.spans, layout.detail].into_iter().flatten().collect();
                    let expected = match columns {
                        ..100 => 1,
                        _ => 3,
                    };
                    assert_eq!(panes.len(), expected);
                    for (at, pane) in panes.iter().enumerate() {
                        assert_eq!(layout.shell.body.intersection(*pane), *pane);
                        assert!(panes[at + 1..].iter().all(|other| !other.intersects(*pane)));
                    }
                }
            }
        }
    }
}
