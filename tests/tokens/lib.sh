# shellcheck shell=sh disable=SC2034 # those that source it use what is set here
# What the set-up scripts share; sourced by each, which defines up, gone, and
# put (TEST_CAN_PUT=yes) and double (TEST_CAN_DOUBLE=yes).
#
#   NAME up DIR            makes a token in the folder DIR, which must not be there yet, and prints its environment
#   NAME gone DIR          the token goes as it goes in life: pulled out, its daemon ended, its files away
#   NAME put DIR KID PEM   puts a key there by another way than the program's, and prints the end of its URI's path
#   NAME double DIR        makes a second token, "other", with the same PIN, where the first is
#   NAME down DIR          ends the processes that up began, and no others; what is in DIR stays
#
# A folder TEST_KEPT, if the environment names one, is for what later calls of up can use again.
set -eu
umask 077

label=work
pin=4711-Pin
so_pin=8899-SoP # no longer than opencryptoki takes: eight
here=$(CDPATH='' cd -- "${0%/*}" && pwd)

fail() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null || fail "$1 is not installed (Debian's $2)"
}

# library FILE PACKAGE: its path, below whatever folder this system has for its architecture.
library() {
    for path in /usr/lib/"$1" /usr/lib/*/"$1" /usr/lib64/"$1" /usr/local/lib/"$1"; do
        if [ -e "$path" ]; then
            echo "$path"
            return
        fi
    done
    fail "$1 is not installed (Debian's $2)"
}

# A line of the environment, quoted for a shell.
give() {
    quoted=$2
    case $2 in
    *\'*) quoted=$(printf %s "$2" | sed "s/'/'\\\\''/g") ;;
    esac
    printf "%s='%s'\n" "$1" "$quoted"
}

# The lines that every token has: module, URI, PIN, whether the program can import, wrong PINs until it locks (0: never).
describe() {
    give SSA_HSM_MODULE "$1"
    give SSA_HSM_TOKEN "pkcs11:token=$2"
    give TEST_PIN "$3"
    give TEST_CAN_IMPORT "$4"
    give TEST_LOCKS_AFTER "$5"
}

# When a process began, in clock ticks since boot: with its number, this tells it from a later one of the same number.
began() {
    sed -E 's/.*\) ([^ ]+ ){19}([0-9]+).*/\2/' "/proc/$1/stat" 2>/dev/null
}

# record PID: down will end it. The last one recorded is ended first.
record() {
    echo "$1 $(began "$1")" >>"$dir/pids"
}

# start NAME COMMAND …: in the background, with NAME.log, away from the caller's pipes and terminal.
start() {
    log=$dir/$1.log
    shift
    setsid "$@" >"$log" 2>&1 </dev/null &
    record $!
}

# wait_until SECONDS COMMAND …
wait_until() {
    tries=$(($1 * 20))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.05
    done
}

# Gone, or dead and not yet collected by whoever adopted it (a container's first process may take its time).
ended() {
    [ "$(began "$1")" != "$2" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# signal NAME PID: to the group that start made, for what was forked in it (p11-kit serves each caller by a child), or
# to the process alone, where it is no group's leader.
signal() {
    kill -s "$1" -- "-$2" 2>/dev/null || kill -s "$1" "$2" 2>/dev/null
}

end_processes() {
    [ -e "$dir/pids" ] || return 0
    tac "$dir/pids" | while read -r pid ticks; do
        ended "$pid" "$ticks" && continue
        signal TERM "$pid" || continue
        wait_until 5 ended "$pid" "$ticks" || signal KILL "$pid" || :
    done
    rm -f "$dir/pids"
}

# softhsm_store FOLDER LABEL PIN: a SoftHSM token below FOLDER; leaves SOFTHSM2_CONF set.
softhsm_store() {
    need softhsm2-util softhsm2
    mkdir -p "$1/tokens"
    printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' "$1" >"$1/softhsm2.conf"
    export SOFTHSM2_CONF="$1/softhsm2.conf"
    softhsm2-util --init-token --free --label "$2" --so-pin "$so_pin" --pin "$3" >/dev/null
}

run() {
    [ $# -ge 2 ] || fail 'usage: up DIR | gone DIR | put DIR KID PEM | double DIR | down DIR'
    verb=$1
    dir=$(realpath -m "$2")
    shift 2
    case $verb in
    up)
        mkdir "$dir"
        # What began is ended again when the rest fails.
        trap 'end_processes' EXIT
        up
        trap - EXIT
        ;;
    gone) gone ;;
    double) double ;;
    put) put "$@" ;;
    down) end_processes ;;
    *) fail "$verb is none of up, gone, put, double and down" ;;
    esac
}
