#!/usr/bin/env bash
# The far side of the emulated link: samples the link's byte counters while the agent runs. Called by link.sh.
set -uo pipefail
sysctl -qw net.ipv4.tcp_congestion_control=cubic
# /sys still shows the interfaces of the namespace it was mounted in.
mount -t sysfs none /sys

(
  exec >"$LAB_OUT/counters"
  while sleep 0.05; do
    while read -r name received packets _ _ _ _ _ _ sent sent_packets _; do
      case $name in lo:*|Inter*|face*) ;; *:*) echo "$EPOCHREALTIME $received $packets $sent $sent_packets" ;; esac
    done </proc/self/net/dev
  done
) &
sampler=$!
start=$EPOCHREALTIME
"$LAB_BIN" "${@//\{BASE\}/$RATTAN_BASE}" >"$LAB_OUT/report.json" 2>"$LAB_OUT/stderr" </dev/null
echo $? >"$LAB_OUT/status"
kill $sampler
awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }' >"$LAB_OUT/wall"
