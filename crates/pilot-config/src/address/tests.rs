//! The cases of section E of the acceptance list.

use expect_test::{Expect, expect};

use super::*;

/// The table of the acceptance list, out of order (case 60).
fn table() -> Vec<Interface> {
    let entries = [
        ("lo", "127.0.0.1"),
        ("eth2", "fdc6:238c:c4bc::1"),
        ("eth1", "10.0.0.200"),
        ("eth0", "192.168.1.100"),
        ("eth0", "10.2.0.1"),
        ("lo", "::1"),
        ("eth1", "10.0.0.100"),
        ("eth2", "10.1.0.200"),
    ];
    entries
        .map(|(name, address)| interface(name, address))
        .to_vec()
}

fn interface(name: &str, address: &str) -> Interface {
    Interface {
        name: name.to_owned(),
        address: address.parse().unwrap(),
    }
}

#[track_caller]
fn check(interfaces: &[Interface], cases: &[&[&str]], expect: &Expect) {
    let line = |case: &&[&str]| match find(case, interfaces) {
        Ok(address) => format!("{} => {address}\n", case.join(", ")),
        Err(reasons) => format!("{} => {}\n", case.join(", "), reasons.join("\n")),
    };
    expect.assert_eq(&cases.iter().map(line).collect::<String>());
}

#[test]
fn case_51_to_53_names() {
    let cases: [&[&str]; 7] = [
        &["lo"],
        &["lo:inet6"],
        &["eth0"],
        &["eth0:inet"],
        &["eth0:inet6"],
        &["eth0[1]"],
        &["eth0[2]"],
    ];
    check(
        &table(),
        &cases,
        &expect![[r#"
        lo => 127.0.0.1
        lo:inet6 => ::1
        eth0 => 10.2.0.1
        eth0:inet => 10.2.0.1
        eth0:inet6 => none of the interface specifications were able to match
        Specifications: [eth0:inet6]
        Interfaces IPs: [eth0:10.2.0.1 eth0:192.168.1.100 eth1:10.0.0.100 eth1:10.0.0.200 eth2:10.1.0.200 eth2:fdc6:238c:c4bc::1 lo:::1 lo:127.0.0.1]
        eth0[1] => 192.168.1.100
        eth0[2] => none of the interface specifications were able to match
        Specifications: [eth0[2]]
        Interfaces IPs: [eth0:10.2.0.1 eth0:192.168.1.100 eth1:10.0.0.100 eth1:10.0.0.200 eth2:10.1.0.200 eth2:fdc6:238c:c4bc::1 lo:::1 lo:127.0.0.1]
    "#]],
    );
}

#[test]
fn case_54_to_56_networks_families_lists() {
    let cases: [&[&str]; 9] = [
        &["10.0.0.0/16"],
        &["10.1.0.0/16"],
        &["10.0.0.0/8"],
        &["0.0.0.0/0"],
        &["inet"],
        &["inet6"],
        &["eth2:inet6"],
        &["eth3", "fdc6:238c:c4bc::/48", "inet", "inet6"],
        &["eth3", "10.0.0.0/16", "inet", "inet6"],
    ];
    check(
        &table(),
        &cases,
        &expect![[r#"
        10.0.0.0/16 => 10.0.0.100
        10.1.0.0/16 => 10.1.0.200
        10.0.0.0/8 => 10.2.0.1
        0.0.0.0/0 => 10.2.0.1
        inet => 10.2.0.1
        inet6 => fdc6:238c:c4bc::1
        eth2:inet6 => fdc6:238c:c4bc::1
        eth3, fdc6:238c:c4bc::/48, inet, inet6 => fdc6:238c:c4bc::1
        eth3, 10.0.0.0/16, inet, inet6 => 10.0.0.100
    "#]],
    );
}

#[test]
fn case_57_only_loopback() {
    let lo = [interface("lo", "127.0.0.1"), interface("lo", "::1")];
    check(
        &lo,
        &[&["inet"], &["inet6"], &DEFAULT],
        &expect![[r#"
        inet => none of the interface specifications were able to match
        Specifications: [inet]
        Interfaces IPs: [lo:::1 lo:127.0.0.1]
        inet6 => none of the interface specifications were able to match
        Specifications: [inet6]
        Interfaces IPs: [lo:::1 lo:127.0.0.1]
        eth0:inet, inet => none of the interface specifications were able to match
        Specifications: [eth0:inet inet]
        Interfaces IPs: [lo:::1 lo:127.0.0.1]
    "#]],
    );
}

#[test]
fn case_58_static() {
    check(
        &table(),
        &[&["static:192.168.1.100", "eth0"], &["static:::1"]],
        &expect![[r#"
            static:192.168.1.100, eth0 => 192.168.1.100
            static:::1 => ::1
        "#]],
    );
}

#[test]
fn case_59_unreadable() {
    let cases: [&[&str]; 10] = [
        &[""],
        &["!"],
        &["127.0.0.1"],
        &["::1"],
        &["eth0:inet5"],
        &["eth0[-1]"],
        &["eth0[+1]"],
        &["static:abcdef"],
        &["10.0.0.0/33"],
        &["eth0", "!", "eth0:inet5"],
    ];
    check(
        &table(),
        &cases,
        &expect![[r#"
         => Unable to parse interface spec: 
        ! => Unable to parse interface spec: !
        127.0.0.1 => Unable to parse interface spec: 127.0.0.1
        ::1 => Unable to parse interface spec: ::1
        eth0:inet5 => Unable to parse interface spec: eth0:inet5
        eth0[-1] => Unable to parse interface spec: eth0[-1]
        eth0[+1] => Unable to parse interface spec: eth0[+1]
        static:abcdef => Unable to parse static ip static: in static:abcdef
        10.0.0.0/33 => Unable to parse interface spec: 10.0.0.0/33
        eth0, !, eth0:inet5 => Unable to parse interface spec: !
        Unable to parse interface spec: eth0:inet5
    "#]],
    );
}

#[test]
fn case_60_the_table_is_sorted() {
    let shown: Vec<String> = sorted(&table())
        .iter()
        .map(|one| Shown(one).to_string())
        .collect();
    expect![[r#"
        eth0:10.2.0.1
        eth0:192.168.1.100
        eth1:10.0.0.100
        eth1:10.0.0.200
        eth2:10.1.0.200
        eth2:fdc6:238c:c4bc::1
        lo:::1
        lo:127.0.0.1"#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn case_63_the_default_prefers_eth0() {
    check(
        &table(),
        &[&DEFAULT],
        &expect![[r#"
        eth0:inet, inet => 10.2.0.1
    "#]],
    );
    check(
        &[interface("ens3", "10.9.8.7")],
        &[&DEFAULT],
        &expect![[r#"
        eth0:inet, inet => 10.9.8.7
    "#]],
    );
}

#[test]
fn case_65_names_that_containerpilot_3_could_not_write() {
    let odd = [
        interface("br-1234", "10.3.0.1"),
        interface("eth0.100", "10.3.0.2"),
        interface("eth0@if7", "10.3.0.3"),
    ];
    let cases: [&[&str]; 4] = [
        &["br-1234"],
        &["eth0.100:inet"],
        &["eth0@if7[0]"],
        &["eth0.100:inet6", "br-1234"],
    ];
    check(
        &odd,
        &cases,
        &expect![[r#"
        br-1234 => 10.3.0.1
        eth0.100:inet => 10.3.0.2
        eth0@if7[0] => 10.3.0.3
        eth0.100:inet6, br-1234 => 10.3.0.1
    "#]],
    );
}
