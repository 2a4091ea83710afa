//! Calls: the form `function(name, …, kind, share)` in which families write expressions, facts and signs.

use crate::data::kinds::Kind;

/// An expression as it is written: `function(name, …, kind, share)`.
pub(crate) struct Call<'a> {
    /// The name of the function.
    pub(crate) function: &'a str,
    /// The names that it is given; at least one.
    pub(crate) names: Vec<String>,
    /// The kind that the result is limited to.
    pub(crate) kind: Option<Kind>,
    /// The share that the result is limited to, in thousandths.
    pub(crate) share: Option<u32>,
}

impl<'a> Call<'a> {
    /// Reads a call.
    ///
    /// # Errors
    /// The text says that it is none.
    pub(crate) fn parse(text: &'a str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no function(name, …)");
        let (function, rest) = text.split_once('(').ok_or_else(wrong)?;
        let arguments = rest.strip_suffix(')').ok_or_else(wrong)?;
        let mut call = Self { function: function.trim(), names: Vec::new(), kind: None, share: None };
        for argument in arguments.split(',').map(str::trim) {
            if let Ok(share) = argument.parse::<u32>() {
                call.share = Some(share);
            } else if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.as_str() == argument)
                && !call.names.is_empty()
            {
                call.kind = Some(kind);
            } else {
                call.names.push(argument.to_owned());
            }
        }
        if call.names.first().is_none_or(String::is_empty) { Err(wrong()) } else { Ok(call) }
    }
}
