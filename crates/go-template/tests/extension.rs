//! What callers add: objects with fields and methods, and functions of their own.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use expect_test::expect;
use go_template::{
    Element, Error, Function, Functions, Host, Items, Kind, List, Map, Memory, Object, Options,
    Signature, Template, Value,
};

fn render(text: &str, data: &Value, functions: &Functions) -> Result<String, Error> {
    Template::parse("page", text, &Options::default(), functions)?.execute(data)
}

/// A service as a catalog would describe it.
struct Service {
    calls: Arc<AtomicI64>,
}

impl Object for Service {
    fn type_name(&self) -> Cow<'_, str> {
        "*catalog.Service".into()
    }

    fn fields(&self) -> Vec<(Cow<'_, str>, Value)> {
        let meta = Map::strings([("zone", "b")]);
        vec![
            ("Name".into(), "db".into()),
            ("Port".into(), 5432i64.into()),
            ("Meta".into(), meta.into()),
        ]
    }

    fn method(&self, name: &str) -> Option<Function> {
        let calls = Arc::clone(&self.calls);
        let add = move |arguments: &[Value]| {
            let by: i64 = arguments.iter().filter_map(Value::as_int).sum();
            Ok(Value::Int(calls.fetch_add(by, Ordering::Relaxed) + by))
        };
        (name == "Add").then(|| Function::new(Signature::new([]).variadic(Kind::Int), add))
    }
}

/// A pointer that points nowhere.
struct NoService;

impl Object for NoService {
    fn type_name(&self) -> Cow<'_, str> {
        "*catalog.Service".into()
    }

    fn fields(&self) -> Vec<(Cow<'_, str>, Value)> {
        Vec::new()
    }

    fn is_nil(&self) -> bool {
        true
    }
}

fn with_objects(text: &str) -> String {
    let service = Value::Object(Arc::new(Service {
        calls: Arc::default(),
    }));
    let services = List::new(Element::Named("*catalog.Service"), [service.clone()]);
    let none = Value::Object(Arc::new(NoService));
    let data = Map::from_iter([("s", service), ("all", services.into()), ("none", none)]);
    render(text, &data.into(), &Functions::new()).unwrap_or_else(|error| error.message().to_owned())
}

#[test]
fn objects_have_fields_and_methods() {
    assert_eq!(
        with_objects("{{.s.Name}}:{{.s.Port}} {{.s.Meta.zone}} {{with .s}}{{.Name}}{{end}}"),
        "db:5432 b db"
    );
    assert_eq!(
        with_objects("{{.s.Add 2 3}} {{4 | .s.Add 1}} {{.s.Add}}"),
        "5 10 10"
    );
    assert_eq!(
        with_objects("{{range .all}}{{.Name}}{{end}} {{len .all}} {{printf `%T` .all}}"),
        "db 1 []*catalog.Service"
    );
    assert_eq!(
        with_objects("{{.s}} {{printf `%+v` .s}}"),
        "&{db 5432 map[zone:b]} &{Name:db Port:5432 Meta:map[zone:b]}"
    );
    assert_eq!(
        with_objects("{{if .none}}some{{else}}none{{end}}{{.none}}{{range .none}}{{else}}-{{end}}"),
        "none<nil>-"
    );
}

#[test]
fn objects_refuse_what_they_do_not_have() {
    assert_eq!(
        with_objects("{{.s.Nope}}"),
        "can't evaluate field Nope in type *catalog.Service"
    );
    assert_eq!(
        with_objects("{{.s.Name 1}}"),
        "Name has arguments but cannot be invoked as function"
    );
    assert_eq!(
        with_objects("{{.s.Add `x`}}"),
        "expected integer; found `x`"
    );
    assert_eq!(
        with_objects("{{.none.Name}}"),
        "nil pointer evaluating *catalog.Service.Name"
    );
    assert_eq!(
        with_objects("{{len .none}}"),
        "error calling len: len of nil pointer"
    );
}

fn functions() -> Functions {
    let mut functions = Functions::new();
    functions.add(
        "twice",
        Signature::new([Kind::Float]),
        |arguments| match arguments {
            [Value::Float(float)] => Ok(Value::Float(2.0 * float)),
            _ => Err("not a float".to_owned()),
        },
    );
    functions.add(
        "pick",
        Signature::new([Kind::Bool, Kind::Strings]),
        |arguments| {
            Ok(arguments[1]
                .as_list()
                .and_then(|list| list.get(0))
                .unwrap_or(Value::Nil))
        },
    );
    functions.add("adder", Signature::new([Kind::Int]), |arguments| {
        let by = arguments[0].as_int().unwrap_or_default();
        let add = move |rest: &[Value]| Ok(Value::Int(rest[0].as_int().unwrap_or_default() + by));
        Ok(Function::new(Signature::new([Kind::Int]), add).into())
    });
    functions.add("fail", Signature::new([]), |_| Err("no luck".to_owned()));
    functions.add("break", Signature::new([]), |_| Ok("broke".into()));
    functions.add("len", Signature::new([Kind::Any]), |_| Ok("mine".into()));
    functions
}

