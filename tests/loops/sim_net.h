/* The network, simulated: behind http_client_perform stand the sandbox's Entra tenant and Jira site, called in this
 * process and on simulated time; and what can happen to a call on its way. Led here by the linker, see meson.build. */
#ifndef AIC_TESTS_LOOPS_SIM_NET_H
#define AIC_TESTS_LOOPS_SIM_NET_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define NET_JIRA "http://127.0.0.1:9000"
#define NET_LATENCY_MS 30

enum net_fault {
	NET_FINE,
	NET_REFUSED,      /* no connection: nothing was sent */
	NET_RESET_BEFORE, /* sent, perhaps, and not carried out */
	NET_RESET_AFTER,  /* carried out, and the answer lost */
	NET_TIMEOUT_BEFORE,
	NET_TIMEOUT_AFTER,
	NET_503_BEFORE,
	NET_503_AFTER,
	NET_429,
	NET_403,
	NET_CUT, /* carried out; a 200 whose body ends in the middle */
	NET_FAULTS
};

extern const char *const net_fault_names[NET_FAULTS];

struct net_call {
	bool jira; /* else Entra's login or Graph */
	const char *method;
	const char *path;
};

/* What happens to the next call; NULL: all is fine. */
void net_decide(enum net_fault (*decide)(void *context, const struct net_call *call), void *context);
/* Called while a call is on its way there, and once more on its way back; its own calls are carried out. NULL: nothing.
 */
void net_meanwhile(void (*meanwhile)(const struct net_call *call));
uint64_t net_count(void); /* calls so far */

void net_open(void);
void net_close(void);
/* Tenant and site go back to the seed; or are kept, and put back as they were kept. */
void net_reset(void);
void net_keep(void);
void net_put_back(void);
/* Where the tenant is from now on: another address each time, so that nothing that was learned of the last holds. */
const char *net_entra_url(void);
void net_move_entra(void);

/* Somebody's call to Jira, by nick ("ben"), or to the sandbox's control ("PUT" "/control/state"), outside of all
 * faults. The answer is the caller's (NULL: none); a status of 400 or more ends the test. */
json_t *net_ask_jira(const char *nick, const char *method, const char *path, json_t *body);
json_t *net_control(const char *method, const char *path, json_t *body);
/* The next webhook that Jira has to send, or NULL: its body. Given back by net_event_return, it comes again. */
json_t *net_event_take(void);
void net_event_return(json_t *event);

bool net_is_member(const char *group_id, const char *user_id);
/* Behind the product's back. */
void net_member_set(const char *group_id, const char *user_id, bool member);
int64_t net_danger(void); /* deletes that would have deleted a user */

#endif
