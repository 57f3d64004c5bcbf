/* Who somebody is, and who many people are, in few exchanges. */
#ifndef AIC_CONNECTOR_ENTRA_MATCH_USERS_H
#define AIC_CONNECTOR_ENTRA_MATCH_USERS_H

#include "base/macro.h"
#include "base/result.h"
#include "connector/connector.h"

enum result entra_match_user(const struct connector_environment *environment, const struct connector_target *target,
                             const struct identity_question *question, struct arena *arena,
                             struct identity_match *ret_match, struct error *error) MUST_CHECK;

/* Each of them gets what entra_match_user would give. Both arrays are filled whatever is returned, but where there are
 * too many questions or no memory to begin with: ret_errors[i].result is RESULT_OK wherever ret_matches[i].code is set,
 * and nowhere else. Fails where somebody was to be asked about and not one exchange was answered. */
enum result entra_match_users(const struct connector_environment *environment, const struct connector_target *target,
                              const struct identity_question *questions, size_t count, struct arena *arena,
                              struct identity_match *ret_matches, struct error *ret_errors, struct error *error)
    MUST_CHECK;

#endif
