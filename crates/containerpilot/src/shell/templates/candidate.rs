//! A new text beside the file it may replace: on the same file system, so that the change is one
//! rename and nobody ever sees half a file.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
};

use pilot_core::spec::TemplateSpec;

use crate::{
    account,
    source::{plain, read_regular},
};

/// The permission bits of a file that is new and names none.
const PERMS: u32 = 0o644;
/// Those of a directory that is made for it.
const DIRECTORY: u32 = 0o755;

/// A written candidate; removed again unless it is installed.
#[derive(Debug)]
pub(in crate::shell) struct Candidate {
    path: PathBuf,
    destination: PathBuf,
    backup: bool,
}

/// What came of writing a text.
#[derive(Debug)]
pub(in crate::shell) enum Written {
    /// The file already is what it shall be.
    Stands,
    /// It may take the place of the file.
    Candidate(Candidate),
}

/// Writes the text beside the file, unless the file holds it already.
pub(super) fn write(spec: &TemplateSpec, text: &[u8]) -> Result<Written, String> {
    if stands(spec, text)? {
        return Ok(Written::Stands);
    }
    Candidate::write(spec, text).map(Written::Candidate)
}

impl Candidate {
    fn write(spec: &TemplateSpec, text: &[u8]) -> Result<Self, String> {
        let destination = place(Path::new(&spec.destination));
        let path = beside(&destination, spec.name.as_str())
            .ok_or_else(|| format!("cannot write {}: not a file name", spec.destination))?;
        let failed =
            |error: &io::Error| format!("cannot write {}: {}", path.display(), plain(error));
        if let Some(directory) = path.parent().filter(|_| spec.writing.make_directories) {
            make_directory(directory)?;
        }
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
            backup: spec.writing.backup,
        };
        file.write_all(text).map_err(|error| failed(&error))?;
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
        if self.backup {
            self.keep_old()?;
        }
        fs::rename(&self.path, &self.destination).map_err(|error| self.refused(&error))?;
        let directory = self.destination.parent();
        if let Some(directory) = directory.and_then(|dir| File::open(dir).ok()) {
            // The new name survives a crash; a file system that cannot promise it still has it.
            let _ = directory.sync_all();
        }
        Ok(())
    }

    fn refused(&self, error: &io::Error) -> String {
        let destination = self.destination.display();
        let mounted = error.kind() == io::ErrorKind::ResourceBusy;
        let hint = if mounted {
            "; it is a mount of its own: mount the directory it is in instead"
        } else {
            ""
        };
        format!("cannot replace {destination}: {}{hint}", plain(error))
    }

    /// Keeps the file that is about to be replaced as `NAME.bak`.
    fn keep_old(&self) -> Result<(), String> {
        let mut name = self.destination.clone().into_os_string();
        name.push(".bak");
        let backup = PathBuf::from(name);
        let kept = fs::remove_file(&backup)
            .or_else(absent_is_fine)
            .and_then(|()| fs::hard_link(&self.destination, &backup).or_else(absent_is_fine));
        kept.map_err(|error| format!("cannot keep {}: {}", backup.display(), plain(&error)))
    }
}

fn absent_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

fn make_directory(directory: &Path) -> Result<(), String> {
    let made = DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY)
        .create(directory);
    made.map_err(|error| format!("cannot make {}: {}", directory.display(), plain(&error)))
}

impl Drop for Candidate {
    fn drop(&mut self) {
        // After an install it is no longer there.
        let _ = fs::remove_file(&self.path);
    }
}

/// The file that a rename may replace. A link to a file beside it stays and leads to the new text;
/// one that leads out of the directory is replaced itself, so nothing is ever written elsewhere.
fn place(destination: &Path) -> PathBuf {
    let inside = || {
        let target = fs::read_link(destination).ok()?;
        let beside = target.parent() == Some(Path::new("")) && target.file_name().is_some();
        beside.then(|| destination.with_file_name(target))
    };
    inside().unwrap_or_else(|| destination.to_owned())
}

