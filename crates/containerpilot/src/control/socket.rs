//! The socket file: made with the least mode, never in place of anything but a dead socket, and
//! removed only while it is still our own.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use pilot_config::{Config, Control, Dialect};
use rustix::{
    fs::{Gid, Mode, chown, fchmod},
    net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with,
    },
};
use tokio::net::UnixListener;

use crate::{account, source::plain};

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    #[error("cannot listen on control socket {path}: another containerpilot answers there\nhint: give this one a `control.socket` of its own", path = .0.display())]
    Live(PathBuf),
    #[error("cannot listen on control socket {path}: there is a file that is not a socket\nhint: remove it, or name another `control.socket`", path = .0.display())]
    Foreign(PathBuf),
    #[error("cannot listen on control socket {path}: {reason}", path = path.display())]
    Refused {
        path: PathBuf,
        kind: io::ErrorKind,
        reason: String,
    },
    #[error("cannot give control socket {path} to its group: {reason}", path = path.display())]
    Group { path: PathBuf, reason: String },
}

impl ControlError {
    /// Whether the helper can do without: nobody named the path, and the place is just not there
    /// or not writable, as in an image with a read-only root. Or it is taken, and the file is of
    /// ContainerPilot 1 or 2, which had no socket and so ran side by side.
    pub(crate) fn is_excusable(&self, config: &Config) -> bool {
        if config.control.socket != Path::new(Control::SOCKET) {
            return false;
        }
        let had_none = config.dialect == Dialect::V2;
        match self {
            Self::Refused { kind, .. } => {
                // Another came between our look at the place and our taking it.
                let taken = *kind == io::ErrorKind::AddrInUse;
                let absent = matches!(
                    kind,
                    io::ErrorKind::NotFound
                        | io::ErrorKind::PermissionDenied
                        | io::ErrorKind::ReadOnlyFilesystem
                );
                absent || (had_none && taken)
            }
            Self::Live(_) => had_none,
            Self::Foreign(_) | Self::Group { .. } => false,
        }
    }
}

/// The file of a socket that is being listened on.
pub(super) struct Socket {
    path: PathBuf,
    /// Device and inode, to tell our file from one that took its place.
    identity: Option<(u64, u64)>,
}

impl Socket {
    pub(super) fn open(control: &Control) -> Result<(Self, UnixListener), ControlError> {
        let path = &control.socket;
        if path == Path::new(Control::SOCKET) {
            make_room(path);
        }
        clear(path)?;
        let refused = |error: io::Error| ControlError::Refused {
            path: path.clone(),
            kind: error.kind(),
            reason: plain(&error),
        };
        let listener = listen_at(path, control.mode).map_err(refused)?;
        let socket = Self {
            path: path.clone(),
            identity: identity(path),
        };
        socket.dress(control)?;
        Ok((socket, listener))
    }

    /// Gives it the group and the mode that are asked for, the group first: it must not be open to
    /// one that it is about to leave.
    pub(super) fn dress(&self, control: &Control) -> Result<(), ControlError> {
        let path = &self.path;
        if let Some(group) = &control.group {
            give_to(path, group).map_err(|reason| ControlError::Group {
                path: path.clone(),
                reason,
            })?;
        }
        let mode = fs::Permissions::from_mode(control.mode);
        fs::set_permissions(path, mode).map_err(|error| ControlError::Refused {
            path: path.clone(),
            kind: error.kind(),
            reason: plain(&error),
        })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            // If it cannot be removed the next helper finds it dead and removes it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the directories of the default path, which an image with nothing but the helper lacks. If
/// that is refused, so is the socket, which tells of it.
fn make_room(path: &Path) {
    if let Some(directory) = path.parent() {
        let _ = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(directory);
    }
}

/// Removes a socket that nobody listens on; leaves everything else alone.
fn clear(path: &Path) -> Result<(), ControlError> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !found.file_type().is_socket() {
        return Err(ControlError::Foreign(path.to_owned()));
    }
    match knock(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)
            .map_err(|error| ControlError::Refused {
                path: path.to_owned(),
                kind: error.kind(),
                reason: plain(&error),
            }),
        Ok(_) | Err(_) => Err(ControlError::Live(path.to_owned())),
    }
}

/// Finds out whether anybody listens, without waiting for one who listens and does not accept.
fn knock(path: &Path) -> io::Result<()> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    Ok(connect(&socket, &SocketAddrUnix::new(path)?)?)
}

/// Listens with the mode set before the file appears, so that it is never more open than asked;
/// what the umask took from it is given back after.
fn listen_at(path: &Path, mode: u32) -> io::Result<UnixListener> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    let mode = Mode::from_bits_truncate(mode);
    fchmod(&socket, mode)?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    listen(&socket, 128)?;
    UnixListener::from_std(socket.into())
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = fs::symlink_metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

fn give_to(path: &Path, group: &str) -> Result<(), String> {
    let gid = account::gid(group)?;
    chown(path, None, Some(Gid::from_raw(gid))).map_err(|error| plain(&error.into()))
}
