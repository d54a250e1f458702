// Live audio for a page: joins a room as listener or speaker and stays joined.
//
//   const client = new RelayClient({ url, room, kind: "listen", getGrant, on: { state, streams, ended } });
//   client.start();
//
// It knows nothing of WebRTC. A transport has:
//   open({ url, room, token, kind, media }) -> { location, resume }   resolves when sound can flow
//   packets() -> a number that grows while the line is up, null when it cannot tell; then `broken` counts
//   restart()   close()   quality()
//   ask() -> resolves while all is well, rejects with a Problem that says why it is over    only without `location`
//   changed -> called by it when `streams` or `elements` have changed                        only if they ever do
//   streams -> [MediaStream] (listening)                              elements -> [HTMLAudioElement]
// `RelayClient.engine` names the transports of the engine that the site runs: ours, unless `relay/livekit.js` is used.

import { Problem, TransportBlocked } from "./relay/problem.js";
import { WebRtcTransport } from "./relay/webrtc.js";
import { WebmTransport } from "./relay/webm.js";

export { Problem } from "./relay/problem.js";

const WATCH_MS = 200;
const SILENT_LINE_MS = 800; // the relay sends a sign of life every 250 ms when nobody speaks
const SILENT_LOOKS = 4;
const RESTART_PATIENCE_MS = 2500;
const REFRESH_MS = 240_000; // a resume token lives ten minutes
const BACKOFF_MS = [100, 250, 500, 1000, 2000, 4000];

/** Why a room is over for this page, in words; the relay's `detail` is better where it gives one. */
const REASONS = {
  moved: "You are listening somewhere else now, so it stopped here.",
  "room-ended": "The room has ended.",
  demoted: "The host has taken you off the stage.",
};

export class RelayClient {
  static engine = { listen: [WebRtcTransport, WebmTransport], speak: [WebRtcTransport] };

  /**
   * @param {object} options
   * @param {string} options.url address of the relay
   * @param {string} options.room
   * @param {"listen"|"speak"} options.kind
   * @param {(kind: string) => Promise<string>} options.getGrant asks the site for a grant; throws when there is none
   * @param {MediaStream} [options.media] the microphone, to speak
   * @param {object} [options.on] callbacks: state(name), streams(list), ended({ reason, detail }), blocked()
   * @param {Array} [options.transports] classes to try in turn
   */
  constructor({ url, room, kind, getGrant, media = null, on = {}, transports = null }) {
    this.options = { url, room, kind, media };
    this.getGrant = getGrant;
    this.on = on;
    this.transports = transports ?? RelayClient.engine[kind];
    this.choice = 0;
    this.transport = null;
    this.location = null;
    this.resume = null;
    this.state = "idle";
    this.generation = 0;
  }

  /** Join, and keep joined until `stop` or until the relay says that it is over. */
  start() {
    this.generation += 1;
    return this.#join(this.generation, "connecting");
  }

  /** Leave. */
  async stop() {
    this.generation += 1;
    clearInterval(this.watcher);
    clearInterval(this.refresher);
    this.transport?.close();
    if (this.location) {
      await fetch(this.location, { method: "DELETE", keepalive: true }).catch(() => {});
      this.location = null;
    }
    this.#become("idle");
  }

  /** Call from a click when `blocked` was told: the browser wants one before it plays sound. */
  async unblock() {
    await Promise.all((this.transport?.elements ?? []).map((element) => element.play()));
    if (this.state === "blocked") this.#become("live");
  }

  /** The network has changed: find a new path without losing the session. */
  async networkChanged() {
    await this.transport?.restart();
  }

  async #join(generation, state) {
    this.#become(state);
    for (let attempt = 0; generation === this.generation; attempt += 1) {
      try {
        await this.#open();
        if (generation === this.generation) await this.#joined(generation);
        return;
      } catch (error) {
        if (generation !== this.generation) return;
        if (!(await this.#mayTryAgain(error, attempt))) return;
      }
    }
  }

  async #open() {
    this.transport?.close();
    const token = this.resume ?? (await this.getGrant(this.options.kind));
    const transport = new this.transports[this.choice]();
    this.transport = transport;
    transport.changed = () => this.#changed(transport);
    const opened = transport.open({ ...this.options, token });
    // The session exists, and can be resumed, before sound flows.
    transport.created?.then((session) => this.#keep(session), () => {});
    this.#keep(await opened);
  }

  #keep({ location, resume }) {
    this.location = location;
    this.resume = resume;
  }

