#!/usr/bin/env bash
# The school's side of the link: samples the interface's counters while the agent runs. Called by link.sh and tbf.sh.
set -uo pipefail
export LC_ALL=C
sysctl -qw net.ipv4.tcp_congestion_control=cubic
# /sys still shows the interfaces of the namespace it was mounted in.
mount -t sysfs none /sys

bash "$(dirname "$0")/sample.sh" "$LAB_OUT/counters.school" &
sampler=$!
start=$EPOCHREALTIME
"$LAB_BIN" "${@//\{BASE\}/$RATTAN_BASE}" >"$LAB_OUT/report.json" 2>"$LAB_OUT/stderr" </dev/null
echo $? >"$LAB_OUT/status"
kill $sampler
awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }' >"$LAB_OUT/wall"
