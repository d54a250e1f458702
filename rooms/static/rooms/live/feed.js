// Keeps a page in step with its room. An event is a hint: the page listens first, then reads, and polls while it cannot
// hear.

const POLL_MS = 3_000; // while there is no event stream
const CHECK_MS = 20_000; // beside a healthy one, in case a hint was lost
const CONNECT_AGAIN_MS = 10_000;
const SPREAD_MS = 800; // so that a full room does not ask all at once

export class Feed {
  /**
   * @param {object} options
   * @param {string} options.events address of the room's events
   * @param {() => Promise<void>} options.read reads the stage
   * @param {() => { id: string, hosts: boolean }} options.me who looks, as last read
   * @param {(counts: object) => void} options.reactions
   */
  constructor({ events, read, me, reactions }) {
    this.options = { events, read, me, reactions };
    this.#every(POLL_MS);
    this.#connect();
    addEventListener("pagehide", () => this.stop());
  }

  stop() {
    this.source?.close();
    clearInterval(this.timer);
    clearTimeout(this.soon);
    this.stopped = true;
  }

  #every(ms) {
    clearInterval(this.timer);
    this.timer = setInterval(() => this.#look(), ms);
  }

  #look() {
    clearTimeout(this.soon);
    this.soon = null;
    this.options.read().catch(() => {}); // the next round asks again
  }

  #lookSoon() {
    this.soon ??= setTimeout(() => this.#look(), Math.random() * SPREAD_MS);
  }

  #connect() {
    if (this.stopped) return;
    this.source = new EventSource(this.options.events);
    this.source.addEventListener("ready", () => {
      this.#every(CHECK_MS);
      this.#look();
    });
    this.source.addEventListener("hint", ({ data }) => this.#hinted(JSON.parse(data)));
    this.source.addEventListener("reactions", ({ data }) => this.options.reactions(JSON.parse(data)));
    this.source.addEventListener("error", () => {
      this.#every(POLL_MS);
      // A refused stream is not tried again by the browser itself.
      if (this.source.readyState === EventSource.CLOSED) setTimeout(() => this.#connect(), CONNECT_AGAIN_MS);
    });
  }

  #hinted({ kind, ref }) {
    if (kind === "recording") document.body.dispatchEvent(new CustomEvent("recording-changed"));
    const { id, hosts } = this.options.me();
    if (hosts || (kind === "you" && ref === id)) this.#look();
    else if (kind === "stage" || kind === "presence") this.#lookSoon();
  }
}
