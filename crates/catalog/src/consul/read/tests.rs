//! Bodies as Consul 1.8.7 sends them, shortened.

use super::*;
use crate::{
    answer::{Health, Instance},
    query::ServiceQuery,
};
use pilot_core::spec::Status;

fn heard(
    query: &Query,
    status: u16,
    body: &str,
    shelf: &mut Shelf,
) -> Result<Answer, CatalogError> {
    let call = Call::get("/v1/any".to_owned());
    let body = Bytes::copy_from_slice(body.as_bytes());
    let reply = Reply::new(status, &hyper::HeaderMap::new(), body);
    read(query, &call, &reply, shelf)
}

fn instances(body: &str, shelf: &mut Shelf) -> Arc<[Instance]> {
    let query = Query::Service(ServiceQuery::passing("web"));
    match heard(&query, 200, body, shelf) {
        Ok(Answer::Instances(instances)) => instances,
        other => panic!("{other:?}"),
    }
}

fn entry(id: &str, output: &str, more: &str) -> String {
    format!(
        r#"{{"Node":{{"ID":"n-1","Node":"one","Address":"10.0.0.1","Datacenter":"dc1",
            "TaggedAddresses":{{"lan":"10.0.0.1"}},"Meta":null}},
          "Service":{{"ID":"{id}","Service":"web","Address":"","Port":80,"Tags":["a\"b"],
            "Meta":{{"k":"v"}},"Weights":{{"Passing":1,"Warning":2}}}},
          "Checks":[{{"Node":"one","CheckID":"serfHealth","Name":"Serf Health Status",
            "Status":"passing","Notes":"","Output":"{output}","ServiceID":"","ServiceName":""}}{more}]}}"#
    )
}

#[test]
fn instances_share_what_they_have_in_common() {
    let mut shelf = Shelf::default();
    let body = format!("[{},{}]", entry("b", "alive", ""), entry("a", "alive", ""));
    let first = instances(&body, &mut shelf);
    let second = instances(&body, &mut shelf);
    assert_eq!(first, second);
    let [a, b] = &first[..] else {
        panic!("{first:?}");
    };
    assert_eq!(
        (&*a.id, a.address(), &*a.tags[0]),
        ("a", "10.0.0.1", "a\"b")
    );
    for other in [b, &second[0]] {
        assert!(Arc::ptr_eq(&a.node, &other.node));
        assert!(Arc::ptr_eq(&a.service, &other.service));
        assert!(Arc::ptr_eq(&a.tags, &other.tags));
        assert!(Arc::ptr_eq(&a.meta, &other.meta));
        assert!(Arc::ptr_eq(&a.checks[0], &other.checks[0]));
    }
    // What has changed is not shared with what it was.
    let later = instances(&format!("[{}]", entry("a", "still alive", "")), &mut shelf);
    assert_eq!(&*later[0].checks[0].output, "still alive");
    assert_ne!(later[0], first[0]);
}

#[test]
fn the_worst_check_says_how_an_instance_is() {
    let check = |id: &str, status: &str| {
        format!(
            r#",{{"Node":"one","CheckID":"{id}","Status":"{status}","ServiceID":"a","ServiceName":"web"}}"#
        )
    };
    for (more, health) in [
        (String::new(), Health::Checked(Status::Passing)),
        (check("c", "warning"), Health::Checked(Status::Warning)),
        (check("c", "unheard of"), Health::Checked(Status::Critical)),
        (
            check("c", "critical") + &check("_service_maintenance:a", "critical"),
            Health::Maintenance,
        ),
        (check("_node_maintenance", "critical"), Health::Maintenance),
    ] {
        let body = format!("[{}]", entry("a", "", &more));
        assert_eq!(instances(&body, &mut Shelf::default())[0].status, health);
    }
}

#[test]
fn a_shelf_forgets_what_nobody_holds() {
    let mut shelf = Shelf::default();
    for number in 0..10_000 {
        let body = entry(&format!("web-{number}"), &format!("beat {number}"), "");
        let body = body.replace("\"one\"", &format!("\"node-{number}\""));
        instances(&format!("[{body}]"), &mut shelf);
    }
    let (texts, nodes) = shelf.sizes();
    assert!(texts < 1000 && nodes < 1000, "{texts} texts, {nodes} nodes");
}

