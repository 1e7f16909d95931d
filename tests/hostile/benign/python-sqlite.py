# attempts: a database with a journal
# blockers: none
# says: rows: 1000
mend()
import sqlite3
base = sqlite3.connect("/tmp/base.db")
base.execute("pragma journal_mode=wal"); base.execute("create table t (x)")
base.executemany("insert into t values (?)", [(n,) for n in range(1000)]); base.commit()
say("rows", base.execute("select count(*) from t").fetchone()[0])
