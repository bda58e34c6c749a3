# Run by sh in new namespaces for network, mounts and hostname, in the test's folder.
# Its words: hostname, address, the bridge's network, the binary under test, and the words of the
# container's command after the binary.
set -eu
hostname=$1 address=$2 bridge=$3 binary=$4
shift 4

hostname "$hostname"
# The two ends are made on the bridge's side, one of them into here.
nsenter --net="$bridge" sh -eu -c '
    ip link add "v$1" type veth peer name eth0 netns "$1"
    ip link set "v$1" master bridge up' sh $$
ip link set lo up
ip address add "$address/24" dev eth0
ip link set eth0 up

# Its root is the machine's, seen through a layer that goes when it goes.
mkdir layers
mount -t tmpfs tmpfs layers
mkdir layers/upper layers/work layers/root
mount -t overlay overlay -o lowerdir=/,upperdir=layers/upper,workdir=layers/work layers/root
root=$PWD/layers/root
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
cp -r image/. "$root/"
: >"$root/bin/containerpilot"
mount --bind "$binary" "$root/bin/containerpilot"
ln -s containerpilot "$root/bin/consul-template"
cd "$root"
exec unshare --pid --fork --kill-child --root="$root" --mount-proc /bin/containerpilot "$@"
