/* SPDX-License-Identifier: Apache-2.0 */
/* THE declaration: every table of Jalon; their fields stand in the four headers below. To add a
 * table or a field, add an entry with a fresh id and its line in tests/golden/schema.txt; ids,
 * names and kinds never change afterwards. */
#include "proto/schema.h"

#include "proto/schema_dossier.h"
#include "proto/schema_network.h"
#include "proto/schema_program.h"
#include "proto/schema_secret.h"

#define OPEN(field_) (UINT64_C(1) << ((field_)-1))

/* ---- Tables ---- */
enum {
    BY_NETWORK = ROLE_FEDERATION | ROLE_ADMIN,
    BY_COORDINATION = BY_NETWORK | ROLE_COORDINATOR,
    BY_FIELD = ROLE_JOBCOACH | ROLE_COORDINATOR,
    BY_EMPLOYERS = ROLE_JOBCOACH | ROLE_COORDINATOR | ROLE_MANAGER,
    BY_ANY_STAFF = BY_EMPLOYERS | BY_NETWORK,
};
#define REFERENCE                                                                              \
    .scope = SCOPE_NETWORK, .facet = FACET_FACTS, .retention = KEEP_REFERENCE,                 \
    .purpose = FOR_INFORM, .basis = BASIS_NONE_PERSONAL
/* Reference data that names people. */
#define DIRECTORY                                                                              \
    .scope = SCOPE_NETWORK, .facet = FACET_FACTS, .retention = KEEP_REFERENCE,                 \
    .purpose = FOR_INFORM, .sensitivity = SENS_PERSONAL, .basis = BASIS_MISSION
/* Of one structure, for everybody who works there. */
#define HOUSE                                                                                  \
    .scope = SCOPE_STRUCTURE, .scope_field = 1, .facet = FACET_FACTS,                          \
    .sensitivity = SENS_PERSONAL, .retention = KEEP_DOSSIER, .purpose = FOR_ACCOMPANY,         \
    .basis = BASIS_MISSION
/* Dossier tables: everything about a person is at least personal. */
#define DOSSIER                                                                                \
    .facet = FACET_FACTS, .sensitivity = SENS_PERSONAL, .retention = KEEP_DOSSIER,             \
    .purpose = FOR_ACCOMPANY, .basis = BASIS_MISSION
#define EVIDENCE                                                                               \
    .facet = FACET_FACTS, .sensitivity = SENS_PERSONAL, .retention = KEEP_EVIDENCE,            \
    .purpose = FOR_PROVE, .basis = BASIS_LAW
#define SECRET                                                                                 \
    .facet = FACET_NOTES, .sensitivity = SENS_SECRET, .retention = KEEP_DOSSIER,               \
    .purpose = FOR_ACCOMPANY, .basis = BASIS_MISSION, .writers = ROLE_JOBCOACH
#define VAULT                                                                                  \
    .facet = FACET_VAULT, .retention = KEEP_VAULT, .purpose = FOR_CARE,                        \
    .basis = BASIS_SOCIAL_LAW, .writers = ROLE_JOBCOACH
#define VIA(field_) .scope = SCOPE_OF_REF, .scope_field = (field_)

