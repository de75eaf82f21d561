/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/codes.h"

#include "proto/codes_closed.h"
#include "proto/codes_open.h"

#define LIST(name_, open_, codes_)                                                             \
    {                                                                                          \
        (name_), (open_), (codes_), sizeof(codes_) / sizeof *(codes_)                          \
    }
#define OPEN(codes_) LIST(#codes_, true, codes_)
#define CLOSED(codes_) LIST(#codes_, false, codes_)

/* tests/unit/test_codes.c asks that every code of the declaration has its words here. */
const struct code_list codes_lists[] = {
    OPEN(structure_kind),
    OPEN(accreditation_kind),
    CLOSED(accreditation_state),
    CLOSED(role),
    OPEN(contract_kind),
    OPEN(aid),
    OPEN(scheme),
    CLOSED(eligibility_result),
    OPEN(status),
    OPEN(network_phase),
    OPEN(method),
    OPEN(session_kind),
    CLOSED(session_state),
    OPEN(attendance_status),
    OPEN(axis),
    LIST("theme", true, axis),
    CLOSED(action_party),
    OPEN(agreement_kind),
    CLOSED(position_kind),
    CLOSED(position_state),
    OPEN(line),
    CLOSED(internship_after),
    CLOSED(in_job),
    OPEN(end_reason),
    LIST("refusal", true, end_reason),
    CLOSED(consent_purpose),
    CLOSED(consent_mode),
    CLOSED(shares),
    CLOSED(sensitive_kind),
    OPEN(legal_basis),
    CLOSED(referral_answer),
    OPEN(orientation),
    CLOSED(assignment_role),
    OPEN(public),
    CLOSED(language),
    CLOSED(gender),
    CLOSED(nationality),
    OPEN(milestone),
    CLOSED(potential),
    CLOSED(contact_kind),
    OPEN(fund),
    OPEN(document_kind),
    CLOSED(pathway_state),
    CLOSED(plan_state),
    CLOSED(conflict_state),
    CLOSED(duplicate_kind),
    CLOSED(duplicate_state),
    CLOSED(opened),
    CLOSED(erasure_reason),
    CLOSED(erasure_role),
    CLOSED(erasure_state),
    OPEN(resource_kind),
    CLOSED(resource_state),
    CLOSED(testimonial_state),
    OPEN(event_kind),
    CLOSED(barrier_state),
    CLOSED(visit_state),
    CLOSED(improvement_state),
    CLOSED(deadline_state),
    CLOSED(deadline_source),
    CLOSED(skill),
    CLOSED(cefr_level),
    CLOSED(assessment_state),
    CLOSED(candidacy_state),
    OPEN(training_result),
    CLOSED(validation_step),
    CLOSED(validation_result),
    OPEN(exit_reason),
    OPEN(exit_situation),
    CLOSED(participation_milestone),
    OPEN(licence),
    OPEN(mobility),
    OPEN(digital),
    OPEN(equipment),
    OPEN(sector),
};
const size_t codes_list_count = sizeof codes_lists / sizeof *codes_lists;

const struct code_list *codes_list(struct str list)
{
    for (size_t i = 0; i < codes_list_count; i++)
        if (str_eq(str_of(codes_lists[i].name), list))
            return &codes_lists[i];
    return NULL;
}

const struct code_words *codes_find(struct str list, struct str code)
{
    const struct code_list *in = codes_list(list);
    for (size_t i = 0; in != NULL && i < in->count; i++)
        if (str_eq(str_of(in->codes[i].code), code))
            return &in->codes[i];
    return NULL;
}
