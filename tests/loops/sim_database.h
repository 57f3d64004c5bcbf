/* The files of the world's databases, while nothing has them open. */
#ifndef AIC_TESTS_LOOPS_SIM_DATABASE_H
#define AIC_TESTS_LOOPS_SIM_DATABASE_H

/* In the world's directory. */
void database_copy(const char *from, const char *to);
void database_remove(const char *name);

#endif
