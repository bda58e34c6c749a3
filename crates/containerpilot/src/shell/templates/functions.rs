//! What a template can ask of the catalog and the environment, in consul-template's words.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, mpsc::Sender},
};

use catalog::{Instance, query::ServiceQuery};
use go_template::{Element, Functions, Kind, List, Map, Object, Signature, Value};

use super::super::follows::{Follows, Need};

/// What is known at the moment of rendering.
pub(crate) struct Facts {
    services: BTreeMap<ServiceQuery, Arc<[Instance]>>,
    keys: BTreeMap<String, Option<String>>,
    environment: Vec<(String, String)>,
}

impl Facts {
    pub(crate) fn new(follows: &Follows, environment: Vec<(String, String)>) -> Self {
        Self {
            services: follows.known_services(),
            keys: follows.known_keys(),
            environment,
        }
    }
}

/// Everything a template can call. Whatever it asks for is told over `asked`, known or not.
pub(super) fn all(facts: &Arc<Facts>, asked: &Sender<Need>) -> Functions {
    let mut functions = pilot_config::template_functions(&facts.environment);
    let anything = || Signature::new([]).variadic(Kind::String);
    let (known, ask) = (facts.clone(), asked.clone());
    functions.add("service", anything(), move |words| {
        service(&known, &ask, words)
    });
    let (known, ask) = (facts.clone(), asked.clone());
    functions.add("key", Signature::new([Kind::String]), move |words| {
        let value = key(&known, &ask, &text(words, 0));
        Ok(value.unwrap_or_default().into())
    });
    let (known, ask) = (facts.clone(), asked.clone());
    functions.add("keyExists", Signature::new([Kind::String]), move |words| {
        Ok(key(&known, &ask, &text(words, 0)).is_some().into())
    });
    for name in ["keyOrDefault", "key_or_default"] {
        let (known, ask) = (facts.clone(), asked.clone());
        let two = Signature::new([Kind::String, Kind::String]);
        functions.add(name, two, move |words| {
            let value = key(&known, &ask, &text(words, 0)).filter(|value| !value.is_empty());
            Ok(value.unwrap_or_else(|| text(words, 1)).into())
        });
    }
    functions
}

fn text(words: &[Value], n: usize) -> String {
    let word = words.get(n).and_then(Value::as_str);
    word.map(Cow::into_owned).unwrap_or_default()
}

fn key(facts: &Facts, asked: &Sender<Need>, key: &str) -> Option<String> {
    // The receiver outlives the rendering.
    let _ = asked.send(Need::Key(key.to_owned()));
    facts.keys.get(key).cloned().flatten()
}

/// `service "[tag.]name[@dc]"`, the passing instances.
fn service(facts: &Facts, asked: &Sender<Need>, words: &[Value]) -> Result<Value, String> {
    let asked_for = text(words, 0);
    let query = query(&asked_for)?;
    let status = text(words, 1);
    if words.len() > 1 && !["", "passing"].contains(&status.as_str()) {
        return Err(format!(
            "service: cannot give instances that are `{status}`: only passing ones are followed"
        ));
    }
    let _ = asked.send(Need::Service(query.clone()));
    let known = facts.services.get(&query);
    let items = known.into_iter().flat_map(|instances| instances.iter());
    let items = items.map(|instance| Value::Object(Arc::new(Row(instance.clone()))));
    Ok(List::new(Element::Any, items).into())
}

fn query(text: &str) -> Result<ServiceQuery, String> {
    let (rest, dc) = match text.split_once('@') {
        Some((rest, dc)) => (rest, Some(dc)),
        None => (text, None),
    };
    let (tag, service) = match rest.split_once('.') {
        Some((tag, service)) => (Some(tag), service),
        None => (None, rest),
    };
    if service.is_empty() {
        return Err(format!("service: `{text}` names no service"));
    }
    Ok(ServiceQuery {
        tag: tag.map(str::to_owned),
        dc: dc.map(str::to_owned),
        ..ServiceQuery::passing(service)
    })
}

/// One instance, with the fields that consul-template gives it.
struct Row(Instance);

impl Object for Row {
    fn type_name(&self) -> Cow<'_, str> {
        "*dependency.HealthService".into()
    }

    fn fields(&self) -> Vec<(Cow<'_, str>, Value)> {
        let Self(instance) = self;
        let text = |text: &str| Value::from(text);
        let meta = instance.meta.iter();
        let meta = meta.map(|(key, value)| (&**key, &**value));
        vec![
            ("Node".into(), text(&instance.node.name)),
            ("Address".into(), text(instance.address())),
            ("ID".into(), text(&instance.id)),
            ("Name".into(), text(&instance.service)),
            ("Port".into(), i64::from(instance.port).into()),
            (
                "Tags".into(),
                List::strings(instance.tags.iter().map(|tag| &**tag)).into(),
            ),
            ("ServiceMeta".into(), Map::strings(meta).into()),
            ("Status".into(), instance.status.word().into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_asked_for_by_tag_name_and_datacenter() {
        let asked = query("blue.web@east").unwrap();
        assert_eq!(asked.name, "web");
        assert_eq!(asked.tag.as_deref(), Some("blue"));
        assert_eq!(asked.dc.as_deref(), Some("east"));
        assert_eq!(query("web").unwrap().tag, None);
        assert!(query("").is_err());
        assert!(query("blue.").is_err());
    }
}
