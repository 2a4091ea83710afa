//! Reads single values of a request, and reports values of another form.

use serde_json::Value;

use crate::serve::error::Misfit;

/// The length of the longest name of an episode, in characters.
pub(crate) const LONGEST_ID: usize = 255;

/// Checks that a text can name an episode.
pub(crate) fn check_id(place: &str, id: &str) -> Result<(), Misfit> {
    if id.is_empty() || id.chars().count() > LONGEST_ID {
        let problem = format!("expected 1 to {LONGEST_ID} characters, found {}", id.chars().count());
        return Err(Misfit { place: place.to_owned(), problem });
    }
    Ok(())
}

/// Reads a text. Null counts as missing.
pub(crate) fn text(name: &str, value: Option<Value>) -> Result<Option<String>, Misfit> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(Misfit::new(name, "a string", &other)),
    }
}

/// Reads a whole number, also one that JSON writes as 3.0. Null counts as missing.
pub(crate) fn integer(name: &str, value: Option<Value>) -> Result<Option<i128>, Misfit> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let number = match &value {
        Value::Number(number) => number.as_i128().or_else(|| {
            let whole = number.as_f64().filter(|n| n.fract() == 0.0)?;
            // A number beyond all ranges stays beyond them.
            let far = if whole < 0.0 { i128::MIN } else { i128::MAX };
            Some(format!("{whole:.0}").parse().unwrap_or(far))
        }),
        _ => None,
    };
    number.map(Some).ok_or_else(|| Misfit::new(name, "an integer", &value))
}
