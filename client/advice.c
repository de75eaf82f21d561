/* SPDX-License-Identifier: Apache-2.0 */
#include "client/advice.h"

#include "io/say.h"

#define KEPT N_("rien n'est perdu : tout reste sur cet appareil ; réessayez : jalon sync")

static const struct {
    const char *cause;
    const char *next;
} words[ERR_COUNT] = {
    [ERR_OK] = {N_("tout va bien"), ""},
    [ERR_NOMEM] = {N_("plus assez de mémoire"),
                   N_("rien n'a été changé ; fermez d'autres programmes et recommencez")},
    [ERR_IO] = {N_("lecture ou écriture impossible"),
                N_("rien n'a été changé ; vérifiez le disque : jalon doctor")},
    [ERR_FULL] = {N_("disque plein"),
                  N_("rien de nouveau n'a été enregistré, rien d'ancien n'est perdu ; libérez "
                     "de la place et recommencez")},
    [ERR_CORRUPT] =
        {N_("le disque a abîmé la base de données de cet appareil"),
         N_("n'écrivez plus rien ; ce que le serveur a reçu y reste ; pour voir, puis "
            "refaire la base : jalon doctor, jalon doctor --repair")},
    [ERR_BUSY] = {N_("un autre programme utilise ces données"),
                  N_("rien n'a été changé ; recommencez quand il a fini")},
    [ERR_NOTFOUND] = {N_("introuvable"),
                      N_("rien n'a été changé ; les fiches : jalon list TABLE, les tables : "
                         "jalon schema")},
    [ERR_EXISTS] = {N_("existe déjà"),
                    N_("rien n'a été changé ; les fiches : jalon list TABLE")},
    [ERR_USAGE] = {N_("commande mal écrite"), N_("rien n'a été changé ; voyez : jalon --help")},
    [ERR_INVALID] = {N_("valeur refusée"),
                     N_("rien n'a été changé ; voyez les champs : jalon schema TABLE")},
    [ERR_FORMAT] = {N_("octets mal formés"),
                    N_("rien n'a été changé ; vérifiez le fichier ou la version")},
    [ERR_LIMIT] = {N_("trop long ou trop nombreux"),
                   N_("rien n'a été changé ; coupez en morceaux et recommencez")},
    [ERR_PROTOCOL] = {N_("le serveur ne parle pas comme prévu"), KEPT},
    [ERR_VERSION] = {N_("version incompatible"),
                     N_("rien n'a été changé ; mettez Jalon à jour sur cet appareil")},
    [ERR_OFFLINE] = {N_("serveur injoignable"), KEPT},
    [ERR_TIMEOUT] = {N_("le serveur ne répond plus"), KEPT},
    [ERR_CLOSED] = {N_("la connexion a été coupée"), KEPT},
    [ERR_REFUSED] = {N_("refusé"), N_("rien n'a été changé ; demandez à votre coordination")},
    [ERR_REVOKED] = {N_("le serveur a retiré cet appareil"),
                     N_("plus rien ne part de cet appareil ; demandez une nouvelle invitation "
                        "à votre coordination")},
    [ERR_IDENTITY] = {N_("ce n'est pas le serveur attendu"),
                      N_("rien n'a été envoyé ; vérifiez l'adresse et le code auprès de votre "
                         "coordination")},
    [ERR_FROZEN] = {N_("champ verrouillé"),
                    N_("rien n'a été changé ; ajoutez plutôt un complément")},
    [ERR_CONFLICT] = {N_("une personne doit décider"),
                      N_("les deux valeurs sont gardées ; voyez : jalon conflicts")},
    [ERR_LATER] = {N_("le serveur demande de revenir plus tard"), KEPT},
    [ERR_FORK] = {N_("ces données sont une copie ou une image ancienne"), KEPT},
};

const char *advice_cause(enum err err)
{
    must(err < ERR_COUNT && words[err].cause != NULL);
    return say_text(words[err].cause);
}

const char *advice_next(enum err err)
{
    must(err < ERR_COUNT && words[err].next != NULL);
    return words[err].next[0] == '\0' ? "" : say_text(words[err].next);
}
