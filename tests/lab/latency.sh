#!/usr/bin/env bash
# fping and one run of the agent side by side, behind an emulated link or on the loopback. Call it inside network and
# mount namespaces of its own (unshare --net --mount): nothing it sends can leave them, and everything ends with it.
#
# usage: latency.sh BINARY OUTDIR (loopback | DOWN UP DELAY_MS QUEUE_PACKETS) -- AGENT-ARGUMENT...
#   {BASE} in an argument is the mire's address.
# leaves in OUTDIR: report.json, stderr, fping (a line for each answer, dated, every 50 ms).
set -euo pipefail
export LC_ALL=C
bin=$1 out=$2
shift 2

if [ "${LAB_INSIDE:-}" = yes ]; then
  sysctl -qw net.ipv4.tcp_congestion_control=cubic
  # /sys still shows the interfaces of the namespace it was mounted in.
  mount -t sysfs none /sys
  # Bounded: 30 s. A line at a time, for it is killed. It waits 2 s for each answer: by itself no longer than for the
  # next request, and a queue is longer than that.
  stdbuf -oL fping -D -c 600 -p 50 -t 2000 "$RATTAN_BASE" >"$out/fping" 2>"$out/fping.err" &
  fping=$!
  "$bin" "${@//\{BASE\}/$RATTAN_BASE}" >"$out/report.json" 2>"$out/stderr" </dev/null || true
  kill $fping
  exit 0
fi

ip link set lo up
sysctl -qw net.ipv4.tcp_congestion_control=cubic
echo "nameserver 127.0.0.1" >"$out/resolv.conf"
mount --bind "$out/resolv.conf" /etc/resolv.conf
"$bin" mire --listen 0.0.0.0:8080 >"$out/mire.log" 2>&1 &
mire=$!
trap 'kill $mire 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null && break
  sleep 0.05
done

export LAB_INSIDE=yes
if [ "$1" = loopback ]; then
  shift 2
  # The unprivileged way: without this the kernel refuses it, and the raw socket is taken.
  sysctl -qw net.ipv4.ping_group_range="0 2147483647"
  RATTAN_BASE=127.0.0.1 bash "$0" "$bin" "$out" "$@"
else
  down=$1 up=$2 delay=$3 queue=$4
  shift 5
  rattan link --downlink-bandwidth "$down" --uplink-bandwidth "$up" \
    --downlink-delay "${delay}ms" --uplink-delay "${delay}ms" \
    --downlink-queue droptail --downlink-queue-args "{\"packet_limit\":$queue}" \
    --uplink-queue droptail --uplink-queue-args "{\"packet_limit\":$queue}" \
    -- unshare --mount bash "$0" "$bin" "$out" "$@" >"$out/rattan.log" 2>&1
fi
