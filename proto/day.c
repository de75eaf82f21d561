/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/day.h"

#include "proto/value.h"

enum { MONTHS = 12, YEAR_LAST = 9999, WEEK = 7, WORKING = 5 };

int32_t day_add(int32_t day, int64_t days)
{
    int64_t sum = (int64_t)day + days;
    if (sum < DAY_FIRST)
        return DAY_FIRST;
    return sum > DAY_LAST ? DAY_LAST : (int32_t)sum;
}

int32_t day_add_months(int32_t day, int32_t months)
{
    int year = 0;
    int month = 0;
    int of_month = 0;
    int32_t out = 0;
    date_split(day_add(day, 0), &year, &month, &of_month);
    int64_t at = (int64_t)year * MONTHS + (month - 1) + months;
    if (at < MONTHS)
        return DAY_FIRST;
    if (at >= (YEAR_LAST + INT64_C(1)) * MONTHS)
        return DAY_LAST;
    while (!date_of((int)(at / MONTHS), (int)(at % MONTHS) + 1, of_month, &out))
        of_month--;
    return out;
}

/* Working days before this one; the first of all days is a Monday. */
static int64_t working_before(int64_t day)
{
    int64_t since = day - DAY_FIRST;
    int64_t rest = since % WEEK;
    return since / WEEK * WORKING + (rest < WORKING ? rest : WORKING);
}

int32_t day_working(int32_t first, int32_t last)
{
    if (last < first)
        return 0;
    return (int32_t)(working_before((int64_t)last + 1) - working_before(first));
}
