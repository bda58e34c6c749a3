//! What templates say, given what is known.

#[path = "vectors/brain.rs"]
mod brain;

use std::{cell::RefCell, collections::BTreeSet, sync::Arc, thread, time::Duration};

use bytes::Bytes;
use catalog::{
    answer::{Answer, Check, Health, Instance, Node, Weights},
    query::{Query, ServiceQuery},
};
use ctmpl::{
    Brain, Dependency, Known, Language, Pass, PluginFailure, Source, Template, World, WrittenFile,
};
use pilot_core::spec::Status;
use serde_json::json;

/// Lies around the templates of these tests, and notes what they write.
#[derive(Default)]
struct Around {
    written: RefCell<Vec<String>>,
}

impl World for Around {
    fn variable(&self, name: &str) -> Option<String> {
        let known = [("NAME", "x"), ("EMPTY", ""), ("CONSUL_HTTP_ADDR", "c:8500")];
        let found = known.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    }

    fn now(&self) -> Duration {
        Duration::new(1_136_214_245, 250_000_000)
    }

    fn run_plugin(&self, program: &str, arguments: &[String]) -> Result<Vec<u8>, PluginFailure> {
        if program == "echo" {
            return Ok(format!(" {}\n", arguments.join("|")).into_bytes());
        }
        Err(PluginFailure {
            reason: "exit status 1".to_owned(),
            stdout: b"out".to_vec(),
            stderr: b"err".to_vec(),
        })
    }

    fn write_file(&self, file: &WrittenFile<'_>) -> Result<(), String> {
        let WrittenFile {
            path,
            user,
            group,
            mode,
            append,
            content,
        } = file;
        let content = String::from_utf8_lossy(content);
        let line = format!("{path} {user} {group} {mode:o} {append} {content:?}");
        self.written.borrow_mut().push(line);
        Ok(())
    }
}

fn execute(text: &str, brain: &Brain) -> Pass {
    let template = Template::parse("", text, &Language::default()).expect("a template");
    template.execute(brain, &Around::default())
}

