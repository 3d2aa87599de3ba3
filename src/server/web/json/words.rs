//! Closed lists of words, for the document: a client that sends another one is refused.

use crate::domain::{
    audit::{Event, Source},
    scope::Scope,
};
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// A word of [`Scope`].
pub struct ScopeWord;

/// A word of [`Event`].
pub struct EventWord;

/// A word of [`Source`].
pub struct SourceWord;

impl PartialSchema for ScopeWord {
    fn schema() -> RefOr<Schema> {
        words(Scope::ALL.iter().map(|scope| scope.as_str()))
    }
}

impl ToSchema for ScopeWord {
    fn name() -> Cow<'static, str> {
        "Scope".into()
    }
}

impl PartialSchema for EventWord {
    fn schema() -> RefOr<Schema> {
        words(Event::kinds().into_iter())
    }
}

impl ToSchema for EventWord {
    fn name() -> Cow<'static, str> {
        "EventKind".into()
    }
}

impl PartialSchema for SourceWord {
    fn schema() -> RefOr<Schema> {
        words(Source::ALL.iter().map(|source| source.as_str()))
    }
}

impl ToSchema for SourceWord {
    fn name() -> Cow<'static, str> {
        "Source".into()
    }
}

fn words(words: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    let word = ObjectBuilder::new().schema_type(Type::String);
    word.enum_values(Some(words)).into()
}
