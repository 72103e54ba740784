#!/usr/bin/env bash
# Runs one command behind an emulated link. Call it inside network and mount namespaces of its own
# (unshare --net --mount): nothing it sends can leave them, and everything it starts ends with it.
#
# usage: link.sh OUTDIR COMMAND ARGUMENT...     ({BASE} in an argument becomes the far side's address)
# environment:
#   LAB_MIRE     the binary whose `mire` serves on the far side, port 8080
#   LAB_KIND     rattan: rate, delay, loss and queue in user space, true up to 100 Mbit/s
#                tbf: the kernel's token bucket on a veth, for what is faster; no delay (this kernel may have no netem)
#                burst: a token bucket of LAB_BURST bytes before rattan's delay
#   LAB_DOWN, LAB_UP           kbit/s
#   LAB_DELAY_MS, LAB_LOSS     each way; ratio of packets lost downstream and upstream
#   LAB_QUEUE                  packets the bottleneck holds
#   LAB_BURST, LAB_PEAK        bytes of the bucket; kbit/s at which they pass (both for burst)
#   LAB_SERVER, LAB_SERVER_PORT   a shell command that serves beside the mire, and the TCP port to wait for
# leaves in OUTDIR: stdout, stderr, status (exit code), wall (s), resident (the command's peak, kB), counters.school and
# counters.mire (the link's own, at either end).
set -euo pipefail
export LC_ALL=C
here=$(dirname "$0") out=$1
shift
export LAB_OUT=$out

ip link set lo up
sysctl -qw net.ipv4.tcp_congestion_control=cubic
# Names are asked of nobody: the one resolver is this namespace's loopback, where nothing listens.
echo "nameserver 127.0.0.1" >"$out/resolv.conf"
mount --bind "$out/resolv.conf" /etc/resolv.conf

started=() namespaces=()
finish() {
  kill "${started[@]}" 2>/dev/null || true
  for namespace in "${namespaces[@]}"; do ip netns delete "$namespace" || true; done
}
trap finish EXIT

# veth NAMESPACE: a cable from this namespace (10.77.0.1) to a new one (10.77.0.2, its default route back).
veth() {
  ip netns add "$1"
  namespaces+=("$1")
  ip link add far type veth peer name eth0 netns "$1"
  ip address add 10.77.0.1/24 dev far
  ip link set far up
  ip -n "$1" address add 10.77.0.2/24 dev eth0
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  ip -n "$1" route add default via 10.77.0.1
}

# One segment a packet, as on a cable: a bundle of segments would be counted with one header.
one_segment() {
  ip link set far gso_max_segs 1
  ip -n "$1" link set eth0 gso_max_segs 1
}

# serve PREFIX...: the far side's servers, started through PREFIX, and the counters beside them.
serve() {
  "$@" "$LAB_MIRE" mire --listen 0.0.0.0:8080 >"$out/mire.log" 2>&1 &
  started+=($!)
  if [[ -n ${LAB_SERVER-} ]]; then
    "$@" bash -c "exec $LAB_SERVER" >"$out/server.log" 2>&1 &
    started+=($!)
  fi
  "$@" bash "$here/sample.sh" "$out/counters.mire" &
  started+=($!)
  # Bounded wait for the mire to accept: 100 tries of 50 ms.
  for _ in $(seq 100); do
    "$@" bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080' 2>/dev/null && break
    sleep 0.05
  done
  # The other server is not spoken to: some serve one client and end.
  for _ in $(seq 100); do
    [[ -z ${LAB_SERVER-} || -n $("$@" ss -Hltn "sport = :$LAB_SERVER_PORT") ]] && break
    sleep 0.05
  done
}

# through_rattan DOWN UP COMMAND...: the command behind rattan's link.
through_rattan() {
  local queue="{\"packet_limit\":$LAB_QUEUE}" loss=() down=$1 up=$2
  shift 2
  [[ $LAB_LOSS == 0 ]] || loss=(--downlink-loss "$LAB_LOSS" --uplink-loss "$LAB_LOSS")
  rattan link --downlink-bandwidth "${down}kbps" --uplink-bandwidth "${up}kbps" \
    --downlink-delay "${LAB_DELAY_MS}ms" --uplink-delay "${LAB_DELAY_MS}ms" "${loss[@]}" \
    --downlink-queue droptail --downlink-queue-args "$queue" \
    --uplink-queue droptail --uplink-queue-args "$queue" \
    -- unshare --mount bash "$here/inner.sh" "$@" >"$out/rattan.log" 2>&1
}

# through_veth NAMESPACE COMMAND...
through_veth() {
  local namespace=$1
  shift
  LAB_BASE=10.77.0.1 ip netns exec "$namespace" unshare --mount bash "$here/inner.sh" "$@" >"$out/rattan.log" 2>&1
}

name=lab-$$
case $LAB_KIND in
  rattan)
    serve env
    through_rattan "$LAB_DOWN" "$LAB_UP" "$@"
    ;;
  tbf)
    veth "$name"
    one_segment "$name"
    # A bucket of 20 ms at 100 Mbit/s, of 2 ms at a gigabit, and a queue of 100 ms.
    tc qdisc add dev far root tbf rate "${LAB_DOWN}kbit" burst 256kb latency 100ms
    ip netns exec "$name" tc qdisc add dev eth0 root tbf rate "${LAB_UP}kbit" burst 256kb latency 100ms
    serve env
    through_veth "$name" "$@"
    ;;
  burst)
    # The mire has the namespace behind the cable; this one forwards to rattan: the access line, faster than the bucket.
    veth "$name"
    one_segment "$name"
    sysctl -qw net.ipv4.ip_forward=1
    ip netns exec "$name" tc qdisc add dev eth0 root tbf rate "${LAB_DOWN}kbit" burst "$LAB_BURST" latency 100ms
    serve ip netns exec "$name"
    # Room for the whole burst: only the bucket drops.
    LAB_BASE=10.77.0.2 LAB_QUEUE=10000 through_rattan "$LAB_PEAK" "$LAB_UP" "$@"
    ;;
  *)
    echo "unknown kind of link: $LAB_KIND" >&2
    exit 2
    ;;
esac
