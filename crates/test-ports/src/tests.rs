//! What may be relied on.

use std::collections::BTreeSet;

use super::*;

#[test]
fn a_port_is_none_that_the_kernel_gives_away() {
    let text = fs::read_to_string(RANGE).unwrap();
    let given_away = range(&text).unwrap();
    // What the kernel gives away is in that range, or these would prove nothing.
    let given = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    assert!(given_away.contains(&given.local_addr().unwrap().port()));
    for port in free_ports::<50>() {
        assert!(port >= FIRST && !given_away.contains(&port), "{port}");
    }
}

#[test]
fn a_port_is_found_once_and_can_be_bound_again_and_again() {
    let finders = [(); 8].map(|()| std::thread::spawn(free_ports::<25>));
    let ports = finders.map(|finder| finder.join().unwrap());
    let ports: BTreeSet<u16> = ports.into_iter().flatten().collect();
    assert_eq!(ports.len(), 200);
    let port = *ports.first().unwrap();
    for _ in 0..3 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        // The end that closes first keeps the port busy for a minute, but not for a listener.
        drop(listener.accept().unwrap());
        drop(client);
        UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
}

#[test]
fn a_port_that_is_held_is_passed_over() {
    let port = free_port();
    assert!(!is_in_use(port), "nothing listens there");
    assert!(claim(port).is_none());
    assert!(!take(port));
}

#[test]
fn a_port_that_a_server_has_is_passed_over() {
    let port = free_port();
    for address in ["127.0.0.1", "127.0.0.2", "0.0.0.0"] {
        let server = TcpListener::bind((address, port)).unwrap();
        assert!(is_in_use(port), "{address}");
        drop(server);
        let server = UdpSocket::bind((address, port)).unwrap();
        assert!(is_in_use(port), "{address}");
        drop(server);
        assert!(!is_in_use(port), "{address}");
    }
    if let Ok(server) = TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
        assert!(is_in_use(port), "{server:?}");
    }
}

#[test]
fn the_kernel_says_a_range() {
    assert_eq!(range("32768\t60999\n"), Some(32_768..=60_999));
    assert_eq!(range(""), None);
    assert_eq!(range("1024"), None);
    assert_eq!(range("1024 many"), None);
}
