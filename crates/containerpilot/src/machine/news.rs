//! Word from the kernel that addresses or interfaces have changed.

use std::io;

use rustix::{
    io::Errno,
    net::{self, AddressFamily, SocketFlags, SocketType, netlink::SocketAddrNetlink},
};
use tokio::net::unix::pipe;

/// The groups that tell of addresses, and of interfaces, whose names may change.
const LINK: u32 = 1 << 0;
const IPV4_ADDRESS: u32 = 1 << 4;
const IPV6_ADDRESS: u32 = 1 << 8;
/// What a message says does not matter, only that there is one; the rest of it is dropped.
const BUFFER: usize = 64;

/// A socket that tells of changes to addresses (`NETLINK_ROUTE`), and is silent while there are none.
pub(crate) struct News(pipe::Receiver);

impl News {
    /// Begins to listen. What changed before is not told.
    pub(crate) fn listen() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let route = None;
        let socket = net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, route)?;
        let groups = LINK | IPV4_ADDRESS | IPV6_ADDRESS;
        net::bind(&socket, &SocketAddrNetlink::new(0, groups))?;
        // No pipe, but waited for and read like one.
        Ok(Self(pipe::Receiver::from_owned_fd_unchecked(socket)?))
    }

    /// Waits until something may have changed, and takes all that was said of it.
    pub(crate) async fn heard(&self) {
        let mut heard = false;
        while !heard {
            if self.0.readable().await.is_err() {
                return std::future::pending().await;
            }
            loop {
                match self.0.try_read(&mut [0; BUFFER]) {
                    Ok(_) => heard = true,
                    // More was said than could be kept, so that much has changed.
                    Err(error) if Errno::from_io_error(&error) == Some(Errno::NOBUFS) => {
                        heard = true;
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(_) => return std::future::pending().await,
                }
            }
        }
    }
}