fn with_functions(text: &str) -> String {
    let data = Map::from_iter([
        ("strs", Value::from(List::strings(["a", "b"]))),
        ("n", Value::Nil),
        ("i", Value::Int(3)),
    ]);
    render(text, &data.into(), &functions()).unwrap_or_else(|error| error.to_string())
}

#[test]
fn functions_get_the_types_they_ask_for() {
    assert_eq!(
        with_functions("{{twice 2}} {{twice 1.5}} {{1e1 | twice}} {{'a' | printf `%d`}}"),
        "4 3 20 97"
    );
    assert_eq!(
        with_functions("{{pick true .strs}} {{pick false nil}}"),
        "a <no value>"
    );
    assert_eq!(
        with_functions("{{call (adder 2) 3}} {{$f := adder 1}}{{call $f .i}}"),
        "5 4"
    );
    assert_eq!(with_functions("{{break}} {{len 1}}"), "broke mine");
}

#[test]
fn functions_refuse_other_types() {
    let messages = [
        "{{twice `x`}}",
        "{{twice .i}}",
        "{{twice .n}}",
        "{{twice .zz}}",
        "{{twice nil}}",
        "{{pick 1 nil}}",
        "{{pick true `x`}}",
        "{{adder 1.5}}",
        "{{fail}}",
        "{{print (fail)}}",
        "{{adder 1}}",
        "{{call .i}}",
        "{{call nil}}",
        "{{call (adder 1)}}",
        "{{call (adder 1) 2.5}}",
        "{{.zz | call}}",
    ]
    .map(with_functions)
    .join("\n");
    expect![[r#"
        template: page:1:8: executing "page" at <`x`>: expected float; found `x`
        template: page:1:8: executing "page" at <.i>: wrong type for value; expected float64; got int
        template: page:1:8: executing "page" at <.n>: wrong type for value; expected float64; got interface {}
        template: page:1:8: executing "page" at <.zz>: invalid value; expected float64
        template: page:1:8: executing "page" at <nil>: cannot assign nil to float64
        template: page:1:7: executing "page" at <1>: expected bool; found 1
        template: page:1:12: executing "page" at <`x`>: can't handle `x` for arg of type []string
        template: page:1:8: executing "page" at <1.5>: expected integer; found 1.5
        template: page:1:2: executing "page" at <fail>: error calling fail: no luck
        template: page:1:9: executing "page" at <fail>: error calling fail: no luck
        template: page:1:2: executing "page" at <{{adder 1}}>: can't print {{adder 1}} of type func(int)
        template: page:1:2: executing "page" at <call .i>: error calling call: non-function .i of type int
        template: page:1:2: executing "page" at <call nil>: error calling call: call of nil
        template: page:1:2: executing "page" at <call (adder 1)>: error calling call: wrong number of args for adder 1: got 0 want 1
        template: page:1:2: executing "page" at <call (adder 1) 2.5>: error calling call: arg 0: value has type float64; should be int
        template: page:1:8: executing "page" at <call>: error calling call: call of nil"#]]
    .assert_eq(&messages);
}

/// Numbers that are made when asked for, and who counts how often.
struct Counted {
    numbers: Vec<i64>,
    made: std::sync::atomic::AtomicUsize,
}

impl Items for Counted {
    fn count(&self) -> usize {
        self.numbers.len()
    }

    fn item(&self, index: usize) -> Value {
        self.made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Value::Int(self.numbers[index])
    }

    fn identity(&self) -> Option<usize> {
        Some(self.numbers.as_ptr().addr())
    }
}

fn counted(numbers: &[i64]) -> Arc<Counted> {
    Arc::new(Counted {
        numbers: numbers.to_vec(),
        made: 0.into(),
    })
}

struct Nothing;

impl Host for Nothing {
    fn call(&self, _: usize, _: &[Value]) -> Result<Value, String> {
        Ok("host".into())
    }
}

/// Executes a template three times over `a` and `b`, another `b` the third time; gives the
/// outputs, and how often elements of `a` were made.
fn three_times(text: &str) -> (Vec<String>, usize) {
    let mut functions = Functions::new();
    functions.declare("host", Signature::new([]), 0);
    functions.declare("same", Signature::new([Kind::Int]), 1);
    functions.promise_constant("same");
    let template =
        Template::parse("", text, &Options::default(), &functions).expect("a sound template");
    let (a, b) = (counted(&[1, 2]), counted(&[3]));
    let mut memory = Memory::new();
    let outputs = [b.clone(), b, counted(&[4])].map(|b| {
        let list = |items: &Arc<Counted>| List::made(Element::Int, items.clone()).into();
        let data = Map::new(
            Element::Any,
            [("a".into(), list(&a)), ("b".into(), list(&b))],
        );
        let data = Value::from(data);
        let output = template
            .execute_again(&data, &Nothing, &mut memory)
            .expect("it renders");
        let anew = template
            .execute_with(None, &data, &Nothing)
            .expect("it renders");
        assert_eq!(output, anew, "{text}");
        String::from_utf8(output).expect("it renders")
    });
    // What was executed anew, to compare, made each of them once.
    let made = a.made.load(std::sync::atomic::Ordering::Relaxed);
    (outputs.into(), made - 6)
}

#[test]
fn a_loop_over_the_same_list_is_said_again_and_not_executed() {
    for (text, last) in [
        ("{{range .a}}{{.}},{{end}}{{range .b}}{{.}}{{end}}", "1,2,4"),
        (
            "{{range $i, $n := .a}}{{$i}}{{printf \"%02d\" $n}} {{end}}{{range .b}}{{.}}{{end}}",
            "001 102 4",
        ),
        (
            "{{range .a}}{{same .}},{{end}}{{range .b}}{{.}}{{end}}",
            "host,host,4",
        ),
        (
            "{{range .a}}{{if eq . 1}}{{continue}}{{end}}{{$x := .}}{{$x}}{{break}}{{else}}no{{end}}",
            "2",
        ),
    ] {
        let (outputs, made) = three_times(text);
        assert_eq!(outputs[2], last, "{text}");
        assert_eq!(made, 2, "{text}");
    }
}

#[test]
fn a_loop_that_may_say_something_else_is_executed() {
    for text in [
        "{{range .a}}{{len $.b}}{{end}}",
        "{{$x := 1}}{{range .a}}{{$x}}{{end}}",
        "{{$x := 1}}{{range .a}}{{$x = .}}{{end}}{{$x}}",
        "{{range .a}}{{host}}{{end}}",
        "{{define \"t\"}}{{host}}{{end}}{{range .a}}{{template \"t\"}}{{end}}",
        "{{$x := 1}}{{range .a}}{{if .}}{{$x}}{{end}}{{$x := 2}}{{end}}",
    ] {
        let (_, made) = three_times(text);
        assert_eq!(made, 6, "{text}");
    }
}

/// Squares, made when someone comes to them.
struct Squares {
    made: Arc<AtomicI64>,
}

impl Items for Squares {
    fn count(&self) -> usize {
        1_000_000_000_000
    }

    fn item(&self, index: usize) -> Value {
        self.made.fetch_add(1, Ordering::Relaxed);
        let index = i64::try_from(index).expect("a small index");
        Value::Int(index * index)
    }
}

#[test]
fn elements_are_made_when_someone_comes_to_them() {
    let made: Arc<AtomicI64> = Arc::default();
    let squares = Squares { made: made.clone() };
    let list = List::made(Element::Int, Arc::new(squares));
    let text = "{{len .}} {{if .}}{{index . 3}}{{end}} {{slice . 2 4}} \
        {{range slice . 10}}{{.}}{{break}}{{end}} {{printf `%T` .}}";
    let shown = render(text, &list.into(), &Functions::new()).expect("it renders");
    assert_eq!(shown, "1000000000000 9 [4 9] 100 []int");
    assert_eq!(made.load(Ordering::Relaxed), 4);
}

/// Answers declared functions from what it has at hand, which need not outlive it.
struct Desk<'d> {
    names: &'d [&'d str],
    template: &'d Template,
}

