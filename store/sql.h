/* SPDX-License-Identifier: Apache-2.0 */
/* Every fixed statement of the store, by name. Those of business tables come from the schema
 * (ddl.c). */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#define SQL_LIST(X)                                                                            \
    X(META_GET, "SELECT v FROM meta WHERE k=?1")                                               \
    X(META_SET,                                                                                \
      "INSERT INTO meta(k,v) VALUES(?1,?2) ON CONFLICT(k) DO UPDATE SET v=excluded.v")         \
    /* client: words of rows */                                                                \
    X(SEARCHED_LIST, "SELECT tab,rid FROM searched")                                           \
    X(SEARCHED_SET, "INSERT INTO searched(tab,rid) VALUES(?1,?2) ON CONFLICT(tab) DO UPDATE "  \
                    "SET rid=excluded.rid")                                                    \
    X(SEARCHED_CLEAR, "DELETE FROM searched")                                                  \
    X(WORD_ADD, "INSERT INTO word(rowid,words) VALUES(?1,?2)")                                 \
    X(WORD_DROP, "INSERT INTO word(word,rowid,words) VALUES('delete',?1,?2)")                  \
    X(WORD_CLEAR, "INSERT INTO word(word) VALUES('delete-all')")                               \
    X(WORD_MATCH, "SELECT rowid FROM word WHERE word MATCH ?1 AND rowid>=?2 AND rowid<?3 "     \
                  "ORDER BY rowid DESC")                                                       \
    /* client: outbox */                                                                       \
    X(OUTBOX_ADD, "INSERT INTO outbox(op_no,hash,hlc,n,op) VALUES(?1,?2,?3,?4,?5)")            \
    X(OUTBOX_LAST,                                                                             \
      "SELECT op_no,hash,hlc FROM outbox WHERE op_no>0 ORDER BY op_no DESC LIMIT 1")           \
    X(OUTBOX_FIRST, "SELECT op_no,hlc FROM outbox WHERE op_no>0 ORDER BY op_no LIMIT 1")       \
    X(OUTBOX_AT, "SELECT hash,hlc,op FROM outbox WHERE op_no=?1")                              \
    X(OUTBOX_AFTER, "SELECT op_no,hash,hlc,op,cut FROM outbox WHERE op_no>?1 ORDER BY op_no")  \
    X(OUTBOX_ALL, "SELECT op_no,op FROM outbox WHERE op_no>?1 ORDER BY op_no LIMIT 1")         \
    X(OUTBOX_CUT, "UPDATE outbox SET op=?2,cut=?3 WHERE op_no=?1")                             \
    X(OUTBOX_CUTS, "SELECT count(*) FROM outbox WHERE op_no>?1 AND (cut=1 OR (cut<>0 AND "     \
                   "op_no<=?2))")                                                              \
    X(OUTBOX_LEAVING, "SELECT op_no,op FROM outbox WHERE cut=2 AND op_no>?1 AND op_no<=?2 "    \
                      "ORDER BY op_no LIMIT 1")                                                \
    X(OUTBOX_LEAVING_COUNT, "SELECT count(*) FROM outbox WHERE cut=2")                         \
    X(OUTBOX_ROWS, "SELECT coalesce(sum(n),0) FROM outbox WHERE op_no>?1 AND op_no<=?2")       \
    X(OUTBOX_RELEASE, "DELETE FROM outbox WHERE op_no<=?1")                                    \
    X(OUTBOX_CLEAR, "DELETE FROM outbox WHERE op_no>0")                                        \
    /* kept there below 0: sent under an earlier epoch (in place of the hash) and not stable   \
     * yet; n=0: a restored server may have lost it */                                         \
    X(KEPT_NEXT, "SELECT coalesce(max(op_no),-(1<<62))+1 FROM outbox WHERE op_no<0")           \
    X(KEPT_MOVE, "UPDATE outbox SET op_no=op_no-?1,hash=?2 WHERE op_no>0 AND op_no<=?3")       \
    X(KEPT_DOUBT, "UPDATE outbox SET n=0 WHERE op_no<0")                                       \
    X(KEPT_DUE, "SELECT count(*) FROM outbox WHERE op_no<0 AND n=0")                           \
    X(KEPT_LIST, "SELECT hash,op,cut FROM outbox WHERE op_no<0 AND n=0 ORDER BY op_no")        \
    X(KEPT_HAS, "SELECT count(*) FROM outbox WHERE op_no<0 AND n=0 AND hash=?1 AND hlc=?2")    \
    X(KEPT_CLEAR, "DELETE FROM outbox WHERE op_no<0 AND n=0")                                  \
    X(REBASED_ADD, "INSERT INTO rebased(op_no,hash,hlc,n,op,cut) VALUES(?1,?2,?3,?4,?5,?6)")   \
    X(REBASED_TAKE, "INSERT INTO outbox(op_no,hash,hlc,n,op,cut) "                             \
                    "SELECT op_no,hash,hlc,n,op,cut FROM rebased")                             \
    X(REBASED_CLEAR, "DELETE FROM rebased")                                                    \
    X(ORIGIN_SET,                                                                              \
      "INSERT INTO origin(epoch,staff,device) VALUES(?1,?2,?3) ON CONFLICT(epoch) "            \
      "DO UPDATE SET staff=excluded.staff,device=excluded.device")                             \
    X(ORIGIN_GET, "SELECT staff,device FROM origin WHERE epoch=?1")                            \
    X(ORIGINS_AFTER, "SELECT epoch,staff,device FROM origin WHERE epoch>?1 ORDER BY epoch "    \
                     "LIMIT ?2")                                                               \
    X(ORIGIN_LAST, "SELECT coalesce(max(epoch),0) FROM origin")                                \
    /* client: a replica put together from a damaged one (mend.c) */                           \
    X(MENDED_OP, "INSERT OR IGNORE INTO outbox(op_no,hash,hlc,n,op,cut) "                      \
                 "VALUES(?1,?2,?3,?4,?5,?6)")                                                  \
    X(MENDED_FIRST,                                                                            \
      "SELECT op_no,hash,hlc,op FROM outbox WHERE op_no>0 ORDER BY op_no LIMIT 1")             \
    X(MENDED_LAST, "SELECT op_no,hash,hlc,op FROM outbox WHERE op_no>0 "                       \
                   "ORDER BY op_no DESC LIMIT 1")                                              \
    X(MENDED_COUNT, "SELECT count(*) FROM outbox WHERE op_no>0")                               \
    X(MENDED_ORIGIN, "SELECT epoch,staff,device FROM origin WHERE (?1=0 AND staff=?2) OR "     \
                     "epoch=?1 ORDER BY epoch DESC LIMIT 1")                                   \
    X(MENDED_ORIGINS_DROP, "DELETE FROM origin")                                               \
    /* both: quarantine and history */                                                         \
    X(QUARANTINE_ADD, "INSERT INTO quarantine(epoch,op_no,reason,at_ms,actor,op,edit_ms,hlc) " \
                      "VALUES(?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT DO NOTHING")                \
    X(QUARANTINE_ROW_ADD,                                                                      \
      "INSERT INTO quarantine_row(tab,id,epoch,op_no) VALUES(?1,?2,?3,?4) "                    \
      "ON CONFLICT DO NOTHING")                                                                \
    X(QUARANTINE_ROW_FIND, "SELECT 1 FROM quarantine_row WHERE tab=?1 AND id=?2 AND epoch=?3 " \
                           "LIMIT 1")                                                          \
    X(QUARANTINE_ROWS_OF, "SELECT tab,id FROM quarantine_row WHERE epoch=?1 AND op_no=?2")     \
    X(QUARANTINE_CUT, "UPDATE quarantine SET op=?3,note=NULL WHERE epoch=?1 AND op_no=?2")     \
    X(QUARANTINE_OF_ROW,                                                                       \
      "SELECT q.epoch,q.op_no,q.op FROM quarantine_row r JOIN quarantine q ON "                \
      "q.epoch=r.epoch AND q.op_no=r.op_no WHERE r.tab=?1 AND r.id=?2 AND q.state=0 "          \
      "ORDER BY q.epoch,q.op_no")                                                              \
    X(QUARANTINE_ACTOR, "SELECT actor FROM quarantine WHERE epoch=?1 AND op_no=?2")            \
    X(QUARANTINE_WROTE, "SELECT 1 FROM quarantine WHERE epoch=?1 AND hlc=?2 LIMIT 1")          \
    X(QUARANTINE_BY_STAMP, "SELECT op FROM quarantine WHERE epoch=?1 AND hlc=?2 LIMIT 1")      \
    X(QUARANTINE_DROP, "DELETE FROM quarantine WHERE epoch=?1 AND op_no>?2 AND state=0")       \
    X(QUARANTINE_FORGET, "DELETE FROM quarantine WHERE epoch=?1 AND op_no=?2 AND state=0")     \
    X(QUARANTINE_CLOSED,                                                                       \
      "SELECT count(*) FROM quarantine WHERE epoch=?1 AND op_no=?2 AND state<>0")              \
    X(QUARANTINE_COUNT, "SELECT count(*) FROM quarantine WHERE state=0")                       \
    X(QUARANTINE_LIST,                                                                         \
      "SELECT epoch,op_no,reason,at_ms,actor,op,edit_ms,state,closed_ms,closed_by,note FROM "  \
      "quarantine WHERE state<=?1 AND (epoch>?2 OR (epoch=?2 AND op_no>?3)) "                  \
      "ORDER BY epoch,op_no")                                                                  \
    X(QUARANTINE_FIND,                                                                         \
      "SELECT epoch,op_no,reason,at_ms,actor,op,edit_ms,state,closed_ms,closed_by,note FROM "  \
      "quarantine WHERE (epoch=?1 OR ?3=0) AND op_no=?2 ORDER BY epoch LIMIT 2")               \
    X(QUARANTINE_CLOSE,                                                                        \
      "UPDATE quarantine SET state=?3,closed_ms=?4,closed_by=?5,note=?6 WHERE epoch=?1 AND "   \
      "op_no=?2 AND state=0")                                                                  \
    X(QUARANTINE_UPGRADE,                                                                      \
      "UPDATE quarantine SET edit_ms=?3,hlc=?4 WHERE epoch=?1 AND op_no=?2")                   \
    X(OP_EDITED, "SELECT edit_ms FROM op WHERE epoch=?1 AND op_no=?2")                         \
    X(HISTORY_ADD,                                                                             \
      "INSERT INTO history(seq,tab,rid,origin,hlc,actor,edit_ms,recv_ms,changes) "             \
      "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)")                                                    \
    X(HISTORY_OF, "SELECT seq,origin,hlc,actor,edit_ms,recv_ms,changes FROM history "          \
                  "WHERE tab=?1 AND rid=?2 ORDER BY hid")                                      \
    X(HISTORY_DROP, "DELETE FROM history WHERE tab=?1 AND rid=?2")                             \
    X(HISTORY_DROP_OF, "DELETE FROM history WHERE tab=?1 AND rid=?2 AND origin=?3 AND hlc=?4") \
    X(UNKNOWN_ADD,                                                                             \
      "INSERT INTO unknown_row(tab,id,body) VALUES(?1,?2,?3) ON CONFLICT(tab,id) "             \
      "DO UPDATE SET body=excluded.body")                                                      \
    X(UNKNOWN_GET, "SELECT body FROM unknown_row WHERE tab=?1 AND id=?2")                      \
    X(UNKNOWN_LIST, "SELECT tab,id,body FROM unknown_row ORDER BY tab,id")                     \
    X(UNKNOWN_REMOVE, "DELETE FROM unknown_row WHERE tab=?1 AND id=?2")                        \
    X(UNKNOWN_CLEAR, "DELETE FROM unknown_row")                                                \
    X(UNKNOWN_DROP, "DELETE FROM unknown_row WHERE tab=?1")                                    \
    /* server: scopes, feed, operations, chain */                                              \
    X(SCOPE_BY_ID, "SELECT sid,parent FROM scope WHERE id=?1")                                 \
    X(SCOPE_ADD, "INSERT INTO scope(kind,id,parent) VALUES(?1,?2,?3)")                         \
    X(FEED_ADD, "INSERT INTO feed(home,seq,tab,rid,dossier,facet,sum) "                        \
                "VALUES(?1,?2,?3,?4,?5,?6,?7)")                                                \
    X(FEED_DROP, "DELETE FROM feed WHERE home=?1 AND seq=?2 AND tab=?3 AND rid=?4")            \
    X(FEED_AT, "SELECT facet,sum FROM feed WHERE home=?1 AND seq=?2 AND tab=?3 AND rid=?4")    \
    X(FEED_NUMBER, "UPDATE feed SET sum=?5 WHERE home=?1 AND seq=?2 AND tab=?3 AND rid=?4 "    \
                   "RETURNING facet")                                                          \
    X(FEED_NUMBER_OF, "SELECT sum FROM feed WHERE home=?1 AND seq=?2 AND tab=?3 AND rid=?4")   \
    X(FEED_SUMS, "SELECT home,facet,dossier,sum FROM feed ORDER BY home,facet,dossier")        \
    X(DIGEST_GET, "SELECT rows,sum FROM digest WHERE home=?1 AND dossier=?2 AND facet=?3")     \
    X(DIGEST_OF, "SELECT facet,rows,sum FROM digest WHERE home=?1 AND dossier=?2")             \
    X(DIGEST_SET, "INSERT INTO digest(home,dossier,facet,rows,sum) VALUES(?1,?2,?3,?4,?5) "    \
                  "ON CONFLICT DO UPDATE SET rows=excluded.rows,sum=excluded.sum")             \
    X(DIGEST_DROP, "DELETE FROM digest WHERE home=?1 AND dossier=?2 AND facet=?3")             \
    X(DIGEST_COUNT, "SELECT count(*) FROM digest")                                             \
    X(FEED_AFTER, "SELECT seq,tab,rid,dossier,facet FROM feed WHERE home=?1 AND "              \
                  "(seq,tab,rid)>(?2,?3,?4) AND seq<=?5 ORDER BY seq,tab,rid LIMIT ?6")        \
    X(FEED_OF_DOSSIER,                                                                         \
      "SELECT seq,tab,rid,dossier,facet FROM feed_of WHERE home=?1 AND dossier=?7 AND "        \
      "(seq,tab,rid)>(?2,?3,?4) AND seq<=?5 ORDER BY seq,tab,rid LIMIT ?6")                    \
    /* homes other than the network, one after the other by the key of the feed */             \
    X(FEED_OF_ADD,                                                                             \
      "INSERT INTO feed_of(home,dossier,seq,tab,rid,facet) WITH RECURSIVE h(v) AS ("           \
      "VALUES(1) UNION ALL SELECT (SELECT min(home) FROM feed WHERE home>v) FROM h WHERE v "   \
      "IS NOT NULL) SELECT f.home,f.dossier,f.seq,f.tab,f.rid,f.facet FROM h CROSS JOIN "      \
      "feed f ON f.home=h.v WHERE h.v>1 AND f.seq>?1 AND f.seq<=?2 "                           \
      "ORDER BY f.home,f.dossier,f.seq,f.tab,f.rid")                                           \
    X(FEED_OF_DROP, "DELETE FROM feed_of WHERE home=?1 AND dossier=?2 AND seq=?3 AND tab=?4 "  \
                    "AND rid=?5")                                                              \
    X(LOOKALIKE_NEW, "INSERT INTO lookalike(day,key,list) VALUES(?1,?2,?3) "                   \
                     "ON CONFLICT DO NOTHING")                                                 \
    X(LOOKALIKE_GET, "SELECT list FROM lookalike WHERE day=?1 AND key=?2")                     \
    X(LOOKALIKE_SET, "UPDATE lookalike SET list=?3 WHERE day=?1 AND key=?2")                   \
    X(OP_ADD, "INSERT INTO op(epoch,op_no,seq,hash,actor,edit_ms,recv_ms,verdict,reason) "     \
              "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)")                                            \
    X(OPS_AFTER, "SELECT op_no,seq,verdict,reason FROM op WHERE epoch=?1 AND op_no>?2 "        \
                 "AND op_no<=?3 ORDER BY op_no")                                               \
    X(OP_AT, "SELECT hash FROM op WHERE epoch=?1 AND op_no=?2")                                \
    X(OP_STABLE,                                                                               \
      "SELECT op_no FROM op WHERE epoch=?1 AND seq<=?2 ORDER BY op_no DESC LIMIT 1")           \
    X(OP_RECEIVED, "SELECT recv_ms FROM op WHERE epoch=?1 AND seq>=?2 ORDER BY op_no LIMIT 1") \
    X(DEVICE_NAME, "SELECT name FROM device WHERE num=?1")                                     \
    X(OP_COUNT, "SELECT count(*) FROM op")                                                     \
    X(COMMIT_ADD, "INSERT INTO chain(no,seq_from,seq_to,at_ms,hash) VALUES(?1,?2,?3,?4,?5)")   \
    X(COMMIT_LAST, "SELECT no,hash FROM chain ORDER BY no DESC LIMIT 1")                       \
    X(EPOCH_ADD, "INSERT INTO epoch(num,device,op_no,hash,hlc,edit_ms) VALUES(?1,?2,0,0,0,0)") \
    X(EPOCH_NEXT, "SELECT coalesce(max(num),0)+1 FROM epoch")                                  \
    X(EPOCH_GET, "SELECT device,op_no,hash,hlc,edit_ms FROM epoch WHERE num=?1")               \
    X(EPOCH_SET, "UPDATE epoch SET op_no=?2,hash=?3,hlc=?4,edit_ms=?5 WHERE num=?1")           \
    X(EPOCH_LATEST, "SELECT max(num) FROM epoch WHERE device=?1")                              \
    X(DEVICE_ADD, "INSERT INTO device(num,key,staff,name,state,enrolled_ms) "                  \
                  "VALUES(?1,?2,?3,?4,1,?5)")                                                  \
    X(DEVICE_NEXT, "SELECT coalesce(max(num),0)+1 FROM device")                                \
    X(DEVICE_BY_KEY, "SELECT num,staff,state,kind FROM device WHERE key=?1")                   \
    X(DEVICE_DENIED,                                                                           \
      "SELECT num,key FROM device WHERE num>?1 AND state<>1 ORDER BY num LIMIT ?2")            \
    X(RELAY_ADD, "INSERT INTO device(num,key,staff,name,state,enrolled_ms,kind) "              \
                 "SELECT ?1,?2,staff,name,1,?3,1 FROM invite WHERE id=?4 AND kind=1")          \
    X(RELAY_NAME, "SELECT staff,name FROM device WHERE num=?1 AND kind=1")                     \
    X(RELAY_SEEN, "UPDATE device SET seen_ms=?2 WHERE num=?1")                                 \
    X(RELAY_INVITE, "INSERT INTO invite(id,secret,staff,expires_ms,tries,kind,name) "          \
                    "VALUES(?1,?2,?3,?4,0,1,?5)")                                              \
    X(DEVICE_STATE, "UPDATE device SET state=?2 WHERE num=?1")                                 \
    X(DEVICE_HEARD, "UPDATE device SET told_ms=CASE WHEN told_ms=0 THEN ?2 ELSE told_ms END,"  \
                    "wiped_ms=CASE WHEN wiped_ms=0 THEN ?3 ELSE wiped_ms END WHERE num=?1")    \
    X(DEVICE_SEEN, "UPDATE device SET seen_ms=?2,pulled=?3,skew_ms=?4,schema=?5 WHERE num=?1") \
    X(DEVICE_PULLED, "UPDATE device SET seen_ms=?2,pulled=?3 WHERE num=?1")                    \
    X(DEVICE_GET, "SELECT seen_ms,skew_ms,pulled FROM device WHERE num=?1")                    \
    X(DEVICE_COUNT, "SELECT count(*) FROM device WHERE num>0")                                 \
    X(COMMIT_COUNT, "SELECT count(*) FROM chain")                                              \
    X(CHAIN_LIST, "SELECT no,seq_from,seq_to,at_ms,hash FROM chain ORDER BY no")               \
    X(CHAIN_OPS, "SELECT seq,epoch,op_no,hash,verdict,reason,edit_ms,recv_ms FROM op "         \
                 "ORDER BY seq")                                                               \
    X(CHAIN_HISTORY, "SELECT seq,tab,rid,origin,hlc,actor,edit_ms,recv_ms,changes "            \
                     "FROM history ORDER BY seq,hid")                                          \
    X(DEVICE_FORKED, "UPDATE device SET forks=forks+1 WHERE num=?1")                           \
    X(DEVICE_LIST, "SELECT d.num,d.staff,d.name,d.state,d.enrolled_ms,d.seen_ms,d.skew_ms,"    \
                   "d.pulled,d.schema,d.forks,(SELECT max(num) FROM epoch e WHERE "            \
                   "e.device=d.num),d.told_ms,d.wiped_ms,d.kind FROM device d WHERE d.num>0 "  \
                   "ORDER BY d.num")                                                           \
    X(INVITE_ADD,                                                                              \
      "INSERT INTO invite(id,secret,staff,expires_ms,tries) VALUES(?1,?2,?3,?4,0)")            \
    X(INVITE_GET,                                                                              \
      "SELECT secret,staff,expires_ms,tries,used_key,reply,kind FROM invite WHERE id=?1")      \
    X(INVITE_TRY, "UPDATE invite SET tries=tries+1 WHERE id=?1")                               \
    X(INVITE_PROVED, "UPDATE invite SET tries=tries-1 WHERE id=?1 AND tries>0")                \
    X(INVITE_USE, "UPDATE invite SET used_key=?2,reply=?3 WHERE id=?1")                        \
    /* rights */                                                                               \
    X(ROLES_OF,                                                                                \
      "SELECT r.structure,r.role,t.kind FROM t_staff_role r JOIN t_structure t ON "            \
      "t._id=r.structure JOIN t_staff a ON a._id=r.staff WHERE r.staff=?1 AND r._del=0 "       \
      "AND a._del=0 AND a.active=1 AND r.start<=?2 AND (r.\"end\" IS NULL OR "                 \
      "r.\"end\">=?2) ORDER BY r._rid")                                                        \
    X(ASSIGNED,                                                                                \
      "SELECT a.staff,a.role FROM t_assignment a JOIN t_staff s ON s._id=a.staff WHERE "       \
      "a._dos=?1 AND a._del=0 AND a.start<=?2 AND (a.\"end\" IS NULL OR a.\"end\">=?2) AND "   \
      "s._del=0 AND s.active=1 AND EXISTS(SELECT 1 FROM t_staff_role r WHERE "                 \
      "r.staff=a.staff AND r._del=0 AND r.start<=?2 AND (r.\"end\" IS NULL OR "                \
      "r.\"end\">=?2)) ORDER BY a._rid")                                                       \
    X(REFERENTS,                                                                               \
      "SELECT _rid FROM t_assignment WHERE _dos=?1 AND pathway=?2 AND role='referent' AND "    \
      "\"end\" IS NULL AND _del=0 AND staff<>?3 ORDER BY _rid")                                \
    X(OPENER,                                                                                  \
      "SELECT p._by FROM scope d JOIN t_person p ON p._id=d.id JOIN t_staff s ON "             \
      "s._id=p._by WHERE d.sid=?1 AND s._del=0 AND s.active=1 AND EXISTS(SELECT 1 FROM "       \
      "t_staff_role r WHERE r.staff=p._by AND r.structure=p.structure AND "                    \
      "r.role='jobcoach' AND r._del=0 AND r.start<=?2 AND (r.\"end\" IS NULL OR "              \
      "r.\"end\">=?2))")                                                                       \
    X(EMPLOYERS,                                                                               \
      "SELECT DISTINCT r.staff FROM t_contract c JOIN t_staff_role r ON "                      \
      "r.structure=c.employer_structure JOIN t_staff s ON s._id=r.staff WHERE c._dos=?1 AND "  \
      "c._del=0 AND (c.actual_end IS NULL OR c.actual_end>=?3) AND r.role='manager' AND "      \
      "r._del=0 AND r.start<=?2 AND (r.\"end\" IS NULL OR r.\"end\">=?2) AND s._del=0 AND "    \
      "s.active=1 ORDER BY r._rid")                                                            \
    X(REFERRED,                                                                                \
      "SELECT r.staff,r.role,t.kind,f.shares FROM t_referral f JOIN t_consent c ON "           \
      "c._id=f.consent JOIN t_staff_role r ON r.structure=f.\"to\" JOIN t_structure t ON "     \
      "t._id=r.structure JOIN t_staff s ON s._id=r.staff WHERE f._dos=?1 AND c._dos=?1 AND "   \
      "f._del=0 AND c._del=0 AND (f.answer IS NULL OR f.answer IN ('pending','accepted')) "    \
      "AND f.sent_on<=?2 AND (f.ended_on IS NULL OR f.ended_on>=?2) AND "                      \
      "c.purpose='share_structure' AND c.given_on<=?2 AND c.withdrawn_on IS NULL AND "         \
      "(c.until IS NULL OR c.until>=?2) AND (c.recipient IS NULL OR c.recipient=f.\"to\") "    \
      "AND (c.shares=f.shares OR c.shares='facts_notes') AND r._del=0 AND r.start<=?2 AND "    \
      "(r.\"end\" IS NULL OR r.\"end\">=?2) AND s._del=0 AND s.active=1 AND "                  \
      "(r.role='coordinator' OR r.staff=f.staff) ORDER BY r._rid")                             \
    X(REFERRED_TURN,                                                                           \
      "SELECT _home,_dos FROM t_referral WHERE (sent_on>?1 AND sent_on<=?2) OR "               \
      "(ended_on>=?1 AND ended_on<?2) UNION SELECT _home,_dos FROM t_consent WHERE "           \
      "(given_on>?1 AND given_on<=?2) OR (until>=?1 AND until<?2) ORDER BY 2")                 \
    X(JOBCOACH_SEES,                                                                           \
      "SELECT value FROM t_parameter WHERE key='jobcoach_sees' AND _del=0 AND "                \
      "valid_from<=?1 AND (structure IS NULL OR structure=?2) ORDER BY structure IS NULL,"     \
      "valid_from DESC,_rid DESC LIMIT 1")                                                     \
    X(RIGHTS_TURN, "SELECT count(*) FROM t_parameter WHERE key IN ('jobcoach_sees',"           \
                   "'employer_months') AND valid_from>?1 AND valid_from<=?2")                  \
    X(EMPLOYER_MONTHS, "SELECT DISTINCT value FROM t_parameter WHERE key='employer_months'")   \
    X(ROLES_TURN, "SELECT DISTINCT staff FROM t_staff_role WHERE (start>?1 AND start<=?2) "    \
                  "OR (\"end\">=?1 AND \"end\"<?2) ORDER BY staff")                            \
    X(ASSIGNED_TURN, "SELECT DISTINCT _home,_dos FROM t_assignment WHERE (start>?1 AND "       \
                     "start<=?2) OR (\"end\">=?1 AND \"end\"<?2) ORDER BY _dos")               \
    X(EMPLOYERS_TURN, "SELECT DISTINCT _home,_dos FROM t_contract WHERE actual_end>=?1 AND "   \
                      "actual_end<?2 ORDER BY _dos")                                           \
    X(STAFF_ALL, "SELECT _id FROM t_staff ORDER BY _rid")                                      \
    X(DOSSIERS_ALL, "SELECT parent,sid FROM scope WHERE kind=3 ORDER BY sid")                  \
    X(DOSSIERS_OF,                                                                             \
      "SELECT _home,_dos FROM t_assignment WHERE staff=?1 UNION SELECT _home,_dos FROM "       \
      "t_person WHERE _by=?1 UNION SELECT home,dossier FROM granted WHERE staff=?1 AND "       \
      "dossier>0 AND until_v=?2 UNION SELECT c._home,c._dos FROM t_contract c JOIN "           \
      "t_staff_role r ON r.structure=c.employer_structure WHERE r.staff=?1 UNION SELECT "      \
      "f._home,f._dos FROM t_referral f JOIN t_staff_role r ON r.structure=f.\"to\" WHERE "    \
      "r.staff=?1 ORDER BY 2")                                                                 \
    X(GRANTED_OF, "SELECT home,dossier,roles,facets,dossiers,born,from_v,from_seq,until_v "    \
                  "FROM granted WHERE staff=?1 AND until_v>?2 ORDER BY home,dossier,from_v")   \
    X(GRANTED_AT,                                                                              \
      "SELECT home,dossier,roles,facets,dossiers,born,from_v,from_seq,until_v FROM granted "   \
      "WHERE staff=?1 AND home=?2 AND dossier IN (0,?3) AND from_ms<=?4 AND until_ms>?4 AND "  \
      "until_ms>?5 ORDER BY dossier,from_v")                                                   \
    X(GRANTED_DOSSIER,                                                                         \
      "SELECT staff,home,dossier,roles,facets,dossiers,born,from_v,from_seq FROM granted "     \
      "WHERE dossier=?1 AND until_v=?2 ORDER BY staff")                                        \
    X(GRANTED_HOMES,                                                                           \
      "SELECT staff,home,dossier,roles,facets,dossiers,born,from_v,from_seq FROM granted "     \
      "WHERE staff=?1 AND dossier=0 AND until_v=?2 ORDER BY home")                             \
    X(GRANTED_ADD,                                                                             \
      "INSERT INTO granted(staff,home,dossier,roles,facets,dossiers,born,from_v,from_seq,"     \
      "from_ms,until_v,until_ms) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) ON CONFLICT "  \
      "DO UPDATE SET facets=facets|excluded.facets,dossiers=dossiers|excluded.dossiers")       \
    X(GRANTED_END, "UPDATE granted SET until_v=?6,until_ms=?7 WHERE staff=?1 AND home=?2 "     \
                   "AND dossier=?3 AND from_v=?4 AND until_v=?5")                              \
    X(GRANTED_DROP, "DELETE FROM granted WHERE staff=?1 AND home=?2 AND dossier=?3 AND "       \
                    "from_v=?4 AND until_v=?5")                                                \
    X(RIGHTS_GET, "SELECT v FROM rights WHERE staff=?1")                                       \
    X(RIGHTS_SET, "INSERT INTO rights(staff,v) VALUES(?1,?2) ON CONFLICT(staff) DO UPDATE "    \
                  "SET v=excluded.v")                                                          \
    X(SCOPE_GET, "SELECT kind,id FROM scope WHERE sid=?1")                                     \
    X(SCOPES_IN, "SELECT sid,id FROM scope WHERE kind=3 AND parent=?1 ORDER BY sid")           \
    X(PARAMETER,                                                                               \
      "SELECT value FROM t_parameter WHERE key=?3 AND _del=0 AND valid_from<=?1 AND "          \
      "(structure IS NULL OR structure=?2) ORDER BY structure IS NULL,valid_from DESC,"        \
      "_rid DESC LIMIT 1")                                                                     \
    /* access log */                                                                           \
    X(ACCESS_OLD, "SELECT _rid FROM t_access_log WHERE _hlc<?1 ORDER BY _rid")                 \
    X(ACCESS_DAYS, "SELECT at/86400000,staff,count(DISTINCT person) FROM t_access_log WHERE "  \
                   "at>=?1 AND staff IS NOT NULL GROUP BY 1,2 ORDER BY 1 DESC,2")              \
    X(ACCESS_HELD,                                                                             \
      "SELECT g.staff,g.facets|g.dossiers*(g.dossier=0),g.from_ms,g.until_ms,d.num,d.name,"    \
      "d.seen_ms FROM granted g LEFT JOIN device d ON d.staff=g.staff AND d.num>0 AND "        \
      "d.enrolled_ms<g.until_ms AND d.seen_ms>=g.from_ms-?3 WHERE (g.dossier=?2 OR "           \
      "(g.dossier=0 AND g.dossiers<>0)) AND g.home=?1 ORDER BY g.from_ms,g.staff,g.until_ms,"  \
      "d.num")                                                                                 \
    /* erasure */                                                                              \
    X(ERASE_ORDER_ADD, "INSERT INTO erase_order(dossier,at_ms) VALUES(?1,?2) ON CONFLICT "     \
                       "DO NOTHING")                                                           \
    X(ERASE_ORDER_OF, "SELECT no FROM erase_order WHERE dossier=?1")                           \
    X(ERASE_ORDER_DUE, "SELECT no,dossier FROM erase_order WHERE done_ms=0 ORDER BY no "       \
                       "LIMIT 1")                                                              \
    X(ERASE_ORDER_DONE, "UPDATE erase_order SET done_ms=?2 WHERE no=?1")                       \
    X(ERASE_ORDER_LIST, "SELECT no,dossier,at_ms,done_ms,(SELECT count(*) FROM erase_device "  \
                        "d WHERE d.no=o.no),(SELECT count(*) FROM erase_device d WHERE "       \
                        "d.no=o.no AND d.acked_ms<>0) FROM erase_order o ORDER BY no")         \
    X(ERASED_ADD, "INSERT INTO erased(id,no) VALUES(?1,?2) ON CONFLICT DO NOTHING")            \
    X(ERASED_GET, "SELECT no FROM erased WHERE id=?1")                                         \
    X(ERASE_DEVICES_ADD,                                                                       \
      "INSERT INTO erase_device(device,no) SELECT d.num,?1 FROM device d WHERE d.num>0 AND "   \
      "d.state<>4 AND d.staff IN (SELECT staff FROM granted WHERE home=?2 AND (dossier=?3 "    \
      "OR (dossier=0 AND dossiers<>0))) ON CONFLICT DO NOTHING")                               \
    X(ERASE_DEVICE_AGAIN,                                                                      \
      "INSERT INTO erase_device(device,no) SELECT device,?2 FROM epoch WHERE num=?1 AND "      \
      "device>0 ON CONFLICT(device,no) DO UPDATE SET acked_ms=0")                              \
    X(ERASE_DEVICE_ACK, "UPDATE erase_device SET acked_ms=?3 WHERE device=?1 AND no<=?2 AND "  \
                        "acked_ms=0")                                                          \
    X(ERASE_DEVICE_FORGET, "UPDATE erase_device SET acked_ms=0 WHERE device=?1")               \
    X(ERASE_DEVICE_DUE,                                                                        \
      "SELECT e.no,o.dossier FROM erase_device e JOIN erase_order o ON o.no=e.no WHERE "       \
      "e.device=?1 AND e.no>?2 AND e.acked_ms=0 AND o.done_ms<>0 ORDER BY e.no LIMIT ?3")      \
    X(ERASE_DEVICE_LIST,                                                                       \
      "SELECT e.device,d.name,d.staff,d.state,d.seen_ms,d.schema,e.acked_ms FROM "             \
      "erase_device e JOIN device d ON d.num=e.device WHERE e.no=?1 ORDER BY e.device")        \
    X(QUARANTINE_ROW_DROP, "DELETE FROM quarantine_row WHERE id IN (SELECT id FROM erased)")   \
    X(HISTORY_SEQS, "SELECT DISTINCT seq FROM history WHERE tab=?1 AND rid=?2")                \
    X(CHAIN_CUT_ADD, "INSERT INTO chain_cut(no,at,hash) VALUES(?1,?2,?3)")                     \
    X(CHAIN_CUT_COUNT, "SELECT count(*) FROM chain_cut")                                       \
    X(CHAIN_CUT_LAST, "SELECT hash FROM chain_cut WHERE no=?1 ORDER BY at DESC LIMIT 1")       \
    X(CHAIN_CUTS_AT, "SELECT no,hash FROM chain_cut WHERE at=?1 ORDER BY no")                  \
    X(TWIN_ADD,                                                                                \
      "INSERT INTO twin(structure,birth_year,gender,area,entry_year,months,sessions,minutes,"  \
      "contracts,internships) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)")                         \
    X(TWIN_OF,                                                                                 \
      "SELECT p.structure,p.birth_date,p.gender,substr(p.ins,1,2),"                            \
      "(SELECT min(w.entry) FROM t_pathway w WHERE w._dos=p._dos AND w._del=0),"               \
      "(SELECT max(s.date) FROM t_session s WHERE s._dos=p._dos AND s._del=0),"                \
      "(SELECT count(*) FROM t_session s WHERE s._dos=p._dos AND s._del=0),"                   \
      "(SELECT coalesce(sum(s.minutes),0) FROM t_session s WHERE s._dos=p._dos AND "           \
      "s._del=0),(SELECT count(*) FROM t_contract c WHERE c._dos=p._dos AND c._del=0),"        \
      "(SELECT count(*) FROM t_internship i WHERE i._dos=p._dos AND i._del=0) "                \
      "FROM t_person p WHERE p._id=?1 AND p._del=0 AND p.merged_into IS NULL")                 \
    X(TWIN_LIKE,                                                                               \
      "SELECT count(*) FROM t_person p WHERE p._del=0 AND p.structure=?1 AND (?2 IS NULL OR "  \
      "(p.birth_date>=?2 AND p.birth_date<=?3)) AND (?4 IS NULL OR p.gender=?4) AND "          \
      "(?5 IS NULL OR substr(p.ins,1,2)=?5)")                                                  \
    X(TWIN_TABLES,                                                                             \
      "WITH c(tab,low,label,n) AS (SELECT 0,0,s.name,count(*) FROM twin t LEFT JOIN "          \
      "t_structure s ON s._id=t.structure GROUP BY t.structure,s.name UNION ALL SELECT 1,"     \
      "min(birth_year),CAST(birth_year/10*10 AS TEXT)||'–'||CAST(birth_year/10*10+9 AS "     \
      "TEXT),count(*) FROM twin GROUP BY 3 UNION ALL SELECT 2,0,gender,count(*) FROM "         \
      "twin GROUP BY 3 UNION ALL SELECT 3,0,area,count(*) FROM twin GROUP BY 3 UNION ALL "     \
      "SELECT 4,min(entry_year),CAST(entry_year AS TEXT),count(*) FROM twin GROUP BY 3 "       \
      "UNION ALL SELECT 5,min(months),CASE WHEN months<6 THEN '0–5' WHEN months<12 THEN "    \
      "'6–11' WHEN months<24 THEN '12–23' ELSE '24+' END,count(*) FROM twin GROUP BY 3 "   \
      "UNION ALL SELECT 6,min(sessions),CASE WHEN sessions=0 THEN '0' WHEN sessions<6 "        \
      "THEN '1–5' WHEN sessions<21 THEN '6–20' ELSE '21+' END,count(*) FROM twin GROUP "   \
      "BY 3 UNION ALL SELECT 7,min(minutes),CASE WHEN minutes<300 THEN '0–4' WHEN "          \
      "minutes<1200 THEN '5–19' WHEN minutes<3000 THEN '20–49' ELSE '50+' END,count(*) "   \
      "FROM twin GROUP BY 3 UNION ALL SELECT 8,min(contracts),CASE WHEN contracts=0 THEN "     \
      "'0' WHEN contracts=1 THEN '1' ELSE '2+' END,count(*) FROM twin GROUP BY 3 UNION "       \
      "ALL SELECT 9,min(internships),CASE WHEN internships=0 THEN '0' WHEN internships=1 "     \
      "THEN '1' ELSE '2+' END,count(*) FROM twin GROUP BY 3),r AS (SELECT tab,low,label,"      \
      "n,coalesce(sum(n) OVER (PARTITION BY tab ORDER BY n,low,label ROWS BETWEEN "            \
      "UNBOUNDED PRECEDING AND 1 PRECEDING),0) AS before FROM c),m AS (SELECT *,n<?1 OR "      \
      "(before>0 AND before<?1) AS hidden FROM r) SELECT tab,low,label,n,0 AS others "         \
      "FROM m WHERE NOT hidden UNION ALL SELECT tab,NULL,NULL,CASE WHEN sum(n)<?1 THEN 0 "     \
      "ELSE sum(n) END,1 FROM m WHERE hidden GROUP BY tab ORDER BY 1,5,2,3")                   \
    X(LINK_ADD,                                                                                \
      "INSERT INTO person_link(dossier,source,referral,until) VALUES(?1,?2,?3,?4) ON "         \
      "CONFLICT(dossier) DO NOTHING")                                                          \
    X(LINK_DROP, "DELETE FROM person_link WHERE dossier=?1 OR source=?1")                      \
    X(LINK_NEAR,                                                                               \
      "SELECT d.parent,l.dossier FROM person_link l JOIN scope d ON d.sid=l.dossier WHERE "    \
      "l.source=?1 UNION SELECT d.parent,l.source FROM person_link l JOIN scope d ON "         \
      "d.sid=l.source WHERE l.dossier=?1")                                                     \
    X(LINK_FROM,                                                                               \
      "SELECT d.parent,l.dossier FROM person_link l JOIN scope d ON d.sid=l.dossier WHERE "    \
      "l.source=?1")                                                                           \
    X(LINK_TURN,                                                                               \
      "SELECT d.parent,l.dossier FROM person_link l JOIN scope d ON d.sid=l.dossier WHERE "    \
      "l.until>=?1 AND l.until<?2")                                                            \
    X(LINK_SENDERS,                                                                            \
      "SELECT g.staff FROM person_link l JOIN t_referral f ON f._id=l.referral JOIN "          \
      "t_consent c ON c._id=f.consent JOIN granted g ON g.dossier=l.source WHERE "             \
      "l.dossier=?1 AND l.until>=?2 AND f._del=0 AND f.answer='accepted' AND (f.ended_on "     \
      "IS NULL OR f.ended_on>=?2) AND c._del=0 AND c.withdrawn_on IS NULL AND (c.until IS "    \
      "NULL OR c.until>=?2) AND g.until_v=9223372036854775807 AND (g.facets&4)<>0 ORDER BY "   \
      "g.staff")                                                                               \
    X(LINK_NAMED,                                                                              \
      "SELECT f.staff FROM person_link l JOIN t_referral f ON f._id=l.referral JOIN "          \
      "t_staff s ON s._id=f.staff WHERE l.dossier=?1 AND s._del=0 AND s.active=1 AND "         \
      "EXISTS(SELECT 1 FROM t_staff_role r WHERE r.staff=f.staff AND r.structure=f.\"to\" "    \
      "AND r.role='jobcoach' AND r._del=0 AND r.start<=?2 AND (r.\"end\" IS NULL OR "          \
      "r.\"end\">=?2))")                                                                       \
    X(LINK_EDGES,                                                                              \
      "SELECT dossier,source FROM person_link UNION ALL SELECT p._dos,q._dos FROM t_person "   \
      "p JOIN t_person q ON q._id=p.merged_into WHERE p._dos<>q._dos")                         \
    X(LINK_PERSONS, "SELECT _dos,_del FROM t_person ORDER BY _dos")                            \
    X(REFERRALS_TO, "SELECT _id FROM t_referral WHERE \"to\"=?1")                              \
    X(STAFF_HOME, "SELECT structure,first_name,name FROM t_staff WHERE _id=?1 AND _del=0")     \
    X(CONFLICTS_OPEN, "SELECT count(*) FROM t_conflict WHERE state='open' AND _del=0")

enum sql {
#define X(name, text) SQL_##name,
    SQL_LIST(X)
#undef X
        SQL_COUNT
};

#endif
