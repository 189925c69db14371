"""The example of a web page classifies a recording in a real browser."""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import scipy.io.wavfile
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.datasets import load_spoken_digits
from skxent.export import to_onnx

WEB = Path(__file__).parents[2] / "examples" / "web"
# Where `npm install` in examples/web put it, or another folder.
MODULES = Path(os.environ.get("SKXENT_NODE_MODULES", WEB / "node_modules"))
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")

pytestmark = [
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="needs Chromium and chromedriver"),
    pytest.mark.skipif(
        not (MODULES / "onnxruntime-web").is_dir(),
        reason="needs onnxruntime-web: run `npm install` in examples/web",
    ),
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A handler of requests that writes no log."""

    def log_message(self, *args):
        pass


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Yield the address of the page, served with onnxruntime-web beside it."""
    shutil.copy(WEB / "index.html", tmp_path)
    (tmp_path / "node_modules").symlink_to(MODULES, target_is_directory=True)
    monkeypatch.setitem(Quiet.extensions_map, ".mjs", "text/javascript")
    handler = functools.partial(Quiet, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()
        thread.join()


@pytest.fixture
def browser():
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def wait_for(browser, beginning):
    from selenium.webdriver.support.ui import WebDriverWait

    status = browser.find_element("id", "status")
    WebDriverWait(browser, 120).until(lambda _: status.text.startswith(beginning), status.text)


def test_a_page_says_what_the_pipeline_does(page, browser, tmp_path):
    digits = load_spoken_digits()
    words = np.array(["<b>no</b>", "yes"])[digits.target % 2]
    pipeline = make_pipeline(
        MFCCTransformer(sample_rate=8000, trim=35, deltas=1, n_segments=5),
        StandardScaler(),
        SoftmaxClassifier(),
    ).fit(digits.data[::5], words[::5])
    model, recording = tmp_path / "words.onnx", tmp_path / "é a.wav"
    to_onnx(pipeline, model)
    samples = np.round(np.asarray(digits.data[7]) * 32768).astype(np.int16)
    scipy.io.wavfile.write(recording, 8000, samples)

    browser.get(page)
    browser.find_element("id", "model").send_keys(str(model))
    wait_for(browser, "Choose a recording. Labels: <b>no</b>, yes")
    browser.find_element("id", "recording").send_keys(str(recording))
    wait_for(browser, f"It is: {pipeline.predict([recording])[0]}")
    cells = [cell.text for cell in browser.find_elements("css selector", "#result td")]
    shown = dict(zip(cells[::2], cells[1::2], strict=True))
    expected = dict(zip(pipeline.classes_, pipeline.predict_proba([recording])[0], strict=True))
    assert shown.keys() == expected.keys()
    for word, percent in shown.items():
        assert float(percent.removesuffix(" %")) == pytest.approx(100 * expected[word], abs=0.01)
    assert [entry for entry in browser.get_log("browser") if "favicon" not in str(entry)] == []

    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    browser.find_element("id", "recording").send_keys(str(broken))
    wait_for(browser, "This did not work:")