impl Host for Desk<'_> {
    fn call(&self, function: usize, arguments: &[Value]) -> Result<Value, String> {
        match function {
            0 => Ok(self.names.concat().into()),
            7 => {
                let name = arguments[0].as_str().expect("a string");
                let output = self.template.execute_with(Some(&name), &Value::Nil, self);
                output.map(Into::into).map_err(|error| error.to_string())
            }
            _ => Err("no such number".to_owned()),
        }
    }
}

#[test]
fn a_host_answers_what_was_only_declared() {
    let mut functions = Functions::new();
    functions.declare("names", Signature::new([]), 0);
    functions.declare("inner", Signature::new([Kind::String]), 7);
    functions.declare("odd", Signature::new([]), 9);
    let text = "{{define `t`}}<{{names}}>{{end}}{{names}} {{inner `t` | printf `%q`}}";
    let template = Template::parse("", text, &Options::default(), &functions).expect("it parses");
    for names in [["a", "b"], ["c", "d"]] {
        let desk = Desk {
            names: &names,
            template: &template,
        };
        let output = template.execute_with(None, &Value::Nil, &desk);
        let [first, second] = names;
        let expected = format!("{first}{second} \"<{first}{second}>\"");
        assert_eq!(output, Ok(expected.into_bytes()));
    }
    let message = |text| {
        let template = Template::parse("", text, &Options::default(), &functions);
        let template = template.expect("it parses");
        let desk = Desk {
            names: &[],
            template: &template,
        };
        let error = template.execute_with(None, &Value::Nil, &desk);
        error.expect_err("an error").message().to_owned()
    };
    assert_eq!(message("{{odd}}"), "error calling odd: no such number");
    assert_eq!(message("{{inner 1}}"), "expected string; found 1");
    assert_eq!(
        message("{{inner `x`}}"),
        "error calling inner: template: no template \"x\" associated with template \"\""
    );
}

#[test]
fn a_map_is_copied_only_where_it_is_shared() {
    let mut map = Map::new(Element::Any, []);
    map.insert("a".into(), 1i64.into());
    let before = map.clone();
    map.insert("b".into(), 2i64.into());
    assert_eq!((before.len(), map.len()), (1, 2));
}
