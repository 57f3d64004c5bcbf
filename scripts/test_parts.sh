# Sourced by ./test: its parts. Each adds to passed, failed, skipped and names what failed in failures[].

parts="style warnings sanitize threads simulated instructions system crash loops fuzz"
full_parts="analyze threads_long valgrind faults_long crash_long loops_long fuzz_long"

count_pass() {
	passed=$((passed + 1))
}

# count_fail NAME
count_fail() {
	failed=$((failed + 1))
	failures+=("$1")
}

# check NAME COMMAND…: one test, which passes if the command does; its output is shown only if it fails.
check() {
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		count_pass
	else
		count_fail "$name"
		printf '%s\n%s\n' "FAILED $name" "$output" | tail -n 60 >&2
	fi
}

# count_tap FILE PREFIX: adds up the lines of TAP that C and Node tests print.
count_tap() {
	local file=$1 prefix=$2 line
	passed=$((passed + $(grep -cE '^ *ok [0-9]+' "$file") - $(grep -cE '^ *ok [0-9]+.*# (SKIP|skip)' "$file")))
	skipped=$((skipped + $(grep -cE '^ *ok [0-9]+.*# (SKIP|skip)' "$file")))
	while IFS= read -r line; do
		count_fail "$prefix: ${line#*- }"
	done < <(grep -E '^ *not ok [0-9]+' "$file")
}

# run_c_test PROGRAM: its TAP goes to PROGRAM.tap, what else it says to PROGRAM.err, how it ended to PROGRAM.status.
run_c_test() {
	local program=$1 status=0
	CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 ${RUN_UNDER:-} "$program" >"$program.tap" 2>"$program.err" </dev/null || status=$?
	echo "$status" >"$program.status"
}

# run_c_tests DIR PREFIX: every cmocka program of that build, each in its own process; a crash is a failure of its own.
run_c_tests() {
	run_programs "$1" "$2" -name 'unit-*' -o -name 'contract-*'
}