/// Whether the file already is what it shall be: the text, and whatever else was asked for.
fn stands(spec: &TemplateSpec, text: &[u8]) -> Result<bool, String> {
    let path = Path::new(&spec.destination);
    let Ok(found) = fs::metadata(path) else {
        return Ok(false);
    };
    let differs_in_size = usize::try_from(found.len()) != Ok(text.len());
    if found.is_file() && differs_in_size {
        return Ok(false);
    }
    let bytes = read_regular(path)
        .map_err(|error| format!("cannot replace {}: {}", path.display(), plain(&error)))?;
    let uid = spec.user.as_deref().map(account::uid).transpose()?;
    let gid = spec.group.as_deref().map(account::gid).transpose()?;
    Ok(bytes == text
        && spec
            .perms
            .is_none_or(|perms| found.mode() & 0o7777 == perms)
        && uid.is_none_or(|uid| found.uid() == uid)
        && gid.is_none_or(|gid| found.gid() == gid))
}

/// A hidden name in the same directory, one for each template: several may share a destination.
fn beside(destination: &Path, template: &str) -> Option<PathBuf> {
    let name = destination.file_name()?.to_string_lossy();
    let mut hasher = DefaultHasher::new();
    template.hash(&mut hasher);
    let (pid, number) = (std::process::id(), hasher.finish());
    let hidden = format!(".{name}.containerpilot-{pid}-{number:x}");
    Some(destination.with_file_name(hidden))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use pilot_core::spec::TemplateSource;

    use super::*;

    fn spec(destination: &Path) -> TemplateSpec {
        let source = TemplateSource::Inline(String::new());
        TemplateSpec::new("t", source, destination.display().to_string())
    }

    fn put(spec: &TemplateSpec, text: &str) {
        match write(spec, text.as_bytes()).unwrap() {
            Written::Candidate(candidate) => candidate.install().unwrap(),
            Written::Stands => panic!("it stands already"),
        }
    }

    #[test]
    fn a_link_to_a_file_beside_it_stays_and_one_that_leads_out_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("out")).unwrap();
        fs::create_dir(at("in")).unwrap();
        fs::write(at("out/secret"), "untouched").unwrap();
        fs::write(at("in/real"), "old").unwrap();
        symlink("real", at("in/near")).unwrap();
        symlink("../out/secret", at("in/far")).unwrap();
        put(&spec(&at("in/near")), "new");
        put(&spec(&at("in/far")), "new");
        assert_eq!(fs::read_to_string(at("in/real")).unwrap(), "new");
        assert!(fs::symlink_metadata(at("in/near")).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(at("out/secret")).unwrap(), "untouched");
        assert!(fs::symlink_metadata(at("in/far")).unwrap().is_file());
    }

    #[test]
    fn directories_are_made_only_where_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let mut spec = spec(&dir.path().join("a/b/c"));
        let error = write(&spec, b"x").unwrap_err();
        assert!(error.contains("no such file or directory"), "{error}");
        spec.writing.make_directories = true;
        put(&spec, "x");
        assert_eq!(fs::read_to_string(&spec.destination).unwrap(), "x");
    }

    #[test]
    fn the_file_before_stays_as_a_backup() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let mut spec = spec(&path);
        spec.writing.backup = true;
        for text in ["1", "22", "333"] {
            put(&spec, text);
        }
        let backup = fs::read_to_string(dir.path().join("f.bak")).unwrap();
        assert_eq!(
            (fs::read_to_string(path).unwrap().as_str(), backup.as_str()),
            ("333", "22")
        );
    }

    #[test]
    fn nothing_is_left_of_a_candidate_that_is_not_installed() {
        let dir = tempfile::tempdir().unwrap();
        let spec = spec(&dir.path().join("f"));
        drop(write(&spec, b"x").unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
