//! Untrusted text and the one door it takes to each sink.
//!
//! Invariant: nothing here does I/O; every function is total and never panics on any input.
//!
//! The stored text stays exact; what is unsafe about it is neutralised on the way out, by [`SafeText`] for screens and
//! by the functions of [`door`] for everything else.

pub mod door;
pub mod find;
pub mod highlight;
pub mod needle;
pub mod safe;
mod scalar;
pub mod width;
pub mod wrap;

pub use safe::{SafeText, Untrusted};

/// True for a scalar that takes no space and says nothing, or that reorders text: what a reader does not see when two
/// texts look the same.
pub fn is_invisible(c: char) -> bool {
    let kind = scalar::never_drawn(c);
    matches!(kind, Some(scalar::Unsafe::Bidi | scalar::Unsafe::Hidden))
        || matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}')
}

/// A number with its noun, whose last word takes the plural.
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
