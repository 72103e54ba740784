#!/usr/bin/env bash
# Runs one command in a school: its machine, a box, and the Internet behind the box, each in a network namespace of its own.
# Call it inside network and mount namespaces of its own (unshare --net --mount): they are the box's.
#
#   school 10.1.0.2 -- (SCHOOL_LAN kbit/s) -- 10.1.0.1 box 10.2.0.1 -- (SCHOOL_LINE kbit/s) -- 10.2.0.2 Internet
#
# usage: school.sh OUTDIR COMMAND ARGUMENT...
# environment:
#   SCHOOL_MIRE              the binary whose `mire` serves on the Internet (port 8080) and beside the box (port 8081)
#   SCHOOL_LAN, SCHOOL_LINE  rates both ways; 0: unlimited
#   SCHOOL_DNS               set: the box resolves every name of example to the Internet's address
#   SCHOOL_PROXY             set: a proxy in the box, port 8888; its value is the password of the user ecole
#   SCHOOL_CAPTURE           set: everything on the machine's cable and on the line is written down
#   SCHOOL_FAULT             none; box_gone: the box does not answer; line_cut: nothing passes beyond it
# leaves in OUTDIR: stdout, stderr, status (exit code); school.pcap, line.pcap where captured.
set -euo pipefail
export LC_ALL=C
out=$1
shift
name=school-$$

echo "nameserver 10.1.0.1" >"$out/resolv.conf"
mount --bind "$out/resolv.conf" /etc/resolv.conf
ip link set lo up
sysctl -qw net.ipv4.tcp_congestion_control=cubic
sysctl -qw net.ipv4.ip_forward=1

started=() namespaces=()
finish() {
  kill "${started[@]}" 2>/dev/null || true
  for namespace in "${namespaces[@]}"; do ip netns delete "$namespace" || true; done
}
trap finish EXIT

# cable NAMESPACE NETWORK KBIT: from the box (NETWORK.1) to a new namespace (NETWORK.2), shaped both ways.
cable() {
  local there=$1 network=$2 rate=$3 near=to-${1##*-}
  ip netns add "$there"
  namespaces+=("$there")
  ip link add "$near" type veth peer name eth0 netns "$there"
  ip address add "$network.1/24" dev "$near"
  ip link set "$near" up gso_max_segs 1
  ip -n "$there" address add "$network.2/24" dev eth0
  ip -n "$there" link set lo up
  ip -n "$there" link set eth0 up gso_max_segs 1
  ip -n "$there" route add default via "$network.1"
  ip netns exec "$there" sysctl -qw net.ipv4.tcp_congestion_control=cubic
  if [[ $rate != 0 ]]; then
    # A queue of 200 ms, as boxes and power-line adapters have them.
    tc qdisc add dev "$near" root tbf rate "${rate}kbit" burst 16kb latency 200ms
    ip netns exec "$there" tc qdisc add dev eth0 root tbf rate "${rate}kbit" burst 16kb latency 200ms
  fi
}

# wait_for OPTIONS PORT: bounded wait for a server of the box: 100 tries of 50 ms.
wait_for() {
  for _ in $(seq 100); do
    [[ -z $(ss "-Hl${1#-}" "sport = :$2") ]] || return 0
    sleep 0.05
  done
}

cable "$name-lan" 10.1.0 "$SCHOOL_LAN"
cable "$name-net" 10.2.0 "$SCHOOL_LINE"

ip netns exec "$name-net" "$SCHOOL_MIRE" mire --listen 0.0.0.0:8080 >"$out/mire.log" 2>&1 &
started+=($!)
"$SCHOOL_MIRE" mire --listen 10.1.0.1:8081 >"$out/lan-mire.log" 2>&1 &
started+=($!)
# Bounded wait for both to accept: 100 tries of 50 ms.
for address in 10.2.0.2/8080 10.1.0.1/8081; do
  for _ in $(seq 100); do
    bash -c "exec 3<>/dev/tcp/$address" 2>/dev/null && break
    sleep 0.05
  done
done

case $SCHOOL_FAULT in
  none) ;;
  # The switch is still there, so the cable's light is on.
  box_gone) ip address flush dev to-lan ;;
  line_cut) ip link set to-net down ;;
  *)
    echo "unknown fault: $SCHOOL_FAULT" >&2
    exit 2
    ;;
esac

if [[ -n ${SCHOOL_DNS:-} ]]; then
  # cache-size=0: every question is seen.
  dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --no-resolv --no-hosts --cache-size=0 \
    --bind-interfaces --listen-address=10.1.0.1 --address=/example/10.2.0.2 >"$out/dnsmasq.log" 2>&1 &
  started+=($!)
  wait_for "-un" 53
fi
if [[ -n ${SCHOOL_PROXY:-} ]]; then
  printf '%s\n' "Port 8888" "Listen 10.1.0.1" "Timeout 30" "LogLevel Warning" "BasicAuth ecole $SCHOOL_PROXY" \
    >"$out/tinyproxy.conf"
  tinyproxy -d -c "$out/tinyproxy.conf" >"$out/tinyproxy.log" 2>&1 &
  started+=($!)
  wait_for "-tn" 8888
fi
captures=()
if [[ -n ${SCHOOL_CAPTURE:-} ]]; then
  for side in lan:school net:line; do
    # Room for all that one run may move (KiB), so that a busy machine loses nothing.
    tcpdump -i "to-${side%%:*}" -s 0 -B 131072 -w "$out/${side##*:}.pcap" 2>"$out/${side##*:}.tcpdump" &
    captures+=($!)
    # It says so once it listens.
    for _ in $(seq 100); do
      grep -q "listening on" "$out/${side##*:}.tcpdump" && break
      sleep 0.05
    done
  done
fi

status=0
ip netns exec "$name-lan" "$@" >"$out/stdout" 2>"$out/stderr" </dev/null || status=$?
echo $status >"$out/status"
if [[ ${#captures[@]} -gt 0 ]]; then
  kill -INT "${captures[@]}"
  wait "${captures[@]}" || true
fi
