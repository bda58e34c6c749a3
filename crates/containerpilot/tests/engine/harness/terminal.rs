//! A person at a terminal, with `docker run -it` on it.

use std::{
    io::Read,
    os::fd::OwnedFd,
    process::{Child, Command},
    sync::{Arc, Mutex, PoisonError},
};

use rustix::{
    fs::{Mode, OFlags, open},
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use super::{docker::try_docker, unique, until};

/// A container in the foreground of a terminal; removed in the end.
pub(crate) struct Terminal {
    pub(crate) name: String,
    client: Child,
    keyboard: OwnedFd,
    screen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// `docker run -it` with a name of its own, and these words after it.
    pub(crate) fn run(title: &str, words: &[&str]) -> Self {
        let name = unique(title);
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC);
        let keyboard = keyboard.unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let path = ptsname(&keyboard, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let line = open(path, flags, Mode::empty()).unwrap();
        let end = || line.try_clone().unwrap();
        let client = Command::new("docker")
            .args(["run", "-it", "--name", &name])
            .args(words)
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let screen = Arc::<Mutex<Vec<u8>>>::default();
        let mut shown = std::fs::File::from(keyboard.try_clone().unwrap());
        let seen = Arc::clone(&screen);
        // Ends when nobody has the other end any more.
        std::thread::spawn(move || {
            let mut page = [0; 4096];
            while let Ok(count @ 1..) = shown.read(&mut page) {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.extend_from_slice(&page[..count]);
            }
        });
        Self {
            name,
            client,
            keyboard,
            screen,
        }
    }

    /// Everything that was shown, control characters included.
    pub(crate) fn shown(&self) -> String {
        let screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&screen).into_owned()
    }

    pub(crate) fn keys(&self, keys: &str) {
        let written = rustix::io::write(&self.keyboard, keys.as_bytes());
        assert_eq!(written, Ok(keys.len()));
    }

    /// Types something, and waits until there is an answer after what was shown before.
    #[track_caller]
    pub(crate) fn types(&self, keys: &str, answer: &str) -> String {
        let before = self.screen.lock().unwrap().len();
        self.keys(keys);
        self.wait_for_after(before, answer)
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait_for_after(0, text);
    }

    #[track_caller]
    fn wait_for_after(&self, before: usize, text: &str) -> String {
        until(
            &format!("{text:?} is on the screen"),
            || self.shown(),
            || {
                let screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
                let new = String::from_utf8_lossy(&screen[before..]).into_owned();
                new.contains(text).then_some(new)
            },
        )
    }

    /// Waits until a command runs in front of the terminal: what it shows comes too early for who
    /// wants to press Ctrl-C, which is for whoever is in front at that moment.
    #[track_caller]
    pub(crate) fn wait_for_in_front(&self, command: &str) {
        until(
            &format!("`{command}` is in front"),
            || format!("{}\n{}", self.processes(), self.shown()),
            || {
                let processes = self.processes();
                let there = processes.lines().any(|line| is_in_front(line, command));
                there.then_some(())
            },
        );
    }

    /// Its processes, each with its number, state and words.
    fn processes(&self) -> String {
        let listed = try_docker(&["top", &self.name, "-o", "pid,stat,args"]);
        listed.unwrap_or_else(|error| error)
    }

    /// Makes the window another size.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.keyboard, size).unwrap();
        // The client leads no session of its own, so that the kernel does not tell it.
        kill_process(Pid::from_child(&self.client), Signal::WINCH).unwrap();
    }

    /// Waits for the end; gives the status as the person at the terminal has it.
    #[track_caller]
    pub(crate) fn ends(mut self) -> Option<i32> {
        let shown = Arc::clone(&self.screen);
        let name = self.name.clone();
        let told = || {
            let state = try_docker(&["inspect", "--format", "{{json .State}}", &name]);
            let shown = String::from_utf8_lossy(&shown.lock().unwrap()).into_owned();
            format!("{state:?}\n{shown}")
        };
        let status = until("the container ends", told, || {
            self.client.try_wait().unwrap()
        });
        status.code()
    }
}

/// Whether this line of `ps` is of that command, in the foreground and not stopped.
fn is_in_front(line: &str, command: &str) -> bool {
    let Some((_, line)) = line.trim_start().split_once(' ') else {
        return false;
    };
    let Some((state, words)) = line.trim_start().split_once(' ') else {
        return false;
    };
    words.trim() == command && state.contains('+') && !state.starts_with(['T', 'Z'])
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (name, processes) = (&self.name, self.processes());
            eprintln!("--- {name} showed\n{}\n{processes}", self.shown());
        }
        let _ = try_docker(&["rm", "-f", "-v", &self.name]);
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}
