//! The names of services.

use std::{borrow::Cow, sync::Arc};

use catalog::answer::ServiceName;
use go_template::{Element, Items, List, Object, Value};

use super::{fields, sorted};

const NAME: &str = "*dependency.CatalogSnippet";

/// All services, by name.
pub(crate) fn services(all: Arc<[ServiceName]>) -> List {
    List::made(Element::Named(NAME), Arc::new(All(all)))
}

struct All(Arc<[ServiceName]>);

impl Items for All {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn item(&self, index: usize) -> Value {
        let all = self.0.clone();
        Value::Object(Arc::new(Place { all, index }))
    }
}

struct Place {
    all: Arc<[ServiceName]>,
    index: usize,
}

impl Object for Place {
    fn type_name(&self) -> Cow<'_, str> {
        NAME.into()
    }

    fn fields(&self) -> Vec<(Cow<'_, str>, Value)> {
        fields(&["Name", "Tags"], |name| self.field(name))
    }

    fn field(&self, name: &str) -> Option<Value> {
        let service = self.all.get(self.index)?;
        match name {
            "Name" => Some((&*service.name).into()),
            "Tags" => Some(sorted(&service.tags)),
            _ => None,
        }
    }
}
