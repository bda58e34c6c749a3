# Keeps the mounts and the processes of an engine of one's own, until its input ends: then nothing of
# it is left, however the test that started it ended. Its words: what marks its cgroups, and the
# directory of all it writes.
mark=$1 place=$2
trap '' INT TERM HUP

# In the new processes everything dies with the first, and the mounts go with the last of them. What
# is at /run tells an engine of the machine's own: its containerd, its networks.
(
    echo $BASHPID
    exec unshare --mount --pid --fork --mount-proc bash -eu -c '
        mount -t tmpfs none /run
        # Settings of the other engine are not meant for this one.
        echo "{}" >/run/daemon.json
        echo ready
        read -r _' bash || true
)

find /sys/fs/cgroup -depth -type d -path "*/$mark*" -exec rmdir {} + || true
rm -rf --one-file-system "$place"
