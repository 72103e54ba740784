#!/usr/bin/env bash
# The school's side of the link: samples the interface's counters while the command runs. Called by link.sh.
set -uo pipefail
export LC_ALL=C
sysctl -qw net.ipv4.tcp_congestion_control=cubic
# /sys still shows the interfaces of the namespace it was mounted in.
mount -t sysfs none /sys

bash "$(dirname "$0")/sample.sh" "$LAB_OUT/counters.school" &
sampler=$!
base=${LAB_BASE:-${RATTAN_BASE-}}
start=$EPOCHREALTIME
"${@//\{BASE\}/$base}" >"$LAB_OUT/stdout" 2>"$LAB_OUT/stderr" </dev/null &
command=$!
# The kernel keeps the most the command ever had resident; the last reading before it ends is taken.
while sleep 0.05; do
  while read -r key value _; do
    [ "$key" = VmHWM: ] && echo "$value" >"$LAB_OUT/resident"
  done <"/proc/$command/status"
done 2>/dev/null &
watcher=$!
wait $command
status=$?
end=$EPOCHREALTIME
kill $watcher
echo $status >"$LAB_OUT/status"
# The last sample must lie behind the last byte.
sleep 0.1
kill $sampler
awk -v a="$start" -v b="$end" 'BEGIN { printf "%.3f\n", b - a }' >"$LAB_OUT/wall"
