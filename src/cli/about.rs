//! What the program says of itself: formats, the filter language, completions, the manual page.
//!
//! Invariant: all of it comes from the tables that do the work.

use clap::CommandFactory as _;

use super::args::{Arguments, FormatsArguments};
use super::failure::{Code, Failure};
use super::output::Data;
use crate::dataset::{EXPORTERS, HUGGING_FACE};
use crate::ingest::FORMATS;
use crate::model::filter;

const FILTERS: &str = "\
A filter is a list of conditions; a space between two means that both must hold.

  verdict:fail                 a field is one of these words
  intent:refund,cancellation   any of several
  steps>20   score.helpfulness<0.5   when:2026-11-01..2026-11-07   when:last-week
  -label:none                  not
  tool:process_refund or mode:wrong-tool
  (channel:chat or channel:voice) step.error:true
  \"exact words\"                in any text of the conversation

Fields:
";

/// Carries `formats` out.
pub fn formats(arguments: &FormatsArguments) -> Result<Code, Failure> {
    let mut data = Data::open();
    if !arguments.export {
        data.put("import --format")?;
        data.put(&format!("  {:18}{}", "auto", "any of these; each record is judged by its content"))?;
        for info in FORMATS {
            data.put(&format!("  {:18}{}", info.name, info.title))?;
            data.put(&format!("  {:18}  carries: {}", "", info.carries))?;
            data.put(&format!("  {:18}  known by: {}", "", info.recognised))?;
        }
        data.put(&format!(
            "  {:18}{}",
            "--map FILE", "your own SQLite database, CSV or JSON lines, by a file that says what means what"
        ))?;
        data.put(&format!("  {:18}  carries: conversations, messages, spans, scores, outcomes", ""))?;
        data.put(&format!("  {:18}  known by: `aftercall import DATABASE --map-init` proposes such a file", ""))?;
        data.put("\nexport --format")?;
    }
    for exporter in EXPORTERS {
        data.put(&format!("  {:21}{:27}{}", exporter.name(), exporter.file_name(), exporter.help()))?;
    }
    data.put(&format!("  {:21}{:27}{}", HUGGING_FACE.name, HUGGING_FACE.file_name, HUGGING_FACE.help))?;
    data.finish()?;
    Ok(Code::Done)
}

/// Carries `filters` out.
pub fn filters() -> Result<Code, Failure> {
    let mut data = Data::open();
    data.put(FILTERS.trim_end())?;
    for line in filter::reference().lines() {
        data.put(&format!("  {line}"))?;
    }
    data.finish()?;
    Ok(Code::Done)
}

/// Carries `completions` out.
pub fn completions(shell: clap_complete::Shell) -> Result<Code, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "aftercall", &mut text);
    let mut data = Data::open();
    data.put(String::from_utf8_lossy(&text).trim_end())?;
    data.finish()?;
    Ok(Code::Done)
}

/// Carries `man` out.
pub fn man(name: Option<&str>) -> Result<Code, Failure> {
    let mut whole = Arguments::command();
    whole.build();
    let command = match name {
        None => whole,
        Some(name) => whole
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Failure::usage(format!("there is no command {name:?}; see `aftercall --help`")))?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text).map_err(|error| Failure::output(&error))?;
    let mut data = Data::open();
    data.put(String::from_utf8_lossy(&text).trim_end())?;
    data.finish()?;
    Ok(Code::Done)
}
