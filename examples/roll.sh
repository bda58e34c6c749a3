#!/usr/bin/env bash
# Replaces the containers of a service of a Compose project by those of another image, one by one:
# starts one new, waits until the catalog says that it is passing, stops one old; until none is old.
#
#     roll.sh [--as NAME] [--health] [--wait SECONDS] [--project NAME] SERVICE TAG
#
# It runs where the Compose file is, whose `image:` of SERVICE has to name ${TAG}. Files, project and
# engine can be chosen by COMPOSE_FILE, COMPOSE_PROJECT_NAME and DOCKER_HOST, as for Compose itself.
#
#   --as NAME       the service's name in the catalog, if it is not SERVICE
#   --health        ask Docker's HEALTHCHECK instead of Consul: for other catalogs, or none
#   --wait SECONDS  how long a new one may take until it passes; 60 if not given
#   CONSUL          host:port of Consul's HTTP API; where Compose publishes port 8500 of `consul` if
#                   not set. CONSUL_HTTP_TOKEN is its token, if it wants one
#
# A new one that does not pass is taken away again, the old ones stay, and it ends with 1. Killed
# half-way it leaves the old ones and the new ones running; the same command goes on.
set -eu

say() { printf 'roll: %s\n' "$*"; }
fail() { printf 'cannot roll %s: %s\n' "${service:-}" "$1" >&2; shift; for hint in "$@"; do printf 'hint: %s\n' "$hint" >&2; done; exit 1; }
usage() { sed -n 's/^# \{0,1\}//; 2,20p' "$0" >&2; exit 2; }

name='' asks=catalog patience=60 project=''
while [ $# -gt 0 ]; do
    case $1 in
    --as | --wait | --project)
        [ $# -ge 2 ] || usage
        case $1 in --as) name=$2 ;; --wait) patience=$2 ;; --project) project=$2 ;; esac
        shift 2 ;;
    --health) asks=health; shift ;;
    -*) usage ;;
    *) break ;;
    esac
done
[ $# -eq 2 ] && [ -n "$1" ] && [ -n "$2" ] || usage
service=$1
export TAG=$2
name=${name:-$service}
case $patience in '' | *[!0-9]*) fail "--wait is a number of seconds, not \`$patience\`" ;; esac

if command -v docker-compose >/dev/null; then
    compose=(docker-compose)
elif docker compose version >/dev/null 2>&1; then
    compose=(docker compose)
else
    fail "there is neither \`docker-compose\` nor \`docker compose\` here"
fi
[ -z "$project" ] || export COMPOSE_PROJECT_NAME=$project

# --- what there is

