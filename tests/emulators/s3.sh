#!/usr/bin/env bash
# The S3 and STS emulator: Ceph's radosgw on a throw-away cluster of one monitor and one store in memory.
#
#   s3.sh start FOLDER PORT   starts it on 127.0.0.1:PORT, waits until it answers, prints FRAZIL_TEST_S3..=VALUE lines; does nothing more when it runs already
#   s3.sh stop FOLDER PORT    ends it
#
# Needs Debian's packages radosgw, ceph-mon, ceph-osd and ceph-common, which it installs when missing and run as root.
# Everything it keeps is under FOLDER, whose path must be short (there are Unix sockets in it). Exits 1, with the reason on the last line, when it cannot start.
#
# The user "test" may do everything and also make roles. For credentials on loan (STS AssumeRole): a role of any name, with
#   radosgw-admin -c FOLDER/ceph.conf role create --role-name=NAME --assume-role-policy-doc=JSON, then role-policy put; its ARN is arn:aws:iam:::role/NAME.
set -uo pipefail
usage='usage: s3.sh start|stop FOLDER PORT'
action=${1:?$usage} folder=${2:?$usage} port=${3:?$usage}
[[ $folder == /* ]] || folder=$PWD/$folder
access_key=testaccess secret_key=testsecret12
packages='radosgw ceph-mon ceph-osd ceph-common'
export PATH=$PATH:/usr/sbin:/sbin

refuse() { echo "S3 emulator: $1" >&2; exit 1; }

answers() { curl -s -m 5 -o /dev/null "http://127.0.0.1:$port/"; }

free_port() { # FIRST - the first port from there on where nothing listens
  local candidate=$1
  while (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null; do
    candidate=$((candidate + 1))
  done
  echo "$candidate"
}

daemon() { # NAME - the process id of a daemon of this folder, if it lives
  local pid
  pid=$(cat "$folder/run/$1.pid" 2>/dev/null) || return 1
  [ -n "$pid" ] && ps -o command= -p "$pid" 2>/dev/null | grep -q "$folder" && echo "$pid"
}

install() {
  local tool missing=''
  for tool in radosgw radosgw-admin ceph-mon ceph-osd ceph ceph-authtool monmaptool; do
    command -v "$tool" >/dev/null || missing="$missing $tool"
  done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || refuse "not installed:$missing (and there is no apt-get here to install Ceph with)"
  [ "$(id -u)" = 0 ] || refuse "not installed:$missing (install the packages $packages)"
  # shellcheck disable=SC2086
  (apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $packages) >"$folder/apt.log" 2>&1 ||
    refuse "apt-get cannot install $packages: $(grep -E '^E:' "$folder/apt.log" | head -n 1)"
}

configure() {
  local msgr2 msgr1
  msgr2=$(free_port $((port + 1000)))
  msgr1=$(free_port $((msgr2 + 1)))
  fsid=$(cat /proc/sys/kernel/random/uuid)
  monitor="[v2:127.0.0.1:$msgr2,v1:127.0.0.1:$msgr1]"
  cat >"$folder/ceph.conf" <<END
[global]
fsid = $fsid
mon initial members = a
mon host = [v2:127.0.0.1:$msgr2/0,v1:127.0.0.1:$msgr1/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
mon max pg per osd = 1000
mon allow pool size one = true
mon warn on pool no redundancy = false
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 2147483648
mon data = $folder/mon
osd data = $folder/osd
mon data avail crit = 1
osd class load list = *
osd class default list = *
log file = $folder/log/\$name.log
admin socket = $folder/run/\$name.\$pid.asok
pid file = $folder/run/\$name.pid
run dir = $folder/run
keyring = $folder/keyring
[client.rgw.a]
rgw data = $folder/rgw
keyring = $folder/keyring
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw enable usage log = false
rgw s3 auth use sts = true
rgw sts key = abcdefghijklmnop
rgw thread pool size = 64
rgw verify ssl = false
debug rgw = 1
END
}

launch() { # the cluster, step by step; the first step that fails ends it
  local osd
  osd=$(cat /proc/sys/kernel/random/uuid)
  ceph-authtool --create-keyring "$folder/keyring" --gen-key -n mon. --cap mon 'allow *' &&
    ceph-authtool "$folder/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' &&
    ceph-authtool "$folder/keyring" --gen-key -n client.rgw.a --cap mon 'allow rw' --cap osd 'allow rwx' &&
    ceph-authtool "$folder/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' --cap mgr 'allow profile osd' &&
    cp "$folder/keyring" "$folder/rgw/keyring" && cp "$folder/keyring" "$folder/osd/keyring" &&
    monmaptool --create --clobber --fsid "$fsid" --addv a "$monitor" "$folder/monmap" &&
    ceph-mon --mkfs -i a --monmap "$folder/monmap" -c "$folder/ceph.conf" --keyring "$folder/keyring" &&
    ceph-mon -i a -c "$folder/ceph.conf" &&
    timeout 60 ceph -c "$folder/ceph.conf" osd new "$osd" &&
    ceph-osd -i 0 -c "$folder/ceph.conf" --mkfs --osd-uuid "$osd" --keyring "$folder/keyring" &&
    { timeout 60 ceph -c "$folder/ceph.conf" osd crush add osd.0 1.0 host=localhost root=default || true; } &&
    ceph-osd -i 0 -c "$folder/ceph.conf" || return 1
  for _ in $(seq 100); do
    timeout 10 ceph -c "$folder/ceph.conf" osd stat 2>/dev/null | grep -q '1 up' && break
    sleep 0.2
  done
  timeout 60 radosgw-admin -c "$folder/ceph.conf" user create --uid=test --display-name=test --access-key=$access_key --secret-key=$secret_key --caps='roles=*' &&
    timeout 60 radosgw -c "$folder/ceph.conf" -n client.rgw.a
}

start() {
  if ! daemon client.rgw.a >/dev/null; then
    command -v curl >/dev/null || refuse 'curl is not installed'
    ! answers || refuse "something else listens on port $port"
    [ ${#folder} -le 60 ] || refuse "the path $folder is too long for the sockets in it (60 characters at most)"
    stop
    [ ! -e "$folder" ] || [ -f "$folder/ceph.conf" ] || rmdir "$folder" 2>/dev/null || refuse "$folder holds other things; name a folder of its own"
    rm -rf "${folder:?}"
    mkdir -p "$folder"/{mon,osd,rgw,run,log} || refuse "cannot make $folder"
    install
    configure
    export CEPH_CONF=$folder/ceph.conf
    launch >"$folder/log/start.log" 2>&1 </dev/null || refuse "Ceph did not start: $(grep -v '^ *$' "$folder/log/start.log" | tail -n 1)"
  fi
  for _ in $(seq 150); do
    if answers; then
      echo "FRAZIL_TEST_S3=http://127.0.0.1:$port"
      echo "FRAZIL_TEST_S3_ACCESS_KEY=$access_key"
      echo "FRAZIL_TEST_S3_SECRET_KEY=$secret_key"
      echo "FRAZIL_TEST_S3_CONF=$folder/ceph.conf"
      return
    fi
    sleep 0.2
  done
  refuse "radosgw does not answer; see $folder/log"
}

stop() {
  local name pid pids=''
  for name in client.rgw.a osd.0 mon.a; do
    if pid=$(daemon "$name"); then
      kill "$pid" 2>/dev/null
      pids="$pids $pid"
    fi
  done
  for pid in $pids; do
    for _ in $(seq 50); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null
  done
  return 0
}

case $action in
  start) start ;;
  stop) stop ;;
  *) echo "$usage" >&2; exit 2 ;;
esac