fn shown(pass: &Pass) -> String {
    match &pass.text {
        Ok(text) => String::from_utf8(text.clone()).expect("UTF-8"),
        Err(error) => error.clone(),
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(shown(&execute(text, &Brain::new())), expected, "{text}");
}

/// Checks the part of an error that says why.
#[track_caller]
fn check_error(text: &str, expected: &str) {
    let pass = execute(text, &Brain::new());
    let error = pass.text.expect_err("an error");
    assert!(error.starts_with("execute: template: :"), "{error}");
    assert!(error.ends_with(&format!(": {expected}")), "{error}");
}

fn words(dependencies: &BTreeSet<Dependency>) -> Vec<String> {
    dependencies.iter().map(ToString::to_string).collect()
}

fn instance(name: &str, status: Health) -> Instance {
    let node = Node {
        id: "id1".into(),
        name: "node1".into(),
        address: "10.0.0.1".into(),
        datacenter: "dc1".into(),
        ..Node::default()
    };
    let check = Check {
        id: "c1".into(),
        name: "alive".into(),
        node: "node1".into(),
        notes: "".into(),
        output: "fine".into(),
        status: "passing".into(),
        service_id: name.into(),
        service: "web".into(),
    };
    Instance {
        id: name.into(),
        service: "web".into(),
        node: Arc::new(node),
        own_address: "".into(),
        port: 80,
        tags: Arc::new(["b".into(), "a".into()]),
        meta: Arc::new([("zone".into(), "eu-1".into())].into()),
        weights: Some(Weights {
            passing: 3,
            warning: 1,
        }),
        status,
        checks: Box::new([Arc::new(check)]),
    }
}

/// Knows instances of every health under the query for all of them.
fn with_every_health() -> Brain {
    let instances = [
        instance("p", Health::Checked(Status::Passing)),
        instance("w", Health::Checked(Status::Warning)),
        instance("c", Health::Checked(Status::Critical)),
        instance("m", Health::Maintenance),
    ];
    let query = ServiceQuery {
        any_status: true,
        ..ServiceQuery::passing("web")
    };
    let mut brain = Brain::new();
    let answer = Known::Answer(Answer::Instances(instances.into()));
    brain.remember(Source::Catalog(Query::Service(query)), answer);
    brain
}

#[test]
fn services_are_filtered_by_their_worst_check() {
    let brain = with_every_health();
    for (filters, expected) in [
        ("any", "pwcm"),
        ("passing,warning", "pw"),
        ("critical", "c"),
        ("maintenance,critical", "cm"),
    ] {
        for asked in [
            format!("\"web|{filters}\""),
            format!("\"web\" \"{filters}\""),
        ] {
            let pass = execute(
                &format!("{{{{range service {asked}}}}}{{{{.ID}}}}{{{{end}}}}"),
                &brain,
            );
            assert_eq!(shown(&pass), expected);
            assert!(pass.missing.is_empty());
        }
    }
    let pass = execute("{{service `web`}}", &brain);
    assert_eq!(words(&pass.missing), ["health.service(web|passing)"]);
}

#[test]
fn an_instance_has_the_fields_of_consul_template() {
    let text = "{{with index (service `web|any`) 0}}{{.Node}} {{.NodeID}} {{.NodeAddress}} {{.Address}} \
        {{.Port}} {{.Name}} {{.Tags}} {{.ServiceMeta.zone}} {{.Status}} {{.Weights.Passing}} \
        {{range .Checks}}{{.CheckID}}={{.Status}} {{.Output}}{{end}}{{end}}";
    assert_eq!(
        shown(&execute(text, &with_every_health())),
        "node1 id1 10.0.0.1 10.0.0.1 80 web [a b] eu-1 passing 3 c1=passing fine"
    );
    let text = "{{range $k, $v := service `web|any` | byMeta `zone,n|int,x`}}{{$k}}{{len $v}}{{end}} \
        {{range $k, $v := service `web|any` | byPort}}{{$k}}{{end}} \
        {{range $k, $v := service `web|any` | byTag}}{{$k}}{{end}}";
    assert_eq!(
        shown(&execute(text, &with_every_health())),
        "eu-1_00000__no_x_4 80 ab"
    );
}

#[test]
fn tags_are_a_list_of_their_own_type() {
    let brain = with_every_health();
    let error = shown(&execute(
        "{{range service `web|any`}}{{.Tags.Contains `a`}}{{end}}",
        &brain,
    ));
    assert!(
        error.ends_with("can't evaluate field Contains in type dependency.ServiceTags"),
        "{error}"
    );
    let text = "{{with index (service `web|any`) 0}}{{.Tags | join `,`}} {{if in .Tags `b`}}{{index .Tags 1}}{{end}}{{end}}";
    assert_eq!(shown(&execute(text, &brain)), "a,b b");
}

#[test]
fn a_pass_that_fails_for_want_of_data_says_what_is_missing() {
    let pass = execute("{{(index (service `web`) 0).Address}}", &Brain::new());
    assert!(pass.text.is_err());
    assert_eq!(words(&pass.missing), ["health.service(web|passing)"]);
    let passing = Known::Answer(Answer::Instances(Arc::new([])));
    let mut brain = Brain::new();
    let source = pass.missing.first().expect("one").source();
    assert!(brain.remember(source, passing));
    let pass = execute("{{(index (service `web`) 0).Address}}", &brain);
    assert!(pass.text.is_err() && pass.missing.is_empty());
}

#[test]
fn a_key_blocks_until_it_is_there_and_keeps_its_last_value() {
    let mut brain = Brain::new();
    let query = Query::Key {
        path: "a/b".to_owned(),
        dc: None,
    };
    let text = "{{key `/a/b`}} {{keyExists `a/b`}} {{keyOrDefault `a/b` `d`}} {{key_or_default `a/b` `d`}} \
        {{with keyExistsGet `a/b`}}{{.Exists}}{{.Value}}{{end}}";
    let mut set = |value: Option<&'static str>| {
        let answer = Known::Answer(Answer::Value(value.map(Bytes::from)));
        brain.remember(Source::Catalog(query.clone()), answer);
        let pass = execute(text, &brain);
        (shown(&pass), words(&pass.missing))
    };
    let blocked = vec!["kv.block(a/b)".to_owned()];
    assert_eq!(set(None), (" false d d false".to_owned(), blocked));
    assert_eq!(set(Some("1")), ("1 true 1 1 true1".to_owned(), vec![]));
    assert_eq!(set(Some("")), (" true d d true".to_owned(), vec![]));
    assert_eq!(set(Some("2")), ("2 true 2 2 true2".to_owned(), vec![]));
    assert_eq!(set(None), ("2 false d d false".to_owned(), vec![]));
}

