//! Whether a text is JSON in which every name stands once.
//!
//! Invariant: it says where the name stands the second time; which of the two was meant only its writer knows.

use std::collections::HashSet;
use std::fmt::{Formatter, Result as Written};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Looks a text through.
///
/// # Errors
/// It is not JSON, or a name stands twice in one object; with line and column.
pub fn check(text: &str) -> Result<(), String> {
    serde_json::from_str::<Once>(text).map(|Once| ()).map_err(|error| error.to_string())
}

/// A value of which nothing is kept.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Looking)
    }
}

struct Looking;

impl<'de> Visitor<'de> for Looking {
    type Value = Once;

    fn expecting(&self, f: &mut Formatter<'_>) -> Written {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if names.contains(&name) {
                let name: String = name.chars().take(40).collect();
                return Err(A::Error::custom(format_args!("{name:?} stands there twice")));
            }
            names.insert(name);
            map.next_value::<Once>()?;
        }
        Ok(Once)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Once, A::Error> {
        while list.next_element::<Once>()?.is_some() {}
        Ok(Once)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_unit<E: Error>(self) -> Result<Once, E> {
        Ok(Once)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_found_with_its_line() {
        let twice = "{\"flights\": \"ATL\",\n \"flights\": [1]}";
        let said = check(twice).unwrap_err();
        assert!(said.contains("\"flights\" stands there twice") && said.contains("line 2"), "{said}");
        assert!(check("{\"a\": [{\"b\": 1, \"\\u0062\": 2}]}").is_err());
        let fine = "{\"a\": {\"a\": 1.5, \"b\": null}, \"b\": [true, -1, 123456789012345678901234567890]}";
        assert_eq!(check(fine), Ok(()));
        assert!(check("{\"a\": 1").is_err());
    }
}
