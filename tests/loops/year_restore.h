/* A database of yesterday put back: what the model knows of what went with it. */
#ifndef AIC_TESTS_LOOPS_YEAR_RESTORE_H
#define AIC_TESTS_LOOPS_YEAR_RESTORE_H

#include <stdbool.h>

/* A copy is made, now. */
void year_copy(void);
/* Of what was still to be given then, some is taken away again in Jira, some by the API, and of all others some too. */
void year_take_away_since(void);
/* The copy is put back, and from now on it is watched who gets in. What happened since is forgotten by the service;
 * Jira and Entra know it. */
void year_put_back(void);
/* Once all work is done: nobody who was out before is back in, or was meanwhile. */
bool year_nobody_is_back(void);
/* The admin asks again for what was revoked by the API since: Jira does not know it. */
void year_revoke_again(void);

#endif
