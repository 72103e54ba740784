#!/usr/bin/env bash
# One run of the agent over a veth pair shaped by the kernel's token bucket (for rates above what rattan forwards
# faithfully). Call it inside network and mount namespaces of its own. Same arguments and results as link.sh; the
# delay is ignored: this kernel may have no netem.
set -euo pipefail
export LC_ALL=C
bin=$1 out=$2 down=${3/Mbps/mbit} up=${4/Mbps/mbit}
shift 7
school=school-$$

ip link set lo up
sysctl -qw net.ipv4.tcp_congestion_control=cubic
echo "nameserver 127.0.0.1" >"$out/resolv.conf"
mount --bind "$out/resolv.conf" /etc/resolv.conf
ip netns add "$school"
ip link add mire type veth peer name eth0 netns "$school"
ip address add 10.77.0.1/24 dev mire
ip link set mire up
# One segment a packet, as on a cable: a bundle of segments would be counted with one header.
ip link set mire gso_max_segs 1
ip -n "$school" address add 10.77.0.2/24 dev eth0
ip -n "$school" link set lo up
ip -n "$school" link set eth0 up
ip -n "$school" link set eth0 gso_max_segs 1
ip -n "$school" route add default via 10.77.0.1
# A bucket of 20 ms and a queue of 100 ms.
tc qdisc add dev mire root tbf rate "$down" burst 256kb latency 100ms
ip netns exec "$school" tc qdisc add dev eth0 root tbf rate "$up" burst 256kb latency 100ms

"$bin" mire --listen 0.0.0.0:8080 >"$out/mire.log" 2>&1 &
mire=$!
bash "$(dirname "$0")/sample.sh" "$out/counters.mire" &
sampler=$!
trap 'kill $mire $sampler 2>/dev/null || true; ip netns delete "$school" || true' EXIT
for _ in $(seq 100); do
  (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null && break
  sleep 0.05
done
export LAB_BIN=$bin LAB_OUT=$out RATTAN_BASE=10.77.0.1
ip netns exec "$school" unshare --mount bash "$(dirname "$0")/inner.sh" "$@" >"$out/rattan.log" 2>&1
