/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of reports; for report.c and report_jobs.c only. ?1 the day, ?2 and ?3 the
 * period, ?4 the structure, ?5 the staff member. */
#ifndef STORE_REPORT_SQL_H
#define STORE_REPORT_SQL_H

/* The day and period; dossiers asked about, with who they are of; their pathways, `out` the day
 * of the exit that counts and `exits` how many there are. */
#define SCOPE                                                                                  \
    "WITH ask(at,a,b) AS (SELECT ?1,?2,?3),"                                                   \
    "dossier(id,who,home) AS (SELECT p._id,coalesce(p.merged_into,p._id),p.structure "         \
    "FROM t_person p WHERE p._del=0 AND (?4 IS NULL OR p.structure=?4) AND (?5 IS NULL OR "    \
    "p._id IN (SELECT w.person FROM t_assignment g JOIN t_pathway w ON w._id=g.pathway "       \
    "WHERE g.staff=?5 AND g._del=0 AND w._del=0 AND g.start<=?1 AND "                          \
    "(g.\"end\" IS NULL OR g.\"end\">?1)))),"                                                  \
    "way(id,dossier,who,entry,autonomy,method,out,exits) AS (SELECT w._id,d.id,d.who,"         \
    "w.entry,w.autonomy,w.method,x.day,coalesce(x.n,0) FROM t_pathway w JOIN dossier d ON "    \
    "d.id=w.person LEFT JOIN (SELECT pathway,min(date) day,count(*) n FROM t_exit WHERE "      \
    "_del=0 AND merged_into IS NULL GROUP BY pathway) x ON x.pathway=w._id "                   \
    "WHERE w._del=0),"                                                                         \
    "here(id,dossier,who,autonomy) AS (SELECT id,dossier,who,autonomy FROM way,ask WHERE "     \
    "entry<=at AND (out IS NULL OR out>at)),"                                                  \
    "current(way,phase) AS (SELECT pathway,phase FROM (SELECT s.pathway,s.phase,"              \
    "row_number() OVER (PARTITION BY s.pathway ORDER BY s.start DESC,s._id) place FROM "       \
    "t_step s,ask WHERE s._del=0 AND s.start<=at AND (s.\"end\" IS NULL OR s.\"end\">at)) q "  \
    "WHERE place=1) "

#define SQL_EVOLUTION                                                                          \
    "SELECT code,n,share FROM (SELECT min(f.rank) o,coalesce(f.network_phase,f.code) code,"    \
    "count(DISTINCT h.id) n,NULL share FROM here h JOIN current c ON c.way=h.id "              \
    "JOIN t_phase f ON f._id=c.phase GROUP BY 2 UNION ALL "                                    \
    "SELECT 100,'ISP',count(*),NULL FROM here h JOIN current c ON c.way=h.id UNION ALL "       \
    "SELECT 101,'RIS+ERIS',(SELECT nullif(count(DISTINCT d.id),0) FROM dossier d JOIN "        \
    "t_status_period t ON t.person=d.id,ask WHERE t._del=0 AND t.code IN ('RIS','ERIS') AND "  \
    "t.start<=at AND (t.\"end\" IS NULL OR t.\"end\">at)),100.0*(SELECT count(*) FROM here h " \
    "JOIN current c ON c.way=h.id)/(SELECT nullif(count(DISTINCT d.id),0) FROM dossier d "     \
    "JOIN t_status_period t ON t.person=d.id,ask WHERE t._del=0 AND t.code IN "                \
    "('RIS','ERIS') AND t.start<=at AND (t.\"end\" IS NULL OR t.\"end\">at))) q "              \
    "ORDER BY o,code"

