#!/usr/bin/env bash
# Builds one world out of real parts and runs a command in its school. Call it inside namespaces of its own
# (unshare --net --mount --pid --fork --kill-child --mount-proc): nothing it sends can leave them, and everything it
# starts ends with it.
#
#   school (eth0) ---- lan: box :wan ---- isp: internet (every service's address on its loopback)
#
# usage: world.sh DIRECTORY COMMAND ARGUMENT...
# reads from DIRECTORY what the harness wrote of the world's file:
#   etc/              resolv.conf, hosts, nsswitch.conf and environment, for all three
#   addresses, ipv6   of the internet, one a line; ipv6 only where there is IPv6
#   line              the MTU of the operator's line, where the operator's router stands between box and internet:
#                     ... box :wan ---- line: operator :core ---- isp: internet
#   *.nft *.dnsmasq *.unbound *.nginx      of the box and the internet, each started where its file is
#   squid.conf tinyproxy.conf mitmproxy microsocks    proxies of the box
#   ports             what to wait for: place and TCP port, one a line
#   ip.PLACE          `ip` commands, once everything stands
# leaves there: daemons.log, and status (the command's exit code).
set -euo pipefail
export LC_ALL=C
dir=$1
shift

# Names of namespaces and of shared memory are this world's own; daemons may not find the machine's files.
mkdir -p /run/netns
mount -t tmpfs tmpfs /run/netns
mount -t tmpfs tmpfs /dev/shm
for file in resolv.conf hosts nsswitch.conf; do mount --bind "$dir/etc/$file" "/etc/$file"; done
# Not every system has one, and without it there is nothing to hide.
[[ ! -e /etc/environment ]] || mount --bind "$dir/etc/environment" /etc/environment

# at PLACE COMMAND...: this namespace is the box.
at() {
  local place=$1
  shift
  if [[ $place == box ]]; then "$@"; else ip netns exec "$place" "$@"; fi
}

ip link set lo up
places=(school internet)
[[ ! -e $dir/line ]] || places+=(operator)
for place in "${places[@]}"; do
  ip netns add "$place"
  ip -n "$place" link set lo up
done
ip link add lan type veth peer name eth0 netns school
if [[ -e $dir/line ]]; then
  ip link add wan type veth peer name line netns operator
  ip -n operator link add core type veth peer name isp netns internet
else
  ip link add wan type veth peer name isp netns internet
fi
ip link set lan up
ip link set wan up
ip -n school link set eth0 up
ip -n internet link set isp up
sysctl -qw net.ipv4.ip_forward=1

ip address add 10.77.0.1/24 dev lan
ip -n school address add 10.77.0.2/24 dev eth0
ip -n school route add default via 10.77.0.1
ip address add 203.0.113.2/24 dev wan
if [[ -e $dir/line ]]; then
  ip netns exec operator sysctl -qw net.ipv4.ip_forward=1
  ip link set wan mtu "$(<"$dir/line")"
  ip -n operator link set line mtu "$(<"$dir/line")" up
  ip -n operator link set core up
  ip -n operator address add 203.0.113.1/24 dev line
  ip -n operator address add 198.51.100.1/24 dev core
  ip -n operator route add default via 198.51.100.2
  ip -n internet address add 198.51.100.2/24 dev isp
  ip -n internet route add default via 198.51.100.1
else
  ip -n internet address add 203.0.113.1/24 dev isp
fi
ip route add default via 203.0.113.1
while read -r address; do
  ip -n internet address add "$address" dev lo
done <"$dir/addresses"

if [[ -e $dir/ipv6 ]]; then
  # nodad: no duplicate is looked for, the addresses are there at once.
  sysctl -qw net.ipv6.conf.all.forwarding=1
  ip address add 2001:db8:77::1/64 dev lan nodad
  ip -n school address add 2001:db8:77::2/64 dev eth0 nodad
  ip -n school route add default via 2001:db8:77::1
  ip address add 2001:db8:78::2/64 dev wan nodad
  ip -n internet address add 2001:db8:78::1/64 dev isp nodad
  ip route add default via 2001:db8:78::1
  ip -n internet route add 2001:db8:77::/64 via 2001:db8:78::2
  while read -r address; do
    ip -n internet address add "$address" dev lo nodad
  done <"$dir/ipv6"
fi

exec 3>"$dir/daemons.log"
serve() { "$@" >&3 2>&1 & }
for place in internet box; do
  [[ ! -e $dir/$place.nft ]] || at "$place" nft -f "$dir/$place.nft"
  [[ ! -e $dir/$place.dnsmasq ]] || serve at "$place" dnsmasq --keep-in-foreground --conf-file="$dir/$place.dnsmasq"
  [[ ! -e $dir/$place.unbound ]] || serve at "$place" unbound -d -c "$dir/$place.unbound"
  [[ ! -e $dir/$place.nginx ]] || serve at "$place" nginx -e stderr -c "$dir/$place.nginx"
done
if [[ -e $dir/squid.conf ]]; then
  # Squid leaves root's rights, and keeps its made certificates in a directory it must not find made.
  chown -R proxy "$dir/squid"
  if grep -q '^sslcrtd_program' "$dir/squid.conf"; then
    /usr/lib/squid/security_file_certgen -c -s "$dir/squid/made" -M 4MB >&3 2>&1
    chown -R proxy "$dir/squid"
  fi
  serve squid -N -f "$dir/squid.conf"
fi
[[ ! -e $dir/tinyproxy.conf ]] || serve tinyproxy -d -c "$dir/tinyproxy.conf"
if [[ -e $dir/mitmproxy ]]; then
  mapfile -t options <"$dir/mitmproxy"
  HOME=$dir serve mitmdump "${options[@]}"
fi
if [[ -e $dir/microsocks ]]; then
  mapfile -t options <"$dir/microsocks"
  # It asks the internet's resolver, as Squid is set to: the box's own may know no name.
  serve unshare --mount bash -c 'mount --bind "$0" /etc/resolv.conf && exec microsocks "$@"' \
    "$dir/etc/public-resolv.conf" "${options[@]}"
fi

# Bounded wait for each to listen: 400 tries of 50 ms, for a proxy in Python on a busy machine.
while read -r place port; do
  for _ in $(seq 400); do
    [[ -z $(at "$place" ss -Hltn "sport = :$port") ]] || continue 2
    sleep 0.05
  done
  echo "nothing listens on port $port of the $place" >&2
  exit 3
done <"$dir/ports"

for place in internet box school; do
  [[ ! -e $dir/ip.$place ]] || at "$place" ip -batch "$dir/ip.$place"
done
status=0
at school "$@" >"$dir/agent.log" 2>&1 || status=$?
echo "$status" >"$dir/status"
