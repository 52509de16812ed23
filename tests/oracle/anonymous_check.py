#!/usr/bin/env python3
"""Searches an anonymous data set for the ids of its sources: usage: anonymous_check.py DIR KEYFILE SOURCES ID...

Looks at names, links and all bytes (gzip and PNG text inflated) for each id, for the paths of its files, and for each unkeyed hash of
them, as hexadecimal digits, base64 and raw bytes. Also tries the study's hash as a plain hash, and the order of the cases."""
import base64, csv, gzip, hashlib, hmac, itertools, json, os, sys, zlib

root, key, sources, ids = sys.argv[1], open(sys.argv[2], 'rb').read(), sys.argv[3], sys.argv[4:]
found = []

# What stands in the data set.
haystack = []
for folder, dirs, files in os.walk(root):
    for name in dirs + files:
        path = os.path.join(folder, name)
        haystack.append((path + ' (name)', name.encode()))
        if os.path.islink(path):
            haystack.append((path + ' (link)', os.readlink(path).encode()))
        elif name in files:
            data = open(path, 'rb').read()
            haystack.append((path, data))
            if data[:2] == b'\x1f\x8b':
                haystack.append((path + ' (inflated)', gzip.decompress(data)))
            at = 8
            while data[:4] == b'\x89PNG' and at < len(data):
                n, kind = int.from_bytes(data[at:at + 4], 'big'), data[at + 4:at + 8]
                chunk = data[at + 8:at + 8 + n]
                if kind in (b'zTXt', b'iTXt'):
                    haystack.append((path + ' (text)', zlib.decompress(chunk.split(b'\0', 2)[-1])))
                at += 12 + n
assert len(haystack) > 5, root

# What must not.
texts = set(ids)
for i in ids:
    bare = i[4:] if i.startswith('sub-') else i
    texts |= {bare, f'sub-{bare}'}
for folder, dirs, files in os.walk(sources):
    for name in dirs + files:
        path = os.path.join(folder, name)
        if any(i in path for i in ids):
            texts |= {path, os.path.abspath(path), os.path.relpath(path, sources), name}
needles = {}
for text in texts:
    needles[text.encode()] = text
    for name in ('md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'blake2b'):
        for ending in ('', '\n', '\0'):
            h = hashlib.new(name, (text + ending).encode()).digest()
            for short in (h.hex()[:16], h.hex()[:16].upper()):
                needles[short.encode()] = f'{name} of {text}'
            needles[h[:8]] = f'raw {name} of {text}'
            needles[base64.b64encode(h)[:12]] = f'base64 {name} of {text}'
    crc = zlib.crc32(text.encode())
    needles[b'%08x' % crc] = f'crc32 of {text}'
    if text in ids:
        for order in ('little', 'big'):
            needles[crc.to_bytes(4, order)] = f'raw crc32 of {text}'
for where, data in haystack:
    for needle, what in needles.items():
        if needle in data:
            found.append(f'{where}: {what}')

# The study's hash as a plain hash of the study.
study = json.load(open(f'{root}/dataset_description.json'))['voxgan']
for many in itertools.permutations(ids):
    for prefix in ('synth',):
        text = '{"seed":1,"draws":20,"prefix":"%s","cohorts":[{"name":"all","count":%d,"hosts":[%s],"donors":[],' \
               '"edits":["scale:factor=1.2"]}],"anonymous":true}' % (prefix, study['cases'], ','.join(f'"{i}"' for i in many))
        if hashlib.sha256(text.encode()).hexdigest() == study['study_sha256']:
            found.append('study_sha256 is a plain hash of the study')

# Cases follow the keyed hashes, not the ids.
rows = list(csv.DictReader(open(f'{root}/manifest.csv')))
order = list(dict.fromkeys(r['source'] for r in rows))
keyed = {hmac.new(key, i.encode(), 'sha256').hexdigest()[:16]: i for i in ids}
if not all(s in keyed for s in order):
    found.append('a source is not a keyed hash')
elif order != sorted(order):
    found.append('cases do not follow the keyed hashes')
elif [keyed[s] for s in order] == sorted(keyed[s] for s in order):
    found.append('cases follow the ids')
marker = hmac.new(key, b'voxgan\nkey of an anonymous data set', 'sha256').hexdigest()
if study.get('key_hmac') != marker or study.get('anonymous') is not True:
    found.append('no marker of the key')
print('\n'.join(found))
sys.exit(bool(found))
