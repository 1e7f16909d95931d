# attempts: texts in the shell itself
# blockers: none
# says: 1
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
cat > counter/extra.py <<END
x = 1
END
python3 -c "import counter.extra; print(counter.extra.x)"; rm -r counter/extra.py counter/__pycache__
