/* SPDX-License-Identifier: Apache-2.0 */
/* jalon: the field client's command line. */
#include "client/commands.h"
#include "io/env.h"

#include <unistd.h>

static enum err write_std(void *ctx, enum cmd_stream stream, struct str bytes)
{
    (void)ctx;
    if (stream == CMD_OUT)
        say_bytes(bytes.p, bytes.n);
    else
        say_err("%.*s", (int)bytes.n, bytes.p);
    return ERR_OK;
}

int main(int argc, char **argv)
{
    env_keep_private();
    say_init(env_language());
    struct cmd c = {.write = write_std,
                    .color = env_color(STDOUT_FILENO),
                    .progress = env_tty(STDERR_FILENO),
                    .columns = env_columns(STDOUT_FILENO)};
    int exit = commands_main(&c, argc, (const char *const *)argv);
    if (say_flush() != ERR_OK && exit == CMD_DONE)
        exit = CMD_FAILED;
    return exit;
}
