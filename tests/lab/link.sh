#!/usr/bin/env bash
# One run of the agent behind an emulated link. Call it inside network and mount namespaces of its own
# (unshare --net --mount): nothing it sends can leave them, and everything it starts ends with it.
#
# usage: link.sh BINARY OUTDIR DOWN UP DELAY_MS QUEUE_PACKETS -- AGENT-ARGUMENT...
#   DOWN, UP: rattan bandwidths (10Mbps); DELAY_MS: each way; {BASE} in an argument is the mire's address.
# leaves in OUTDIR: report.json (stdout), stderr, status (exit code), wall (seconds),
# counters.school and counters.mire (the link's own, at either end).
set -euo pipefail
export LC_ALL=C
bin=$1 out=$2 down=$3 up=$4 delay=$5 queue=$6
shift 7

ip link set lo up
sysctl -qw net.ipv4.tcp_congestion_control=cubic
# Names are asked of nobody: the one resolver is this namespace's loopback, where nothing listens.
echo "nameserver 127.0.0.1" >"$out/resolv.conf"
mount --bind "$out/resolv.conf" /etc/resolv.conf

"$bin" mire --listen 0.0.0.0:8080 >"$out/mire.log" 2>&1 &
mire=$!
bash "$(dirname "$0")/sample.sh" "$out/counters.mire" &
sampler=$!
trap 'kill $mire $sampler 2>/dev/null || true' EXIT
# Bounded wait for the mire to accept: 100 tries of 50 ms.
for _ in $(seq 100); do
  (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null && break
  sleep 0.05
done

export LAB_BIN=$bin LAB_OUT=$out
rattan link --downlink-bandwidth "$down" --uplink-bandwidth "$up" \
  --downlink-delay "${delay}ms" --uplink-delay "${delay}ms" \
  --downlink-queue droptail --downlink-queue-args "{\"packet_limit\":$queue}" \
  --uplink-queue droptail --uplink-queue-args "{\"packet_limit\":$queue}" \
  -- unshare --mount bash "$(dirname "$0")/inner.sh" "$@" >"$out/rattan.log" 2>&1
