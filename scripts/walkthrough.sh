# Sourced by ./run --walkthrough: the setup guide's own test, played through the public API, with what Entra's side shows after
# each step. Every step must hold, or the whole ends with 1.

steps=0

# step SENTENCE
step() {
	steps=$((steps + 1))
	printf '\n%2d. %s\n' "$steps" "$*"
}

shown() {
	printf '    %s\n' "$@"
}

# What Entra itself says about the test group: the names of its members, read from the tenant's side, not from ours.
entra_members() {
	curl -fsS "$entra/control/state" | jq -c --arg id "$(seed .testGroupId)" '[.entra.groups[] | select(.id == $id) | .members[]]'
}

# expect WHAT PROBE WANTED: asks the probe until it says what is wanted, twenty seconds at most.
expect() {
	local what=$1 probe=$2 wanted=$3 said= tries
	for tries in $(seq 100); do
		said=$($probe 2>/dev/null) || said=
		[ "$said" = "$wanted" ] && return 0
		sleep 0.2
	done
	stop_with "$what: wanted $wanted, but it is ${said:-nothing}. The log: $demo/service.log"
}

request_status() {
	api GET "/api/v1/requests?issueKey=$issue" | jq -r '.items[0].status'
}

grant_status() {
	api GET "/api/v1/grants?issueKey=$issue" | jq -r '.items[0].status'
}

comment_count() {
	jira_call cleo GET "/rest/api/3/issue/$issue/comment" | jq -r .total
}

walkthrough() {
	local report ada_account ada_user issue approval transition
	ada_account=$(seed .jira.accounts.ada.accountId)

	step "Connector: the tenant, the application and its secret, as the guide's JSON has them"
	report=$(api POST /api/v1/connectors "$(demo_connector)") || stop_with "the connector was refused: $report"
	shown "stored; the secret is sealed and does not come back: $(jq -c .config <<<"$report") $(jq -c .credential.kind <<<"$report")"

	step "Connection test"
	report=$(api POST /api/v1/connectors/sandbox/test) || stop_with "the test did not run: $report"
	jq -r '.checks[] | "    \(.outcome | if . == "passed" then "✔" elif . == "warning" then "!" else "✖" end) \(.check): \(.summary)"' <<<"$report"
	[ "$(jq -r .outcome <<<"$report")" != failed ] || stop_with "the connection test failed"

	step "A low-risk catalog tool"
	report=$(api POST /api/v1/tools "$demo_tool") || stop_with "the tool was refused: $report"
	shown "$(jq -r '"\(.name), risk \(.risk), at most \(.maxDurationDays) days"' <<<"$report")"

	step "Its entitlement group, bound"
	report=$(api POST /api/v1/tools/test-tool/entitlement-group "{\"mode\":\"bind\",\"groupId\":\"$(seed .testGroupId)\"}") ||
		stop_with "the group was refused: $report"
	shown "$(jq -r '.entitlementGroup | "\(.displayName): \(.code)"' <<<"$report")" "Entra: members $(entra_members)"

	step "Who is Ada in Entra?"
	report=$(api POST /api/v1/identity-mappings/resolve "{\"connectorId\":\"sandbox\",\"accountId\":\"$ada_account\"}") ||
		stop_with "she could not be looked up: $report"
	shown "$(jq -r '"\(.outcome) by \(.code): \(.user.userPrincipalName)"' <<<"$report")"
	ada_user=$(jq -er .user.objectId <<<"$report")

	step "Requests come in from the JSM project $(seed .jira.projectKey)"
	report=$(api PUT /api/v1/settings/intake "$(demo_intake)") || stop_with "the settings were refused: $report"
	shown "approval $(jq -r .approval <<<"$report"), removal by status $(jq -c .revokedStatuses <<<"$report")"

	step "Ada files a request in the JSM portal"
	issue=$(file_request ada 'Test Tool' 'Trying the connector' 14) || stop_with "Jira did not take the request"
	expect "the request" request_status pending
	shown "$issue is a pending request here" "Entra: members $(entra_members)"

	step "Ben approves it in Jira"
	approval=$(jira_call ben GET "/rest/servicedeskapi/request/$issue/approval" | jq -er '.values[0].id')
	jira_call ben POST "/rest/servicedeskapi/request/$issue/approval/$approval" '{"decision":"approve"}' >/dev/null || stop_with "Jira refused the approval"
	expect "the grant" grant_status active
	expect "the group's members in Entra" entra_members "[\"$ada_user\"]"
	shown "the grant is active" "Entra: members $(entra_members)"

	step "Jira is told"
	expect "the comments on $issue" comment_count 1
	shown "$(jira_call cleo GET "/rest/api/3/issue/$issue/comment" | jq -r '[.comments[0].body | .. | .text? // empty] | join(" ")')"

	step "Access is removed: the issue moves to \"Access removed\""
	transition=$(jira_call cleo GET "/rest/api/3/issue/$issue/transitions" | jq -er '.transitions[] | select(.to.name == "Access removed") | .id')
	jira_call cleo POST "/rest/api/3/issue/$issue/transitions" "{\"transition\":{\"id\":\"$transition\"}}" >/dev/null || stop_with "Jira refused the transition"
	expect "the grant" grant_status revoked
	expect "the group's members in Entra" entra_members '[]'
	shown "the grant is revoked" "Entra: members $(entra_members)"

	step "The evidence"
	"$build/aiclearance" audit verify --config "$demo/aiclearance.conf" | sed 's/^/    /' || stop_with "the audit chain does not hold"
	api GET "/api/v1/audit-events?limit=200" | jq -r '.items | reverse | .[] | "    \(.seq) \(.at) \(.action) \(.target.kind) by \(.actor.kind)"'

	printf '\nAll %d steps held.\n' "$steps"
}