# The image of the service, as the Compose file has it for this tag.
find_image() {
    local all
    all=$("${compose[@]}" config) || return 1
    awk -v of="  $service:" '
        /^[^ ]/ { part = $0 }
        part == "services:" && /^  [^ ]/ { within = ($0 == of || $0 == "  \"" substr(of, 3, length(of) - 3) "\":") }
        part == "services:" && within && /^    image:/ { sub(/^    image: */, ""); gsub(/["\047]/, ""); print }' <<<"$all"
}

# The name that Compose gives this project: asked of a container, since only Compose knows how it
# comes about.
find_project() {
    local any
    if [ -n "${COMPOSE_PROJECT_NAME-}" ]; then
        echo "$COMPOSE_PROJECT_NAME"
        return
    fi
    any=$("${compose[@]}" ps -q "$service" | head -n 1) || return 1
    [ -n "$any" ] && docker inspect --format '{{index .Config.Labels "com.docker.compose.project"}}' "$any"
}

# Where the project's own Consul is published.
find_consul() {
    local id
    for id in $(docker ps -q --filter "label=com.docker.compose.project=$project" --filter label=com.docker.compose.service=consul); do
        docker port "$id" 8500 2>/dev/null | head -n 1
    done | head -n 1
}

# The containers of the service, oldest number first: id, image's id, whether it runs, name.
containers() {
    local ids
    ids=$(docker ps -aq --no-trunc --filter "label=com.docker.compose.project=$project" \
        --filter "label=com.docker.compose.service=$service" --filter label=com.docker.compose.oneoff=False)
    [ -z "$ids" ] || docker inspect --format '{{index .Config.Labels "com.docker.compose.container-number"}} {{.Id}} {{.Image}} {{.State.Running}} {{.Name}}' $ids |
        sort -n | sed 's/^[^ ]* //; s, /, ,'
}

# Reads what there is into old, new and idle (ids), and leaving: one that was to be replaced when
# this was killed, which is known by its name, as is how many there have to be.
look() {
    local id image runs called
    old=() new=() idle=() stillborn=() leaving='' wanted=''
    while read -r id image runs called; do
        [ -n "$id" ] || continue
        case $called in
        *"$mark"*)
            leaving=$id wanted=${called##*"$mark"}
            if [ "$runs" = true ]; then old=("$id" ${old[@]+"${old[@]}"}); fi ;;
        *)
            if [ "$runs" != true ]; then
                idle+=("$called")
                if [ "$image" = "$target" ]; then stillborn+=("$called"); fi
            elif [ "$image" = "$target" ]; then
                new+=("$id")
            else
                old+=("$id")
            fi ;;
        esac
    done <<<"$(containers)"
    wanted=${wanted:-$((${#old[@]} + ${#new[@]}))}
}

called() { docker inspect --format '{{.Name}}' "$1" | sed 's,^/,,'; }

# --- whether one passes

# The body of an answer of Consul's.
get() { # PATH
    local answer
    exec 3<>"/dev/tcp/${consul%:*}/${consul##*:}" || return 1
    printf 'GET %s HTTP/1.0\r\nHost: %s\r\n%s\r\n' "$1" "$consul" \
        "${CONSUL_HTTP_TOKEN:+X-Consul-Token: $CONSUL_HTTP_TOKEN$'\r\n'}" >&3
    IFS= read -r -d '' -t 5 answer <&3 || true
    exec 3>&-
    case $answer in
    "HTTP/1."?" 200 "*) printf '%s' "${answer#*$'\r\n\r\n'}" ;;
    *) return 1 ;;
    esac
}

# What the catalog says of the service on a host: passing, not passing, or not there.
in_catalog() { # HOSTNAME
    local id="\"ID\":\"$name-$1\""
    case "$(get "/v1/health/service/$name?passing=1")" in *"$id"*) echo passing; return ;; esac
    case "$(get "/v1/health/service/$name")" in *"$id"*) echo "not passing" ;; *) echo "not there" ;; esac
}

# Prints how a container stands, `passing` if it is as it should be.
standing() { # ID
    local runs host health
    read -r runs host health <<<"$(docker inspect --format '{{.State.Running}}{{if .State.Restarting}}-again{{end}} {{.Config.Hostname}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}' "$1")"
    [ "$runs" = true ] || { echo "it does not stay up: $(docker inspect --format 'ended with {{.State.ExitCode}}, started again {{.RestartCount}} times{{if .State.OOMKilled}}, out of memory{{end}}' "$1")"; return; }
    if [ "$asks" = health ]; then
        [ "$health" = healthy ] && echo passing || echo "Docker's HEALTHCHECK says $health"
        return
    fi
    case "$(in_catalog "$host" 2>/dev/null)" in
    passing) echo passing ;;
    "not passing") echo "the catalog has $name-$host, but not as passing" ;;
    "not there") echo "the catalog has no $name-$host" ;;
    *) echo "Consul does not answer at $consul" ;;
    esac
}

# Waits until one passes; leaves in `stands` how it stood last.
wait_for() { # ID
    local until=$((SECONDS + patience))
    while :; do
        stands=$(standing "$1")
        [ "$stands" != passing ] || return 0
        [ $SECONDS -lt $until ] || return 1
        sleep 0.3
    done
}

# --- one step

stop() { # ID
    local code
    docker stop "$1" >/dev/null
    code=$(docker inspect --format '{{.State.ExitCode}}' "$1")
    [ "$code" != 137 ] || say "  $(called "$1") did not end within its grace period and was killed; requests may have been lost (\`stop_grace_period\`)"
    docker rm "$1" >/dev/null
}

# Takes the mark off again.
spare() { docker rename "$1" "$(called "$1" | sed "s/$mark[0-9]*\$//")"; }

# Takes a new one away that will not do.
back_out() { # ID
    local one
    one=$(called "$1")
    { printf 'what %s wrote last:\n' "$one"; docker logs --tail 20 "$1" 2>&1 | sed 's/^/  | /'; } >&2
    docker stop "$1" >/dev/null || true
    docker rm -f "$1" >/dev/null
    [ -z "$leaving" ] || spare "$leaving"
    fail "$one does not pass within $patience s: $stands; it is gone, and what ran before runs" \
        "a service with another name in the catalog wants \`--as NAME\`, another catalog than Consul \`--health\`"
}

# The container that was not there before.
started() {
    local id
    for id in $(containers | cut -d ' ' -f 1); do
        case $before in *" $id "*) ;; *) echo "$id" ;; esac
    done
}

# Goes back to what there was before Compose was asked for one more.
drop_started() {
    local id
    for id in $(started); do docker rm -f "$id" >/dev/null; done
    [ -z "$leaving" ] || spare "$leaving"
}

