//! A new text beside the file it may replace: on the same file system, so that the change is one
//! rename and nobody ever sees half a file.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
};

use pilot_core::spec::TemplateSpec;

use crate::{
    account,
    source::{plain, read_regular},
};

/// The permission bits of a file that is new and names none.
const PERMS: u32 = 0o644;

/// A written candidate; removed again unless it is installed.
pub(super) struct Candidate {
    path: PathBuf,
    destination: PathBuf,
}

impl Candidate {
    pub(super) fn write(spec: &TemplateSpec, text: &str) -> Result<Self, String> {
        let destination = PathBuf::from(&spec.destination);
        let path = beside(&destination)
            .ok_or_else(|| format!("cannot write {}: not a file name", spec.destination))?;
        let failed =
            |error: &io::Error| format!("cannot write {}: {}", path.display(), plain(error));
        // One that a killed helper left behind would be in the way.
        let _ = fs::remove_file(&path);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| failed(&error))?;
        let candidate = Self {
            path: path.clone(),
            destination,
        };
        file.write_all(text.as_bytes())
            .map_err(|error| failed(&error))?;
        candidate.dress(&file, spec)?;
        file.sync_all().map_err(|error| failed(&error))?;
        Ok(candidate)
    }

    /// Gives it owner and permissions: those asked for, else those of the file it replaces.
    fn dress(&self, file: &File, spec: &TemplateSpec) -> Result<(), String> {
        let old = fs::metadata(&self.destination).ok();
        let uid = spec.user.as_deref().map(account::uid).transpose()?;
        let gid = spec.group.as_deref().map(account::gid).transpose()?;
        let uid = uid.or(old.as_ref().map(MetadataExt::uid));
        let gid = gid.or(old.as_ref().map(MetadataExt::gid));
        let asked = spec.user.is_some() || spec.group.is_some();
        let owned = fchown(file, uid, gid);
        let perms = spec
            .perms
            .or(old.map(|old| old.mode() & 0o7777))
            .unwrap_or(PERMS);
        let dressed = file.set_permissions(Permissions::from_mode(perms));
        // To keep the owner of the old file is a wish; to have the one asked for is not.
        let owned = if asked { owned } else { Ok(()) };
        owned.and(dressed).map_err(|error| {
            let path = self.path.display();
            format!(
                "cannot set owner or permissions of {path}: {}",
                plain(&error)
            )
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn install(self) -> Result<(), String> {
        fs::rename(&self.path, &self.destination).map_err(|error| {
            let destination = self.destination.display();
            format!("cannot replace {destination}: {}", plain(&error))
        })?;
        if let Some(directory) = self
            .destination
            .parent()
            .and_then(|dir| File::open(dir).ok())
        {
            // The new name survives a crash; a file system that cannot promise it still has it.
            let _ = directory.sync_all();
        }
        Ok(())
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        // After an install it is no longer there.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether the file already is what it shall be: the text, and whatever else was asked for.
pub(super) fn stands(spec: &TemplateSpec, text: &str) -> Result<bool, String> {
    let path = Path::new(&spec.destination);
    let Ok(found) = fs::metadata(path) else {
        return Ok(false);
    };
    let bytes = read_regular(path)
        .map_err(|error| format!("cannot replace {}: {}", path.display(), plain(&error)))?;
    let uid = spec.user.as_deref().map(account::uid).transpose()?;
    let gid = spec.group.as_deref().map(account::gid).transpose()?;
    Ok(bytes == text.as_bytes()
        && spec
            .perms
            .is_none_or(|perms| found.mode() & 0o7777 == perms)
        && uid.is_none_or(|uid| found.uid() == uid)
        && gid.is_none_or(|gid| found.gid() == gid))
}

/// A hidden name in the same directory, one for each destination.
fn beside(destination: &Path) -> Option<PathBuf> {
    let name = destination.file_name()?.to_string_lossy();
    let hidden = format!(".{name}.containerpilot-{}", std::process::id());
    Some(destination.with_file_name(hidden))
}
