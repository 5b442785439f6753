//! The part of W&B's schema that is served, read from one file, `schema.graphql`: which objects there are, with which
//! fields. It says what clients learn by introspection, and a test holds the door to it.

use std::{collections::BTreeMap, sync::LazyLock};

use graphql_parser::schema::{Definition, Document, TypeDefinition};

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let document = graphql_parser::parse_schema::<String>(include_str!("schema.graphql"));
    Schema::of(&document.expect("a test reads the file"))
});

/// Types by name.
#[derive(Debug, Default)]
pub struct Schema {
    types: BTreeMap<String, Type>,
}

#[derive(Debug)]
struct Type {
    is_input: bool,
    fields: Vec<SchemaField>,
}

/// A field of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaField {
    /// Its name.
    pub name: String,
    /// Names of its arguments.
    pub arguments: Vec<String>,
}

impl Schema {
    /// What is served.
    pub fn served() -> &'static Self {
        &SCHEMA
    }

    fn of(document: &Document<'_, String>) -> Self {
        let mut schema = Self::default();
        for definition in &document.definitions {
            let Definition::TypeDefinition(definition) = definition else { continue };
            let (name, is_input, fields) = match definition {
                TypeDefinition::Object(object) => {
                    let fields = object.fields.iter().map(|field| SchemaField {
                        name: field.name.clone(),
                        arguments: field.arguments.iter().map(|argument| argument.name.clone()).collect(),
                    });
                    (&object.name, false, fields.collect())
                }
                TypeDefinition::InputObject(input) => {
                    let fields = input
                        .fields
                        .iter()
                        .map(|field| SchemaField { name: field.name.clone(), arguments: Vec::new() });
                    (&input.name, true, fields.collect())
                }
                _ => continue,
            };
            schema.types.insert(name.clone(), Type { is_input, fields });
        }
        schema
    }

    /// Whether there is an object type of this name.
    pub fn is_object(&self, name: &str) -> bool {
        self.types.get(name).is_some_and(|found| !found.is_input)
    }

    /// Whether there is an input of this name.
    pub fn is_input(&self, name: &str) -> bool {
        self.types.get(name).is_some_and(|found| found.is_input)
    }

    /// The fields of a type; `None` when there is no such type.
    pub fn fields(&self, name: &str) -> Option<&[SchemaField]> {
        self.types.get(name).map(|found| found.fields.as_slice())
    }

    /// Whether a query or mutation may begin with this field.
    pub fn has_root(&self, field: &str) -> bool {
        ["Query", "Mutation"]
            .iter()
            .any(|root| self.fields(root).unwrap_or_default().iter().any(|known| known.name == field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read() {
        let schema = Schema::served();
        assert!(schema.is_object("Run") && !schema.is_object("UpsertBucketInput"));
        assert!(schema.is_input("UpsertBucketInput"));
        assert!(schema.has_root("upsertBucket") && schema.has_root("project") && !schema.has_root("mlflowGetRun"));
        let project = schema.fields("Project").unwrap();
        let runs = project.iter().find(|field| field.name == "runs").unwrap();
        assert!(runs.arguments.iter().any(|argument| argument == "filters"));
        assert_eq!(schema.fields("ServerSettings"), Some(&[][..]));
    }
}
