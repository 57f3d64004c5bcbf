# Sourced by ./run: starts the sandbox and the service side by side on loopback, with a database, keys and tokens of their
# own in build/demo, and stops both again. The sandbox forgets everything when it stops, so each start is a fresh one.

demo="$build/demo"
service_pid= sandbox_pid=

demo_stop() {
	trap - INT TERM
	[ -n "$service_pid" ] && kill "$service_pid" 2>/dev/null && wait "$service_pid" 2>/dev/null
	[ -n "$sandbox_pid" ] && kill "$sandbox_pid" 2>/dev/null && wait "$sandbox_pid" 2>/dev/null
	service_pid= sandbox_pid=
	return 0
}

# free_port WANTED: that one, or the next that nobody listens on.
free_port() {
	local port=$1
	while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		port=$((port + 10))
		[ "$port" -lt 65000 ] || stop_with "no free port found on loopback"
	done
	echo "$port"
}

# wait_until SECONDS COMMAND…: polls ten times a second.
wait_until() {
	local tries=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

demo_config() {
	cat >"$demo/aiclearance.conf" <<EOF
; Written by ./run for the demonstration; the sandbox stands in for Entra and Jira.
[server]
listen = 127.0.0.1:$service_port
public_url = http://127.0.0.1:$service_port
[store]
url = sqlite:$demo/clearance.db
[secrets]
master_key = file:$demo/master.key
[entra]
login_url = http://127.0.0.1:$entra_port
graph_url = http://127.0.0.1:$entra_port
[jira]
site_url = http://127.0.0.1:$jira_port
auth = basic
user = aiclearance@contoso.example
token = env:DEMO_JIRA_TOKEN
webhook_secret = env:DEMO_WEBHOOK_SECRET
automation_token = env:DEMO_AUTOMATION_TOKEN
sweep_seconds = 30
EOF
}

demo_start_sandbox() {
	"$build/aiclearance-sandbox" --entra-port "$entra_port" --jira-port "$jira_port" --ca-out "$demo/ca.pem" \
		--webhook-url "http://127.0.0.1:$service_port/hooks/jira" --webhook-secret-env DEMO_WEBHOOK_SECRET \
		--ready-file "$demo/sandbox.json" >"$demo/sandbox.log" 2>&1 &
	sandbox_pid=$!
	wait_until 10 test -s "$demo/sandbox.json" || {
		cat "$demo/sandbox.log" >&2
		stop_with "the sandbox did not start"
	}
}

demo_start_service() {
	"$build/aiclearance" serve --config "$demo/aiclearance.conf" >"$demo/service.log" 2>&1 &
	service_pid=$!
	wait_until 10 curl -fs "$service/readyz" || {
		tail -n 20 "$demo/service.log" >&2
		stop_with "the service did not start"
	}
}

# demo_token ROLE NAME ACCOUNT_ID: prints an API token.
demo_token() {
	"$build/aiclearance" token create --config "$demo/aiclearance.conf" --role "$1" --name "$2" --account-id "$3" | tail -n 1
}

demo_start() {
	rm -rf "$demo"
	mkdir -p "$demo"
	chmod 700 "$demo"
	service_port=$(free_port 8480) entra_port=$(free_port 8481) jira_port=$(free_port 8482)
	service="http://127.0.0.1:$service_port" entra="http://127.0.0.1:$entra_port" jira="http://127.0.0.1:$jira_port"
	(umask 077 && openssl rand -base64 32 >"$demo/master.key")
	export DEMO_JIRA_TOKEN DEMO_WEBHOOK_SECRET DEMO_AUTOMATION_TOKEN
	DEMO_WEBHOOK_SECRET=$(openssl rand -hex 32) DEMO_AUTOMATION_TOKEN=$(openssl rand -hex 32)
	demo_config
	say "Starting the sandbox: an Entra tenant and a Jira site on loopback"
	demo_start_sandbox
	DEMO_JIRA_TOKEN=$(seed .jira.token)
	say "Starting the service on an embedded SQLite file"
	demo_start_service
	admin_token=$(demo_token admin cleo-admin "$(seed .jira.accounts.cleo.accountId)")
	export AICLEARANCE_URL=$service AICLEARANCE_TOKEN=$admin_token
}

# jira_call PERSON METHOD PATH [BODY]: the Jira site, as one of its people ("ada", "ben", "cleo").
jira_call() {
	curl -fsS -X "$2" "$jira$3" -H "Authorization: Bearer $(seed ".jira.accounts.$1.token")" -H 'Content-Type: application/json' \
		${4:+--data-binary "$4"}
}

# file_request PERSON TOOL PURPOSE DAYS: files one in the JSM portal's own API; prints the issue key.
file_request() {
	local body
	body=$(jq -nc --arg tool "$2" --arg purpose "$3" --arg days "$4" --argjson jira "$(seed .jira)" '{serviceDeskId: $jira.serviceDeskId,
		requestTypeId: $jira.requestTypeId, requestFieldValues: {summary: "Access to \($tool)", ($jira.toolField): {value: $tool},
		($jira.purposeField): $purpose, ($jira.durationField): $days}}')
	jira_call "$1" POST /rest/servicedeskapi/request "$body" | jq -er .issueKey
}

# seed JQ_PATH: what the sandbox says about its own world (ids, the app's secret).
seed() {
	jq -er "$1" "$demo/sandbox.json"
}

# api METHOD PATH [BODY]: the product's public API as the admin; prints the body, fails on 4xx and 5xx with what was said.
api() {
	local answer status
	answer=$(curl -sS -w '\n%{http_code}' -X "$1" "$service$2" -H "Authorization: Bearer $admin_token" \
		${3:+-H 'Content-Type: application/json' --data-binary "$3"}) || return 1
	status=${answer##*$'\n'}
	printf '%s\n' "${answer%$'\n'*}"
	[ "$status" -lt 400 ]
}

# The set-up of the guide, as an admin does it once: connector, intake, tool, group.
demo_connector() {
	jq -c '{connectorId: "sandbox", type: "entra", name: "Sandbox tenant", description: "", groupMode: "bind",
		config: {tenantId, clientId, clientSecret, cloud: "global"}}' "$demo/sandbox.json"
}

demo_tool='{"toolId":"test-tool","name":"Test Tool","vendor":"Contoso","url":"https://tool.contoso.example","description":"A low-risk tool to try the connector with","risk":"low","defaultDurationDays":30,"maxDurationDays":90,"requestable":true,"connectorId":"sandbox"}'

demo_intake() {
	jq -c '.jira | {projectKeys: [.projectKey], requestTypeIds: [.requestTypeId], toolField, purposeField, durationField,
		beneficiary: "reporter", approval: "jsm", allowedApprovers: [], allowedAuthors: [], approvedStatuses: ["Approved"],
		deniedStatuses: ["Declined"], revokedStatuses: ["Access removed"], matchPortalCustomers: false,
		writeBack: {comment: true, transitionOnActive: null}}' "$demo/sandbox.json"
}

