"""page_oracle.py FILE...: whether an HTML page is well formed by Python's own parser: elements nest, ids are unique and what
refers to one finds it, tables have captions and their header cells a scope, pictures a text, and nothing is loaded."""
import html.parser
import re
import sys

VOID = {"meta", "link", "img", "input", "br", "hr", "wbr"}
REFERS = {"aria-labelledby", "for", "aria-describedby"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.wanted, self.faults = [], set(), [], []
        self.counts = {}

    def fault(self, text):
        self.faults.append("line %d: %s" % (self.getpos()[0], text))

    def handle_startendtag(self, tag, attrs):  # <path .../> of SVG
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if len(known) != len(attrs):
            self.fault("<%s> has an attribute twice" % tag)
        if "id" in known:
            if known["id"] in self.ids:
                self.fault("id %s stands twice" % known["id"])
            self.ids.add(known["id"])
        for key in REFERS & known.keys():
            self.wanted += known[key].split()
        if known.get("href", "").startswith("#"):
            self.wanted.append(known["href"][1:])
        elif known.get("href", "data:").split(":")[0] != "data" or known.get("src", "data:").split(":")[0] != "data":
            self.fault("<%s> refers to elsewhere" % tag)
        if tag == "th" and "scope" not in known:
            self.fault("<th> without a scope")
        if tag == "img" and not known.get("alt"):
            self.fault("<img> without a text")
        if tag == "svg" and known.get("role") != "img":
            self.fault("<svg> without a role")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.fault("</%s> where <%s> is open" % (tag, self.open[-1] if self.open else "nothing"))
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def check(path):
    with open(path, encoding="utf-8") as f:  # bytes that are no UTF-8 raise
        text = f.read()
    page = Page()
    page.feed(text)
    page.close()
    if page.open:
        page.fault("still open: " + " ".join(page.open))
    for name in page.wanted:
        if name not in page.ids:
            page.fault("nothing has the id " + name)
    if not text.lower().startswith("<!doctype html>"):
        page.fault("no doctype")
    if page.counts.get("caption", 0) != page.counts.get("table", 0):
        page.fault("%d tables, %d captions" % (page.counts.get("table", 0), page.counts.get("caption", 0)))
    if re.search(r"https?://|@import|url\(", text):
        page.fault("something is loaded")
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text):
        page.fault("control characters")
    for fault in page.faults:
        print("%s: %s" % (path, fault))
    return not page.faults


sys.exit(not all([check(path) for path in sys.argv[1:]]))
