//! Describes the schemas of simple values, and how the schema of a type is made.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::serve::wire::field::LONGEST_ID;

/// Makes the schema of a type, or a reference to it.
pub(crate) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// Makes the schema of a type, or a reference to it, in a document of many schemas.
pub(crate) fn shape<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Makes the schema of a type alone, without references.
pub(crate) fn standalone<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>()
}

/// Describes a name in the query or the path.
pub(crate) fn named(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": LONGEST_ID })
}

/// Describes any text.
pub(crate) fn texts(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}

/// Describes a number that counts scenarios. A number that is out of range still has the right form.
pub(crate) fn counted(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer" })
}

/// Describes yes and no in a query.
pub(crate) fn truths(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "boolean" })
}

/// Describes a whole number of any size, or null for none.
pub(crate) fn maybe_counted(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["integer", "null"] })
}

/// Describes a seed.
pub(crate) fn seeds(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 0 })
}

/// A value that is always there and may be null.
#[derive(JsonSchema)]
#[schemars(inline)]
pub(crate) struct Nullable<T>(Option<T>);
