// Listening where UDP is blocked: each stage slot as an endless WebM stream over HTTPS, played through MSE.

import { Problem, TransportBlocked } from "./problem.js";

const SLOTS = 4;
const TYPE = 'audio/webm; codecs="opus"';
const TARGET_S = 0.25; // behind the live edge
const MAX_BEHIND_S = 0.8;
const KEEP_S = 10;
const CONNECT_MS = 8000;
const WHO_MS = 1500;

export class WebmTransport {
  #abort = new AbortController();
  #bytes = 0;
  #sources = [];
  streams = [];
  elements = [];

  async open({ url, room, token }) {
    const endpoint = `${url}/relay/rooms/${encodeURIComponent(room)}/webm`;
    const answer = await fetch(endpoint, { method: "POST", headers: { Authorization: `Bearer ${token}` } });
    if (!answer.ok) throw await Problem.from(answer);
    const location = new URL(answer.headers.get("Location"), endpoint).href;
    const ready = [];
    for (let slot = 0; slot < SLOTS; slot += 1) ready.push(this.#play(`${location}/${slot}`));
    await within(CONNECT_MS, Promise.all(ready));
    // For level meters, where the browser can listen in on an element (Safari cannot).
    this.streams = this.elements.flatMap((element) => element.captureStream?.() ?? []);
    this.asking = setInterval(() => this.#askWho(location), WHO_MS);
    return { location, resume: answer.headers.get("Resume-Token") };
  }

  async packets() {
    return this.#bytes;
  }

  get broken() {
    return false;
  }

  async restart() {
    // HTTP finds its own path; if it does not, the watchdog joins again.
  }

  /** Who holds a stream: asked of the relay now and then, since this way of listening has no packets to read it from. */
  sourceOf(index) {
    return this.#sources[index] || null;
  }

  async #askWho(location) {
    const answer = await fetch(`${location}/state`, { cache: "no-store" }).catch(() => null);
    if (answer?.ok) this.#sources = (await answer.json()).slots;
  }

  close() {
    clearInterval(this.asking);
    this.#abort.abort();
    for (const element of this.elements) element.removeAttribute("src");
  }

  async quality() {
    return { packetsLost: 0, packetsReceived: this.#bytes, roundTripS: null };
  }

  /** Play a slot; resolves when its first bytes have been understood. */
  #play(address) {
    const source = new MediaSource();
    const element = new Audio(URL.createObjectURL(source));
    this.elements.push(element);
    source.addEventListener(
      "sourceopen",
      () => {
        const buffer = source.addSourceBuffer(TYPE);
        this.#pour(address, buffer, element).catch(() => {
          // The stream ended or was aborted: the watchdog notices that no bytes come.
        });
      },
      { once: true },
    );
    return new Promise((resolve) => element.addEventListener("loadedmetadata", resolve, { once: true }));
  }

  async #pour(address, buffer, element) {
    const answer = await fetch(address, { signal: this.#abort.signal, cache: "no-store" });
    if (!answer.ok) throw await Problem.from(answer);
    const reader = answer.body.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.#bytes += value.byteLength;
      await appended(buffer, () => buffer.appendBuffer(value));
      follow(element);
      const old = element.currentTime - KEEP_S;
      if (old > KEEP_S) await appended(buffer, () => buffer.remove(0, old));
    }
  }
}

/** Wait no longer than this: a proxy that holds the stream back is no way in either. */
function within(ms, promise) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new TransportBlocked("no sound came over HTTPS")), ms);
  });
  return Promise.race([promise, late]);
}

/** Do something to a source buffer and wait until it is done. */
function appended(buffer, act) {
  return new Promise((resolve, reject) => {
    buffer.addEventListener("updateend", resolve, { once: true });
    buffer.addEventListener("error", reject, { once: true });
    act();
  });
}

/** Stay close to the live edge: begin there, and jump when the page has fallen behind. */
function follow(element) {
  const ranges = element.buffered;
  if (ranges.length === 0) return;
  const edge = ranges.end(ranges.length - 1);
  if (edge - element.currentTime > MAX_BEHIND_S || element.currentTime < ranges.start(0)) {
    element.currentTime = Math.max(ranges.start(0), edge - TARGET_S);
  }
}
