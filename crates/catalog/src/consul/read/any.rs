//! Any value, as a number that differs where the value does.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher as _},
};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Adds whatever comes to a number, and keeps none of it.
pub(super) struct Any<'a>(pub(super) &'a mut DefaultHasher);

impl Any<'_> {
    fn add<E>(self, thing: impl Hash) -> Result<(), E> {
        thing.hash(self.0);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Any<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.add(value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.add(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.add(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.add(value.to_bits())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.add(value)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.add(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.write_u8(b'[');
        while list.next_element_seed(Any(self.0))?.is_some() {}
        self.add(b']')
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.0.write_u8(b'{');
        while members.next_key_seed(Any(self.0))?.is_some() {
            members.next_value_seed(Any(self.0))?;
        }
        self.add(b'}')
    }
}
