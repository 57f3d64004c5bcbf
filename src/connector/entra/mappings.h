/* Many identity mappings looked at together. */
#ifndef AIC_CONNECTOR_ENTRA_MAPPINGS_H
#define AIC_CONNECTOR_ENTRA_MAPPINGS_H

#include "base/macro.h"
#include "base/result.h"
#include "connector/connector.h"

#define ENTRA_MAPPINGS_MAX 400

enum result entra_match_mappings(const struct connector_environment *environment, const struct connector_target *target,
                                 const struct identity_question *questions, size_t count, struct arena *arena,
                                 struct identity_match *ret_matches, struct error *error) MUST_CHECK;

#endif
