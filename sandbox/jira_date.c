#include <stdio.h>
#include <time.h>

#include "jira.h"

static struct tm instant_parts(int64_t at_ms)
{
	time_t seconds = (time_t)(at_ms / 1000);
	struct tm parts;
	gmtime_r(&seconds, &parts);
	return parts;
}

void jira_date(int64_t at_ms, char out[JIRA_DATE_SIZE])
{
	struct tm parts = instant_parts(at_ms);
	char seconds[24];
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(out, JIRA_DATE_SIZE, "%s.%03u+0000", seconds, (unsigned)(at_ms % 1000) % 1000u);
}

json_t *jira_date_view(int64_t at_ms)
{
	struct tm parts = instant_parts(at_ms);
	char iso[40];
	char jira[JIRA_DATE_SIZE];
	char friendly[40];
	strftime(iso, sizeof(iso), "%Y-%m-%dT%H:%M:%S+0000", &parts);
	strftime(friendly, sizeof(friendly), "%d/%b/%Y %I:%M %p", &parts);
	jira_date(at_ms, jira);
	return json_pack("{s:s,s:s,s:s,s:I}", "iso8601", iso, "jira", jira, "friendly", friendly, "epochMillis",
	                 (json_int_t)at_ms);
}
