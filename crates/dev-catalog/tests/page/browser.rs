//! A headless Chromium that is told what to do over a pipe, in its DevTools protocol.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at the page.
const PAUSE: Duration = Duration::from_millis(20);

/// A browser with one open page, ended when dropped.
pub(super) struct Browser {
    process: Child,
    orders: ChildStdin,
    news: BufReader<ChildStdout>,
    session: Option<String>,
    last: u64,
    /// What the page complained about.
    complaints: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser and opens an address.
    pub(super) fn open(address: &str) -> Self {
        let profile = TempDir::new().expect("there is room for a profile");
        // The protocol wants descriptors 3 and 4, which a shell gives without unsafe code. The sandbox
        // needs what containers and root do not have, and only our own page is opened.
        let script = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";
        let mut process = Command::new("sh")
            .args(["-c", script])
            .arg(env::var_os("CHROMIUM_BIN").unwrap_or_else(|| "chromium".into()))
            .args(["--headless=new", "--remote-debugging-pipe", "--no-sandbox"])
            .args(["--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
            ])
            .args(["--disable-sync", "--disable-default-apps", "--mute-audio"])
            // Nothing but this machine is ever asked.
            .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start a shell: {error}"));
        let orders = process.stdin.take().expect("it is piped");
        let news = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut browser = Self {
            process,
            orders,
            news,
            session: None,
            last: 0,
            complaints: Vec::new(),
            _profile: profile,
        };
        let made = browser.order("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = browser.order("Target.attachToTarget", &attach);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        browser.order("Log.enable", &json!({}));
        browser.order("Runtime.enable", &json!({}));
        browser.order("Page.enable", &json!({}));
        browser.order("Page.navigate", &json!({ "url": address }));
        browser
    }

    /// Gives an order and takes its result.
    pub(super) fn order(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut order = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            order["sessionId"] = json!(session);
        }
        let sent = self.orders.write_all(format!("{order}\0").as_bytes());
        sent.expect(
            "the browser runs: is the package `chromium` installed (scripts/packages tests)?",
        );
        loop {
            let message = self.next();
            if message["id"] == self.last {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    fn next(&mut self) -> Value {
        let mut bytes = Vec::new();
        let read = self.news.read_until(0, &mut bytes).expect("it can be read");
        assert!(
            read > 0,
            "the browser ended: is the package `chromium` installed (scripts/packages tests)?"
        );
        bytes.pop();
        let message: Value = serde_json::from_slice(&bytes).expect("JSON");
        if matches!(
            message["method"].as_str(),
            Some("Log.entryAdded" | "Runtime.exceptionThrown" | "Page.javascriptDialogOpening")
        ) {
            self.complaints.push(message.to_string());
        }
        message
    }

    /// What an expression comes to on the page.
    pub(super) fn ask(&mut self, expression: &str) -> Value {
        let params = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
        });
        let result = self.order("Runtime.evaluate", &params);
        let fault = &result["exceptionDetails"];
        assert!(fault.is_null(), "{expression}: {fault}");
        result["result"]["value"].clone()
    }

    /// Waits until an expression is true on the page.
    #[track_caller]
    pub(super) fn until(&mut self, expression: &str) {
        let started = Instant::now();
        while self.ask(&format!("Boolean({expression})")) != true {
            if started.elapsed() > PATIENCE {
                let seen = self.ask("document.body ? document.body.innerText : ''");
                let complaints = self.complaints.join("\n");
                panic!("never true: {expression}\nthe page says:\n{seen}\n{complaints}");
            }
            thread::sleep(PAUSE);
        }
    }

    /// Waits until the page shows a text.
    #[track_caller]
    pub(super) fn until_shows(&mut self, text: &str) {
        self.until(&format!(
            "document.body?.innerText.includes({})",
            json!(text)
        ));
    }

    pub(super) fn shows(&mut self, text: &str) -> bool {
        self.ask(&format!(
            "document.body?.innerText.includes({})",
            json!(text)
        )) == true
    }

    /// Presses and releases a key, as a person does.
    pub(super) fn press(&mut self, key: &str, text: &str) {
        let code = if key == "Enter" { 13 } else { 0 };
        for kind in ["keyDown", "keyUp"] {
            let mut params = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" {
                params["text"] = json!(text);
            }
            self.order("Input.dispatchKeyEvent", &params);
        }
    }

    /// What the page complained about so far, except that it could not reach the catalog.
    pub(super) fn complaints(&self) -> Vec<&String> {
        let mut all = self.complaints.iter().collect::<Vec<_>>();
        all.retain(|complaint| !complaint.contains("net::ERR_"));
        all
    }
}

impl Drop for Browser {
    #[expect(
        clippy::disallowed_methods,
        reason = "this process has no reaper, only this child"
    )]
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