#[test]
fn pairs_lie_under_a_prefix() {
    let brain = brain::read(&json!({"kv.list": {
        "app": [{"Path": "app/a", "Value": "1"}, {"Path": "app/b/c", "Value": "2"}, {"Path": "app/d/"}],
        "": [{"Path": "top", "Value": "3"}],
        "none": [],
    }}));
    let shown = |text| shown(&execute(text, &brain));
    assert_eq!(
        shown("{{range ls `app`}}{{.Key}}{{end}} {{range tree `app`}}{{.Key}} {{end}}"),
        "a a b/c "
    );
    assert_eq!(shown("{{range ls `/`}}{{.Key}}{{end}}"), "top");
    assert_eq!(
        shown("{{range tree `app`}}{{.}}{{end}} {{tree `app` | explode}}"),
        "&{app/a a 1 0 0 0 0 }&{app/b/c b/c 2 0 0 0 0 } map[a:1 b:map[c:2]]"
    );
    let pass = execute("{{safeLs `none`}}{{safeTree `app`}}{{ls `none`}}", &brain);
    assert_eq!(words(&pass.missing), ["kv.list(none)"]);
}

#[test]
fn bytes_of_a_key_stay_as_they_are() {
    let mut brain = Brain::new();
    let key = Query::Key {
        path: "raw".to_owned(),
        dc: None,
    };
    let value = Answer::Value(Some(Bytes::from_static(b"\xff\x00")));
    brain.remember(Source::Catalog(key), Known::Answer(value));
    assert_eq!(
        execute("{{key `raw`}}", &brain).text,
        Ok(b"\xff\x00".to_vec())
    );
    let pass = execute(
        "{{key `raw` | base64Encode}}{{base64Decode `/w==` | sha256Hex}}",
        &brain,
    );
    assert!(shown(&pass).starts_with("/wA=a8100ae6"), "{}", shown(&pass));
}

#[test]
fn files_stay_in_their_sandbox() {
    let language = Language {
        sandbox: Some("/etc/app".to_owned()),
        ..Language::default()
    };
    let template = |text: &str| Template::parse("", text, &language).expect("a template");
    for path in [
        "/etc/passwd",
        "/etc/app/../passwd",
        "/etc/application",
        "app/x",
    ] {
        let pass =
            template(&format!("{{{{file `{path}`}}}}")).execute(&Brain::new(), &Around::default());
        let error = pass.text.expect_err("an error");
        assert!(error.ends_with(&format!(
            "error calling file: '{path}' is outside of sandbox"
        )));
        assert!(pass.used.is_empty());
    }
    let pass = template("{{file `/etc/app/./x`}}").execute(&Brain::new(), &Around::default());
    assert_eq!(words(&pass.missing), ["file(/etc/app/./x)"]);
}

#[test]
fn denied_functions_say_so() {
    let language = Language {
        denied: vec!["plug?n".to_owned(), "env*".to_owned()],
        ..Language::default()
    };
    let template = Template::parse("", "{{envOrDefault `a` `b`}}", &language).expect("a template");
    let pass = template.execute(&Brain::new(), &Around::default());
    let error = pass.text.expect_err("an error");
    assert!(
        error.ends_with("error calling envOrDefault: function is disabled"),
        "{error}"
    );
}

#[test]
fn what_is_not_supported_is_said_when_it_is_called() {
    check("{{if false}}{{secret `a`}}{{end}}ok", "ok");
    check_error(
        "{{secret `a` `k=v`}}",
        "error calling secret: secret: Vault is not supported; hint: have another tool write the \
         secret to a file, and read it with `file`",
    );
    let error = Template::parse("", "{{sprig_upper `a`}}", &Language::default()).unwrap_err();
    assert_eq!(
        error,
        "parse: template: :1: function \"sprig_upper\" not defined\nhint: the functions of sprig are not supported"
    );
}

