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
        standing: Standing::Settled,
    }
}

/// One that may not be used yet, or no longer.
fn unsettled(name: &str, address: &str, standing: Standing) -> Interface {
    Interface {
        standing,
        ..interface(name, address)
    }
}

/// Chooses, and says what is wrong in the words of the log.
fn find(selectors: &[&str], interfaces: &[Interface]) -> Result<String, Vec<String>> {
    let said = |one: Unreadable| match one.hint {
        Some(hint) => format!("{} ({hint})", one.reason),
        None => one.reason,
    };
    let selection = Selection::parse("app", "app", selectors, None);
    let selection = selection.map_err(|list| list.into_iter().map(said).collect::<Vec<_>>())?;
    let chosen = selection
        .choose(interfaces)
        .map_err(|reason| vec![reason])?;
    Ok(chosen.address.to_string())
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
        &[
            &["static:192.168.1.100", "eth0"],
            &["static:::1"],
            &["static:[::1]"],
        ],
        &expect![[r#"
            static:192.168.1.100, eth0 => 192.168.1.100
            static:::1 => ::1
            static:[::1] => ::1
        "#]],
    );
}

#[test]
fn case_59_unreadable() {
    let cases: [&[&str]; 17] = [
        &[""],
        &["!"],
        &["127.0.0.1"],
        &["::1"],
        &["eth0:inet5"],
        &["eth0[-1]"],
        &["eth0[+1]"],
        &["static:abcdef"],
        &["10.0.0.0/33"],
        &["static:10.0.0.7:80"],
        &["static:[::1]:80"],
        &["static:fe80::1%eth0"],
        &["static:[10.0.0.7]"],
        &["[::1]"],
        &["fd00::/129"],
        &["eth0[18446744073709551616]"],
        &["eth0", "!", "eth0:inet5"],
    ];
    check(
        &table(),
        &cases,
        &expect![[r#"
             => Unable to parse interface spec: 
            ! => Unable to parse interface spec: !
            127.0.0.1 => Unable to parse interface spec: 127.0.0.1 (for this address, whatever the machine has: `static:127.0.0.1`)
            ::1 => Unable to parse interface spec: ::1 (for this address, whatever the machine has: `static:::1`)
            eth0:inet5 => Unable to parse interface spec: eth0:inet5
            eth0[-1] => Unable to parse interface spec: eth0[-1]
            eth0[+1] => Unable to parse interface spec: eth0[+1]
            static:abcdef => Unable to parse static ip static: in static:abcdef
            10.0.0.0/33 => Unable to parse interface spec: 10.0.0.0/33
            static:10.0.0.7:80 => Unable to parse static ip static: in static:10.0.0.7:80 (an address without a port, which is said by `port`)
            static:[::1]:80 => Unable to parse static ip static: in static:[::1]:80 (an address without a port, which is said by `port`)
            static:fe80::1%eth0 => Unable to parse static ip static: in static:fe80::1%eth0 (an address without its zone, which means something on this machine only)
            static:[10.0.0.7] => Unable to parse static ip static: in static:[10.0.0.7]
            [::1] => Unable to parse interface spec: [::1] (for this address, whatever the machine has: `static:::1`)
            fd00::/129 => Unable to parse interface spec: fd00::/129
            eth0[18446744073709551616] => Unable to parse interface spec: eth0[18446744073709551616]
            eth0, !, eth0:inet5 => Unable to parse interface spec: !
            Unable to parse interface spec: eth0:inet5
        "#]],
    );
}

#[test]
fn case_60_the_table_is_sorted() {
    let shown: Vec<String> = sorted(&table())
        .iter()
        .map(|one| format!("{}:{}", one.name, one.address))
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

#[test]
fn ipv6_is_chosen_in_numerical_order_and_a_link_local_address_only_by_its_name() {
    // As on a machine with both kinds, of which `fe80` would come last and `::1` first.
    let all = [
        interface("eth0", "fe80::1"),
        interface("eth0", "fd00::7"),
        interface("eth0", "2001:db8::7"),
        interface("eth1", "fe80::2"),
        interface("lo", "::1"),
    ];
    let cases: [&[&str]; 13] = [
        &["inet6"],
        &["eth0:inet6"],
        &["fd00::/8"],
        &["[fd00::]/8"],
        &["::/0"],
        &["lo:inet6"],
        &["eth0[0]"],
        &["eth0[2]"],
        &["eth1:inet6", "eth1[0]"],
        &["fe80::/10"],
        &["fe80::2/128"],
        &["fe80::/9", "static:::2"],
        &["eth0:inet", "inet", "eth0:inet6"],
    ];
    check(
        &all,
        &cases,
        &expect![[r#"
        inet6 => 2001:db8::7
        eth0:inet6 => 2001:db8::7
        fd00::/8 => fd00::7
        [fd00::]/8 => fd00::7
        ::/0 => 2001:db8::7
        lo:inet6 => ::1
        eth0[0] => 2001:db8::7
        eth0[2] => fe80::1
        eth1:inet6, eth1[0] => fe80::2
        fe80::/10 => fe80::1
        fe80::2/128 => fe80::2
        fe80::/9, static:::2 => ::2
        eth0:inet, inet, eth0:inet6 => 2001:db8::7
    "#]],
    );
    let link_local = [interface("eth0", "fe80::1"), interface("lo", "::1")];
    let cases: [&[&str]; 2] = [&["inet6"], &["eth0:inet6"]];
    check(
        &link_local,
        &cases,
        &expect![[r#"
        inet6 => none of the interface specifications were able to match
        Specifications: [inet6]
        Interfaces IPs: [eth0:fe80::1 lo:::1]
        eth0:inet6 => none of the interface specifications were able to match
        Specifications: [eth0:inet6]
        Interfaces IPs: [eth0:fe80::1 lo:::1]
    "#]],
    );
}

#[test]
fn what_ip_shows_behind_an_at_is_no_part_of_a_name() {
    let all = [
        interface("veth", "10.0.0.1"),
        interface("eth0.100", "10.0.0.2"),
        interface("odd@name", "10.0.0.3"),
        interface("odd", "10.0.0.4"),
    ];
    let cases: [&[&str]; 6] = [
        &["veth@if3"],
        &["veth@if3:inet"],
        &["veth@if3[0]"],
        &["eth0.100@eth0"],
        &["odd@name"],
        &["odd@other"],
    ];
    check(
        &all,
        &cases,
        &expect![[r#"
        veth@if3 => 10.0.0.1
        veth@if3:inet => 10.0.0.1
        veth@if3[0] => 10.0.0.1
        eth0.100@eth0 => 10.0.0.2
        odd@name => 10.0.0.3
        odd@other => 10.0.0.4
    "#]],
    );
}

#[test]
fn an_address_that_may_not_be_used_is_the_last_that_a_selector_takes() {
    let all = [
        unsettled("eth0", "fd00::1", Standing::Tentative),
        unsettled("eth0", "fd00::2", Standing::Deprecated),
        interface("eth0", "fd00::3"),
    ];
    let chosen = |all: &[Interface]| find(&["eth0:inet6"], all).unwrap();
    assert_eq!(chosen(&all), "fd00::3");
    assert_eq!(chosen(&all[..2]), "fd00::2");
    assert_eq!(chosen(&all[..1]), "fd00::1");
    assert_eq!(find(&["eth0[0]"], &all).unwrap(), "fd00::1", "by its place");
}

/// What is chosen next, after each table in turn.
fn choose_in_turn(selectors: &[&str], wait: Option<Duration>, tables: &[&[Interface]]) -> String {
    let mut selection = Selection::parse("app", "app", selectors, wait).unwrap();
    let mut told = Vec::new();
    for table in tables {
        match selection.choose(table) {
            Ok(chosen) => {
                told.push(format!("{chosen} by {}", chosen.selector));
                selection.chosen = Some(chosen);
            }
            Err(_) => told.push("nothing".to_owned()),
        }
    }
    told.join(", ")
}

#[test]
fn a_chosen_address_is_kept_while_its_selector_fits_it() {
    let seven = || interface("eth0", "10.0.0.7");
    let lower = || interface("eth0", "10.0.0.1");
    let preferred = || interface("eth1", "10.1.0.1");
    let told = choose_in_turn(
        &["eth1", "10.0.0.0/8"],
        None,
        &[
            &[seven()],
            &[lower(), seven()],
            &[lower()],
            &[],
            &[lower(), preferred()],
        ],
    );
    assert_eq!(
        told,
        "10.0.0.7 by 10.0.0.0/8, 10.0.0.7 by 10.0.0.0/8, 10.0.0.1 by 10.0.0.0/8, nothing, 10.1.0.1 by eth1"
    );
    // A place is a place.
    let told = choose_in_turn(&["eth0[0]"], None, &[&[seven()], &[lower(), seven()]]);
    assert_eq!(told, "10.0.0.7 by eth0[0], 10.0.0.1 by eth0[0]");
}

#[test]
fn who_waits_waits_until_an_address_may_be_used() {
    let tentative = || unsettled("eth0", "fd00::1", Standing::Tentative);
    let settled = || interface("eth0", "fd00::1");
    let other = || unsettled("eth0", "fd00::2", Standing::Tentative);
    let turns: [&[Interface]; 3] = [&[tentative()], &[settled()], &[settled(), other()]];
    let patient = choose_in_turn(&["eth0:inet6"], Some(Duration::from_secs(1)), &turns);
    let by = "by eth0:inet6";
    assert_eq!(patient, format!("nothing, fd00::1 {by}, fd00::1 {by}"));
    let others = choose_in_turn(&["eth0:inet6"], None, &turns);
    assert_eq!(others, format!("fd00::1 {by}, fd00::1 {by}, fd00::1 {by}"));
    // Nobody goes over to one before it may be used.
    let replaced: [&[Interface]; 2] = [&[settled()], &[other()]];
    let told = choose_in_turn(&["eth0:inet6"], None, &replaced);
    assert_eq!(told, format!("fd00::1 {by}, nothing"));
}

/// Two interfaces may have one address, of which only one may be used yet.
#[test]
fn what_another_selector_chose_is_no_address_that_a_selector_had() {
    let before = [interface("eth0", "10.0.0.1")];
    let coming = unsettled("eth0", "10.1.0.1", Standing::Tentative);
    let both = [coming, interface("eth2", "10.1.0.1")];
    let settled = [interface("eth0", "10.1.0.1"), interface("eth2", "10.1.0.1")];
    let turns: [&[Interface]; 4] = [&before, &both, &both, &settled];
    assert_eq!(
        choose_in_turn(&["eth0", "eth2[0]"], None, &turns),
        "10.0.0.1 by eth0, 10.1.0.1 by eth2[0], 10.1.0.1 by eth2[0], 10.1.0.1 by eth0"
    );
}

#[test]
fn the_log_is_told_the_choice_and_the_candidates() {
    let all = [
        interface("eth0", "10.0.0.7"),
        unsettled("eth0", "fd00::1", Standing::Tentative),
    ];
    let selection = Selection::parse("app", "app", &["eth1", "eth0:inet"], None).unwrap();
    let chosen = selection.choose(&all).unwrap();
    assert_eq!(
        chosen.reason(&all),
        r#"(eth0) by "eth0:inet"; candidates: eth0 10.0.0.7, eth0 fd00::1 (tentative)"#
    );
    assert_eq!(selection.variable, "CONTAINERPILOT_APP_IP");
    let many: Vec<Interface> = (0..21)
        .map(|n| interface("eth0", &format!("10.0.0.{n}")))
        .collect();
    let reason = selection.choose(&many).unwrap().reason(&many);
    assert!(reason.ends_with("10.0.0.19, and 1 more"), "{reason}");
}

mod search {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn table() -> impl Strategy<Value = Vec<Interface>> {
        let names = select(vec!["eth0", "eth2", "eth10", "lo", "veth"]);
        let addresses = select(vec![
            "10.0.0.1",
            "10.0.0.7",
            "10.1.0.1",
            "127.0.0.1",
            "::1",
            "fd00::1",
            "2001:db8::1",
            "fe80::1",
        ]);
        let standings = select(vec![
            Standing::Settled,
            Standing::Settled,
            Standing::Deprecated,
            Standing::Tentative,
        ]);
        let one = (names, addresses, standings);
        vec(
            one.prop_map(|(name, address, standing)| unsettled(name, address, standing)),
            0..8,
        )
    }

    fn selectors() -> impl Strategy<Value = Vec<&'static str>> {
        let words = vec![
            "inet",
            "inet6",
            "eth0",
            "eth10:inet6",
            "eth2[0]",
            "eth0[1]",
            "10.0.0.0/8",
            "::/0",
            "fe80::/10",
            "fd00::/8",
            "veth@if3",
            "static:[::2]",
        ];
        vec(select(words), 1..4)
    }

    fn selection(selectors: &[&str]) -> Selection {
        Selection::parse("app", "app", selectors, None).unwrap()
    }

    proptest! {
        #[test]
        fn a_choice_rests_on_what_there_is_and_not_on_its_order(
            table in table(),
            selectors in selectors(),
            turn in 0..8_usize,
        ) {
            let mut turned = table.clone();
            turned.rotate_left(turn % table.len().max(1));
            let address = |table: &[Interface]| {
                let chosen = selection(&selectors).choose(table);
                chosen.ok().map(|chosen| chosen.address)
            };
            prop_assert_eq!(address(&table), address(&turned));
        }

        #[test]
        fn what_was_chosen_is_chosen_again_and_is_there(
            table in table(),
            later in table(),
            selectors in selectors(),
        ) {
            let mut selection = selection(&selectors);
            for table in [&table, &later] {
                let Ok(chosen) = selection.choose(table) else {
                    continue;
                };
                let is_there = table.iter().any(|one| one.address == chosen.address);
                prop_assert!(is_there || chosen.interface.is_none());
                selection.chosen = Some(chosen.clone());
                prop_assert_eq!(selection.choose(table), Ok(chosen));
            }
        }

        #[test]
        fn no_text_is_too_odd_to_be_refused(text in "[a-z0-9:/.@%\\[\\] -]{0,20}") {
            if let Ok(selection) = Selection::parse("app", "app", &[&text], None) {
                let _ = selection.choose(&[interface("eth0", "10.0.0.1"), interface("lo", "::1")]);
            }
        }
    }
}
