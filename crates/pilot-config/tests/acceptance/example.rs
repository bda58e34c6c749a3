//! The examples of the specification, loaded whole.

use expect_test::expect_file;

use crate::harness::{load_in, loaded};

#[test]
fn a_web_server_with_everything() {
    let config = load_in(include_str!("web.json5"), &[]).unwrap();
    expect_file!["web.txt"].assert_debug_eq(&config);
}

#[test]
fn all_forms_of_consul_settings() {
    let text = "{ consul: { address: \"consul.local:8501\", scheme: \"https\", token: \"t0k\",
        tls: { cafile: \"/etc/ca.pem\", clientcert: \"/etc/c.pem\", clientkey: \"/etc/k.pem\", servername: \"consul\", verify: true } } }";
    assert!(loaded(text).warnings.is_empty());
}
