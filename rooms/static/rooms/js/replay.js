// The replay of a room: one file for each voice, played in step by one clock of our own.
//
// Each file has an audio element, which loads when its turn comes near. The clock stops while a voice that should be
// heard has nothing to play, and skips stretches in which nothing was recorded.

const TICK_MS = 100;
const LOAD_AHEAD_S = 10;
const IN_STEP_S = 0.12; // a larger difference is corrected; smaller ones nobody hears
const ENOUGH = HTMLMediaElement.HAVE_FUTURE_DATA;
const JUMP_S = 10;

export class Replay {
  /** @param tracks [{ url, at_s, duration_s }] in the order of their beginning */
  constructor(tracks, { changed }) {
    this.tracks = tracks.map((track) => ({ ...track, end_s: track.at_s + track.duration_s, element: null }));
    this.duration_s = Math.max(...this.tracks.map((track) => track.end_s));
    this.changed = changed;
    this.position_s = 0;
    this.playing = false;
    this.waiting = false;
    this.failed = false;
  }

  play() {
    if (this.position_s >= this.duration_s) this.position_s = 0;
    this.failed = false;
    this.playing = true;
    this.at = performance.now();
    this.timer ??= setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  pause() {
    this.playing = this.waiting = false;
    clearInterval(this.timer);
    this.timer = null;
    this.#elements().forEach((element) => element.pause());
    this.changed(this);
  }

  seek(seconds) {
    this.position_s = Math.min(Math.max(0, seconds), this.duration_s);
    this.at = performance.now();
    for (const track of this.tracks) {
      if (!track.element) continue;
      if (this.#covers(track)) track.element.currentTime = this.position_s - track.at_s;
      else track.element.pause();
    }
    if (this.playing) this.#tick();
    this.changed(this);
  }

  #tick() {
    const now = performance.now();
    if (!this.waiting) this.position_s += (now - this.at) / 1000;
    this.at = now;
    if (this.position_s >= this.duration_s) {
      this.position_s = this.duration_s;
      this.pause();
      return;
    }
    this.#load();
    const heard = this.tracks.filter((track) => this.#covers(track));
    if (heard.length === 0) this.position_s = Math.min(...this.tracks.filter((t) => t.at_s > this.position_s).map((t) => t.at_s));
    for (const track of this.tracks) if (track.element && !heard.includes(track)) track.element.pause();
    this.#align(heard);
    this.changed(this);
  }

  /** All who are to be heard play at their place, or all wait. */
  #align(heard) {
    for (const { element, at_s } of heard) {
      if (Math.abs(element.currentTime - (this.position_s - at_s)) > IN_STEP_S && !element.seeking) {
        element.currentTime = this.position_s - at_s;
      }
    }
    this.waiting = heard.some(({ element }) => element.readyState < ENOUGH && !element.ended);
    for (const { element } of heard) {
      if (this.waiting) element.pause();
      else if (element.paused && !element.ended) element.play().catch((error) => this.#refused(error));
    }
  }

  #load() {
    for (const track of this.tracks) {
      if (track.element || track.at_s - this.position_s > LOAD_AHEAD_S || track.end_s <= this.position_s) continue;
      track.element = new Audio(track.url);
      track.element.preload = "auto";
      track.element.addEventListener("error", () => this.#lost());
    }
  }

  /** A pause that came in between is no refusal. */
  #refused(error) {
    if (error.name !== "AbortError") this.pause();
  }

  #lost() {
    this.failed = true;
    for (const track of this.tracks) if (track.element?.error) track.element = null;
    this.pause();
  }

  #covers(track) {
    return track.at_s <= this.position_s && this.position_s < track.end_s;
  }

  #elements() {
    return this.tracks.map((track) => track.element).filter(Boolean);
  }
}

const clockTime = (seconds) => {
  const whole = Math.floor(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
};

const wire = (root) => {
  const one = (name) => root.querySelector(`[data-replay-${name}]`);
  const [button, word, slider, now, status, needle] = ["play", "word", "position", "now", "status", "needle"].map(one);
  const chapters = [...document.querySelectorAll("[data-replay-to-ms]")];
  let dragged = false;

  const show = (replay) => {
    const ms = replay.position_s * 1000;
    button.setAttribute("aria-pressed", String(replay.playing));
    word.textContent = replay.playing ? "Pause" : "Play";
    now.textContent = clockTime(replay.position_s);
    if (!dragged) slider.value = ms;
    slider.setAttribute("aria-valuetext", `${clockTime(replay.position_s)} of ${clockTime(replay.duration_s)}`);
    needle.style.setProperty("--at", replay.position_s / replay.duration_s);
    status.textContent = replay.failed ? "The sound could not be loaded. Press play to try again." : replay.waiting ? "Loading…" : "";
    for (const chapter of chapters) {
      const { replayToMs: from, replayUntilMs: until } = chapter.dataset;
      chapter.toggleAttribute("data-now", Number(from) <= ms && ms < Number(until));
    }
  };

  const replay = new Replay(JSON.parse(document.getElementById("replay-tracks").textContent), { changed: show });
  button.addEventListener("click", () => (replay.playing ? replay.pause() : replay.play()));
  slider.addEventListener("input", () => {
    dragged = true;
    now.textContent = clockTime(slider.valueAsNumber / 1000);
  });
  slider.addEventListener("change", () => {
    dragged = false;
    replay.seek(slider.valueAsNumber / 1000);
  });
  slider.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!way) return;
    event.preventDefault();
    replay.seek(replay.position_s + way * JUMP_S);
  });
  for (const chapter of chapters) {
    chapter.addEventListener("click", () => {
      replay.seek(Number(chapter.dataset.replayToMs) / 1000);
      if (!replay.playing) replay.play();
    });
  }
  return replay;
};

document.querySelectorAll("[data-replay]").forEach((root) => {
  root.replay = wire(root);
  root.toggleAttribute("data-loaded", true);
});
