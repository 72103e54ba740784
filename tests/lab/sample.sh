#!/usr/bin/env bash
# Samples the byte counters of this network namespace's one interface beside the loopback, every 50 ms, until killed.
# usage: sample.sh FILE; rows: seconds, received bytes and packets, sent bytes and packets.
export LC_ALL=C
exec >"$1"
while sleep 0.05; do
  while read -r name received packets _ _ _ _ _ _ sent sent_packets _; do
    case $name in lo:*|Inter*|face*) ;; *:*) echo "$EPOCHREALTIME $received $packets $sent $sent_packets" ;; esac
  done </proc/self/net/dev
done
