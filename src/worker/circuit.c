#include "worker/circuit.h"

#include <stdio.h>
#include <string.h>

#define FIRST_MS 2000
#define CAP_MS 60000

void circuit_init(struct circuit *circuit)
{
	*circuit = (struct circuit){0};
	pthread_mutex_init(&circuit->lock, NULL);
}

void circuit_done(struct circuit *circuit)
{
	pthread_mutex_destroy(&circuit->lock);
}

static struct circuit_place *place_find(struct circuit *circuit, const char *connector_id)
{
	for (size_t i = 0; i < CIRCUIT_PLACES; i++)
		if (strcmp(circuit->places[i].connector_id, connector_id) == 0)
			return &circuit->places[i];
	return NULL;
}

/* Locked. NULL: there is no place left, and this connector goes unlimited. */
static struct circuit_place *place_take(struct circuit *circuit, const char *connector_id)
{
	struct circuit_place *place = place_find(circuit, connector_id);
	if (place == NULL)
		place = place_find(circuit, "");
	if (place != NULL)
		snprintf(place->connector_id, sizeof(place->connector_id), "%s", connector_id);
	return place;
}

static void place_leave(struct circuit_place *place)
{
	if (place->failures == 0 && place->running == 0)
		*place = (struct circuit_place){0};
}

bool circuit_begin(struct circuit *circuit, const char *connector_id, int most)
{
	pthread_mutex_lock(&circuit->lock);
	struct circuit_place *place = place_take(circuit, connector_id);
	bool begins = place == NULL || place->running < most;
	if (begins && place != NULL)
		place->running++;
	pthread_mutex_unlock(&circuit->lock);
	return begins;
}

void circuit_end(struct circuit *circuit, const char *connector_id)
{
	pthread_mutex_lock(&circuit->lock);
	struct circuit_place *place = place_find(circuit, connector_id);
	if (place != NULL && place->running > 0) {
		place->running--;
		place_leave(place);
	}
	pthread_mutex_unlock(&circuit->lock);
}

int circuit_runs(struct circuit *circuit, const char *connector_id)
{
	pthread_mutex_lock(&circuit->lock);
	const struct circuit_place *place = place_find(circuit, connector_id);
	int runs = place != NULL ? place->running : 0;
	pthread_mutex_unlock(&circuit->lock);
	return runs;
}

bool circuit_is_doubtful(struct circuit *circuit, const char *connector_id)
{
	pthread_mutex_lock(&circuit->lock);
	const struct circuit_place *place = place_find(circuit, connector_id);
	bool doubtful = place != NULL && place->failures > 1;
	pthread_mutex_unlock(&circuit->lock);
	return doubtful;
}

void circuit_answered(struct circuit *circuit, const char *connector_id)
{
	pthread_mutex_lock(&circuit->lock);
	struct circuit_place *place = place_find(circuit, connector_id);
	if (place != NULL) {
		place->failures = 0;
		place_leave(place);
	}
	pthread_mutex_unlock(&circuit->lock);
}

int64_t circuit_silent_ms(struct circuit *circuit, const char *connector_id)
{
	pthread_mutex_lock(&circuit->lock);
	struct circuit_place *place = place_take(circuit, connector_id);
	int64_t delay = FIRST_MS; /* with more broken ones than places, the rest have no memory */
	if (place != NULL) {
		place->failures++;
		delay = place->failures == 1 ? 0 : FIRST_MS;
		for (int doubled = 2; doubled < place->failures && delay < CAP_MS; doubled++)
			delay *= 2;
	}
	pthread_mutex_unlock(&circuit->lock);
	return delay < CAP_MS ? delay : CAP_MS;
}
