/* SPDX-License-Identifier: Apache-2.0 */
/* Every fixed statement of the store, by name. Those of business tables come from the schema
 * (ddl.c). */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#define SQL_LIST(X)                                                                            \
    X(META_GET, "SELECT v FROM meta WHERE k=?1")                                               \
    X(META_SET,                                                                                \
      "INSERT INTO meta(k,v) VALUES(?1,?2) ON CONFLICT(k) DO UPDATE SET v=excluded.v")         \
    /* client: outbox */                                                                       \
    X(OUTBOX_ADD, "INSERT INTO outbox(op_no,hash,hlc,n,op) VALUES(?1,?2,?3,?4,?5)")            \
    X(OUTBOX_LAST,                                                                             \
      "SELECT op_no,hash,hlc FROM outbox WHERE op_no>0 ORDER BY op_no DESC LIMIT 1")           \
    X(OUTBOX_FIRST, "SELECT op_no,hlc FROM outbox WHERE op_no>0 ORDER BY op_no LIMIT 1")       \
    X(OUTBOX_AT, "SELECT hash,hlc,op FROM outbox WHERE op_no=?1")                              \
    X(OUTBOX_AFTER, "SELECT op_no,hash,hlc,op FROM outbox WHERE op_no>?1 ORDER BY op_no")      \
    X(OUTBOX_ROWS, "SELECT coalesce(sum(n),0) FROM outbox WHERE op_no>?1 AND op_no<=?2")       \
    X(OUTBOX_RELEASE, "DELETE FROM outbox WHERE op_no<=?1")                                    \
    X(OUTBOX_CLEAR, "DELETE FROM outbox WHERE op_no>0")                                        \
    /* kept there below 0: sent under an earlier epoch (in place of the hash) and not stable   \
     * yet; n=0: a restored server may have lost it */                                         \
    X(KEPT_NEXT, "SELECT coalesce(max(op_no),-(1<<62))+1 FROM outbox WHERE op_no<0")           \
    X(KEPT_MOVE, "UPDATE outbox SET op_no=op_no-?1,hash=?2 WHERE op_no>0 AND op_no<=?3")       \
    X(KEPT_DOUBT, "UPDATE outbox SET n=0 WHERE op_no<0")                                       \
    X(KEPT_DUE, "SELECT count(*) FROM outbox WHERE op_no<0 AND n=0")                           \
    X(KEPT_LIST, "SELECT hash,op FROM outbox WHERE op_no<0 AND n=0 ORDER BY op_no")            \
    X(KEPT_HAS, "SELECT count(*) FROM outbox WHERE op_no<0 AND n=0 AND hash=?1 AND hlc=?2")    \
    X(KEPT_CLEAR, "DELETE FROM outbox WHERE op_no<0 AND n=0")                                  \
    X(REBASED_ADD, "INSERT INTO rebased(op_no,hash,hlc,n,op) VALUES(?1,?2,?3,?4,?5)")          \
    X(REBASED_TAKE, "INSERT INTO outbox SELECT op_no,hash,hlc,n,op FROM rebased")              \
    X(REBASED_CLEAR, "DELETE FROM rebased")                                                    \
    X(ORIGIN_SET,                                                                              \
      "INSERT INTO origin(epoch,staff,device) VALUES(?1,?2,?3) ON CONFLICT(epoch) "            \
      "DO UPDATE SET staff=excluded.staff,device=excluded.device")                             \
    X(ORIGIN_GET, "SELECT staff,device FROM origin WHERE epoch=?1")                            \
    X(ORIGINS_AFTER, "SELECT epoch,staff,device FROM origin WHERE epoch>?1 ORDER BY epoch "    \
                     "LIMIT ?2")                                                               \
    X(ORIGIN_LAST, "SELECT coalesce(max(epoch),0) FROM origin")                                \
    /* both: quarantine and history */                                                         \
    X(QUARANTINE_ADD, "INSERT INTO quarantine(epoch,op_no,reason,at_ms,actor,op) "             \
                      "VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT DO NOTHING")                      \
    X(QUARANTINE_ROW_ADD,                                                                      \
      "INSERT INTO quarantine_row(tab,id,epoch,op_no) VALUES(?1,?2,?3,?4) "                    \
      "ON CONFLICT DO NOTHING")                                                                \
    X(QUARANTINE_ROW_FIND, "SELECT 1 FROM quarantine_row WHERE tab=?1 AND id=?2 AND epoch=?3 " \
                           "LIMIT 1")                                                          \
    X(QUARANTINE_DROP, "DELETE FROM quarantine WHERE epoch=?1 AND op_no>?2")                   \
    X(QUARANTINE_FORGET, "DELETE FROM quarantine WHERE epoch=?1 AND op_no=?2")                 \
    X(QUARANTINE_COUNT, "SELECT count(*) FROM quarantine")                                     \
    X(QUARANTINE_LIST, "SELECT epoch,op_no,reason,at_ms,actor,op FROM quarantine "             \
                       "ORDER BY epoch,op_no")                                                 \
    X(HISTORY_ADD,                                                                             \
      "INSERT INTO history(seq,tab,rid,origin,hlc,actor,edit_ms,recv_ms,changes) "             \
      "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)")                                                    \
    X(HISTORY_OF, "SELECT seq,origin,hlc,actor,edit_ms,recv_ms,changes FROM history "          \
                  "WHERE tab=?1 AND rid=?2 ORDER BY hid")                                      \
    X(HISTORY_DROP, "DELETE FROM history WHERE tab=?1 AND rid=?2")                             \
    X(UNKNOWN_ADD,                                                                             \
      "INSERT INTO unknown_row(tab,id,body) VALUES(?1,?2,?3) ON CONFLICT(tab,id) "             \
      "DO UPDATE SET body=excluded.body")                                                      \
    X(UNKNOWN_GET, "SELECT body FROM unknown_row WHERE tab=?1 AND id=?2")                      \
    X(UNKNOWN_CLEAR, "DELETE FROM unknown_row")                                                \
    X(UNKNOWN_DROP, "DELETE FROM unknown_row WHERE tab=?1")                                    \
    /* server: scopes, feed, operations, chain */                                              \
    X(SCOPE_BY_ID, "SELECT sid,parent FROM scope WHERE id=?1")                                 \
    X(SCOPE_ADD, "INSERT INTO scope(kind,id,parent) VALUES(?1,?2,?3)")                         \
    X(FEED_ADD, "INSERT INTO feed(home,seq,tab,rid,dossier,facet) VALUES(?1,?2,?3,?4,?5,?6)")  \
    X(FEED_DROP, "DELETE FROM feed WHERE home=?1 AND seq=?2 AND tab=?3 AND rid=?4")            \
    X(FEED_AFTER, "SELECT seq,tab,rid,dossier,facet FROM feed WHERE home=?1 AND "              \
                  "(seq,tab,rid)>(?2,?3,?4) AND seq<=?5 ORDER BY seq,tab,rid LIMIT ?6")        \
    X(OP_ADD, "INSERT INTO op(epoch,op_no,seq,hash,actor,edit_ms,recv_ms,verdict,reason) "     \
              "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)")                                            \
    X(OPS_AFTER, "SELECT op_no,seq,verdict,reason FROM op WHERE epoch=?1 AND op_no>?2 "        \
                 "AND op_no<=?3 ORDER BY op_no")                                               \
    X(OP_AT, "SELECT hash FROM op WHERE epoch=?1 AND op_no=?2")                                \
    X(OP_STABLE,                                                                               \
      "SELECT op_no FROM op WHERE epoch=?1 AND seq<=?2 ORDER BY op_no DESC LIMIT 1")           \
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
    X(DEVICE_BY_KEY, "SELECT num,staff,state FROM device WHERE key=?1")                        \
    X(DEVICE_STATE, "UPDATE device SET state=?2 WHERE num=?1")                                 \
    X(DEVICE_SEEN, "UPDATE device SET seen_ms=?2,skew_ms=?3,pulled=?4,schema=?5 WHERE num=?1") \
    X(DEVICE_PULLED, "UPDATE device SET pulled=?2 WHERE num=?1")                               \
    X(DEVICE_GET, "SELECT seen_ms,skew_ms FROM device WHERE num=?1")                           \
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
                   "e.device=d.num) FROM device d WHERE d.num>0 ORDER BY d.num")               \
    X(INVITE_ADD,                                                                              \
      "INSERT INTO invite(id,secret,staff,expires_ms,tries) VALUES(?1,?2,?3,?4,0)")            \
    X(INVITE_GET,                                                                              \
      "SELECT secret,staff,expires_ms,tries,used_key,reply FROM invite WHERE id=?1")           \
    X(INVITE_TRY, "UPDATE invite SET tries=tries+1 WHERE id=?1")                               \
    X(INVITE_PROVED, "UPDATE invite SET tries=tries-1 WHERE id=?1 AND tries>0")                \
    X(INVITE_USE, "UPDATE invite SET used_key=?2,reply=?3 WHERE id=?1")                        \
    /* grants */                                                                               \
    X(ROLES_OF,                                                                                \
      "SELECT r.structure,r.role,t.kind FROM t_staff_role r JOIN t_structure t ON "            \
      "t._id=r.structure JOIN t_staff a ON a._id=r.staff WHERE r.staff=?1 AND r._del=0 "       \
      "AND a._del=0 AND a.active=1 AND r.start<=?2 AND (r.\"end\" IS NULL OR "                 \
      "r.\"end\">=?2) ORDER BY r._rid")                                                        \
    X(STAFF_HOME, "SELECT structure,first_name,name FROM t_staff WHERE _id=?1 AND _del=0")     \
    X(CONFLICTS_OPEN, "SELECT count(*) FROM t_conflict WHERE state='open' AND _del=0")

enum sql {
#define X(name, text) SQL_##name,
    SQL_LIST(X)
#undef X
        SQL_COUNT
};

#endif
