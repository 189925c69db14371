"""A report in a real browser: Debian's Chromium, without a screen."""

import json
import shutil

import numpy as np
import pytest

from skxent.report import report
from tests.report.strategies import RATE, tones

pytestmark = pytest.mark.skipif(
    not (shutil.which("chromium") and shutil.which("chromedriver")),
    reason="no Chromium: apt-get install chromium chromium-driver",
)

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report of 40 tones, of which 5 are wrong, as a file."""
    labels = np.repeat(["no", EVIL], 20)
    probabilities = np.where((labels == "no")[:, np.newaxis], [[0.9, 0.1]], [[0.2, 0.8]])
    probabilities[:3] = [0.3, 0.7]
    probabilities[38:] = [0.95, 0.05]
    clips = tones(39, seconds=0.4) + tones(1, seconds=5.0)
    path = tmp_path_factory.mktemp("report") / "page.html"
    made = report(
        probabilities,
        clips,
        labels,
        np.arange(40) % 4,
        classes=["no", EVIL],
        sample_rate=RATE,
        clips_per_class=20,
    )
    made.save(path)
    return path


@pytest.fixture(scope="module")
def browser(page):
    """A browser with the page open, that writes down its messages and requests."""
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in (
        *("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--mute-audio"),
        "--autoplay-policy=no-user-gesture-required",
        "--force-prefers-reduced-motion",  # what scrolls can't be clicked
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    opened = webdriver.Chrome(options=options, service=service)
    opened.set_script_timeout(60)
    try:
        opened.get(page.as_uri())
        yield opened
    finally:
        opened.quit()


def find(browser, selector):
    return browser.find_elements("css selector", selector)


def plain(text):
    """Return a text without the marks around what may be written from right to left."""
    assert text.count("\u2068") == text.count("\u2069") > 0
    return text.replace("\u2068", "").replace("\u2069", "")


def test_a_click_on_a_cell_lists_its_clips(browser):
    cell = find(browser, ".cell[data-target='1'][data-predicted='0']")[0]
    cell.click()
    title = find(browser, "#list-title")[0].text
    assert plain(title) == f"2 clips labelled {EVIL}, predicted no"
    cards = find(browser, ".card")
    assert len(cards) == 2
    assert all(EVIL in card.text and "✕ wrong" in card.text for card in cards)
    assert cell.get_attribute("aria-pressed") == "true"
    assert browser.switch_to.active_element.get_attribute("id") == "list-title"


def test_a_clip_plays_for_as_long_as_it_is(browser):
    # Both are equally wrong, so they are in their order: the second is the long one, an MP3 file.
    play = """
        const [number, start, done] = arguments;
        const audio = document.querySelectorAll("audio")[number];
        audio.onended = () => done([audio.duration, audio.currentTime]);
        audio.onerror = () => done(audio.error.message);
        audio.currentTime = start;
        audio.play();
    """
    for _ in range(2):  # also once more
        assert browser.execute_async_script(play, 0, 0.0) == pytest.approx([0.4, 0.4], abs=0.001)
    assert browser.execute_async_script(play, 1, 4.7) == pytest.approx([5.0, 5.0], abs=0.001)
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('.view img')]"
        ".map((image) => [image.naturalWidth, image.naturalHeight])"
    )
    assert all(width > 50 and height == 48 for width, height in sizes)


def test_lists_grow_by_a_button_and_filters_choose(browser):
    find(browser, "[data-filter='right']")[0].click()
    assert find(browser, "#list-title")[0].text == "35 clips that are right"
    assert len(find(browser, ".card")) == 12
    find(browser, "#more")[0].click()
    assert len(find(browser, ".card")) == 24
    assert browser.switch_to.active_element.tag_name == "audio"
    losses = [float(card.text.rpartition("loss ")[2]) for card in find(browser, ".card")]
    assert losses == sorted(losses, reverse=True)
    find(browser, "[data-speaker='2']")[0].click()
    assert plain(find(browser, "#list-title")[0].text) == "2 clips of 2 that are wrong"
    assert len(find(browser, ".card")) == 2


def test_arrow_keys_move_among_cells(browser):
    browser.execute_script("document.querySelector('.cell').focus()")
    places = []
    for key in ("\ue014", "\ue015", "\ue012", "\ue013", "\ue013"):  # right, down, left, up, up
        browser.switch_to.active_element.send_keys(key)
        cell = browser.switch_to.active_element
        places.append((cell.get_attribute("data-target"), cell.get_attribute("data-predicted")))
    assert places == [("0", "1"), ("1", "1"), ("1", "0"), ("0", "0"), ("0", "0")]
    assert len(find(browser, ".cell[tabindex='0']")) == 1


@pytest.mark.parametrize("width", [390, 1200])
def test_the_page_fits_its_window(browser, width):
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


# The last, since it looks at all that the others have caused.
def test_the_console_is_silent_and_no_request_leaves_the_page(browser, page):
    assert browser.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = {
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    }
    assert page.as_uri() in urls
    assert {url.partition(":")[0] for url in urls - {page.as_uri()}} <= {"data"}
