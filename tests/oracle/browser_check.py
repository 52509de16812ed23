"""browser_check.py FILE [SHOTS]: a report in headless Chromium, spoken to through its debugging pipe, so that no driver is
needed. At the width of a desk and of a phone, in the light and in the dark: nothing on the console, nothing wider than the
window; everything that can be used is reached by Tab, the sliders move by arrow keys; a print has pages. Prints each fault;
exit 1 where there is one, 77 where there is no Chromium. SHOTS: a folder for screenshots."""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """Chromium and one page of it. Messages are JSON, ended by NUL, in on descriptor 3 and out on 4."""

    def __init__(self, profile):
        to_read, to_write = os.pipe()
        from_read, from_write = os.pipe()

        def adopt():
            # Above 4 first, so that neither overwrites the other.
            inward, outward = os.dup(to_read), os.dup(from_write)
            high = [os.dup(inward), os.dup(outward)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
             "--disable-background-networking", "--hide-scrollbars", "--remote-debugging-pipe",
             "--user-data-dir=" + profile, "about:blank"],
            preexec_fn=adopt, pass_fds=(3, 4, to_read, from_write), stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.out, self.inward = to_write, os.fdopen(from_read, "rb", 0)
        self.buffer, self.number, self.session, self.loaded, self.complaints = b"", 0, None, False, set()
        target = [t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page"][0]
        self.session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in "Page", "Runtime", "Log":
            self.ask(domain + ".enable")

    def message(self):
        pieces = []
        while b"\0" not in self.buffer:  # of the newest piece: a print has many
            pieces.append(self.buffer)
            self.buffer = self.inward.read(1 << 20)
            if not self.buffer:
                raise SystemExit("chromium has ended")
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(b"".join(pieces) + text)

    def ask(self, method, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit("%s: %s" % (method, answer["error"]["message"]))
                return answer["result"]
            self.note(answer)

    def note(self, event):
        """Keeps what is complained of: the page's policy turns what it would load into a complaint too."""
        kind, params = event.get("method"), event.get("params", {})
        if kind == "Page.loadEventFired":
            self.loaded = True
        elif kind == "Runtime.exceptionThrown":
            self.complaints.add(params["exceptionDetails"]["text"])
        elif kind == "Log.entryAdded":
            self.complaints.add(params["entry"]["text"])
        elif kind == "Runtime.consoleAPICalled":
            self.complaints.add("console." + params["type"])

    def open(self, url):
        self.loaded = False
        self.ask("Page.navigate", url=url)
        while not self.loaded:
            self.note(self.message())

    def value(self, expression):
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise SystemExit("%s: %s" % (expression, answer["exceptionDetails"]["text"]))
        return answer["result"].get("value")

    def press(self, key, code):
        for kind in "rawKeyDown", "keyUp":
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def close(self):
        self.session = None
        try:
            self.ask("Browser.close")
        except (SystemExit, OSError):
            pass
        self.process.wait(30)


# Elements that stick out of the window, unless what holds them scrolls.
TOO_WIDE = """[...document.querySelectorAll('body *')].filter(e => {
  if (e.closest('.skip') || e.parentElement.closest('.scroll')) return false;
  const box = e.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1);
}).slice(0, 5).map(e => e.tagName + '.' + e.getAttribute('class') + ' ' + e.textContent.slice(0, 40))"""
FOCUSABLE = """[...document.querySelectorAll('a[href], input, summary, [tabindex="0"]')]
  .filter(e => e.checkVisibility() && !e.closest('[hidden]') && !e.closest('details:not([open]) > :not(summary)')).length"""


def walk_by_tab(browser, faults):
    expected = browser.value(FOCUSABLE)
    browser.value("window.reached = new Set(); document.addEventListener('focusin', e => reached.add(e.target))")
    for _ in range(expected + 3):
        browser.press("Tab", 9)
    reached = browser.value("reached.size")
    if reached < expected:
        faults.append("Tab reaches %d of %d elements" % (reached, expected))


def move_sliders(browser, faults):
    n = browser.value("document.querySelectorAll('.gallery').length")
    for i in range(n):
        for k, what in enumerate(("case", "slice")):
            slider = "document.querySelectorAll('.gallery')[%d].querySelectorAll('input')[%d]" % (i, k)
            if browser.value(slider + ".max") == "1":
                continue
            shown = ("[...document.querySelectorAll('.gallery')[%d].querySelectorAll('.frame')]"
                     ".findIndex(f => f.checkVisibility())" % i)
            browser.value("%s.focus(); %s.value = 1; %s.dispatchEvent(new Event('input'))" % (slider, slider, slider))
            before = browser.value(shown)
            browser.press("ArrowRight", 39)
            if browser.value(shown) == before or before < 0:
                faults.append("gallery %d: the %s slider shows nothing else" % (i, what))
            if not browser.value(slider + ".getAttribute('aria-valuetext')"):
                faults.append("gallery %d: the %s slider does not say what it shows" % (i, what))
        both = "[...document.querySelectorAll('.gallery')[%d].querySelectorAll('.frame')]" % i
        if browser.value(both + ".filter(f => f.checkVisibility()).length") != 1:
            faults.append("gallery %d: not one frame is shown" % i)


def shoot(browser, width, name):
    full, step = browser.ask("Page.getLayoutMetrics")["cssContentSize"]["height"], 2600
    for part in range(min(12, int(full - 1) // step + 1)):
        clip = {"x": 0, "y": part * step, "width": width, "height": min(step, full - part * step), "scale": 1}
        png = browser.ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        with open("%s-%d.png" % (name, part), "wb") as f:
            f.write(base64.b64decode(png))


def check(path, shots):
    faults = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        for width, height, scheme in (1280, 900, "light"), (1280, 900, "dark"), (390, 844, "light"), (360, 740, "dark"):
            name = "%d %s" % (width, scheme)
            browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                        mobile=width < 500)
            browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            browser.open("file://" + os.path.abspath(path))
            if not browser.value("!!document.querySelector('main')"):
                return ["not a report"]
            if browser.value("document.documentElement.scrollWidth > innerWidth"):
                faults.append("%s: the page scrolls sideways" % name)
            faults += ["%s: wider than the window: %s" % (name, e) for e in browser.value(TOO_WIDE)]
            if browser.value("[...document.images].some(i => i.checkVisibility() && !i.naturalWidth)"):
                faults.append("%s: a picture is not shown" % name)
            if shots:
                shoot(browser, width, "%s/%s" % (shots, name.replace(" ", "-")))
            if scheme == "light":
                walk_by_tab(browser, faults)
                move_sliders(browser, faults)
        pdf = base64.b64decode(browser.ask("Page.printToPDF", printBackground=True)["data"])
        pages = pdf.count(b"/Type /Page") - pdf.count(b"/Type /Pages")
        if not pdf.startswith(b"%PDF") or pages < 1:
            faults.append("the print has no page")
        if shots:
            browser.ask("Emulation.setDeviceMetricsOverride", width=760, height=1000, deviceScaleFactor=1, mobile=False)
            browser.ask("Emulation.setEmulatedMedia", media="print")
            shoot(browser, 760, shots + "/print")
            with open(shots + "/print.pdf", "wb") as f:
                f.write(pdf)
        faults += sorted(browser.complaints)
        browser.close()
    return faults


if not BROWSER:
    print("skipped: no chromium")
    sys.exit(77)
if not os.path.isfile(sys.argv[1]):
    sys.exit("no file " + sys.argv[1])
found = check(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
for fault in found:
    print("%s: %s" % (sys.argv[1], fault))
sys.exit(bool(found))
