//! What a person sees on the page, and what nobody can make it do.

use super::{
    browser::Browser,
    site::{Site, exchange},
};

const WEB: &str = r#"{"Name":"web","ID":"web-1","Port":8000,"Tags":["blue"],
    "Check":{"TTL":"600s","Status":"passing"}}"#;

#[test]
fn changes_appear_without_a_reload() {
    let site = Site::start();
    let mut browser = Browser::open(&site.page());
    browser.until_shows("No service is registered");
    browser.ask("window.sameDocument = true");

    site.put("/v1/agent/service/register", WEB);
    browser.until_shows("The one service is well");
    assert!(browser.shows("web"));

    site.put(
        "/v1/agent/check/update/service:web-1",
        r#"{"Status":"critical","Output":"disk full"}"#,
    );
    browser.until_shows("The one service is not well: web");
    browser.until("document.title === '(1!) catalog'");
    assert!(!browser.shows("disk full"), "what is closed is not shown");

    // A person opens it by the keyboard, and a change leaves it open.
    browser.ask("document.querySelector('#services summary').focus()");
    browser.press("Enter", "\r");
    browser.until_shows("disk full");
    browser.until_shows("127.0.0.1:8000");
    site.put("/v1/kv/app/config", "x");
    browser.until_shows("app/config");
    assert!(browser.shows("disk full"), "it stays open");

    site.put("/v1/agent/service/deregister/web-1", "");
    browser.until_shows("No service is registered");
    assert_eq!(browser.ask("window.sameDocument"), true);
    assert_eq!(browser.complaints(), Vec::<&String>::new());
}