demo_prepare() {
	say "Setting up: connector, connection test, tool, group, intake"
	api POST /api/v1/connectors "$(demo_connector)" >/dev/null
	api POST /api/v1/connectors/sandbox/test >/dev/null
	api POST /api/v1/tools "$demo_tool" >/dev/null
	api POST /api/v1/tools/test-tool/entitlement-group "{\"mode\":\"bind\",\"groupId\":\"$(seed .testGroupId)\"}" >/dev/null
	api PUT /api/v1/settings/intake "$(demo_intake)" >/dev/null
}

demo_introduce() {
	cat <<EOF

  AI Clearance    $service      (the web console is not built yet: this is the API; see docs/api.md)
  Jira sandbox    $jira
  Entra sandbox   $entra

  Three things to try:
    1. File a request as Ada at $jira/portal, approve it as Ben at $jira/approvals,
       and watch Ada appear in "$(seed .testGroupName)" at $entra/
    2. Ask the connector how it is, and see what it says when something is wrong:
         export AICLEARANCE_URL=$service AICLEARANCE_TOKEN=$admin_token
         build/aiclearance connector test sandbox
    3. Prove what happened:
         build/aiclearance audit verify --config $demo/aiclearance.conf

  Log: $demo/service.log · Ctrl-C stops everything. The sandbox forgets when it stops; each start is a fresh one.
EOF
}