/* The state is that of the evening before. */
#define SQL_FLOW                                                                               \
    "SELECT what,n,people FROM (SELECT 1 o,'active_begin' what,count(*) n,"                    \
    "count(DISTINCT who) people FROM way,ask WHERE entry<a AND (out IS NULL OR out>=a) "       \
    "UNION ALL SELECT 2,'entries',count(*),count(DISTINCT who) FROM way,ask WHERE entry>=a "   \
    "AND entry<b UNION ALL SELECT 3,'exits',count(*),count(DISTINCT who) FROM way,ask WHERE "  \
    "out>=a AND out<b UNION ALL SELECT 4,'active_end',count(*),count(DISTINCT who) FROM "      \
    "way,ask WHERE entry<b AND (out IS NULL OR out>=b)) q ORDER BY o"

/* Two exits of one pathway count as none until they are decided. */
#define EXITS                                                                                  \
    "SELECT w.id,w.who,CASE WHEN w.exits>1 THEN 'undecided' ELSE coalesce(k.network_code,"     \
    "'unknown') END class FROM way w JOIN ask ON w.out>=a AND w.out<b JOIN t_exit x ON "       \
    "x.pathway=w.id AND x._del=0 AND x.merged_into IS NULL AND x.date=w.out LEFT JOIN t_code " \
    "k ON k.list='exit_reason' AND k.code=x.reason AND k._del=0 GROUP BY w.id"
#define SQL_EXITS                                                                              \
    "SELECT class,n,share FROM (SELECT 0 o,class,count(*) n,100.0*count(*)/"                   \
    "(SELECT count(*) FROM (" EXITS ") y) share FROM (" EXITS ") x GROUP BY class UNION ALL "  \
    "SELECT 1,'positive',count(CASE WHEN class IN ('durable','transition','other_positive') "  \
    "THEN 1 END),100.0*count(CASE WHEN class IN ('durable','transition','other_positive') "    \
    "THEN 1 END)/nullif(count(CASE WHEN class<>'neutral' THEN 1 END),0) FROM (" EXITS          \
    ") x) q ORDER BY o,class"

/* A session counts once for each who was there, also when two wrote it down; who wrote it where
 * nobody is named. */
#define SQL_HOURS                                                                              \
    "SELECT kind,count(*),sum(hours),sum(seen) FROM (SELECT q.root,min(q.kind) kind,"          \
    "sum(q.minutes)/60.0 hours,coalesce((SELECT sum(coalesce(t.minutes,s.minutes)) FROM "      \
    "t_session s JOIN t_attendance t ON t.session=s._id JOIN dossier d ON d.id=t.person "      \
    "WHERE s._del=0 AND t._del=0 AND t.status='present' AND coalesce(s.same_as,s._id)="        \
    "q.root),0)/60.0 seen FROM (SELECT coalesce(s.same_as,s._id) root,min(s.kind) kind,"       \
    "coalesce(f.staff,s._by) staff,max(coalesce(f.minutes,s.minutes)) minutes FROM ask "       \
    "JOIN t_session s ON s.date>=a AND s.date<b LEFT JOIN t_session_staff f ON "               \
    "f.session=s._id AND f._del=0 WHERE s._del=0 AND s.state='validated' AND "                 \
    "(?4 IS NULL OR s.structure=?4) AND (?5 IS NULL OR coalesce(f.staff,s._by)=?5) "           \
    "GROUP BY 1,3) q GROUP BY q.root) r GROUP BY kind ORDER BY kind"

#define SQL_CASELOAD                                                                           \
    "SELECT min(f.first_name||' '||f.name),count(DISTINCT h.id),sum(coalesce(p.weight,1))/"    \
    "coalesce(nullif(min(f.fte),0),1) FROM (SELECT DISTINCT g.pathway,g.staff FROM "           \
    "t_assignment g,ask WHERE g._del=0 AND g.staff IS NOT NULL AND g.start<=at AND "           \
    "(g.\"end\" IS NULL OR g.\"end\">at)) g JOIN here h ON h.id=g.pathway JOIN t_staff f ON "  \
    "f._id=g.staff LEFT JOIN current c ON c.way=h.id LEFT JOIN t_phase p ON p._id=c.phase "    \
    "WHERE ?5 IS NULL OR g.staff=?5 GROUP BY g.staff ORDER BY 1,g.staff"

