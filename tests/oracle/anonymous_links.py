#!/usr/bin/env python3
"""Searches the results of an experiment for places that name an anonymous case together with a real subject:
usage: anonymous_links.py EXPERIMENT SYNTH ID...
An experiment lists real subjects, and it lists synthetic cases. Nowhere may an object of JSON, a row of a table or a line of
text have both."""
import csv, json, os, re, sys

root, synth, ids = sys.argv[1], sys.argv[2], sys.argv[3:]
cases = [r['id'] for r in csv.DictReader(open(f'{synth}/manifest.csv'))]
found, seen = [], 0


def objects(node):
    """The texts of each object, without those of objects and lists within it."""
    if isinstance(node, dict):
        yield ' '.join(v for v in node.values() if isinstance(v, str))
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        yield from objects(child)


def pieces(name, text):
    if name.endswith('.json'):
        return list(objects(json.loads(text)))
    if name.endswith('.jsonl'):
        return [t for line in text.splitlines() for t in objects(json.loads(line))]
    return re.split(r'</tr>|</li>|</p>|\n', text)


for folder, _, files in os.walk(root):
    for name in files:
        if name.endswith(('.json', '.jsonl', '.csv', '.txt', '.html', '.md')):
            text = open(os.path.join(folder, name), errors='replace').read()
            seen += any(c in text for c in cases)
            found += [f'{folder}/{name}: {p[:200]}' for p in pieces(name, text)
                      if any(c in p for c in cases) and any(i in p for i in ids)]
assert seen, 'no case was found at all'
print('\n'.join(found))
sys.exit(bool(found))
