/* SPDX-License-Identifier: Apache-2.0 */
#include "client/content_text.h"

#include "io/say.h"

enum { KB = 1000 };

static const char *reason(enum err err)
{
    if (err == ERR_FULL)
        return T("  il n'y a plus de place pour des documents sur le serveur, ou ici ; rien "
                 "n'est perdu : prévenez votre coordination\n");
    if (err == ERR_LIMIT)
        return T("  le serveur n'en prend pas davantage de cet appareil ; rien n'est perdu : "
                 "prévenez votre coordination\n");
    if (err == ERR_NOTFOUND)
        return T(
            "  le serveur n'a pas encore le contenu de l'un d'eux ; l'appareil qui l'a joint "
            "ne l'a pas encore envoyé\n");
    return T("  l'un d'eux n'a pas pu passer ; la prochaine synchronisation recommence\n");
}

void content_text(const struct content_totals *t, struct buf *out)
{
    if (t->unsent > 0)
        buf_printf(out,
                   TN("%llu document joint (%llu Ko) n'est que sur cet appareil : jalon sync\n",
                      "%llu documents joints (%llu Ko) ne sont que sur cet appareil : jalon "
                      "sync\n",
                      t->unsent),
                   (unsigned long long)t->unsent,
                   (unsigned long long)((t->unsent_bytes + KB - 1) / KB));
    if (t->wanted > 0)
        buf_printf(out,
                   TN("%llu document demandé (%llu Ko) n'est pas encore ici\n",
                      "%llu documents demandés (%llu Ko) ne sont pas encore ici\n", t->wanted),
                   (unsigned long long)t->wanted,
                   (unsigned long long)((t->wanted_bytes + KB - 1) / KB));
    if (t->unsent + t->wanted > 0 && t->err != ERR_OK)
        buf_text(out, reason(t->err));
    if (t->damaged > 0)
        buf_printf(out,
                   TN("%llu document joint ici est abîmé sur le disque de cet appareil : "
                      "joignez-le de nouveau\n",
                      "%llu documents joints ici sont abîmés sur le disque de cet appareil : "
                      "joignez-les de nouveau\n",
                      t->damaged),
                   (unsigned long long)t->damaged);
}
