//! The span tree as a flat list of rows.
//!
//! Invariant: every span has exactly one row, whatever its parents say; cycles end at the root, and spans without the
//! parent they name stand together under a heading of their own.

use std::collections::{HashMap, HashSet};

use super::theme::SignSet;
use crate::model::conversation::Conversation;
use crate::model::id::SpanRef;
use crate::model::step::Role;
use crate::model::trace::Span;

/// Rows whose names are measured for the width of the column; longer names further down are cut.
const MEASURED: usize = 5_000;

/// What stands over the spans whose parents are missing.
pub const ORPHANS: &str = "orphans";

/// A span's name without the operation that OpenTelemetry's naming rule puts before it: what differs is what counts.
pub fn plain_name(span: &Span) -> &str {
    let name = span.name.exact();
    ["execute_tool ", "invoke_agent ", "create_agent ", "chat ", "text_completion ", "generate_content ", "embeddings "]
        .iter()
        .find_map(|operation| name.strip_prefix(operation))
        .filter(|rest| !rest.is_empty())
        .unwrap_or(name)
}

/// The step that ran in each span or was decided in it.
fn own_steps(conversation: &Conversation) -> HashMap<SpanRef, usize> {
    let mut own = HashMap::new();
    // What the agent did in a span counts before what it decided there, and both before what it was told there.
    let of_agent = || conversation.steps.iter().enumerate().filter(|(_, step)| step.role() != Role::User);
    for (at, step) in of_agent() {
        own.extend(step.span.clone().map(|span| (span, at)));
    }
    for (at, step) in of_agent().chain(conversation.steps.iter().enumerate()) {
        for span in [&step.decision, &step.span].into_iter().flatten() {
            own.entry(span.clone()).or_insert(at);
        }
    }
    own
}

/// One span's row, or the heading above the spans whose parents are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeRow {
    /// Index of the span; `None` for the heading.
    pub span: Option<usize>,
    /// How deep it lies.
    pub depth: usize,
    /// True for the last child of its parent.
    pub last: bool,
    /// Rows beneath it, all levels.
    pub beneath: usize,
    /// The step that ran in it or was decided in it.
    pub own_step: Option<usize>,
    /// That, else the first step beneath it.
    pub step: Option<usize>,
}

/// The span tree of a conversation.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// Depth first.
    pub rows: Vec<TreeRow>,
    /// Closed rows.
    pub closed: HashSet<usize>,
    /// Indexes of the rows not hidden beneath a closed one.
    pub shown: Vec<usize>,
    /// Index into `shown`.
    pub cursor: usize,
    /// Index into `shown` of the first visible row.
    pub top: usize,
    /// Longest duration of a turn, for the bars: of a root, or where one root holds everything, of what is beneath it.
    pub longest_micros: i64,
    /// Spans whose parents are missing, where they stand under a heading.
    pub orphans: usize,
    /// Columns of the widest row's branch and name.
    pub widest: usize,
    row_of_span: HashMap<SpanRef, usize>,
}

impl Tree {
    /// Flattens the spans of a conversation.
    pub fn new(conversation: &Conversation) -> Self {
        let spans = &conversation.spans;
        let index: HashMap<&SpanRef, usize> = spans.iter().enumerate().map(|(at, span)| (&span.id, at)).collect();
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        let (mut roots, mut orphans) = (Vec::new(), Vec::new());
        for (at, span) in spans.iter().enumerate() {
            let parent = span.parent_span_id.as_ref().and_then(|parent| {
                index.get(&SpanRef { trace_id: span.id.trace_id.clone(), span_id: parent.clone() }).copied()
            });
            match parent.filter(|parent| *parent != at) {
                Some(parent) => children.entry(parent).or_default().push(at),
                None if parent.is_none() && span.parent_span_id.is_some() => orphans.push(at),
                None => roots.push(at),
            }
        }
        let own = own_steps(conversation);
        let mut tree = Self::default();
        let mut seen = vec![false; spans.len()];
        // The parent of a conversation's one root is often a web server's span that nobody exported: no news.
        if roots.is_empty() && orphans.len() == 1 {
            roots.append(&mut orphans);
        }
        tree.orphans = orphans.len();
        tree.descend((&roots, 0), &children, &mut seen);
        if !orphans.is_empty() {
            let heading = tree.rows.len();
            tree.rows.push(TreeRow { span: None, depth: 0, last: true, beneath: 0, own_step: None, step: None });
            tree.descend((&orphans, 1), &children, &mut seen);
            tree.rows[heading].beneath = tree.rows.len() - heading - 1;
        }
        // What is left lies on cycles of parents: each starts over as a root.
        for at in 0..spans.len() {
            if !seen[at] {
                tree.descend((&[at], 0), &children, &mut seen);
            }
        }
        for at in (0..tree.rows.len()).rev() {
            let span = tree.rows[at].span.map(|span| &spans[span]);
            tree.rows[at].own_step = span.and_then(|span| own.get(&span.id)).copied();
            let end = at + 1 + tree.rows[at].beneath;
            tree.rows[at].step = tree.rows[at].own_step.or_else(|| {
                let first = at + 1;
                (first < end).then(|| tree.rows[first].step).flatten()
            });
            tree.row_of_span.extend(span.map(|span| (span.id.clone(), at)));
        }
        let longest = |depth: usize| {
            let at_depth = tree.rows.iter().filter(|row| row.depth == depth);
            at_depth.filter_map(|row| spans[row.span?].duration_micros()).max().unwrap_or(0)
        };
        let one_root = tree.rows.iter().filter(|row| row.depth == 0).count() == 1;
        let turns = if one_root { longest(1) } else { 0 };
        tree.longest_micros = if turns > 0 { turns } else { longest(0) };
        let widths = tree.rows.iter().take(MEASURED).map(|row| {
            let branch = if row.depth == 0 { 0 } else { (row.depth - 1).min(6) * 2 + 2 };
            let fold = if row.beneath > 0 { 2 } else { 0 };
            let name = row.span.map_or(ORPHANS.len() + 8, |span| {
                let marks = 2 * (usize::from(spans[span].failed()) + usize::from(!spans[span].oddities.is_empty()));
                marks + plain_name(&spans[span]).chars().take(60).count()
            });
            branch + fold + name
        });
        tree.widest = widths.max().unwrap_or(0);
        tree.refresh();
        tree
    }

