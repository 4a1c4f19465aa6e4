#!/bin/busybox sh
# The first process of a guest whose power will be cut: a network, a disk, and the collector once it is told to begin.
/bin/busybox --install -s /bin 2>/dev/null
export PATH=/bin HOME=/ DENO_DIR=/deno-dir NO_COLOR=1 DENO_NO_UPDATE_CHECK=1
mkdir -p /proc /sys /dev /data
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
# What is typed is for the program alone.
stty -echo -icanon </dev/ttyS0
for module in /modules/*.ko; do insmod "$module"; done
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
cd /sloctl
deno run -A --no-check --cached-only deploy/kernels/cut_guest.ts
echo "guest: exit code $?"
poweroff -f