/* ?6: days. Attended in a group, or seen alone. */
#define SQL_CONTACT                                                                            \
    "SELECT CASE WHEN autonomy IS NULL THEN 'unknown' ELSE ''||autonomy END,count(*),"         \
    "avg(at-last),count(CASE WHEN last IS NULL OR at-last>?6 THEN 1 END),"                     \
    "100.0*count(CASE WHEN last IS NULL OR at-last>?6 THEN 1 END)/count(*) FROM ask JOIN "     \
    "(SELECT h.who,min(h.autonomy) autonomy,max(l.day) last FROM here h LEFT JOIN "            \
    "(SELECT person,max(day) day FROM (SELECT s.person,s.date day FROM t_session s,ask "       \
    "WHERE s._del=0 AND s.person IS NOT NULL AND s.date<=at UNION ALL SELECT t.person,"        \
    "t.date FROM t_attendance t,ask WHERE t._del=0 AND t.status='present' AND t.date<=at) u "  \
    "GROUP BY person) l ON l.person=h.dossier GROUP BY h.who) w ON 1=1 GROUP BY 1 ORDER BY 1"

#define SQL_ABSENCE                                                                            \
    "SELECT count(CASE WHEN t.status='present' THEN 1 END),"                                   \
    "count(CASE WHEN t.status='excused' THEN 1 END),"                                          \
    "count(CASE WHEN t.status='absent' THEN 1 END),"                                           \
    "100.0*count(CASE WHEN t.status='absent' THEN 1 END)/nullif(count(CASE WHEN t.status IN "  \
    "('present','excused','absent') THEN 1 END),0) FROM t_attendance t JOIN dossier d ON "     \
    "d.id=t.person,ask WHERE t._del=0 AND t.date>=a AND t.date<b"

#define SQL_MATRIX                                                                              \
    "SELECT f.kind,t.kind,count(*),count(CASE WHEN coalesce(r.answer,'pending')<>'pending' "    \
    "THEN 1 END),100.0*count(CASE WHEN r.answer IN ('accepted','ended') THEN 1 END)/count(*),"  \
    "100.0*count(r.started_on)/count(*),count(CASE WHEN r.answer='refused' THEN 1 END) "        \
    "FROM t_referral r JOIN dossier d ON d.id=r.person JOIN t_structure f ON f._id=r.\"from\" " \
    "JOIN t_structure t ON t._id=r.\"to\",ask WHERE r._del=0 AND r.sent_on>=a AND "             \
    "r.sent_on<b GROUP BY 1,2 ORDER BY 1,2"

/* ?6: days. */
#define SQL_INTERNSHIPS                                                                        \
    "SELECT count(*),count(CASE WHEN hired>0 THEN 1 END),100.0*count(CASE WHEN hired>0 THEN "  \
    "1 END)/nullif(count(*),0) FROM (SELECT (SELECT count(*) FROM t_contract c WHERE "         \
    "c.person=i.person AND c._del=0 AND c.employer_company=i.company AND c.start>=i.\"end\" "  \
    "AND c.start<=i.\"end\"+?6) hired FROM t_internship i JOIN dossier d ON d.id=i.person,"    \
    "ask WHERE i._del=0 AND i.\"end\">=a AND i.\"end\"<b) q"

/* FTE by 38 hours a week; no hours: one whole. */
#define SQL_RATIO                                                                              \
    "SELECT min(s.name),count(DISTINCT who),count(DISTINCT CASE WHEN td=1 THEN who END),"      \
    "100.0*count(DISTINCT CASE WHEN td=1 THEN who END)/count(DISTINCT who),sum(fte),"          \
    "100.0*sum(CASE WHEN td=1 THEN fte ELSE 0 END)/nullif(sum(fte),0) FROM (SELECT d.who,"     \
    "c.employer_structure employer,coalesce(c.hours_week/38.0,1) fte,(SELECT count(*)>0 "      \
    "FROM t_contract_aid i WHERE i.contract=c._id AND i._del=0 AND i.aid IN "                  \
    "('EI_TD','EI_TGD') AND i.start<=at AND (i.\"end\" IS NULL OR i.\"end\">at)) td FROM "     \
    "t_contract c JOIN dossier d ON d.id=c.person,ask WHERE c._del=0 AND c.start<=at AND "     \
    "(c.actual_end IS NULL OR c.actual_end>at) AND c.employer_structure IS NOT NULL) q "       \
    "JOIN t_structure s ON s._id=q.employer GROUP BY q.employer ORDER BY 1,q.employer"

