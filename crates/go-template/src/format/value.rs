//! Which way of printing suits which value.

use super::Printer;
use crate::value::{Element, List, Map, Object, Value};

const NIL: &[u8] = b"<nil>";

impl Printer {
    /// Prints an argument of a call.
    pub(super) fn argument(&mut self, value: &Value, verb: char) {
        match (value, verb) {
            (Value::Nil, 'T' | 'v') => self.pad(NIL),
            (_, 'T') => self.string(value.type_name().as_bytes()),
            _ => self.value(value, verb, 0),
        }
    }

    /// Prints a value or, where it is in a container, an element.
    fn value(&mut self, value: &Value, verb: char, depth: usize) {
        match value {
            Value::Nil if depth == 0 => self.bad_verb(value, verb),
            Value::Nil if self.spec.syntax => self.out.extend_from_slice(b"interface {}(nil)"),
            Value::Nil => self.out.extend_from_slice(NIL),
            Value::Bool(truth) if matches!(verb, 't' | 'v') => {
                self.pad(truth.to_string().as_bytes());
            }
            Value::Bool(_) => self.bad_verb(value, verb),
            Value::Int(int) => self.integer_verb(value, int.unsigned_abs(), *int < 0, verb),
            Value::Uint(uint) => self.integer_verb(value, *uint, false, verb),
            Value::Byte(byte) => self.integer_verb(value, u64::from(*byte), false, verb),
            Value::Float(float) => self.float_verb(value, *float, verb),
            Value::Complex(real, imaginary) => self.complex_verb(value, *real, *imaginary, verb),
            Value::String(text) => self.string_verb(value, text.as_bytes(), verb),
            Value::List(list) => self.list(list, verb, depth),
            Value::Map(map) => self.map(map, verb, depth),
            Value::Object(object) => self.object(value, &**object, verb, depth),
            Value::Function(function) => self.pointer(value, function.address(), verb),
        }
    }

    /// Prints a value of a type the verb is not for.
    pub(super) fn bad_verb(&mut self, value: &Value, verb: char) {
        self.out.extend_from_slice(format!("%!{verb}(").as_bytes());
        self.typed(value);
        self.out.push(b')');
    }

    /// Prints a value after its type.
    pub(super) fn typed(&mut self, value: &Value) {
        if let Value::Nil = value {
            self.out.extend_from_slice(NIL);
            return;
        }
        self.out
            .extend_from_slice(format!("{}=", value.type_name()).as_bytes());
        self.argument(value, 'v');
    }

    fn list(&mut self, list: &List, verb: char, depth: usize) {
        if verb == 'p' {
            self.pointer(&Value::List(list.clone()), list.address(), verb);
            return;
        }
        let (open, close) = self.brackets(&list.type_name(), "[", "]");
        self.out.extend_from_slice(open.as_bytes());
        for (index, item) in list.iter().enumerate() {
            self.separate(index);
            self.element(list.element(), &item, verb, depth);
        }
        self.out.extend_from_slice(close.as_bytes());
    }

    fn map(&mut self, map: &Map, verb: char, depth: usize) {
        if verb == 'p' {
            self.pointer(
                &Value::Map(map.clone()),
                std::ptr::from_ref(map).addr(),
                verb,
            );
            return;
        }
        let (open, close) = self.brackets(&format!("map[string]{}", map.element()), "map[", "]");
        self.out.extend_from_slice(open.as_bytes());
        for (index, (key, value)) in map.entries().enumerate() {
            self.separate(index);
            self.value(&Value::String(key.clone()), verb, depth + 1);
            self.out.push(b':');
            self.element(map.element(), value, verb, depth);
        }
        self.out.extend_from_slice(close.as_bytes());
    }

    fn object(&mut self, value: &Value, object: &dyn Object, verb: char, depth: usize) {
        if object.is_nil() {
            match verb {
                'v' => self.pad(NIL),
                _ => self.bad_nil(value, verb),
            }
            return;
        }
        let name = object.type_name();
        let (mark, name) = name
            .strip_prefix('*')
            .map_or(("", &*name), |name| ("&", name));
        let (open, close) = self.brackets(name, "{", "}");
        let mark = if depth == 0 { mark } else { "" };
        self.out
            .extend_from_slice(format!("{mark}{open}").as_bytes());
        for (index, (field, value)) in object.fields().iter().enumerate() {
            self.separate(index);
            if self.spec.names || self.spec.syntax {
                self.out.extend_from_slice(format!("{field}:").as_bytes());
            }
            self.value(value, verb, depth + 1);
        }
        self.out.extend_from_slice(close.as_bytes());
    }

    fn bad_nil(&mut self, value: &Value, verb: char) {
        self.out
            .extend_from_slice(format!("%!{verb}({}=<nil>)", value.type_name()).as_bytes());
    }

    fn element(&mut self, element: &Element, value: &Value, verb: char, depth: usize) {
        let typed_nil = *element != Element::Any && matches!(value, Value::Nil);
        if typed_nil {
            self.out.extend_from_slice(NIL);
        } else {
            self.value(value, verb, depth + 1);
        }
    }

    /// Gives the brackets of a container, which Go syntax writes as a literal.
    fn brackets(&self, type_name: &str, open: &str, close: &'static str) -> (String, &'static str) {
        if self.spec.syntax {
            (format!("{type_name}{{"), "}")
        } else {
            (open.to_owned(), close)
        }
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out
                .extend_from_slice(if self.spec.syntax { b", " } else { b" " });
        }
    }

    /// Prints where a value lives, which says nothing but that it is the same.
    fn pointer(&mut self, value: &Value, address: usize, verb: char) {
        match verb {
            'v' | 'p' => self.pad_with_spaces(format!("0x{address:x}").as_bytes()),
            'b' | 'o' | 'd' | 'x' | 'X' => self.integer_verb(value, address as u64, false, verb),
            _ => {
                let shown = format!("%!{verb}({}=0x{address:x})", value.type_name());
                self.out.extend_from_slice(shown.as_bytes());
            }
        }
    }
}
