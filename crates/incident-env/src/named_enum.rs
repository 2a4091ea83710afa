//! A macro for enums whose variants have a fixed name on the wire.

/// Declares an enum without data whose variants have names, and everything that goes with the names.
///
/// The enum gets `ALL` and `NAMES` (both in the order of declaration), `COUNT`, `as_str`, `from_name`, `index` (the
/// position in `ALL`), `Display` (which respects width and alignment), `FromStr` (whose error lists the existing
/// names), `Serialize` and `Deserialize`. The words in parentheses say what the names are names of, for errors. The
/// crate that calls the macro must depend on `serde`.
///
/// ```
/// incident_env::named_enum! {
///     /// A colour of a traffic light.
///     pub enum Light ("light", "lights") {
///         /// Cars must stop.
///         Red = "red",
///         /// Cars may go.
///         Green = "green",
///     }
/// }
/// assert_eq!(Light::NAMES, ["red", "green"]);
/// assert_eq!("green".parse(), Ok(Light::Green));
/// assert_eq!("blue".parse::<Light>().unwrap_err().to_string(), "unknown light 'blue'; lights: red, green");
/// ```
#[macro_export]
macro_rules! named_enum {
    ($(#[$meta:meta])* $vis:vis enum $name:ident ($one:literal, $many:literal) { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// Every variant, in the order of declaration.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$variant,)+];
            /// The name of every variant, in the order of [`Self::ALL`].
            pub const NAMES: [&'static str; Self::COUNT] = [$($text,)+];
            /// The number of variants.
            pub const COUNT: usize = [$($text,)+].len();

            /// Returns the name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Finds the variant of this exact name, if there is one.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// Returns the position in [`Self::ALL`].
            #[must_use]
            pub const fn index(self) -> usize {
                self as usize
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::UnknownName;

            fn from_str(name: &str) -> Result<Self, $crate::UnknownName> {
                Self::from_name(name.trim()).ok_or_else(|| $crate::UnknownName::new([$one, $many], name, &Self::NAMES))
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = <::std::borrow::Cow<'_, str> as ::serde::Deserialize>::deserialize(deserializer)?;
                Self::from_name(&name).ok_or_else(|| ::serde::de::Error::unknown_variant(&name, &Self::NAMES))
            }
        }
    };
}

/// The error of parsing a name that no variant of an enum has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {one} '{name}'; {many}: {}", known.join(", "))]
pub struct UnknownName {
    one: &'static str,
    many: &'static str,
    name: String,
    known: &'static [&'static str],
}

impl UnknownName {
    /// Makes an error about `name`, where only the names in `known` exist. `words` says what they are names of, in the
    /// singular and in the plural.
    #[must_use]
    pub fn new(words: [&'static str; 2], name: &str, known: &'static [&'static str]) -> Self {
        const MOST: usize = 80;
        let [one, many] = words;
        let cut = if name.chars().nth(MOST).is_some() { "…" } else { "" };
        let name = format!("{}{cut}", name.chars().take(MOST).collect::<String>());
        Self { one, many, name, known }
    }
}