#[test]
fn the_world_is_asked() {
    check(
        "{{env `NAME`}}{{env `NO`}}|{{envOrDefault `EMPTY` `d`}}|{{envOrDefault `NO` `d`}}",
        "x||d",
    );
    check(
        "{{timestamp}} {{timestamp `unix`}} {{timestamp `Jan 2 15:04:05.00`}}",
        "2006-01-02T15:04:05Z 1136214245 Jan 2 15:04:05.25",
    );
    check("{{plugin `echo` ` a ` `` 1}}", "a|1");
    check_error(
        "{{plugin `no`}}",
        "exec \"no\": exit status 1\n\nstdout:\n\nout\n\nstderr:\n\nerr",
    );
    let around = Around::default();
    let text = "{{`c` | writeToFile `/a` `u` `g` `0640`}}{{writeToFile `/b` `` `` `600` `append,newline` `c`}}";
    let template = Template::parse("", text, &Language::default()).expect("a template");
    assert_eq!(
        template.execute(&Brain::new(), &around).text,
        Ok(Vec::new())
    );
    assert_eq!(
        around.written.into_inner(),
        ["/a u g 640 false \"c\"", "/b   600 true \"c\\n\""]
    );
}

#[test]
fn texts_are_cut_and_joined() {
    check(
        "{{`` | default `d`}} {{`v` | default `d`}} {{default 1.5 ``}}",
        "d v 1.5",
    );
    check(
        "{{`a-b` | split `-` | join `+`}} {{split `` `ab`}} {{`k=v;x` | splitToMap `;` `=`}}",
        "a+b [a b] map[k:v]",
    );
    check("{{indent 2 \"a\\n\\nb\\n\"}}", "  a\n\n  b\n");
    check_error(
        "{{indent -1 `a`}}",
        "error calling indent: indent value must be a positive integer",
    );
    check(
        "{{regexReplaceAll `(?P<n>a+)` `<$n>` `baab`}} {{regexMatch `^\\w+$` `x`}}",
        "b<aa>b true",
    );
    check(
        "{{loop 3}} {{loop `2` 4}} {{loop 3 1}} {{range loop (len `ab`)}}.{{end}}",
        "[0 1 2] [2 3] [] ..",
    );
    check_error(
        "{{loop 99999999}}",
        "error calling loop: loop: cannot count from 0 to 99999999: too many steps",
    );
}

#[test]
fn numbers_keep_their_kinds() {
    check(
        "{{subtract 2 5}} {{divide 2 7}} {{divide 2.0 7}} {{modulo 3 7}} {{add (parseUint `1`) 2}}",
        "3 3 3.5 1 3",
    );
    check(
        "{{minimum 2 5}} {{maximum 2 5}} {{maximum 2.5 2}}",
        "2 5 2.5",
    );
    check_error(
        "{{add nil 1}}",
        "error calling add: add: unknown type for <invalid reflect.Value> (<nil>)",
    );
    check_error(
        "{{parseInt `+`}}",
        "strconv.ParseInt: parsing \"+\": invalid syntax",
    );
    check_error(
        "{{parseUint `+1`}}",
        "strconv.ParseUint: parsing \"+1\": invalid syntax",
    );
    check_error(
        "{{parseFloat `1e999`}}",
        "strconv.ParseFloat: parsing \"1e999\": value out of range",
    );
    check_error(
        "{{parseBool `yes`}}",
        "strconv.ParseBool: parsing \"yes\": invalid syntax",
    );
}

