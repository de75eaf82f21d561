/* SPDX-License-Identifier: Apache-2.0 */
/* Every statement on the contents' own database, by name. */
#ifndef STORE_CONTENT_SQL_H
#define STORE_CONTENT_SQL_H

/* blob.mid: chaining value of the hash through `have`; NULL: whole and verified. */
#define CONTENT_SQL_LIST(X)                                                                    \
    X(BLOB_ADD, "INSERT INTO blob(sha,size,have,mid) VALUES(?1,?2,0,?3)")                      \
    X(BLOB_HAVE, "UPDATE blob SET have=?2,mid=?3 WHERE cid=?1")                                \
    X(BLOB_WHOLE, "UPDATE blob SET sha=?2,size=?3,have=?3,mid=NULL WHERE cid=?1")              \
    X(BLOB_DAMAGED, "UPDATE blob SET mid=x'' WHERE cid=?1")                                    \
    X(DOC_DAMAGED, "UPDATE doc SET state=4 WHERE cid=?1")                                      \
    X(BLOB_MID, "SELECT mid,have FROM blob WHERE cid=?1")                                      \
    X(BLOB_FIND, "SELECT cid FROM blob WHERE sha=?1 AND mid IS NULL")                          \
    X(BLOB_DROP, "DELETE FROM blob WHERE cid=?1")                                              \
    X(BLOB_SUM, "SELECT coalesce(sum(have),0) FROM blob")                                      \
    X(CHUNK_ADD, "INSERT INTO chunk(cid,at,bytes,lead) VALUES(?1,?2,?3,?4)")                   \
    X(CHUNK_AT,                                                                                \
      "SELECT at,bytes,lead FROM chunk WHERE cid=?1 AND at<=?2 ORDER BY at DESC LIMIT 1")      \
    X(CHUNK_DROP, "DELETE FROM chunk WHERE cid=?1")                                            \
    X(DOC_ADD, "INSERT INTO doc VALUES(?1,?2,?3,?4,?5,?6,0,0,?7,NULL) ON CONFLICT DO NOTHING") \
    X(DOC_FIND, "SELECT * FROM held WHERE id=?1")                                              \
    X(DOC_NEXT, "SELECT * FROM held WHERE state=?1 AND id>?2 ORDER BY id LIMIT 1")             \
    X(DOC_AFTER, "SELECT id,state,at_ms,gone_ms FROM doc WHERE id>?1 ORDER BY id LIMIT 1")     \
    X(DOC_ANY, "SELECT * FROM held WHERE id>?1 ORDER BY id LIMIT 1")                           \
    X(DOC_BY, "SELECT device FROM doc WHERE id=?1")                                            \
    X(BLOB_NAMELESS,                                                                           \
      "SELECT count(*) FROM blob b LEFT JOIN doc d ON d.cid=b.cid WHERE d.id IS NULL")         \
    X(DOC_MARK, "UPDATE doc SET state=?2,err=?3 WHERE id=?1")                                  \
    X(DOC_LINK, "UPDATE doc SET cid=?2,state=?3,err=0,tries=0 WHERE id=?1")                    \
    X(DOC_AGAIN, "UPDATE doc SET cid=?2,tries=tries+1,err=?3 WHERE id=?1")                     \
    X(DOC_RETRY, "UPDATE doc SET tries=0,err=0 WHERE id=?1")                                   \
    X(DOC_BEGUN, "UPDATE doc SET cid=?2 WHERE id=?1")                                          \
    X(DOC_GONE, "UPDATE doc SET gone_ms=?2 WHERE id=?1")                                       \
    X(DOC_DROP, "DELETE FROM doc WHERE id=?1")                                                 \
    X(DOC_DOUBT, "UPDATE doc SET state=1 WHERE state=2")                                       \
    X(DOC_OF, "SELECT id FROM doc WHERE cid=?1 LIMIT ?2")                                      \
    X(DOC_COUNT,                                                                               \
      "SELECT state,count(*),coalesce(sum(size),0),max(err) FROM doc GROUP BY state")          \
    X(DOC_DEVICE, "SELECT coalesce(sum(size),0) FROM doc WHERE device=?1")                     \
    X(FACT_GET, "SELECT v FROM fact WHERE k=?1")                                               \
    X(FACT_SET, "INSERT INTO fact(k,v) VALUES(?1,?2) ON CONFLICT(k) DO UPDATE SET v=excluded.v")

enum content_sql {
#define X(name, text) CONTENT_SQL_##name,
    CONTENT_SQL_LIST(X)
#undef X
        CONTENT_SQL_COUNT
};

#endif
