#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pages.h"

#define COOKIE "sandbox_account="

static void escape(struct text *html, const char *text)
{
	for (; text && *text; text++) {
		switch (*text) {
		case '&':
			text_append(html, "&amp;");
			break;
		case '<':
			text_append(html, "&lt;");
			break;
		case '>':
			text_append(html, "&gt;");
			break;
		case '"':
			text_append(html, "&quot;");
			break;
		case '\'':
			text_append(html, "&#39;");
			break;
		default:
			text_append_char(html, *text);
		}
	}
}

void html_put(struct text *html, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	for (; *format; format++) {
		if (format[0] == '%' && format[1] == 's')
			escape(html, va_arg(arguments, const char *));
		else if (format[0] == '%' && format[1] == 'd')
			text_printf(html, "%d", va_arg(arguments, int));
		else {
			text_append_char(html, *format);
			continue;
		}
		format++;
	}
	va_end(arguments);
}

const json_t *page_account(const struct sandbox *sandbox, const struct request *request)
{
	const char *cookies = request_header(request, "cookie");
	const char *start = cookies ? strstr(cookies, COOKIE) : NULL;
	char id[256];
	if (!start)
		return NULL;
	start += strlen(COOKIE);
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(start, "; "), start);
	return json_object_get(sandbox->site.accounts, id);
}

void html_begin(struct sandbox *sandbox, struct text *html, const char *title, const json_t *account, bool jira)
{
	html_put(html,
	         "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
	         "content=\"width=device-width, initial-scale=1\"><title>%s - sandbox</title>"
	         "<link rel=\"stylesheet\" href=\"/assets/sandbox.css\"></head><body><header><a class=\"brand\" "
	         "href=\"/\">%s</a><nav>",
	         title, jira ? "Sandbox Jira" : "Sandbox Entra");
	if (jira)
		html_put(html,
		         "<a href=\"/portal\">Portal</a><a href=\"/approvals\">Approvals</a><a href=\"/issues\">All issues</a>"
		         "<a href=\"%s/page/groups\">Entra groups</a>",
		         sandbox->entra_url);
	else
		html_put(html, "<a href=\"/page/groups\">Groups</a><a href=\"%s/portal\">Jira portal</a>", sandbox->jira_url);
	html_put(html, "</nav><span class=\"who\">");
	if (account)
		html_put(html, "%s <a href=\"/sign-out\">switch person</a>", json_string_at(account, "displayName"));
	html_put(html, "</span></header><main><h1>%s</h1>", title);
}

void html_reply(struct text *html, struct request *request, struct reply *reply, int status)
{
	html_put(html, "</main><footer>A sandbox on this machine: nothing here is real, and all of it is gone when it "
	               "stops.</footer></body></html>");
	reply_text(reply, status, "text/html; charset=utf-8",
	           text_failed(html) ? NULL : arena_strdup(request->arena, html->data));
	reply_header(reply, "Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; form-action 'self'");
	reply_header(reply, "X-Content-Type-Options", "nosniff");
	reply_header(reply, "Cache-Control", "no-store");
	text_done(html);
}

void page_asset(struct request *request, struct reply *reply)
{
	const char *name = request->segments > 1 ? request->segment[1] : "";
	if (text_equal(name, "sandbox.css"))
		reply_text(reply, 200, "text/css; charset=utf-8", page_style);
	else if (text_equal(name, "live.js"))
		reply_text(reply, 200, "text/javascript; charset=utf-8", page_live_script);
	else if (text_equal(name, "groups.js"))
		reply_text(reply, 200, "text/javascript; charset=utf-8", page_groups_script);
	else
		reply_text(reply, 404, "text/plain", "Not found.");
}
