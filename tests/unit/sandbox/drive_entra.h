/* Drives the Entra side, signed in as the seed's app. */
#ifndef AIC_TESTS_SANDBOX_DRIVE_ENTRA_H
#define AIC_TESTS_SANDBOX_DRIVE_ENTRA_H

#include "drive.h"

#include "entra.h"
#include "faults.h"
#include "jira_webhook.h"

#define DRIVE_FORM                                                                                                     \
	"grant_type=client_credentials&client_id=" SANDBOX_CLIENT_ID "&scope=https://graph.microsoft.com/.default"

static inline int stop(void **state)
{
	struct drive *drive = *state;
	pthread_mutex_lock(&drive->sandbox.lock);
	drive->sandbox.stopping = true;
	pthread_cond_broadcast(&drive->sandbox.wake);
	pthread_mutex_unlock(&drive->sandbox.lock);
	webhooks_stop(&drive->sandbox);
	reply_done(&drive->reply);
	json_decref(drive->headers);
	arena_free(drive->arena);
	sandbox_stop(&drive->sandbox);
	return 0;
}

static inline int token_ask(struct drive *drive, const char *secret)
{
	char form[512];
	snprintf(form, sizeof(form), DRIVE_FORM "&client_secret=%s", secret);
	drive_header(drive, "content-type", "application/x-www-form-urlencoded");
	return drive_call(drive, "POST", "/" SANDBOX_TENANT_ID "/oauth2/v2.0/token", form);
}

/* A new token, with the permissions that the app has now. */
static inline void sign_in(struct drive *drive)
{
	char header[4096];
	assert_int_equal(token_ask(drive, SANDBOX_CLIENT_SECRET), 200);
	snprintf(header, sizeof(header), "Bearer %s", drive_string(drive, "access_token"));
	drive_header(drive, "authorization", header);
	drive_header(drive, "content-type", "application/json");
}

static inline int start(void **state)
{
	drive_start(state);
	struct drive *drive = *state;
	drive->handler = entra_handle;
	sign_in(drive);
	return 0;
}

#endif