start_one() {
    local before said
    before=" ${old[*]-} ${new[*]-} "
    said=$("${compose[@]}" up -d --no-deps --no-recreate --scale "$service=$((${#old[@]} + ${#new[@]} + 1))" "$service" 2>&1) || {
        drop_started
        printf '%s\n' "$said" | tail -n 5 | sed 's/^/  | /' >&2
        fail "Compose did not start another (above)" "two containers cannot publish the same port of the host: leave out the host's (\`- \"80\"\`), or put a load balancer before them"
    }
    look
    started=$(started)
    case " ${new[*]-} " in
    *" $started "*) say "$(called "$started") is started" ;;
    *)
        drop_started
        fail "what Compose started is not the $image that was here at the beginning; it is gone" "if the tag has moved meanwhile, the same command goes on with what it is now" ;;
    esac
}

step() {
    local began=$SECONDS victim=${leaving:-${old[0]}} one
    one=$(called "$victim" | sed "s/$mark[0-9]*\$//")
    [ -n "$leaving" ] || { docker rename "$victim" "$one$mark$wanted"; leaving=$victim; }
    if [ $((${#old[@]} + ${#new[@]})) -le "$wanted" ]; then
        start_one
    fi
    for id in "${new[@]}"; do
        wait_for "$id" || back_out "$id"
    done
    local passing=$((SECONDS - began))
    stop "$victim"
    say "${#new[@]}/$wanted: $(called "${new[${#new[@]} - 1]}") passes after $passing s, $one is gone after $((SECONDS - began)) s"
}

# --- all of it

image=$(find_image) || fail "Compose cannot read its files (above)"
[ -n "$image" ] || fail "the Compose file has no \`image:\` for a service \`$service\`" "name it: \`image: NAME:\${TAG}\`"
case $image in
*"$TAG"*) ;;
*) fail "the Compose file's image is $image whatever TAG says" "let it be chosen: \`image: NAME:\${TAG}\`" ;;
esac
docker image inspect "$image" >/dev/null 2>&1 || docker pull -q "$image" >/dev/null ||
    fail "there is no $image here, and none to pull (above)" "\`TAG=$TAG ${compose[*]} build $service\` builds it"
target=$(docker image inspect --format '{{.Id}}' "$image")
project=$(find_project) || fail "none of it runs" "\`TAG=$TAG ${compose[*]} up -d $service\` starts the first"

lock=${TMPDIR:-/tmp}/roll-$project-$service.pid
if ! (set -o noclobber; echo $$ >"$lock") 2>/dev/null; then
    other=$(cat "$lock" 2>/dev/null || true)
    if [ -n "$other" ] && kill -0 "$other" 2>/dev/null; then
        fail "another roll of it is under way, process $other"
    fi
    echo $$ >"$lock"
fi
trap 'rm -f "$lock"' EXIT
trap 'say "interrupted; the same command goes on"; exit 130' INT
trap 'say "interrupted; the same command goes on"; exit 143' TERM

if [ "$asks" = catalog ]; then
    consul=${CONSUL:-$(find_consul)}
    case $consul in
    *:*) ;;
    *) fail "where is Consul? Compose publishes no port 8500 of a service \`consul\`" "say \`CONSUL=host:port\`, or ask Docker's HEALTHCHECK: \`--health\`" ;;
    esac
    consul=${consul/#0.0.0.0:/127.0.0.1:}
    get /v1/status/leader >/dev/null 2>&1 || fail "Consul does not answer at $consul with a leader" "without the catalog nobody can tell whether a new one passes"
fi

mark=.replaced-of-
look
if [ -n "$leaving" ]; then
    # This was killed half-way: between the stop of an old one and its removal, or while Compose was
    # about to start a new one.
    [ "$(docker inspect --format '{{.State.Running}}' "$leaving")" = true ] || docker rm "$leaving" >/dev/null
    [ ${#stillborn[@]} -eq 0 ] || docker rm "${stillborn[@]}" >/dev/null
    goal=$wanted
    look
    wanted=$goal
fi
[ ${#idle[@]} -eq 0 ] || fail "${idle[*]} stands still, and Compose would start it" "remove it (\`docker rm ${idle[*]}\`), or start it first"
[ $((${#old[@]} + ${#new[@]})) -gt 0 ] || fail "none of it runs"
say "$service: ${#old[@]} of $wanted are to be replaced by $image"
while [ ${#old[@]} -gt 0 ]; do
    step
    look
done
for id in ${new[@]+"${new[@]}"}; do
    wait_for "$id" || fail "$(called "$id") runs $image, and does not pass: $stands" "all others were replaced; nothing was taken away"
done
say "$service: all ${#new[@]} run $image ($SECONDS s)"