    fn descend(&mut self, (roots, top): (&[usize], usize), children: &HashMap<usize, Vec<usize>>, seen: &mut [bool]) {
        let mut stack: Vec<(usize, usize, bool)> =
            roots.iter().enumerate().rev().map(|(place, at)| (*at, top, place + 1 == roots.len())).collect();
        let mut open: Vec<usize> = Vec::new();
        while let Some((at, depth, last)) = stack.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            open.truncate(depth - top);
            for row in &open {
                self.rows[*row].beneath += 1;
            }
            open.push(self.rows.len());
            self.rows.push(TreeRow { span: Some(at), depth, last, beneath: 0, own_step: None, step: None });
            if let Some(list) = children.get(&at) {
                let end = list.len();
                stack.extend(list.iter().enumerate().rev().map(|(place, child)| (*child, depth + 1, place + 1 == end)));
            }
        }
    }

    fn refresh(&mut self) {
        self.shown.clear();
        let mut at = 0;
        while at < self.rows.len() {
            self.shown.push(at);
            at += if self.closed.contains(&at) { self.rows[at].beneath + 1 } else { 1 };
        }
        self.cursor = self.cursor.min(self.shown.len().saturating_sub(1));
    }

    /// The row under the cursor.
    pub fn current(&self) -> Option<&TreeRow> {
        self.rows.get(*self.shown.get(self.cursor)?)
    }

    /// Closes or opens the row under the cursor; of a row without children, its parent.
    pub fn fold(&mut self) {
        let Some(&at) = self.shown.get(self.cursor) else { return };
        let target = if self.rows[at].beneath > 0 {
            at
        } else {
            (0..at).rev().find(|above| self.rows[*above].depth < self.rows[at].depth).unwrap_or(at)
        };
        if !self.closed.remove(&target) && self.rows[target].beneath > 0 {
            self.closed.insert(target);
        }
        self.refresh();
        self.cursor = self.shown.partition_point(|shown| *shown <= target).saturating_sub(1);
    }

    /// Puts the cursor on a span, or on the closed row it is hidden beneath.
    pub fn go_to(&mut self, span: &SpanRef) {
        if let Some(row) = self.row_of_span.get(span) {
            self.cursor = self.shown.partition_point(|shown| shown <= row).saturating_sub(1);
        }
    }

    /// Brings the cursor into a view of `height` rows.
    pub fn settle(&mut self, height: usize) {
        let height = height.max(1);
        self.cursor = self.cursor.min(self.shown.len().saturating_sub(1));
        self.top = self.top.clamp((self.cursor + 1).saturating_sub(height), self.cursor);
        self.top = self.top.min(self.shown.len().saturating_sub(height));
    }

    /// The branch drawn before a row's name: at most the innermost levels, so that deep trees stay readable.
    pub fn branch(&self, at: usize, signs: &SignSet) -> String {
        let row = &self.rows[at];
        let fold = match (row.beneath, self.closed.contains(&at)) {
            (0, _) => "",
            (_, true) => signs.closed,
            (_, false) => signs.open,
        };
        if row.depth == 0 {
            return if fold.is_empty() { String::new() } else { format!("{fold} ") };
        }
        let indent = "  ".repeat((row.depth - 1).min(6));
        let corner = if row.last { signs.last_child } else { signs.child };
        let deep = if row.depth > 7 { format!("{}:", row.depth) } else { String::new() };
        format!("{indent}{corner}{deep}{}{fold}{}", if fold.is_empty() { "" } else { " " }, " ")
    }
}