# run_programs DIR PREFIX TEST…: those whose names find's tests take, three at a time: many of them wait for what they play.
run_programs() {
	local dir=$1 prefix=$2 program status programs
	shift 2
	mapfile -t programs < <(find "$dir/tests" -maxdepth 3 -type f \( "$@" \) -executable | sort)
	[ ${#programs[@]} -gt 0 ] || {
		count_fail "$prefix: no such program was built"
		return
	}
	export RUN_UNDER
	export -f run_c_test
	printf '%s\0' "${programs[@]}" | xargs -0 -n 1 -P 3 bash -c 'run_c_test "$1"' run_c_test
	for program in "${programs[@]}"; do
		status=$(cat "$program.status")
		count_tap "$program.tap" "$prefix $(basename "$program")"
		if [ "$status" -ne 0 ]; then
			grep -qE '^ *not ok' "$program.tap" || count_fail "$prefix $(basename "$program") ended with $status"
			{ grep -vE '^ok|^# ok' "$program.tap"; cat "$program.err"; } | tail -n 60 >&2
		fi
	done
}

part_style() {
	build_with "$build"
	check "every C file is formatted as .clang-format says" \
		bash -c 'git ls-files "*.c" "*.h" | xargs clang-format --dry-run -Werror'
	check "no function is over 80 lines or complexity 20, no file over 600 lines" scripts/check-ceilings
	check "the generated pages say what the program says" scripts/check-pages
}

# What clang warns of is found where it builds for TSan; here it only reads.
part_warnings() {
	build_with "$build"
	CC=clang NINJA_TARGETS=src/store/sqlite_migrations.c build_with "$root/build-clang" -Dwerror=true
	check "cppcheck finds nothing" scripts/run-cppcheck "$build"
	check "clang-tidy finds nothing" scripts/run-clang-tidy "$root/build-clang" '-clang-analyzer-*'
}

# Every path through every function, which takes minutes.
part_analyze() {
	build_with "$build"
	CC=clang NINJA_TARGETS=src/store/sqlite_migrations.c build_with "$root/build-clang" -Dwerror=true
	check "clang's analyzer finds nothing" scripts/run-clang-tidy "$root/build-clang"
}

part_sanitize() {
	build_with "$root/build-asan" -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=true
	export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
	run_c_tests "$root/build-asan" asan
	run_corpora "$root/build-asan"
}

# Those in which threads meet. The rest has one.
threaded="unit/unit-worker-threads unit/unit-worker-circuit unit/unit-http-client unit/unit-http-tls unit/unit-server-live
	unit/unit-server-router unit/unit-connector-token unit/unit-connector-throttle_gate unit/unit-connector-match_users
	unit/unit-connector-member_changes unit/unit-connector-member_looks unit/unit-connector-group_reads unit/unit-jira-people_at_once
	unit/unit-store-compact unit/unit-store-fault contract/contract-store_audit contract/contract-store_cohort
	contract/contract-store_jobs contract/contract-store_life"

# What is built here clang compiles too, all of src/ and sandbox/ among it, and its warnings are errors.
part_threads() {
	local name targets="aiclearance aiclearance-sandbox" wanted=()
	for name in $threaded; do
		targets="$targets tests/$name"
		wanted+=(${wanted[0]:+-o} -name "$(basename "$name")")
	done
	CC=clang NINJA_TARGETS=$targets build_with "$root/build-tsan" -Db_sanitize=thread -Db_lundef=false -Dwerror=true
	count_pass
	TSAN_OPTIONS=halt_on_error=1 run_programs "$root/build-tsan" tsan "${wanted[@]}"
}

part_threads_long() {
	CC=clang build_with "$root/build-tsan" -Db_sanitize=thread -Db_lundef=false -Dwerror=true
	TSAN_OPTIONS=halt_on_error=1 run_c_tests "$root/build-tsan" tsan
}

part_valgrind() {
	build_with "$build"
	RUN_UNDER="valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite" run_c_tests "$build" valgrind
}

# Minutes of simulated time, at the speed of the release.
part_simulated() {
	build_with "$build"
	run_programs "$build" simulated -name 'simulated-*'
}

# Where the record was made on another platform there is nothing to compare.
part_instructions() {
	local output
	if output=$("$root/bench" --instructions --tolerance=10 2>&1); then
		case $output in
		SKIP*) skipped=$((skipped + 1)) ;;
		*) count_pass ;;
		esac
		return
	fi
	count_fail "a hot path needs over 10% more instructions than benchmarks/instructions.txt says"
	printf '%s\n' "$output" >&2
}