#[test]
fn hostile_texts_are_texts() {
    const HOSTILE: &str = "<img src=x onerror=alert(1)><script>alert(2)</script>";
    let site = Site::start();
    site.put(
        "/v1/agent/service/register",
        format!(
            r#"{{"Name":"{HOSTILE}","ID":"id{HOSTILE}","Tags":["tag{HOSTILE}"],"Address":"addr{HOSTILE}",
                "Meta":{{"k":"meta{HOSTILE}"}},
                "Check":{{"TTL":"600s","Name":"check{HOSTILE}","Notes":"notes{HOSTILE}"}}}}"#
        ),
    );
    let check = "/v1/agent/check/update/service:id%3Cimg%20src=x%20onerror=alert(1)%3E%3Cscript%3Ealert(2)%3C%2Fscript%3E";
    let update = format!(r#"{{"Status":"warning","Output":"output{HOSTILE}"}}"#);
    site.put(check, update);
    site.put(
        "/v1/kv/key%3Cimg%20src=x%20onerror=alert(1)%3E%22'",
        format!("value{HOSTILE}"),
    );
    site.put("/v1/kv/__proto__", "x");
    site.put(
        "/v1/catalog/register",
        format!(r#"{{"Node":"node{HOSTILE}","Address":"at{HOSTILE}"}}"#),
    );

    let mut browser = Browser::open(&site.page());
    browser.until_shows("The one service is not well");
    browser.ask("document.querySelectorAll('details').forEach((box) => { box.open = true; })");
    browser.ask("document.querySelectorAll('button').forEach((button) => button.click())");
    for part in [
        "id", "tag", "addr", "meta", "check", "notes", "output", "value", "node", "at",
    ] {
        browser.until_shows(&format!("{part}{HOSTILE}"));
    }
    browser.until_shows("key<img src=x onerror=alert(1)>\"'");
    browser.until_shows("__proto__");
    assert_eq!(
        browser.ask("document.images.length + document.scripts.length"),
        1
    );

    // Even a hole in the page would let nothing in: the policy wants a word that nobody knows.
    browser.ask(
        "window.held = ''; document.addEventListener('securitypolicyviolation', \
         (event) => { window.held += event.effectiveDirective + ' '; })",
    );
    browser.ask(
        "{ const script = document.createElement('div'); \
         try { script.innerHTML = '<b>x</b>'; } catch { window.typed = true; } }",
    );
    assert_eq!(browser.ask("window.typed"), true);
    browser.ask("{ const a = document.createElement('img'); a.src = 'http://127.0.0.1:1/x'; document.body.append(a); }");
    browser.until("window.held.includes('img-src')");
}

#[test]
fn a_value_is_shown_to_whom_asks_for_it() {
    let site = Site::start();
    site.put("/v1/kv/db/password", "hunter2");
    site.put("/v1/kv/db/certificate", [0, 159, 146, 150, 255]);
    site.put("/v1/kv/db/empty", "");
    let mut browser = Browser::open(&site.page());
    browser.until_shows("db/password");
    browser.ask(
        "window.asked = () => performance.getEntriesByType('resource').filter((one) => one.name.includes('/v1/kv/')).length",
    );
    assert_eq!(browser.ask("asked()"), 0);
    assert_eq!(
        browser.ask("document.documentElement.outerHTML.includes('hunter2')"),
        false
    );

    let click =
        |key: &str| format!("document.querySelector('[data-key=\"{key}\"] button').click()");
    browser.ask(&click("db/password"));
    browser.until_shows("hunter2");
    assert_eq!(browser.ask("asked()"), 1);
    site.put("/v1/kv/db/password", "correct horse");
    browser.until_shows("correct horse");
    browser.ask(&click("db/password"));
    browser.until("!document.documentElement.outerHTML.includes('correct horse')");

    browser.ask(&click("db/certificate"));
    browser.until_shows("binary, 5 bytes");
    browser.until_shows("0000  00 9f 92 96 ff");
    browser.ask(&click("db/empty"));
    browser
        .until("document.querySelector('[data-key=\"db/empty\"] .note').textContent === 'empty'");
}

#[test]
fn a_lost_catalog_is_said_and_found_again() {
    let site = Site::start();
    let addr = site.addr();
    for n in 0..5 {
        site.put(&format!("/v1/kv/old/{n}"), "x");
    }
    let mut browser = Browser::open(&site.page());
    browser.until_shows("old/4");
    browser.until("document.querySelector('#link').textContent === 'live'");
    drop(site);
    browser.until_shows("connection lost");
    assert!(browser.shows("old/4"), "what was known stays");
    // The new one has forgotten everything, its index too.
    let site = Site::start_at(addr);
    browser.until("document.querySelector('#link').textContent === 'live'");
    browser.until_shows("No key is stored");
    site.put("/v1/kv/new", "x");
    browser.until_shows("new");
}

#[test]
fn the_filter_finds_services_instances_and_keys() {
    let site = Site::start();
    site.put("/v1/agent/service/register", WEB);
    site.put(
        "/v1/agent/service/register",
        r#"{"Name":"db","ID":"db-7","Tags":["primary"]}"#,
    );
    site.put("/v1/kv/web/title", "x");
    site.put("/v1/kv/other", "x");
    let mut browser = Browser::open(&site.page());
    browser.until_shows("All 2 services are well");
    browser.press("/", "/");
    browser.until("document.activeElement.id === 'filter'");
    for (typed, services, keys) in [
        ("web", "web", "web/title"),
        ("primary", "db", ""),
        ("DB-7", "db", ""),
        ("nothing", "", ""),
        ("", "webdb", "otherweb/title"),
    ] {
        browser.ask(&format!(
            "{{ const box = document.querySelector('#filter'); box.value = '{typed}'; box.dispatchEvent(new Event('input')); }}"
        ));
        let names = "[...document.querySelectorAll('#services > li')].map((row) => row.dataset.key).join('')";
        assert_eq!(browser.ask(names), services, "{typed}");
        let names =
            "[...document.querySelectorAll('#keys > li')].map((row) => row.dataset.key).join('')";
        assert_eq!(browser.ask(names), keys, "{typed}");
    }
}

#[test]
fn pages_of_other_sites_can_neither_write_nor_read() {
    let (site, other) = (Site::start(), Site::start());
    let mut browser = Browser::open(&other.page());
    browser.until_shows("No service is registered");
    // A page is bound by its own policy too, so this asks from a document without one.
    browser.order("Page.setBypassCSP", &serde_json::json!({ "enabled": true }));
    browser.order("Page.reload", &serde_json::json!({}));
    browser.until("document.body?.innerText.includes('No service is registered')");
    let target = site.addr();
    browser.ask(&format!(
        "fetch('http://{target}/v1/kv/stolen', {{ method: 'PUT', mode: 'no-cors', body: 'x' }}).catch(() => 0).then(() => 0)"
    ));
    browser.ask(&format!(
        "fetch('http://{target}/v1/agent/service/deregister/web-1', {{ method: 'POST', mode: 'no-cors' }}).catch(() => 0).then(() => 0)"
    ));
    let seen = exchange(target, "/v1/kv/stolen?cas=0", "", b"mine");
    assert!(seen.ends_with("true\n"), "nobody wrote it before: {seen}");
    let refused = exchange(
        target,
        "/v1/kv/stolen",
        "Origin: http://evil.example\r\n",
        b"x",
    );
    assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
}