#[test]
fn maps_are_merged_and_exploded() {
    let maps = "{{$a := parseJSON `{\"k\":1,\"m\":{\"x\":1},\"e\":\"\"}`}}{{$b := parseJSON `{\"k\":2,\"m\":{\"x\":2,\"y\":3},\"e\":\"f\"}`}}";
    check(
        &format!(
            "{maps}{{{{mergeMap $a $b | toJSON}}}} {{{{mergeMapWithOverride $a $b | toJSON}}}}"
        ),
        r#"{"e":"f","k":1,"m":{"x":1,"y":3}} {"e":"f","k":2,"m":{"x":2,"y":3}}"#,
    );
    check(
        "{{explodeMap (parseJSON `{\"a/b\":1,\"c\":2}`) | toJSON}}",
        r#"{"a":{"b":1},"c":2}"#,
    );
    let deep = "a/".repeat(100_000);
    let pass = execute(
        &format!("{{{{explodeMap (parseJSON `{{\"{deep}\":1}}`)}}}}"),
        &Brain::new(),
    );
    assert!(
        pass.text
            .expect_err("an error")
            .ends_with("has more than 100 parts")
    );
}

#[test]
fn other_notations_are_read_and_written() {
    check(
        "{{(parseYAML `{a: {b: [1, 2.5]}}`).a.b}} {{len (parseYAML ``)}} {{parseYAML `a: 10` | toYAML}}",
        "[1 2.5] 0 a: 10",
    );
    check(
        "{{parseJSON `[\"<\",1e21]` | toJSON}} {{parseJSON `[\"<\"]` | toUnescapedJSON}}",
        "[\"\\u003c\",1e+21] [\"<\"]",
    );
    check(
        "{{parseJSON `{\"a\":[{\"b\":[1]},[]],\"c\":\"x\\ny\"}` | toYAML}}",
        "a:\n- b:\n  - 1\n- []\nc: |-\n  x\n  y",
    );
    check(
        "{{parseJSON `[[1,[2]],{\"a\":{\"b\":1}}]` | toYAML}}",
        "- - 1\n  - - 2\n- a:\n    b: 1",
    );
    check(
        "{{parseJSON `{\"a\":[{\"b\":1},{\"b\":2}],\"c\":[1,true]}` | toTOML}}",
        "c = [1.0, true]\n\n[[a]]\n  b = 1.0\n\n[[a]]\n  b = 2.0",
    );
    let text = "{{service `web|critical` | toJSON}}";
    let json = shown(&execute(text, &with_every_health()));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        (&json[0]["ID"], &json[0]["Port"]),
        (&json!("c"), &json!(80))
    );
    assert_eq!(json[0]["Checks"][0]["CheckID"], "c1");
}

#[test]
fn the_scratch_pad_lasts_for_one_pass() {
    let text = "{{if scratch.Key `a`}}old{{end}}{{scratch.Set `a` 1}}{{scratch.Get `a`}}";
    let template = Template::parse("", text, &Language::default()).expect("a template");
    for _ in 0..2 {
        let pass = template.execute(&Brain::new(), &Around::default());
        assert_eq!(shown(&pass), "1");
    }
    check(
        "{{scratch.MapValues `m`}}{{scratch.Get `m`}}",
        "[]<no value>",
    );
    check_error(
        "{{scratch.Set `m` 1}}{{scratch.MapSet `m` `k` 1}}",
        "error calling MapSet: \"m\" is not a map",
    );
}

/// Executes on a thread with the stack that threads of a program usually get.
fn on_a_thread(text: String) -> Pass {
    let thread = thread::Builder::new().stack_size(2 << 20);
    let pass = thread.spawn(move || execute(&text, &Brain::new()));
    pass.expect("a thread").join().expect("no panic")
}

#[test]
fn nothing_exhausts_the_stack() {
    let pass = on_a_thread(
        "{{range loop 100000}}{{scratch.MapSet `m` `k` (scratch.Get `m`)}}{{end}}".to_owned(),
    );
    let error = pass.text.expect_err("an error");
    assert!(
        error.ends_with("cannot hold what is nested more than 100 deep"),
        "{error}"
    );
    for parentheses in [0, 10, 199] {
        let (open, close) = ("(print ".repeat(parentheses), ")".repeat(parentheses));
        let pass = on_a_thread(format!(
            "{{{{define `a`}}}}{{{{print {open}(executeTemplate `a`){close}}}}}{{{{end}}}}{{{{executeTemplate `a`}}}}"
        ));
        let error = pass.text.expect_err("an error");
        assert!(error.contains("exceeded maximum template depth"), "{error}");
    }
}