# Drives the built binary from outside, with the sanitizers in it.
part_system() {
	build_with "$build"
	build_with "$root/build-asan" -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=true
	install_node
	local output="$root/build-asan/system.tap"
	AICLEARANCE_BUILD="$root/build-asan" "$node" --test --test-concurrency=2 --test-reporter=tap \
		"$root"/tests/system/*.test.js >"$output" 2>"$output.err" </dev/null
	node_results "$output" system
}

# node_results FILE PREFIX: counts leaves only (a file's or suite's own line repeats its children).
node_results() {
	local file=$1 prefix=$2
	"$node" "$root/tests/system/count_tap.js" "$file" >"$file.count" || {
		count_fail "$prefix: the tests did not run"
		tail -n 40 "$file" "$file.err" >&2
		return
	}
	local kind name
	while IFS=$'\t' read -r kind name; do
		case $kind in
		ok) count_pass ;;
		skip) skipped=$((skipped + 1)) ;;
		*)
			count_fail "$prefix: $name"
			;;
		esac
	done <"$file.count"
	grep -q '^fail' "$file.count" && grep -vE '^ *ok ' "$file" | tail -n 120 >&2
	return 0
}

part_crash() {
	build_with "$build"
	install_node
	check "200 approvals through kill -9: 200 members, one grant, comment and chain each" \
		"$node" tests/crash/crash_loop.js --approvals 200 --kills 12
}

# The fault matrix at its full size: 400 people in 20 groups.
part_faults_long() {
	build_with "$build"
	install_node
	local output="$build/faults.tap"
	AICLEARANCE_FULL=1 AICLEARANCE_BUILD="$build" "$node" --test --test-reporter=tap \
		"$root/tests/system/engine_faults.test.js" >"$output" 2>"$output.err" </dev/null
	node_results "$output" faults
}

part_crash_long() {
	build_with "$build"
	install_node
	check "200 approvals through 100 kills" "$node" tests/crash/crash_loop.js --approvals 200 --kills 100
}

# tap_loop NAME COMMAND…: a loop that prints TAP. What it says of a failure is how to repeat it.
tap_loop() {
	local name=$1 output status
	shift
	output="$build/loop-$name.tap"
	"$@" >"$output" 2>"$output.err" </dev/null
	status=$?
	count_tap "$output" "loop $name"
	[ "$status" -eq 0 ] && return
	grep -qE '^ *not ok' "$output" || count_fail "loop $name ended with $status"
	{ cat "$output"; tail -n 20 "$output.err"; } | tail -n 60 >&2
}

# Faults at every Nth call, a soak, and kills at the boundaries of the built binary: a few of each.
part_loops() {
	build_with "$build"
	build_with "$root/build-asan" -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=true
	install_node
	export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
	tap_loop every_nth "$root/build-asan/tests/loops/loop-every_nth"
	tap_loop soak "$build/tests/loops/loop-soak" --minutes 10
	tap_loop year "$build/tests/loops/loop-year" --days 60 --grants 150
	check "one approval and one removal through a kill at boundaries of network and store" \
		"$node" tests/crash/boundary_loop.js --points 1
}

part_loops_long() {
	build_with "$build"
	build_with "$root/build-asan" -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=true
	install_node
	export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
	AICLEARANCE_FULL=1 tap_loop every_nth_long "$root/build-asan/tests/loops/loop-every_nth"
	tap_loop soak_long "$build/tests/loops/loop-soak" --minutes 60 --seeds 10
	tap_loop year_long "$build/tests/loops/loop-year" --seeds 3
	check "one approval and one removal through a kill at 40 boundaries of each kind" \
		"$node" tests/crash/boundary_loop.js --points 40
}

fuzzers="webhook json config graph api mapping_csv evidence"

# run_corpora DIR: what the fuzzers start from, once, without a fuzzer.
run_corpora() {
	local dir=$1 name output="$1/tap.out"
	for name in $fuzzers; do
		"$dir/tests/fuzz/corpus-$name" "$root/tests/fuzz/corpus/$name"/* >"$output" 2>"$output.err" </dev/null || {
			count_fail "corpus of $name"
			tail -n 60 "$output.err" >&2
		}
		count_tap "$output" "corpus of $name"
	done
}

# fuzz_one NAME SECONDS: what is found stays in build-fuzz, as does the corpus that grows.
fuzz_one() {
	local name=$1 seconds=$2
	mkdir -p "$root/build-fuzz/found/$name"
	"$root/build-fuzz/tests/fuzz/fuzz-$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
		-artifact_prefix="$root/build-fuzz/$name-" "$root/build-fuzz/found/$name" "$root/tests/fuzz/corpus/$name"
}

# fuzz_all SECONDS
fuzz_all() {
	local name targets=
	for name in $fuzzers; do
		targets="$targets tests/fuzz/fuzz-$name"
	done
	CC=clang NINJA_TARGETS=$targets build_with "$root/build-fuzz" -Db_sanitize=address,undefined -Db_lundef=false \
		-Dc_args=-fsanitize=fuzzer-no-link
	for name in $fuzzers; do
		check "fuzz $name for $1 s" fuzz_one "$name" "$1"
	done
}

part_fuzz() {
	fuzz_all 10
}

part_fuzz_long() {
	fuzz_all 300
}
