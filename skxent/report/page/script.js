"use strict";
(() => {
  const PAGE = 12;
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const cells = [...document.querySelectorAll(".cell")];
  const filters = [...document.querySelectorAll(".filters button")];
  const choices = [...cells, ...filters];
  const list = byId("list"), more = byId("more");
  let chosen = [], shown = 0;

  // Suspected labels first, then by falling loss, which is null where it is infinite.
  const loss = (clip) => clip.loss ?? Number.MAX_VALUE;
  data.clips.sort((a, b) => b.suspected - a.suspected || loss(b) - loss(a));

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  const count = (n) => `${n.toLocaleString("en")} ${n === 1 ? "clip" : "clips"}`;
  const percent = (p) => `${(100 * p).toFixed(p > 0.9995 || p < 0.0995 ? 1 : 0)} %`;
  // Text in a sentence whose direction doesn't change that of the others.
  const isolated = (text) => `\u2068${text}\u2069`;
  const seconds = (t) => `${t.toFixed(2)} s`;

  function spectrogram(clip, audio) {
    const view = element("div", "view");
    const image = element("img");
    image.src = clip.picture;
    image.alt = `Spectrogram of ${clip.name}`;
    view.append(image);
    if (clip.kept) {
      const [start, end] = clip.kept.map((t) => (100 * t) / clip.duration);
      for (const [side, width] of [["before", start], ["after", 100 - end]]) {
        if (width < 0.5) continue;
        const cut = element("span", `cut ${side}`);
        cut.style[side === "before" ? "left" : "right"] = 0;
        cut.style.width = `${width}%`;
        view.append(cut);
      }
    }
    const head = element("span", "head");
    head.hidden = true;
    view.append(head);
    const follow = () => {
      head.hidden = audio.currentTime === 0;
      head.style.left = `${(100 * audio.currentTime) / clip.duration}%`;
      if (!audio.paused) requestAnimationFrame(follow);
    };
    audio.addEventListener("play", follow);
    audio.addEventListener("seeked", follow);
    audio.addEventListener("ended", () => { head.hidden = true; });
    view.addEventListener("click", (event) => {
      audio.currentTime = (clip.duration * event.offsetX) / view.clientWidth;
      audio.play();
    });
    return view;
  }

  function odds(clip) {
    const made = element("ol", "odds");
    for (const [k, p] of clip.odds) {
      const row = element("li");
      const fill = element("span", "fill");
      const track = element("span", "track");
      fill.style.width = `${100 * p}%`;
      track.append(fill);
      const name = element("span", k === clip.target ? "name is-label" : "name", data.classes[k]);
      name.title = data.classes[k];
      row.append(name, track, element("span", "value", percent(p)));
      made.append(row);
    }
    return made;
  }

  function card(clip) {
    const made = element("li", "card");
    const audio = element("audio");
    audio.controls = true;
    audio.preload = "metadata";
    audio.src = clip.sound;
    audio.setAttribute("aria-label", clip.name);
    audio.addEventListener("play", () => {
      for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
    });
    const body = element("div", "body");
    const isRight = clip.target === clip.predicted;
    if (clip.suspected) body.append(element("span", "mark bad", "⚑ suspected label"));
    body.append(element("span", `mark ${isRight ? "good" : "bad"}`, isRight ? "✓ right" : "✕ wrong"));
    const label = data.classes[clip.target], predicted = data.classes[clip.predicted];
    const title = isRight ? label : `Labelled ${isolated(label)}, predicted ${isolated(predicted)}`;
    body.append(element("h4", "", title), odds(clip));
    body.append(element("p", "file", clip.name));
    const facts = [seconds(clip.duration)];
    if (clip.kept) facts.push(`kept ${clip.kept[0].toFixed(2)}–${seconds(clip.kept[1])}`);
    if (clip.speaker !== null) facts.push(isolated(data.speakers[clip.speaker]));
    facts.push(`loss ${clip.loss === null ? "infinite" : clip.loss.toFixed(2)}`);
    body.append(element("p", "muted", facts.join(" · ")));
    made.append(spectrogram(clip, audio), audio, body);
    return made;
  }

  function showMore() {
    const next = chosen.slice(shown, shown + PAGE);
    const first = shown;
    list.append(...next.map(card));
    shown += next.length;
    more.hidden = shown === chosen.length;
    if (!more.hidden) more.textContent = `Show more (${chosen.length - shown} left)`;
    return list.children[first];
  }

  // Lists the clips that pass a test; `total` may be more than are in this file.
  function show(title, total, test, button, note = "") {
    for (const choice of choices) choice.setAttribute("aria-pressed", String(choice === button));
    chosen = data.clips.filter(test);
    shown = 0;
    list.replaceChildren();
    byId("list-title").textContent = title;
    const notes = [note];
    if (total > chosen.length) notes.push(`This file has ${chosen.length} of them.`);
    const nSuspected = chosen.filter((clip) => clip.suspected).length;
    if (0 < nSuspected && nSuspected < chosen.length) {
      notes.push("Suspected labels come first, then the highest losses.");
    } else if (chosen.length > 1) {
      notes.push("The highest loss comes first.");
    }
    byId("list-note").textContent = notes.join(" ");
    showMore();
  }

  function goToList() {
    byId("list-title").scrollIntoView({ block: "start" });
    byId("list-title").focus({ preventScroll: true });
  }

  function showCell(cell) {
    const target = Number(cell.dataset.target), predicted = Number(cell.dataset.predicted);
    const n = Number(cell.textContent);
    const test = (clip) => clip.target === target && clip.predicted === predicted;
    const [label, other] = [data.classes[target], data.classes[predicted]].map(isolated);
    show(`${count(n)} labelled ${label}, predicted ${other}`, n, test, cell);
  }

  const tests = {
    suspected: [(clip) => clip.suspected, "whose label may be wrong",
      "Another class is likely enough to be the right one. Listen before you change a label."],
    wrong: [(clip) => clip.target !== clip.predicted, "that are wrong"],
    right: [(clip) => clip.target === clip.predicted, "that are right"],
  };

  function showFilter(button) {
    const [test, words, note] = tests[button.dataset.filter];
    const n = data.counts[button.dataset.filter];
    show(`${n ? count(n) : "No clips"} ${words}`, n, test, button, note);
  }

  // One cell is in the order of the tab key; arrow keys move to the next cell with clips.
  function moveFrom(cell, key) {
    const row = cell.closest("tr"), column = cell.parentElement.cellIndex;
    const rows = [...row.parentElement.rows];
    const step = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
    const line = key === "ArrowRight" || key === "ArrowLeft"
      ? [...row.cells]
      : rows.map((other) => other.cells[column]);
    const start = key === "ArrowRight" || key === "ArrowLeft" ? column : rows.indexOf(row);
    for (let i = start + step; i >= 0 && i < line.length; i += step) {
      const found = line[i].querySelector(".cell");
      if (found) return found;
    }
    return null;
  }

  cells.forEach((cell, i) => {
    cell.tabIndex = i === 0 ? 0 : -1;
    cell.addEventListener("click", () => {
      showCell(cell);
      goToList();
    });
    cell.addEventListener("focus", () => {
      for (const other of cells) other.tabIndex = other === cell ? 0 : -1;
    });
    cell.addEventListener("keydown", (event) => {
      if (!event.key.startsWith("Arrow")) return;
      event.preventDefault();
      moveFrom(cell, event.key)?.focus();
    });
  });
  for (const button of filters) {
    button.disabled = data.counts[button.dataset.filter] === 0;
    button.addEventListener("click", () => showFilter(button));
  }
  for (const button of document.querySelectorAll("[data-speaker]")) {
    const speaker = Number(button.dataset.speaker);
    button.addEventListener("click", () => {
      const test = (clip) => clip.speaker === speaker && clip.target !== clip.predicted;
      const n = data.wrong[speaker];
      show(`${count(n)} of ${isolated(data.speakers[speaker])} that ${n === 1 ? "is" : "are"} wrong`, n, test);
      goToList();
    });
  }
  more.addEventListener("click", () => showMore().querySelector("audio").focus());
  showFilter(filters.find((button) => !button.disabled));
})();
