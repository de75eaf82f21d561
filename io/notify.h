/* SPDX-License-Identifier: Apache-2.0 */
/* Telling the service manager where we stand (sd_notify's protocol, without its library). */
#ifndef IO_NOTIFY_H
#define IO_NOTIFY_H

/* Send "READY=1", "STOPPING=1" … to $NOTIFY_SOCKET; nothing happens when there is none. */
void notify_send(const char *state);

#endif