#define SQL_ART60                                                                              \
    "SELECT posts,occupied,100.0*occupied/nullif(posts,0),inside,100.0*inside/"                \
    "nullif(occupied,0) FROM (SELECT (SELECT coalesce(sum(p.places),0) FROM t_position p,ask " \
    "WHERE p._del=0 AND p.kind='ART60' AND p.start<=at AND (p.\"end\" IS NULL OR "             \
    "p.\"end\">at) AND coalesce(p.state,'open')<>'closed') posts,count(*) occupied,"           \
    "count(CASE WHEN c.user_company IS NULL THEN 1 END) inside FROM t_contract c JOIN "        \
    "dossier d ON d.id=c.person,ask WHERE c._del=0 AND c.kind IN ('ART60_internal',"           \
    "'ART60_user') AND c.start<=at AND (c.actual_end IS NULL OR c.actual_end>at)) q"

#define SQL_METHODS                                                                            \
    "SELECT coalesce(method,'unknown'),count(*),100.0*count(*)/(SELECT count(*) FROM way,ask " \
    "WHERE entry<b AND (out IS NULL OR out>=a)) FROM way,ask WHERE entry<b AND (out IS NULL "  \
    "OR out>=a) GROUP BY 1 ORDER BY 1"

/* The first and the last locked assessment of each human who has two or more. */
#define SQL_DISTANCE                                                                           \
    "SELECT axis,count(*),sum(l-f),100.0*count(CASE WHEN l>f THEN 1 END)/count(*),"            \
    "100.0*count(CASE WHEN l=f THEN 1 END)/count(*),"                                          \
    "100.0*count(CASE WHEN l<f THEN 1 END)/count(*) FROM (SELECT x.axis axis,b.who who,"       \
    "max(CASE WHEN b.up=1 THEN x.level END) f,max(CASE WHEN b.down=1 THEN x.level END) l "     \
    "FROM (SELECT a._id id,w.who who,row_number() OVER (PARTITION BY w.who ORDER BY a.date,"   \
    "a.version,a._id) up,row_number() OVER (PARTITION BY w.who ORDER BY a.date DESC,"          \
    "a.version DESC,a._id DESC) down,count(*) OVER (PARTITION BY w.who) n FROM "               \
    "t_assessment a JOIN way w ON w.id=a.pathway,ask WHERE a._del=0 AND a.state='locked' "     \
    "AND a.date<=at) b JOIN t_assessment_axis x ON x.assessment=b.id AND x._del=0 AND "        \
    "x.level IS NOT NULL WHERE b.n>1 AND (b.up=1 OR b.down=1) GROUP BY x.axis,b.who) q "       \
    "WHERE f IS NOT NULL AND l IS NOT NULL GROUP BY axis ORDER BY axis"

/* By the day of the test; a guidance without one counts until it has one. */
#define SQL_VALIDATION                                                                         \
    "SELECT guidances,tests,titles,100.0*titles/nullif(tests,0) FROM (SELECT "                 \
    "count(CASE WHEN coalesce(v.step,'info')<>'info' THEN 1 END) guidances,"                   \
    "count(CASE WHEN v.test_on IS NOT NULL AND v.step IN ('test','jury','title') THEN 1 END) " \
    "tests,count(CASE WHEN v.test_on IS NOT NULL AND v.step='title' THEN 1 END) titles FROM "  \
    "t_skill_validation v JOIN dossier d ON d.id=v.person,ask WHERE v._del=0 AND "             \
    "(v.test_on IS NULL OR (v.test_on>=a AND v.test_on<b))) q"