  async #joined(generation) {
    this.on.streams?.(this.transport.streams ?? []);
    clearInterval(this.watcher);
    clearInterval(this.refresher);
    this.#watch(generation);
    this.refresher = setInterval(() => this.#ask().catch(() => {}), REFRESH_MS);
    this.#become((await this.#plays()) ? "live" : "blocked");
    if (this.state === "blocked") this.on.blocked?.();
  }

  /** A transport's streams came or went while it is up. */
  async #changed(transport) {
    if (transport !== this.transport || !["live", "blocked"].includes(this.state)) return;
    this.on.streams?.(transport.streams);
    if (this.state === "live" && !(await this.#plays())) {
      this.#become("blocked");
      this.on.blocked?.();
    }
  }

  async #plays() {
    const results = await Promise.allSettled((this.transport.elements ?? []).map((element) => element.play()));
    return !results.some((result) => result.status === "rejected" && result.reason?.name === "NotAllowedError");
  }

  /** Decide after a failure: over for good, or once more after a pause. */
  async #mayTryAgain(error, attempt) {
    if (error instanceof TransportBlocked) {
      this.choice = (this.choice + 1) % this.transports.length;
      return true;
    }
    if (error instanceof Problem) {
      if (error.status === 503) return this.#pause(1000 * error.retryAfterS);
      const stale = this.resume !== null && !error.isFinal;
      this.resume = null;
      if (stale || (error.code === "grant-spent" && attempt < 3)) return this.#pause(BACKOFF_MS[0]);
      if (error.status < 500) return this.#end(error.reason ?? error.code, error.detail);
    } else if (error?.isRefusal) {
      return this.#end("refused", error.message);
    }
    return this.#pause(BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)]);
  }

  #pause(ms) {
    return new Promise((resolve) => setTimeout(() => resolve(true), ms));
  }

  #end(reason, detail) {
    this.generation += 1;
    clearInterval(this.watcher);
    clearInterval(this.refresher);
    this.transport?.close();
    this.location = this.resume = null;
    this.#become("ended");
    this.on.ended?.({ reason, detail: detail || REASONS[reason] || "The connection has ended." });
    return false;
  }

  /** Notice a dead line by what arrives, not by ICE's own time-outs, which take many seconds. */
  #watch(generation) {
    let seen = -1;
    let since = performance.now();
    let looks = 0; // a page that was held up has looked seldom: that is no silence
    let restartedAt = null;
    let busy = false;
    this.watcher = setInterval(async () => {
      if (busy) return;
      busy = true;
      try {
        const packets = await this.transport.packets();
        if (packets === null ? !this.transport.broken : packets !== seen) {
          seen = packets;
          since = performance.now();
          looks = 0;
          restartedAt = null;
        } else if (++looks >= SILENT_LOOKS && performance.now() - since > SILENT_LINE_MS) {
          const verdict = await this.#diagnose(restartedAt);
          if (verdict === "restart") {
            restartedAt = performance.now();
            await this.transport.restart();
          } else if (verdict === "rejoin" && generation === this.generation) {
            clearInterval(this.watcher);
            clearInterval(this.refresher);
            this.rejoin();
          }
        }
      } catch {
        // The next round sees whether it is still silent.
      } finally {
        busy = false;
      }
    }, WATCH_MS);
  }

  /** Connect again, as after a restart of the relay. */
  rejoin() {
    this.generation += 1;
    return this.#join(this.generation, "reconnecting");
  }

  /** The line is silent: ask the relay what it knows of this session. */
  async #diagnose(restartedAt) {
    try {
      await this.#ask();
    } catch (error) {
      if (error instanceof Problem && error.isFinal) {
        this.#end(error.reason ?? error.code, error.detail);
        return "over";
      }
      return "rejoin"; // 404 after a restart, or nobody answers
    }
    if (restartedAt === null) return "restart";
    return performance.now() - restartedAt > RESTART_PATIENCE_MS ? "rejoin" : "wait";
  }

  /** Ask for the session's state, which also hands out a fresh resume token. */
  async #ask() {
    if (!this.location) return this.transport.ask();
    const answer = await fetch(`${this.location}/state`, { cache: "no-store" });
    if (!answer.ok) throw await Problem.from(answer);
    const state = await answer.json();
    this.resume = state.resume;
    return state;
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.on.state?.(state);
  }
}
