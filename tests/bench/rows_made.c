/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/rows_made.h"

#include <stdio.h>

/* Field ids of session that this file fills. */
enum {
    SESSION_KIND = 1,
    SESSION_PERSON,
    SESSION_STRUCTURE,
    SESSION_DATE,
    SESSION_START,
    SESSION_MINUTES,
    SESSION_PLACE,
    SESSION_COMPANY,
    SESSION_PHASE = 11,
    SESSION_PROJECT,
    SESSION_SUBJECT,
    SESSION_NEXT,
};

static uint64_t scatter(uint64_t n)
{
    n += 0x9E3779B97F4A7C15u;
    n = (n ^ (n >> 30)) * 0xBF58476D1CE4E5B9u;
    n = (n ^ (n >> 27)) * 0x94D049BB133111EBu;
    return n ^ (n >> 31);
}

struct id rows_made_id(uint64_t number)
{
    struct id id;
    uint64_t ms = UINT64_C(1795000000000) + number * 37;
    uint64_t noise = scatter(number);
    for (size_t i = 0; i < 6; i++)
        id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    for (size_t i = 6; i < ID_BYTES; i++)
        id.b[i] = (uint8_t)(scatter(noise + i) >> 56);
    id.b[6] = (uint8_t)(0x70 | (id.b[6] & 0x0F));
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3F));
    return id;
}

static struct str sentence(struct arena *arena, uint64_t number, size_t bytes)
{
    static const char *const words[] = {
        "entretien",  "atelier",    "permis",     "vélo",        "horaire",     "employeur",
        "crèche",     "motivation", "essai",      "bilan",       "projet",      "formation",
        "cuisine",    "tri",        "menuiserie", "nettoyage",   "contact",     "démarche",
        "convention", "tuteur",     "progrès",    "ponctualité", "consignes",   "équipe",
        "soutien",    "recherche",  "lettre",     "visite",      "candidature", "accord",
        "matin",      "suivi",      "logement",   "mobilité",    "budget",      "santé",
        "famille",    "langue",     "numérique",  "annonce",     "rappel",      "contrat",
        "stage",      "retard",     "absence",    "accueil",     "sécurité",    "machine",
        "palette",    "caisse",     "client",     "livraison",   "jardin",      "peinture",
        "soudure",    "couture",    "rayon",      "stock",       "commande",    "facture",
        "mutuelle",   "commune",    "maison",     "service",     "agent",       "médecin",
        "avis",       "école",      "garde",      "enfant",      "trajet",      "bus",
        "train",      "gare",       "dossier",    "copie",       "carte",       "compte",
        "banque",     "dette",      "plan",       "étape",       "objectif",    "semaine",
        "lundi",      "mardi",      "mercredi",   "jeudi",       "vendredi",    "midi",
        "soir",       "pause",      "repas",      "chef",        "collègue",    "conflit",
        "écoute",     "confiance",  "rythme",     "fatigue",     "effort",      "réussite",
        "difficulté", "solution",   "essayer",    "appeler",     "écrire",      "relire",
        "préparer",   "revoir",     "valider",    "proposer",    "expliquer",   "noter",
        "signer",     "envoyer",    "chercher",   "trouver",     "garder",      "changer",
        "avec",       "sans",       "pour",       "chez",        "dans",        "après",
        "avant",      "depuis",     "pendant",    "encore",      "déjà",        "bientôt",
        "mieux",
    };
    char text[200];
    size_t n = 0;
    for (uint64_t k = 0; n < bytes; k++) {
        const char *word = words[scatter(number * 31 + k) % (sizeof words / sizeof *words)];
        int wrote = snprintf(text + n, sizeof text - n, k == 0 ? "%s" : " %s", word);
        must(wrote > 0 && (size_t)wrote < sizeof text - n);
        n += (size_t)wrote;
    }
    char *copy = arena_copy(arena, text, n);
    must(copy != NULL);
    return (struct str){copy, n};
}

static struct str place(struct arena *arena, uint64_t number)
{
    static const char *const streets[] = {"rue du Pont", "chaussée de Namur",
                                          "quai des Ateliers", "place du Marché",
                                          "rue de la Citadelle"};
    char text[160];
    int n = snprintf(
        text, sizeof text,
        "Atelier %u du Centre fictif de formation, %s %u, %u Ville-Fictive-sur-Meuse",
        (unsigned)(number % 9), streets[scatter(number) % 5],
        (unsigned)(scatter(number + 1) % 300), (unsigned)(1000 + scatter(number + 2) % 8999));
    must(n > 0 && (size_t)n < sizeof text);
    char *copy = arena_copy(arena, text, (size_t)n);
    must(copy != NULL);
    return (struct str){copy, (size_t)n};
}

void rows_made_values(const struct rows_made *made, uint64_t number, struct arena *arena,
                      struct value *values)
{
    uint64_t noise = scatter(number);
    for (uint16_t i = 0; i < made->table->field_count; i++)
        values[i] = VALUE_NONE;
    const struct {
        uint16_t field;
        struct value value;
    } given[] = {
        {SESSION_KIND, value_text(noise % 3 == 0 ? STR("company_visit") : STR("individual"))},
        {SESSION_PERSON, value_id(&made->persons[noise % ROWS_MADE_PERSONS])},
        {SESSION_STRUCTURE, value_id(&made->structure)},
        {SESSION_DATE, value_int(20000 + (int64_t)(noise % 700))},
        {SESSION_START, value_int(480 + (int64_t)(noise % 40) * 15)},
        {SESSION_MINUTES, value_int(15 + (int64_t)(noise % 12) * 15)},
        {SESSION_PLACE, value_text(place(arena, number))},
        {SESSION_COMPANY, value_id(&made->companies[noise % ROWS_MADE_COMPANIES])},
        {SESSION_PHASE, value_id(&made->phases[noise % ROWS_MADE_PHASES])},
        {SESSION_PROJECT, value_id(&made->project)},
        {SESSION_SUBJECT, value_text(sentence(arena, number, 140))},
        {SESSION_NEXT, value_int(20030 + (int64_t)(noise % 700))},
        {FIELD_SESSION_STATE, value_text(STR("draft"))},
    };
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        int at = schema_field_index(made->table, given[i].field);
        must(at >= 0);
        values[at] = given[i].value;
    }
}

void rows_made_invent(struct rows_made *made)
{
    uint64_t number = UINT64_C(1) << 40;
    made->table = schema_table(&schema_jalon, TABLE_SESSION);
    made->structure = rows_made_id(number++);
    made->project = rows_made_id(number++);
    for (size_t i = 0; i < ROWS_MADE_PERSONS; i++)
        made->persons[i] = rows_made_id(number++);
    for (size_t i = 0; i < ROWS_MADE_COMPANIES; i++)
        made->companies[i] = rows_made_id(number++);
    for (size_t i = 0; i < ROWS_MADE_PHASES; i++)
        made->phases[i] = rows_made_id(number++);
}

void rows_made_pack(const struct rows_made *made, uint64_t number, struct buf *out)
{
    struct arena arena = {0};
    struct value values[SCHEMA_FIELDS_MAX];
    rows_made_values(made, number, &arena, values);
    struct id id = rows_made_id(number);
    pack_array(out, 1u + made->table->field_count);
    pack_id(out, &id);
    for (uint16_t i = 0; i < made->table->field_count; i++)
        value_pack(&values[i], out);
    arena_done(&arena);
    must(out->err == ERR_OK);
}
