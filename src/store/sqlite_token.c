/* API tokens: the hash only. */
#include "store/sqlite_ops.h"
#include "store/sqlite_work.h"

#define TOKEN_COLUMNS "principal_id, name, role, account_id, hash, created_at, expires_at, revoked_at"

static void token_read(struct cursor *cursor, void *item)
{
	struct api_token *token = item;

	token->principal_id = cursor_text(cursor);
	token->name = cursor_text(cursor);
	if (role_parse(cursor_peek(cursor), &token->role) != RESULT_OK)
		session_fail(cursor->session, RESULT_PROTOCOL, "A token of the database has an unknown role.");
	token->account_id = cursor_text(cursor);
	cursor_fixed(cursor, token->hash, sizeof(token->hash));
	token->created_at = cursor_int(cursor);
	token->expires_at = cursor_int(cursor);
	token->revoked_at = cursor_int(cursor);
}

static const struct row_type token_row = {sizeof(struct api_token), token_read, NULL};

static enum result token_insert(struct session *session, struct sqlite_write *write)
{
	const struct api_token *token = write->in;

	if (sql_exists(session, "SELECT 1 FROM api_token WHERE principal_id = ?1 OR hash = ?2",
	               SQL_ARGS(sql_text(token->principal_id), sql_bytes(token->hash, sizeof(token->hash)))))
		return write_refuse(write, RESULT_CONFLICT, "already_exists", "There is such a token already.");
	sql_run(session, "INSERT INTO api_token (" TOKEN_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
	        SQL_ARGS(sql_text(token->principal_id), sql_text(token->name), sql_text(role_name(token->role)),
	                 sql_text(token->account_id), sql_bytes(token->hash, sizeof(token->hash)),
	                 sql_int(token->created_at != 0 ? token->created_at : session->now), sql_int(token->expires_at)));
	audit_append(session, write->actor, "token.created", "token", token->principal_id, "ok",
	             audit_detail(session, NULL, "role", role_name(token->role), "accountId", token->account_id, NULL));
	return RESULT_OK;
}

enum result sqlite_op_token_create(struct store *store, const struct actor *actor, const struct api_token *token,
                                   struct error *error)
{
	return sqlite_write(store,
	                    &(struct sqlite_write){.work = token_insert, .actor = actor, .in = token, .error = error});
}

enum result sqlite_op_token_find(struct store *store, const uint8_t hash[32], struct arena *arena,
                                 struct api_token *ret_token)
{
	return sqlite_read_one(store, arena, &token_row, "SELECT " TOKEN_COLUMNS " FROM api_token WHERE hash = ?1",
	                       SQL_ARGS(sql_bytes(hash, 32)), ret_token);
}

enum result sqlite_op_token_list(struct store *store, struct arena *arena, struct api_token **ret_tokens,
                                 size_t *ret_count)
{
	return sqlite_read_list(store, arena, &token_row, SQLITE_WHOLE_LIST,
	                        "SELECT " TOKEN_COLUMNS " FROM api_token ORDER BY token_key", NULL, ret_tokens, ret_count,
	                        NULL);
}

static enum result token_end(struct session *session, struct sqlite_write *write)
{
	int64_t revoked_at = 0;

	if (!sql_ask(session, "SELECT revoked_at FROM api_token WHERE principal_id = ?1", SQL_ARGS(sql_text(write->id)),
	             &revoked_at))
		return refuse_not_found(write, "token");
	if (revoked_at != 0)
		return RESULT_OK;
	sql_run(session, "UPDATE api_token SET revoked_at = ?2 WHERE principal_id = ?1",
	        SQL_ARGS(sql_text(write->id), sql_int(session->now)));
	audit_append(session, write->actor, "token.revoked", "token", write->id, "ok", NULL);
	return RESULT_OK;
}

enum result sqlite_op_token_revoke(struct store *store, const struct actor *actor, const char *principal_id,
                                   struct error *error)
{
	return sqlite_write(store,
	                    &(struct sqlite_write){.work = token_end, .actor = actor, .id = principal_id, .error = error});
}
