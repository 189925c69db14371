"""Make the screenshots of a report that the documentation shows, with headless Chromium.

    python tools/make_screenshots.py

It needs the extras `report` and `test`, and Debian's packages chromium and chromium-driver (or what
selenium finds). The report is of the synthetic digits that come with the package, so that the
pictures may be published: report_light.png, report_dark.png and report_phone.png.
"""

import argparse
import io
import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from selenium import webdriver
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.datasets import load_spoken_digits
from skxent.report import report

IMAGES = Path(__file__).parents[1] / "docs" / "images"

# Name, width and height of the page in pixels, the colour scheme, and what is scrolled to; None is
# the top.
VIEWS = [
    ("report_light", 1100, 1500, "light", None),
    ("report_dark", 1100, 1150, "dark", "listen"),
    ("report_phone", 390, 1300, "light", None),
]

# A palette of so many colours makes the files a third as large.
N_COLORS = 128


def make_report():
    """Return a report of digits by eight voices that a classifier has never heard."""
    digits = load_spoken_digits()
    words = np.array(digits.target_names)[digits.target]
    files = np.array(digits.filenames)
    is_new = np.isin(digits.speaker, np.unique(digits.speaker)[::3])
    pipeline = make_pipeline(
        MFCCTransformer(sample_rate=digits.sample_rate, trim=35, n_segments=2),
        StandardScaler(),
        SoftmaxClassifier(
            solver="gd", validation_fraction=0.2, random_state=0, max_iter=200, tol=1e-2
        ),
    ).fit(files[~is_new], words[~is_new])
    return report(
        pipeline,
        files[is_new],
        words[is_new],
        digits.speaker[is_new],
        train=files[~is_new],
        title="Spoken digits by new voices",
    )


def open_browser():
    """Return a headless Chromium."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars"):
        options.add_argument(argument)
    # With a path, selenium downloads no driver.
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def take(browser, width, height, scheme, element, scale=1):
    """Return a picture of the page that is open."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 500},
    )
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.refresh()
    # A page that is loaded again is where it was.
    browser.execute_script("scrollTo(0, 0)")
    if element is not None:
        browser.execute_script("document.getElementById(arguments[0]).scrollIntoView()", element)
    # Two frames later, all is drawn.
    browser.execute_async_script(
        "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))"
    )
    return Image.open(io.BytesIO(browser.get_screenshot_as_png()))


def main():
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=IMAGES, help="folder of the pictures")
    output = parser.parse_args().output
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        make_report().save(page)
        browser = open_browser()
        try:
            browser.get(page.as_uri())
            for name, *view in VIEWS:
                picture = take(browser, *view).convert("RGB").quantize(N_COLORS)
                picture.save(output / f"{name}.png", optimize=True)
        finally:
            browser.quit()


if __name__ == "__main__":
    main()
