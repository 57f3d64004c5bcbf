/* Telling systemd (Type=notify) that the service is ready, or stopping. */
#ifndef AIC_CLI_SERVICE_NOTIFY_H
#define AIC_CLI_SERVICE_NOTIFY_H

/* "READY=1", "STOPPING=1". Does nothing without $NOTIFY_SOCKET; a failure is nobody's business but systemd's. */
void service_notify(const char *state);

#endif