/* ?6, ?7: days of drafts and of conflicts. */
#define SQL_QUALITY                                                                            \
    "SELECT what,n FROM (SELECT 1 o,'dossiers' what,count(*) n FROM dossier UNION ALL "        \
    "SELECT 2,'without_birth_date',count(*) FROM dossier d JOIN t_person p ON p._id=d.id "     \
    "WHERE p.birth_date IS NULL UNION ALL SELECT 3,'without_pathway',count(*) FROM dossier d " \
    "WHERE NOT EXISTS(SELECT 1 FROM t_pathway w WHERE w.person=d.id AND w._del=0) UNION ALL "  \
    "SELECT 4,'old_drafts',count(*) FROM t_session s,ask WHERE s._del=0 AND "                  \
    "coalesce(s.state,'draft')='draft' AND s.date<at-?6 AND (?4 IS NULL OR s.structure=?4) "   \
    "UNION ALL SELECT 5,'old_conflicts',count(*) FROM t_conflict c,ask WHERE c._del=0 AND "    \
    "c.state='open' AND c.received/86400000<at-?7 UNION ALL SELECT 6,'duplicates',count(*) "   \
    "FROM t_duplicate_case c WHERE c._del=0 AND c.state='open' UNION ALL "                     \
    "SELECT 7,'late_deadlines',count(*) FROM t_deadline l,ask WHERE l._del=0 AND l.due<at "    \
    "AND coalesce(l.state,'todo') IN ('todo','postponed')) q ORDER BY o"

/* ---- for report_jobs.c ---- */

#define SQL_CONTRACTS                                                                          \
    "SELECT c._id,d.who,c.start,c.actual_end,coalesce(c.employer_company,"                     \
    "c.employer_structure) FROM t_contract c JOIN dossier d ON d.id=c.person WHERE c._del=0 "  \
    "ORDER BY d.who,c.start,c._id"
#define SQL_FOLLOWUPS                                                                          \
    "SELECT f.contract,f.milestone,f.date,f.in_job,f.person_score IS NOT NULL AND "            \
    "f.company_score IS NOT NULL FROM t_job_followup f WHERE f._del=0 AND f.contract=?6 "      \
    "ORDER BY f.date,f._id"
#define SQL_ACCREDITATIONS                                                                     \
    "SELECT a._id,s.name FROM t_accreditation a JOIN t_structure s ON s._id=a.structure "      \
    "WHERE a._del=0 AND (?4 IS NULL OR a.structure=?4) ORDER BY s.name,a.start,a._id"
#define SQL_DELAY_REFERRAL                                                                     \
    "SELECT min(s.date)-r.sent_on FROM ask JOIN t_referral r ON r.sent_on>=a AND r.sent_on<b " \
    "JOIN dossier d ON d.id=r.person JOIN t_session s ON s.person=r.person AND s._del=0 AND "  \
    "s.date>=r.sent_on AND s.date<=at WHERE r._del=0 GROUP BY r._id ORDER BY 1"
#define SQL_DELAY_AGREEMENT                                                                    \
    "SELECT min(g.start)-w.entry FROM ask JOIN way w ON w.entry>=a AND w.entry<b JOIN "        \
    "t_agreement g ON g.pathway=w.id AND g._del=0 AND g.start>=w.entry AND g.start<=at "       \
    "GROUP BY w.id ORDER BY 1"
#define SQL_DELAY_JOB                                                                          \
    "SELECT min(c.start)-w.entry FROM ask JOIN way w ON w.entry>=a AND w.entry<b JOIN "        \
    "t_contract c ON c.person=w.dossier AND c._del=0 AND c.start>=w.entry AND c.start<=at "    \
    "GROUP BY w.id ORDER BY 1"

#endif