#[test]
fn keys_come_out_of_base64() {
    let query = Query::Pairs {
        prefix: "a/".to_owned(),
        dc: None,
    };
    let shelf = &mut Shelf::default();
    let body = r#"[{"LockIndex":1,"Key":"a/z","Flags":42,"Value":"aGk=","Session":"s","CreateIndex":7,"ModifyIndex":9},
                   {"LockIndex":0,"Key":"a/b","Flags":0,"Value":null,"CreateIndex":7,"ModifyIndex":9}]"#;
    let Ok(Answer::Pairs(pairs)) = heard(&query, 200, body, shelf) else {
        panic!("not read");
    };
    assert_eq!((&*pairs[0].path, pairs[0].value.len()), ("a/b", 0));
    assert_eq!((&*pairs[1].path, &*pairs[1].value), ("a/z", &b"hi"[..]));
    assert_eq!((pairs[1].flags, &*pairs[1].session), (42, "s"));
    assert_eq!(
        heard(&query, 404, "", shelf),
        Ok(Answer::Pairs(Arc::default()))
    );
    let error = heard(&query, 200, r#"[{"Key":"a/b","Value":"?"}]"#, shelf).unwrap_err();
    assert!(error.to_string().contains("a/b is not base64"), "{error}");
}

#[test]
fn what_is_not_there_is_an_answer_only_where_it_can_be() {
    let shelf = &mut Shelf::default();
    let node = Query::Node {
        name: Some("gone".to_owned()),
        dc: None,
    };
    assert_eq!(heard(&node, 200, "null", shelf), Ok(Answer::Node(None)));
    let services = Query::Services { dc: None };
    assert!(heard(&services, 404, "", shelf).is_err());
    assert!(heard(&services, 500, "No path to datacenter", shelf).is_err());
    let Ok(Answer::Services(found)) = heard(&services, 200, r#"{"web":["b","a"],"app":[]}"#, shelf)
    else {
        panic!("not read");
    };
    assert_eq!((&*found[0].name, &*found[1].name), ("app", "web"));
    assert_eq!(&*found[1].tags, [Box::from("a"), Box::from("b")]);
}

#[test]
fn a_bell_of_a_node_tells_whatever_differs_of_a_service() {
    let bell = Bell {
        ring: Ring::OnNode("n1".to_owned()),
        dc: None,
    };
    let chime = |status: u16, body: &str| {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let reply = Reply::new(status, &hyper::HeaderMap::new(), body);
        let call = Call::get("/v1/catalog/node/n1".to_owned());
        read_chime(&bell, &call, &reply, &mut Shelf::default())
    };
    let service = |more: &str| {
        let body = format!(
            r#"{{"Node":{{"Node":"n1"}},"Services":{{"a":{{"ID":"a","Service":"web","Port":1,{more}}}}}}}"#
        );
        chime(200, &body).unwrap().things
    };
    let first = service(r#""Tags":["x","y"],"Proxy":{"Expose":{}}"#);
    assert_eq!(
        first.names().map(|name| &**name).collect::<Vec<_>>(),
        ["web"]
    );
    assert_eq!(first, service(r#""Tags":["x","y"],"Proxy":{"Expose":{}}"#));
    for other in [
        r#""Tags":["xy"],"Proxy":{"Expose":{}}"#,
        r#""Tags":["x","y"],"Proxy":{"Expose":{"Checks":true}}"#,
        r#""Tags":null,"Proxy":{"Expose":{}}"#,
    ] {
        assert_ne!(first, service(other), "{other}");
    }
    for (status, body) in [(200, "null"), (404, ""), (200, r#"{"Services":null}"#)] {
        assert_eq!(chime(status, body).unwrap().things, Things::default());
    }
    assert!(chime(403, "Permission denied").is_err());
}
