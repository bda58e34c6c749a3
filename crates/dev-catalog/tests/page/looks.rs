//! How the page looks: `docs/images/embedded-ui.png` is taken here.
//!
//! `UPDATE_DOCS=1 cargo nextest run -p dev-catalog -E 'test(the_page_has_its_picture)'` takes it anew.

use std::{env, fs, path::Path};

use serde_json::json;

use super::{browser::Browser, site::Site};

const PICTURE: &str = "../../docs/images/embedded-ui.png";

fn plant(site: &Site) {
    for (service, checks) in [
        (
            r#""Name":"nginx","ID":"nginx-web1","Port":80,"Tags":["public"]"#,
            r#"{"TTL":"600s","Status":"passing"}"#,
        ),
        (
            r#""Name":"nginx","ID":"nginx-web2","Port":80,"Address":"127.0.0.2","Tags":["public"]"#,
            r#"{"TTL":"600s","Status":"passing"}"#,
        ),
        (
            r#""Name":"customers","ID":"customers-1","Port":4000,"Tags":["v2"]"#,
            r#"{"TTL":"600s","Status":"passing"}"#,
        ),
        (
            r#""Name":"sales","ID":"sales-a41f","Port":3000,"Tags":["blue"],"Meta":{"commit":"5be1f0c"}"#,
            r#"{"TTL":"600s","Status":"passing","Name":"answers /health"}"#,
        ),
        (
            r#""Name":"sales","ID":"sales-b2c7","Port":3001,"Tags":["green"],"Meta":{"commit":"91ad220"}"#,
            r#"{"TTL":"600s","Status":"passing","Name":"answers /health"}"#,
        ),
        (
            r#""Name":"mysql","ID":"mysql-primary","Port":3306,"Tags":["primary"]"#,
            r#"{"TTL":"600s","Status":"warning","Name":"replication"}"#,
        ),
    ] {
        site.put(
            "/v1/agent/service/register",
            format!("{{{service},\"Check\":{checks}}}"),
        );
    }
    site.put("/v1/agent/check/update/service:sales-b2c7",
        r#"{"Status":"critical","Output":"curl: (7) Failed to connect to localhost port 3001 after 0 ms: Connection refused"}"#);
    site.put(
        "/v1/agent/check/update/service:sales-a41f",
        r#"{"Status":"passing","Output":"200 OK in 3 ms"}"#,
    );
    site.put("/v1/kv/mysql/primary", "mysql-primary");
    site.put("/v1/kv/sales/config.json", r#"{"currency":"EUR"}"#);
    site.put("/v1/kv/sales/tls.key", [0_u8; 1704]);
}

fn shot(browser: &mut Browser) -> Vec<u8> {
    let taken = browser.order("Page.captureScreenshot", &json!({ "format": "png" }));
    decode(taken["data"].as_str().expect("a picture"))
}

/// Plain base64, as the browser sends pictures.
fn decode(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => u32::from(c - b'A'),
        b'a'..=b'z' => u32::from(c - b'a') + 26,
        b'0'..=b'9' => u32::from(c - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut bytes = Vec::new();
    for group in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = group.iter().fold(0, |bits, c| bits << 6 | digit(*c));
        let bits = bits << (6 * (4 - group.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}

fn resize(browser: &mut Browser, width: u32, height: u32) {
    let size = json!({
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
    });
    browser.order("Emulation.setDeviceMetricsOverride", &size);
}

fn paint(browser: &mut Browser, scheme: &str) {
    let features = json!([
        { "name": "prefers-color-scheme", "value": scheme },
        { "name": "prefers-reduced-motion", "value": "reduce" },
    ]);
    browser.order(
        "Emulation.setEmulatedMedia",
        &json!({ "features": features }),
    );
}

fn put_away(name: &str, png: &[u8]) {
    if let Some(folder) = env::var_os("PAGE_SHOTS") {
        fs::write(Path::new(&folder).join(name), png).expect("the folder is there");
    }
}

#[test]
fn the_page_has_its_picture() {
    let site = Site::start();
    plant(&site);
    let mut browser = Browser::open(&site.page());
    browser.until_shows("2 of 4 services are not well: sales, mysql");
    browser.order("Emulation.setScrollbarsHidden", &json!({ "hidden": true }));
    resize(&mut browser, 1000, 980);
    paint(&mut browser, "light");
    browser.ask("document.querySelector('[data-key=\"sales\"] details').open = true");
    browser.ask("document.querySelector('[data-key=\"mysql/primary\"] button').click()");
    browser.until("document.querySelector('[data-key=\"mysql/primary\"] pre').textContent === 'mysql-primary'");
    browser.until_shows("Connection refused");
    let light = shot(&mut browser);
    assert!(light.starts_with(b"\x89PNG"));
    put_away("light.png", &light);
    if env::var_os("UPDATE_DOCS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PICTURE);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder can be made");
        fs::write(path, &light).expect("the picture can be written");
    }
    let kept = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(PICTURE));
    let kept = kept.expect("UPDATE_DOCS=1 takes the picture");
    assert!(kept.starts_with(b"\x89PNG"));

    paint(&mut browser, "dark");
    let dark = shot(&mut browser);
    put_away("dark.png", &dark);
    assert_ne!(light, dark, "there is a dark side");
    for width in [320, 390, 700] {
        resize(&mut browser, width, 800);
        let wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.ask(wide), 0, "nothing is wider than {width}");
    }
    resize(&mut browser, 390, 900);
    let narrow = shot(&mut browser);
    put_away("narrow.png", &narrow);
}

/// The contrast that WCAG 2 wants of text (AA), in both schemes, of everything that is shown.
#[test]
fn texts_can_be_read_in_both_schemes() {
    let site = Site::start();
    plant(&site);
    let mut browser = Browser::open(&site.page());
    browser.until_shows("2 of 4 services are not well");
    browser.ask("document.querySelectorAll('details').forEach((box) => { box.open = true; })");
    for scheme in ["light", "dark"] {
        paint(&mut browser, scheme);
        let poor = browser.ask(
            "(() => {
              const parse = (text) => text.match(/[\\d.]+/g).map(Number);
              const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
                .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
              const ground = (element) => {
                for (let at = element; at; at = at.parentElement) {
                  const parts = parse(getComputedStyle(at).backgroundColor);
                  if (parts.length === 3 || parts[3] === 1) return parts;
                }
                return [255, 255, 255];
              };
              const poor = [];
              for (const element of document.body.querySelectorAll('*')) {
                const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
                if (!own || !element.checkVisibility() || element.tagName === 'SCRIPT') continue;
                const [one, other] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
                const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
                if (ratio < 4.5) poor.push(element.className + ': ' + element.textContent + ' ' + ratio.toFixed(2));
              }
              return poor.join('\\n');
            })()",
        );
        assert_eq!(poor, "", "{scheme}");
    }
}
