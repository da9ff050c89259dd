//! What has to hold of a reader whatever it is given: it ends, it does not panic, and it makes no more than a multiple of
//! its input. Shared by the fuzz targets and by the test that replays their corpus.
//!
//! Invariant: the bounds are of the reader, so that a finding is one wherever it was found.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use aftercall::ingest::{self, Format, Input, Item, Pieces, ReadOptions, Record};
use serde_json::Map;

/// Items that any input may give rise to: headings, refusals, a problem for the file as a whole.
const FREE_ITEMS: usize = 64;

/// Bytes that any input may grow to.
const FREE_BYTES: usize = 256 << 10;

/// Bytes of what was read, as JSON, for each byte of input. A span repeats the names of its fields, so that the smallest
/// of them grow most.
const GROWTH: usize = 400;

/// Spans of one input that are also put together to conversations.
const ASSEMBLED: usize = 200;

/// Reads `data` as `format`, puts together what it holds, and answers how many records and rows that were.
pub fn check(data: &[u8], format: Format) -> u64 {
    let (mut items, mut bytes) = (0, 0);
    let mut traces: BTreeMap<String, Pieces> = BTreeMap::new();
    let mut spans = 0;
    let options = ReadOptions { format, ..ReadOptions::default() };
    let input = Input { name: "input".into(), stem: "input".into(), reader: Box::new(data) };
    let summary = ingest::read(input, &options, &mut |item| {
        items += 1;
        match item {
            Item::Record(Record::Conversation(conversation)) => bytes += length(&*conversation),
            Item::Record(Record::Span(record)) => {
                bytes += length(&record.span);
                spans += 1;
                if spans <= ASSEMBLED {
                    let pieces = || Pieces {
                        source: record.source.to_string(),
                        external_id: record.span.id.trace_id.clone(),
                        spans: Vec::new(),
                        resource: Map::clone(&record.resource),
                    };
                    let trace = traces.entry(record.span.id.trace_id.clone()).or_insert_with(pieces);
                    if trace.spans.iter().all(|span| span.id != record.span.id) {
                        trace.spans.push(record.span);
                    }
                }
            }
            Item::Record(Record::Log(log)) => bytes += length(&log.event),
            Item::Problem(problem) => bytes += problem.message.len(),
            Item::Row(_) | Item::Label(_) => {}
        }
        ControlFlow::Continue(())
    });
    for (_, pieces) in traces {
        bytes += length(&ingest::assemble(pieces, &options.tools));
    }
    let (most_items, most_bytes) = (data.len() * 2 + FREE_ITEMS, data.len() * GROWTH + FREE_BYTES);
    assert!(items <= most_items, "{items} items of {} bytes", data.len());
    assert!(bytes <= most_bytes, "{bytes} bytes of {} bytes", data.len());
    assert!(summary.skipped <= summary.read, "{} skipped of {}", summary.skipped, summary.read);
    summary.read - summary.skipped
}

fn length<T: serde::Serialize>(value: &T) -> usize {
    serde_json::to_vec(value).map_or(0, |bytes| bytes.len())
}
