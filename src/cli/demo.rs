//! `aftercall demo`: the UI on sample conversations, in a workspace that keeps its labels.
//!
//! Invariant: where the labels are, and how to get them out, is said at the end.

use std::ops::ControlFlow;

use super::args::{DemoArguments, Global};
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::{place, screen};
use crate::ops::demo::{self, DemoError};
use crate::store::Access;
use crate::tui::Start;

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::Import(error) => error.into(),
            DemoError::Review(error) => error.into(),
            DemoError::Workspace(error) => error.into(),
            other => Self::new(other.class().into(), other.to_string()),
        }
    }
}

/// Goes on to the demo, asked for on the screen of an empty workspace.
pub fn from_screen(global: &Global) -> Result<Code, Failure> {
    let global = Global { workspace: None, ..global.clone() };
    demo(&global, &DemoArguments { fresh: false, no_ui: false })
}

/// Carries the command out.
pub fn demo(global: &Global, arguments: &DemoArguments) -> Result<Code, Failure> {
    let context = &Context::demo(global)?;
    if !arguments.no_ui {
        screen::check_terminal()?;
    }
    let root = context.root();
    if arguments.fresh && demo::clear(root)? {
        place::forget(&context.places.state, root);
        context.talk.say("the demo starts over");
    }
    demo::claim(root)?;
    let mut workspace = context.open_to_write(Access::Create)?;
    let report = demo::fill(&mut workspace, now(), &mut |_| ControlFlow::Continue(()))?;
    drop(workspace);
    if report.imported > 0 {
        context.talk.say(&format!("{} sample conversations are ready", report.conversations));
    }
    let code =
        if arguments.no_ui { Code::Done } else { screen::open(context, Start::Queue(String::new()), None)?.code };
    farewell(context);
    Ok(code)
}

/// Says where the labels are and how to export them.
fn farewell(context: &Context) {
    let root = context.root().display().to_string();
    let quoted = shell_quoted(&root);
    context.talk.say(&format!("Your labels are in {root}; the folder journal in it has them as plain text, too."));
    context.talk.say("Export them as datasets with:");
    context.talk.say(&format!(
        "  aftercall --workspace {quoted} export my-dataset --format labels,openai-sft,trl-preference,cases"
    ));
    context.talk.say("`aftercall demo` goes on where you left off, `aftercall demo --fresh` starts over.");
}

/// A word as a shell takes it for itself.
pub(super) fn shell_quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_shell_gets_the_path_back() {
        assert_eq!(super::shell_quoted("/home/a/x-1"), "/home/a/x-1");
        assert_eq!(super::shell_quoted("/home/a b/it's"), "'/home/a b/it'\\''s'");
    }
}
