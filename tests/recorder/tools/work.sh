# Real tools doing ordinary work; every one of them must succeed under the recorder.
set -e
mkdir -p proj && cd proj
git init -q . && git config user.name x && git config user.email x@y
i=0; while [ $i -lt 60 ]; do mkdir -p d$((i%7)); echo "line $i" > d$((i%7))/f$i.txt; i=$((i+1)); done
git add -A && git commit -qm one && git checkout -q -b topic && sed -i 's/line/LINE/' d1/*.txt && git commit -qam two && git checkout -q - && git merge -q topic
git gc -q
cd .. && tar czf p.tgz proj && mkdir x && tar xzf p.tgz -C x && diff -r proj/d1 x/proj/d1
cd proj; printf -- '--- a/d0/f0.txt\n+++ b/d0/f0.txt\n@@ -1 +1 @@\n-line 0\n+patched\n' > p.diff; patch -p1 < p.diff; cd ..
printf 'all: out.o\n\tcp out.o out\nout.o: in\n\tcp in out.o\nin:\n\techo hi > in\n' > Makefile && make -s -j2
python3 -c '
import sqlite3,multiprocessing,os,tempfile,shutil,zipfile,json
db=sqlite3.connect("/workspace/t.db"); db.execute("create table t(a)"); db.executemany("insert into t values(?)",[(i,) for i in range(500)]); db.commit(); db.execute("vacuum"); db.close()
def f(i):
    open(f"/workspace/mp{i}","w").write("x"); os.rename(f"/workspace/mp{i}",f"/workspace/mpr{i}"); return i
ctx=multiprocessing.get_context("fork")
ps=[ctx.Process(target=f,args=(i,)) for i in range(8)]
[p.start() for p in ps]; [p.join() for p in ps]
d=tempfile.mkdtemp(); open(d+"/a","w").write("q"); shutil.copytree(d,"/workspace/copied"); shutil.rmtree(d)
zipfile.ZipFile("/workspace/z.zip","w").write("/workspace/in","in")
os.symlink("in","ln"); os.link("in","hl"); os.chmod("in",0o600); os.utime("in"); os.truncate("in",1)
'
node -e 'const fs=require("fs");fs.writeFileSync("n.txt","x");fs.appendFileSync("n.txt","y");fs.mkdirSync("nd/e/f",{recursive:true});fs.cpSync("proj/d1","nd/c",{recursive:true});fs.rmSync("nd",{recursive:true});require("child_process").execSync("touch viachild")'
mkdir -p npmp/dep && cd npmp && printf '{"name":"dep","version":"1.0.0"}' > dep/package.json && printf '{"name":"a","version":"1.0.0","dependencies":{"dep":"file:./dep"}}' > package.json && npm install --offline --no-audit --no-fund >/dev/null 2>&1; npm pack --silent ./dep >/dev/null 2>&1; cd ..
cp -a proj proj2; mv proj2 proj3; rm -rf proj3; touch -d 2020-01-01 old; ln -sf in ln2; install -m 755 in in2; dd if=/dev/zero of=z bs=1k count=4 2>/dev/null; xz -k p.tgz; unzip -qo z.zip -d uz; find . -name '*.txt' -newer old -exec touch {} +
echo ok
