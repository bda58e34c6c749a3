//! The file that tells others which process this is (`pid_file`).

use std::{fs, path::PathBuf};

use crate::source::plain;

/// A file that holds our process ID; removed again when it is dropped.
pub(crate) struct PidFile(PathBuf);

impl PidFile {
    pub(crate) fn write(path: PathBuf) -> Result<Self, String> {
        match fs::write(&path, own_id()) {
            Ok(()) => Ok(Self(path)),
            Err(error) => Err(format!(
                "cannot write the pid file {}: {}",
                path.display(),
                plain(&error)
            )),
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Another instance may have taken the name meanwhile.
        if fs::read_to_string(&self.0).is_ok_and(|text| text == own_id()) {
            let _ = fs::remove_file(&self.0);
        }
    }
}

fn own_id() -> String {
    std::process::id().to_string()
}
