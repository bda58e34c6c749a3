//! Users and groups by name, so that a process can run as one.

use nix::unistd::{Gid, Group, Uid, User};
use reaper::Identity;

/// Finds who a command shall run as; none when it names neither user nor group.
pub(crate) fn identity(
    user: Option<&str>,
    group: Option<&str>,
) -> Result<Option<Identity>, String> {
    if user.is_none() && group.is_none() {
        return Ok(None);
    }
    let account = user.map(user_of).transpose()?;
    let uid = account.as_ref().map_or(Uid::current(), |user| user.uid);
    let gid = match group {
        Some(group) => group_of(group)?,
        None => account.as_ref().map_or(Gid::current(), |user| user.gid),
    };
    let groups = match &account {
        Some(user) => supplementary(user, gid),
        None => vec![gid.as_raw()],
    };
    Ok(Some(Identity {
        uid: uid.as_raw(),
        gid: gid.as_raw(),
        groups,
    }))
}

/// glibc looks up users through plugins that the image's nsswitch.conf names, and loads them even
/// into a static program, where one built for another glibc crashes it. `files` is built in.
#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
fn keep_plugins_out() {
    unsafe extern "C" {
        fn __nss_configure_lookup(
            database: *const libc::c_char,
            services: *const libc::c_char,
        ) -> libc::c_int;
    }
    for database in [c"passwd", c"group", c"initgroups"] {
        // SAFETY: both are NUL-terminated texts that live for ever, and glibc copies what it needs.
        unsafe { __nss_configure_lookup(database.as_ptr(), c"files".as_ptr()) };
    }
}

#[cfg(not(all(target_env = "gnu", target_feature = "crt-static")))]
fn keep_plugins_out() {}

/// The number of a user, by name or number.
pub(crate) fn uid(user: &str) -> Result<u32, String> {
    user_of(user).map(|user| user.uid.as_raw())
}

/// The number of a group, by name or number.
pub(crate) fn gid(group: &str) -> Result<u32, String> {
    group_of(group).map(Gid::as_raw)
}

fn user_of(text: &str) -> Result<User, String> {
    keep_plugins_out();
    let found = match text.parse() {
        Ok(number) => User::from_uid(Uid::from_raw(number)),
        Err(_) => User::from_name(text),
    };
    match (found, text.parse()) {
        (Ok(Some(user)), _) => Ok(user),
        // A number needs no entry in the user database.
        (_, Ok(number)) => Ok(nameless(number)),
        (Ok(None), Err(_)) => Err(format!(
            "cannot run as user `{text}`: there is no such user"
        )),
        (Err(error), Err(_)) => Err(format!(
            "cannot run as user `{text}`: {}",
            unread(error, "/etc/passwd")
        )),
    }
}

/// Why a name could not be looked up.
fn unread(error: nix::Error, file: &str) -> String {
    if error == nix::Error::ENOENT {
        return format!("there is no {file} to find the name in; give its number");
    }
    error.desc().to_owned()
}

fn nameless(number: u32) -> User {
    User {
        name: String::new(),
        passwd: std::ffi::CString::default(),
        uid: Uid::from_raw(number),
        gid: Gid::current(),
        gecos: std::ffi::CString::default(),
        dir: "/".into(),
        shell: "/".into(),
    }
}

fn group_of(text: &str) -> Result<Gid, String> {
    keep_plugins_out();
    if let Ok(number) = text.parse() {
        return Ok(Gid::from_raw(number));
    }
    match Group::from_name(text) {
        Ok(Some(group)) => Ok(group.gid),
        Ok(None) => Err(format!(
            "cannot run as group `{text}`: there is no such group"
        )),
        Err(error) => Err(format!(
            "cannot run as group `{text}`: {}",
            unread(error, "/etc/group")
        )),
    }
}

fn supplementary(user: &User, gid: Gid) -> Vec<u32> {
    let name = std::ffi::CString::new(user.name.as_str()).unwrap_or_default();
    let listed = if user.name.is_empty() {
        Vec::new()
    } else {
        nix::unistd::getgrouplist(&name, gid).unwrap_or_default()
    };
    let mut groups: Vec<u32> = listed.into_iter().map(Gid::as_raw).collect();
    if groups.is_empty() {
        groups.push(gid.as_raw());
    }
    groups
}