static const struct table tables[] = {
    {TABLE_STRUCTURE, "structure", N_("Structure"), REFERENCE, .writers = BY_NETWORK,
     FIELDS(structure_fields)},
    {TABLE_SITE, "site", N_("Site"), REFERENCE, .writers = BY_COORDINATION,
     FIELDS(site_fields)},
    {TABLE_STAFF, "staff", N_("Agent"), DIRECTORY, .writers = BY_COORDINATION,
     FIELDS(staff_fields)},
    {TABLE_STAFF_ROLE, "staff_role", N_("Rôle"), DIRECTORY, .writers = BY_COORDINATION,
     .append_only = true, FIELDS(staff_role_fields)},
    {TABLE_PATHWAY_MODEL, "pathway_model", N_("Modèle de parcours"), REFERENCE,
     .writers = BY_COORDINATION, FIELDS(pathway_model_fields)},
    {TABLE_PHASE, "phase", N_("Phase"), REFERENCE, .writers = BY_COORDINATION,
     FIELDS(phase_fields)},
    {TABLE_CODE, "code", N_("Code de liste"), REFERENCE, .writers = BY_NETWORK,
     .derived = {1, 2}, FIELDS(code_fields)},
    {TABLE_PARAMETER, "parameter", N_("Paramètre"), REFERENCE, .writers = BY_NETWORK,
     FIELDS(parameter_fields)},
    {TABLE_COMPANY, "company", N_("Entreprise"), REFERENCE, .writers = BY_EMPLOYERS,
     FIELDS(company_fields)},
    {TABLE_POSITION, "position", N_("Poste, offre"), REFERENCE, .writers = BY_EMPLOYERS,
     .exactly_one = {1, 2}, FIELDS(position_fields)},
    {TABLE_PROJECT, "project", N_("Opération FSE"), REFERENCE, .writers = BY_COORDINATION,
     FIELDS(project_fields)},
    {TABLE_RESOURCE, "resource", N_("Fiche"), REFERENCE, .writers = BY_ANY_STAFF,
     FIELDS(resource_fields)},
    {TABLE_TESTIMONIAL, "testimonial", N_("Témoignage"), .scope = SCOPE_NETWORK,
     .facet = FACET_FACTS, .sensitivity = SENS_PERSONAL, .retention = KEEP_REFERENCE,
     .purpose = FOR_INFORM, .basis = BASIS_CONSENT, .writers = BY_COORDINATION | BY_FIELD,
     FIELDS(testimonial_fields)},
    {TABLE_EVENT, "event", N_("Événement"), REFERENCE, .writers = BY_COORDINATION,
     FIELDS(event_fields)},
    {TABLE_BARRIER, "barrier", N_("Frein réglementaire"), REFERENCE,
     .writers = BY_COORDINATION | BY_FIELD, FIELDS(barrier_fields)},
    {TABLE_PROJECT_PARTNER, "project_partner", N_("Partenaire d'opération"), REFERENCE,
     .writers = BY_COORDINATION, .append_only = true, FIELDS(project_partner_fields)},
    {TABLE_VISIT_REQUEST, "visit_request", N_("Compagnonnage"), REFERENCE,
     .writers = BY_ANY_STAFF, FIELDS(visit_request_fields)},
    {TABLE_IMPROVEMENT, "improvement", N_("Amélioration"), REFERENCE, .writers = BY_ANY_STAFF,
     FIELDS(improvement_fields)},
    {TABLE_SESSION, "session", N_("Séance"), DOSSIER, VIA(2), .scope_else = 3,
     .writers = BY_FIELD, .freeze_field = FIELD_SESSION_STATE, .freeze_code = "validated",
     FIELDS(session_fields)},
    {TABLE_SESSION_STAFF, "session_staff", N_("Agent présent"), DOSSIER, VIA(1),
     .writers = BY_FIELD, .derived = {1, 2}, FIELDS(session_staff_fields)},
    {TABLE_CONTACT, "contact", N_("Contact d'entreprise"), HOUSE, .writers = BY_EMPLOYERS,
     FIELDS(contact_fields)},
    {TABLE_COMPANY_NOTE, "company_note", N_("Note d'entreprise"), HOUSE,
     .writers = BY_EMPLOYERS, .append_only = true, FIELDS(company_note_fields)},
    {TABLE_ACCREDITATION, "accreditation", N_("Agrément"), .scope = SCOPE_STRUCTURE,
     .scope_field = 1, .facet = FACET_FACTS, .retention = KEEP_REFERENCE, .purpose = FOR_INFORM,
     .basis = BASIS_NONE_PERSONAL, .writers = ROLE_MANAGER | ROLE_COORDINATOR,
     FIELDS(accreditation_fields)},
    {TABLE_DEADLINE, "deadline", N_("Échéance"), .scope = SCOPE_OF_ROW,
     .scope_table_field = FIELD_DEADLINE_OF_TABLE, .scope_field = FIELD_DEADLINE_OF_ROW,
     .sensitivity = SENS_PERSONAL, .retention = KEEP_DOSSIER, .purpose = FOR_ACCOMPANY,
     .basis = BASIS_MISSION, .writers = BY_EMPLOYERS, FIELDS(deadline_fields)},
    {TABLE_READ_MARK, "read_mark", N_("Lecture"), HOUSE, .writers = BY_EMPLOYERS,
     .append_only = true, FIELDS(read_mark_fields)},
    {TABLE_STAFF_TRAINING, "staff_training", N_("Formation d'agent"), HOUSE,
     .writers = BY_EMPLOYERS, .append_only = true, FIELDS(staff_training_fields)},
    /* In the vault of the structure itself, which its coordination has (scope_facets). */
    {TABLE_STAFF_REVIEW, "staff_review", N_("Évaluation d'agent"), .scope = SCOPE_STRUCTURE,
     .scope_field = 1, .facet = FACET_VAULT, .sensitivity = SENS_PERSONAL,
     .retention = KEEP_DOSSIER, .purpose = FOR_ACCOMPANY, .basis = BASIS_MISSION,
     .writers = ROLE_COORDINATOR, FIELDS(staff_review_fields)},
    {TABLE_PERSON, "person", N_("Personne"), DOSSIER, .scope = SCOPE_PERSON, .scope_field = 13,
     .writers = BY_FIELD, FIELDS(person_fields)},
    {TABLE_PATHWAY, "pathway", N_("Parcours"), DOSSIER, VIA(1), .writers = BY_FIELD,
     FIELDS(pathway_fields)},
    {TABLE_STEP, "step", N_("Étape"), DOSSIER, VIA(1), .writers = BY_FIELD, .append_only = true,
     FIELDS(step_fields)},
    {TABLE_ASSIGNMENT, "assignment", N_("Affectation"), DOSSIER, VIA(1), .writers = BY_FIELD,
     .append_only = true, .exactly_one = {2, 3}, FIELDS(assignment_fields)},
    {TABLE_ATTENDANCE, "attendance", N_("Présence"), DOSSIER, VIA(2), .writers = BY_FIELD,
     .derived = {1, 2}, FIELDS(attendance_fields)},
    {TABLE_SESSION_NOTE, "session_note", N_("Compte rendu"), SECRET, VIA(2), .freeze_via = 1,
     .freeze_field = FIELD_SESSION_STATE, .freeze_code = "validated",
     FIELDS(session_note_fields)},
    {TABLE_SESSION_ADDENDUM, "session_addendum", N_("Ajout"), SECRET, VIA(2),
     .append_only = true, FIELDS(session_addendum_fields)},
    {TABLE_OBJECTIVE, "objective", N_("Objectif"), SECRET, VIA(1), FIELDS(objective_fields)},
    {TABLE_ACTION, "action", N_("Action, démarche"), SECRET, VIA(2), FIELDS(action_fields)},
    {TABLE_AGREEMENT, "agreement", N_("Convention"), EVIDENCE, VIA(1), .writers = BY_FIELD,
     .freeze_field = FIELD_AGREEMENT_DIGEST, .freeze_code = "", FIELDS(agreement_fields)},
    {TABLE_CONTRACT, "contract", N_("Contrat, mise à l'emploi"), EVIDENCE, VIA(1),
     .writers = BY_EMPLOYERS, .exactly_one = {4, 5}, FIELDS(contract_fields)},
    {TABLE_INTERNSHIP, "internship", N_("Stage"), DOSSIER, VIA(1), .writers = BY_FIELD,
     FIELDS(internship_fields)},
    {TABLE_JOB_FOLLOWUP, "job_followup", N_("Point d'emploi"), EVIDENCE, VIA(1),
     .writers = BY_EMPLOYERS, .append_only = true, FIELDS(job_followup_fields)},
    {TABLE_DOCUMENT, "document", N_("Document"), .scope = SCOPE_OF_ROW, .scope_table_field = 1,
     .scope_field = 2, .writers = BY_EMPLOYERS, .sensitivity = SENS_SECRET,
     .retention = KEEP_DOSSIER, .purpose = FOR_ACCOMPANY, .basis = BASIS_MISSION,
     FIELDS(document_fields)},
    {TABLE_CONTACT_POINT, "contact_point", N_("Téléphone, courriel"), DOSSIER, VIA(1),
     .writers = BY_FIELD, FIELDS(contact_point_fields)},
    {TABLE_PERSON_TAG, "person_tag", N_("Permis, équipement"), DOSSIER, VIA(1),
     .writers = BY_FIELD, .derived = {1, 2, 3}, FIELDS(person_tag_fields)},
    {TABLE_PERSON_LANGUAGE, "person_language", N_("Langue"), DOSSIER, VIA(1),
     .writers = BY_FIELD, FIELDS(person_language_fields)},
    {TABLE_STATUS_PERIOD, "status_period", N_("Situation administrative"), SECRET, VIA(1),
     .append_only = true, FIELDS(status_period_fields)},
    {TABLE_OBSTACLE, "obstacle", N_("Frein"), SECRET, VIA(1), FIELDS(obstacle_fields)},
    {TABLE_PATHWAY_PLAN, "pathway_plan", N_("Projet professionnel"), SECRET, VIA(1),
     .derived = {1}, FIELDS(pathway_plan_fields)},
    {TABLE_ELIGIBILITY_CHECK, "eligibility_check", N_("Éligibilité"), EVIDENCE, VIA(1),
     .writers = BY_FIELD, .append_only = true, FIELDS(eligibility_check_fields)},
    {TABLE_CONSENT, "consent", N_("Consentement"), EVIDENCE, VIA(1), .writers = BY_FIELD,
     .append_only = true, FIELDS(consent_fields)},
    {TABLE_REFERRAL, "referral", N_("Passerelle"), EVIDENCE, VIA(1),
     .writers = BY_FIELD | ROLE_RECEIVER, FIELDS(referral_fields)},
    {TABLE_IDENTITY_NUMBER, "identity_number", N_("N° national"), VAULT, VIA(1),
     .sensitivity = SENS_NATIONAL, FIELDS(identity_number_fields)},
    {TABLE_SENSITIVE_FACT, "sensitive_fact", N_("Coffre"), VAULT, VIA(1),
     .sensitivity = SENS_GDPR9, .append_only = true, FIELDS(sensitive_fact_fields)},
    {TABLE_ASSESSMENT, "assessment", N_("Bilan"), DOSSIER, VIA(1), .writers = BY_FIELD,
     .freeze_field = FIELD_ASSESSMENT_STATE, .freeze_code = "locked",
     FIELDS(assessment_fields)},
    {TABLE_ASSESSMENT_AXIS, "assessment_axis", N_("Axe du bilan"), SECRET, VIA(1),
     .derived = {1, 2}, .freeze_via = 1, .freeze_field = FIELD_ASSESSMENT_STATE,
     .freeze_code = "locked", FIELDS(assessment_axis_fields)},
    {TABLE_AGREEMENT_SIGNATURE, "agreement_signature", N_("Signature"), EVIDENCE, VIA(1),
     .writers = BY_EMPLOYERS, .append_only = true, FIELDS(agreement_signature_fields)},
    {TABLE_CONTRACT_AID, "contract_aid", N_("Aide à l'emploi"), EVIDENCE, VIA(1),
     .writers = BY_EMPLOYERS, .append_only = true, FIELDS(contract_aid_fields)},
    {TABLE_CANDIDACY, "candidacy", N_("Candidature"), DOSSIER, VIA(1), .writers = BY_EMPLOYERS,
     FIELDS(candidacy_fields)},
    {TABLE_TRAINING, "training", N_("Formation suivie"), DOSSIER, VIA(1),
     .writers = BY_EMPLOYERS, FIELDS(training_fields)},
    {TABLE_SKILL_VALIDATION, "skill_validation", N_("Validation des compétences"), DOSSIER,
     VIA(1), .writers = BY_FIELD, FIELDS(skill_validation_fields)},
    {TABLE_EXIT, "exit", N_("Sortie"), EVIDENCE, VIA(1), .writers = BY_FIELD,
     FIELDS(exit_fields)},
    {TABLE_PARTICIPATION, "participation", N_("Participation FSE"), EVIDENCE, VIA(1),
     .writers = BY_FIELD, .append_only = true, FIELDS(participation_fields)},
    {TABLE_PARTICIPATION_ANSWER, "participation_answer", N_("Réponse FSE"), VIA(1),
     .facet = FACET_VAULT, .sensitivity = SENS_GDPR9, .retention = KEEP_EVIDENCE,
     .purpose = FOR_PROVE, .basis = BASIS_SOCIAL_LAW, .writers = ROLE_JOBCOACH,
     .append_only = true, FIELDS(participation_answer_fields)},
    {TABLE_BARRIER_CASE, "barrier_case", N_("Cas de frein réglementaire"), SECRET, VIA(1),
     FIELDS(barrier_case_fields)},
    {TABLE_REGISTRATION, "registration", N_("Inscription"), DOSSIER, VIA(4), .scope_else = 1,
     .writers = BY_ANY_STAFF, .append_only = true, .exactly_one = {2, 3, 4},
     FIELDS(registration_fields)},
    {TABLE_CONFLICT, "conflict", N_("Conflit"), .scope = SCOPE_OF_ROW,
     .scope_table_field = FIELD_CONFLICT_OF_TABLE, .scope_field = FIELD_CONFLICT_OF_ROW,
     .writers = BY_EMPLOYERS, .program_only = true,
     .open_fields = OPEN(FIELD_CONFLICT_STATE) | OPEN(FIELD_CONFLICT_DECISION) |
                    OPEN(FIELD_CONFLICT_DECIDED_REASON),
     .sensitivity = SENS_SECRET, .retention = KEEP_AUDIT, .purpose = FOR_PROTECT,
     .basis = BASIS_LAW, FIELDS(conflict_fields)},
    {TABLE_DUPLICATE_CASE, "duplicate_case", N_("Doublon possible"), .scope = SCOPE_OF_ROW,
     .scope_table_field = FIELD_DUPLICATE_KIND, .scope_field = FIELD_DUPLICATE_LEFT,
     .writers = BY_EMPLOYERS, .program_only = true,
     .open_fields = OPEN(FIELD_DUPLICATE_STATE) | OPEN(FIELD_DUPLICATE_DECIDED_REASON) |
                    OPEN(FIELD_DUPLICATE_TIED),
     .derived = {FIELD_DUPLICATE_KIND, FIELD_DUPLICATE_LEFT, FIELD_DUPLICATE_RIGHT},
     .sensitivity = SENS_PERSONAL, .retention = KEEP_DOSSIER, .purpose = FOR_ACCOMPANY,
     .basis = BASIS_MISSION, FIELDS(duplicate_fields)},
    {TABLE_ERASURE, "erasure", N_("Effacement"), .scope = SCOPE_STRUCTURE,
     .scope_field = FIELD_ERASURE_STRUCTURE, .facet = FACET_FACTS, .writers = BY_EMPLOYERS,
     .retention = KEEP_AUDIT, .purpose = FOR_PROTECT, .basis = BASIS_LAW,
     FIELDS(erasure_fields)},
    {TABLE_ACCESS_LOG, "access_log", N_("Ouverture d'un dossier"), VIA(FIELD_ACCESS_PERSON),
     .facet_field = FIELD_ACCESS_OPENED, .code_facets = opened_facets, .writers = ROLE_ANY,
     .append_only = true, .program_only = true, .logged = true, .sensitivity = SENS_SECRET,
     .retention = KEEP_AUDIT, .purpose = FOR_PROTECT, .basis = BASIS_LAW,
     FIELDS(access_log_fields)},
};

const struct schema schema_jalon = {
    .tables = tables,
    .table_count = sizeof(tables) / sizeof(*tables),
    .version = SCHEMA_VERSION,
};
